"""The API on a port of this machine, for kubectl and the demo."""

import json
from http import HTTPStatus
from pathlib import Path

from aiohttp import web

from dot_ai_lifecycle.embedded.api import Api
from dot_ai_lifecycle.embedded.messages import Request, Response

_LARGEST_BODY = 3 * 1024 * 1024
"""Bytes: the API server's own limit for a request body."""


class HttpFront:
    """Serves an API over HTTP on one address; without TLS and passwords, so only ever on the loopback interface."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._runner: web.AppRunner | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Begin to serve and return the base URL; port 0 takes a free one. Raises `OSError` when it is taken."""
        app = web.Application(client_max_size=_LARGEST_BODY)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        bound = self._runner.addresses[0][1]
        return f"http://{host}:{bound}"

    async def stop(self) -> None:
        """Serve no longer; open watches end."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _answer(self, received: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in received.headers.items()}
        query = tuple(received.query.items())
        request = Request(received.method, received.raw_path.partition("?")[0], query, headers, await received.read())
        try:
            response = await self._api.handle(request)
            if response.frames is not None:
                return await self._streamed(received, response)
        except (ConnectionError, TimeoutError):
            # A fault cuts the line: the client must see a broken connection, not an answer.
            if received.transport is not None:
                received.transport.abort()
            raise
        return web.Response(status=response.status, body=response.body, headers=response.headers)

    async def _streamed(self, received: web.Request, response: Response) -> web.StreamResponse:
        stream = web.StreamResponse(status=HTTPStatus(response.status), headers=response.headers)
        stream.enable_chunked_encoding()
        await stream.prepare(received)
        assert response.frames is not None
        async for frame in response.frames:
            await stream.write(frame)
        await stream.write_eof()
        return stream


def kubeconfig(base_url: str, path: Path, namespace: str = "default") -> None:
    """Write a kubeconfig for this address, readable by its owner alone (mode 0600)."""
    name = "embedded"
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": base_url}}],
        "users": [{"name": name, "user": {}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": namespace}}],
        "current-context": name,
    }
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(json.dumps(content, indent=2))
