"""A transport over HTTP for the tests' own use: what a kubeconfig names, by certificate or by token."""

import base64
import io
import os
import ssl
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import aiohttp
import yaml

Query = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


class Stream:
    """The lines of an answer as they come."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.status = response.status
        self.headers = _lower(response.headers)
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for line in self._response.content:
            yield line


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _one(entries: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    return next(entry for entry in entries if entry["name"] == name)


def _content(entry: Mapping[str, Any], key: str, beside: Path) -> bytes | None:
    """A certificate or key: inline as base64, or in a file beside the kubeconfig."""
    if inline := entry.get(f"{key}-data"):
        return base64.b64decode(inline)
    return (beside / entry[key]).read_bytes() if key in entry else None


def _trust(cluster: Mapping[str, Any], user: Mapping[str, Any], beside: Path) -> ssl.SSLContext | bool:
    if not cluster["server"].startswith("https"):
        return False
    authority = _content(cluster, "certificate-authority", beside)
    context = ssl.create_default_context(cadata=authority.decode() if authority else None)
    certificate, key = _content(user, "client-certificate", beside), _content(user, "client-key", beside)
    if certificate and key:
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / "client.pem"
            path.touch(mode=0o600)
            path.write_bytes(certificate + b"\n" + key)
            context.load_cert_chain(path)
    return context


class HttpTransport:
    """Requests to the current context's cluster."""

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        context = _one(config["contexts"], config["current-context"])["context"]
        cluster = _one(config["clusters"], context["cluster"])["cluster"]
        user = _one(config["users"], context["user"])["user"]
        self._base = cluster["server"].rstrip("/")
        self._trust = _trust(cluster, user, kubeconfig.parent)
        self._headers = {"authorization": f"Bearer {user['token']}"} if "token" in user else {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(ssl=self._trust)
        trust_proxies = "HTTPS_PROXY" in os.environ and not self._base.startswith("https://127.")
        session = aiohttp.ClientSession(connector=connector, headers=self._headers, trust_env=trust_proxies)
        self._session = await self._stack.enter_async_context(session)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout: float = 30,
    ) -> Answer:
        limit = aiohttp.ClientTimeout(total=timeout)
        url = self._base + path
        async with self._session.request(
            method, url, params=list(query), headers=headers, data=io.BytesIO(body) if body else None, timeout=limit
        ) as response:
            return Answer(response.status, _lower(response.headers), await response.read())

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        headers: Mapping[str, str] | None = None,
        timeout: float = 30,
    ) -> AsyncIterator[Stream]:
        limit = aiohttp.ClientTimeout(total=None, sock_connect=timeout)
        async with self._session.request(
            method, self._base + path, params=list(query), headers=headers, timeout=limit
        ) as response:
            yield Stream(response)
