"""A gate in front of the API server: it counts what passes, and at a given request the test acts.

It is what `kubectl proxy` is, a plain HTTP server that adds the admin's token. So what the product asks of the cluster
is counted by somebody else, and a test can kill the product between two writes, refuse a request or end a watch.
"""

import asyncio
import base64
import json
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml
from aiohttp import ClientSession, ClientTimeout, TCPConnector, web

_WRITES = ("POST", "PUT", "PATCH", "DELETE")
_ASKS = "selfsubject"  # a POST that changes nothing
_HOP_BY_HOP = {"host", "authorization", "connection", "transfer-encoding", "content-length", "content-encoding"}
_EXPIRED = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Expired", "code": 410}


@dataclass(frozen=True)
class Seen:
    """A request that came to the gate."""

    method: str
    path: str
    query: str

    @property
    def is_write(self) -> bool:
        """Whether it changes something in the cluster."""
        return self.method in _WRITES and _ASKS not in self.path and "dryRun" not in self.query

    @property
    def is_watch(self) -> bool:
        return "watch=" in self.query

    def __str__(self) -> str:
        return f"{self.method} {self.path}{'?' + self.query if self.query else ''}"


Act = Callable[[], Awaitable[web.Response | None]]


@dataclass
class Rule:
    """What happens at the next `times` requests that fit: when they come, or once the API server has answered.

    An `act` that returns a response answers with it. Acting on arrival, the API server then never sees the request.
    """

    fits: Callable[[Seen], bool]
    act: Act
    moment: Literal["coming", "answered"] = "coming"
    times: int = 1
    happened: asyncio.Event = field(default_factory=asyncio.Event)


class Gate:
    """The gate; `kubeconfig` leads through it."""

    def __init__(self, admin: Path, directory: Path) -> None:
        config = yaml.safe_load(admin.read_text(encoding="utf-8"))
        self._server = config["clusters"][0]["cluster"]["server"]
        authority = config["clusters"][0]["cluster"]["certificate-authority-data"]
        self._tls = ssl.create_default_context(cadata=_decoded(authority))
        self._headers = {"Authorization": f"Bearer {config['users'][0]['user']['token']}"}
        self._rules: list[Rule] = []
        self._watches: dict[web.StreamResponse, web.BaseRequest] = {}
        self._waiting: list[tuple[Callable[[Seen], bool], asyncio.Event]] = []
        self.requests: list[Seen] = []
        self.kubeconfig = directory / f"gate-{id(self)}.kubeconfig"

    def at(
        self, method: str, pattern: str, act: Act, *, moment: Literal["coming", "answered"] = "coming", times: int = 1
    ) -> Rule:
        """Act at the next real (not dry-run) requests of that method whose path and query hold `pattern`."""
        expression = re.compile(pattern)
        rule = Rule(
            lambda seen: seen.method == method and "dryRun" not in seen.query and bool(expression.search(str(seen))),
            act,
            moment,
            times,
        )
        self._rules.append(rule)
        return rule

    async def watched(self, fits: Callable[[Seen], bool], within: float = 30.0) -> None:
        """Return at the next watch that fits, once the API server has begun to answer it."""
        passed = asyncio.Event()
        self._waiting.append((fits, passed))
        await asyncio.wait_for(passed.wait(), within)

    async def expire_watches(self) -> None:
        """End every watch with 410 Gone, as an API server does whose history has moved on."""
        event = json.dumps({"type": "ERROR", "object": {**_EXPIRED, "message": "too old resource version"}})
        for response in list(self._watches):
            await response.write(event.encode() + b"\n")
            await response.write_eof()

    def cut_watches(self) -> None:
        """Break every watch's connection."""
        for request in list(self._watches.values()):
            if request.transport is not None:
                request.transport.abort()

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Gate"]:
        """Let requests through until the block ends."""
        connector = TCPConnector(ssl=self._tls, limit=0)
        async with ClientSession(connector=connector, timeout=ClientTimeout(total=None), auto_decompress=False) as api:
            self._api = api
            runner = web.ServerRunner(web.Server(self._pass), shutdown_timeout=0.1)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            port = runner.addresses[0][1]
            self.kubeconfig.write_text(json.dumps(_kubeconfig(f"http://127.0.0.1:{port}")), encoding="utf-8")
            try:
                yield self
            finally:
                await runner.cleanup()

    async def _pass(self, request: web.BaseRequest) -> web.StreamResponse:
        seen = Seen(request.method, request.path, request.query_string)
        self.requests.append(seen)
        refused = await self._acted(seen, "coming")
        if refused is not None:
            return refused
        headers = {k: v for k, v in request.headers.items() if k.lower() not in _HOP_BY_HOP} | self._headers
        url = f"{self._server}{request.raw_path}"
        async with self._api.request(request.method, url, headers=headers, data=await request.read() or None) as answer:
            kept = {k: v for k, v in answer.headers.items() if k.lower() not in _HOP_BY_HOP - {"content-encoding"}}
            if seen.is_watch:
                return await self._stream(request, seen, answer, kept)
            body = await answer.read()
            refused = await self._acted(seen, "answered")
            return refused or web.Response(status=answer.status, headers=kept, body=body)

    async def _stream(
        self, request: web.BaseRequest, seen: Seen, answer: Any, headers: dict[str, str]
    ) -> web.StreamResponse:
        response = web.StreamResponse(status=answer.status, headers=headers)
        await response.prepare(request)
        self._watches[response] = request
        for waiting in [waiting for waiting in self._waiting if waiting[0](seen)]:
            self._waiting.remove(waiting)
            waiting[1].set()
        try:
            async for chunk in answer.content.iter_any():
                await response.write(chunk)
        except ConnectionError:
            return response
        finally:
            self._watches.pop(response, None)
        return response

    async def _acted(self, seen: Seen, moment: str) -> web.Response | None:
        for rule in self._rules:
            if rule.times > 0 and rule.moment == moment and rule.fits(seen):
                rule.times -= 1
                answer = await rule.act()
                rule.happened.set()
                return answer
        return None


def status(code: int, reason: str, message: str, **headers: str) -> web.Response:
    """An answer of the API server that says no."""
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "code": code,
        "reason": reason,
        "message": message,
    }
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.json_response(body, status=code, headers=named)


def _decoded(authority: str) -> str:

    return base64.b64decode(authority).decode()


def _kubeconfig(server: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": {"server": server}}],
        "users": [{"name": "gate", "user": {}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "gate"}}],
        "current-context": "test",
    }
