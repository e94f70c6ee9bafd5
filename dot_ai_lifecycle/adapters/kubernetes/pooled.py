"""The transport to a real API server: a pooled session, with fresh credentials on every request."""

import asyncio
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from urllib.parse import urlencode

import aiohttp
from msgspec import Struct
from multidict import CIMultiDict
from yarl import URL

from dot_ai_lifecycle import __version__
from dot_ai_lifecycle.adapters.kubernetes.auth import Credentials
from dot_ai_lifecycle.adapters.kubernetes.kubeconfig import Access
from dot_ai_lifecycle.adapters.kubernetes.plugin import Certificate
from dot_ai_lifecycle.adapters.kubernetes.sessions import Session, open_session
from dot_ai_lifecycle.adapters.kubernetes.transport import NO_HEADERS, ConnectTimeout

CONNECT_TIMEOUT = 3.0
Query = Sequence[tuple[str, str]]


class PooledAnswer(Struct, frozen=True):
    """A complete answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class PooledStream:
    """An answer that goes on; read it once."""

    def __init__(self, response: aiohttp.ClientResponse, body: bytes) -> None:
        self.status = response.status
        self.headers = _lower(response)
        self.body = body
        self._response = response

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        """Lines of any length; a last one without its end is handed out as it is."""
        begun: list[bytes] = []
        with _builtin_errors():
            async for chunk in self._response.content.iter_any():
                *lines, rest = chunk.split(b"\n")
                for line in lines:
                    yield b"".join((*begun, line))
                    begun.clear()
                if rest:
                    begun.append(rest)
        if begun:
            yield b"".join(begun)


class _Sending(Struct, frozen=True):
    """One request, to be sent as often as credentials make necessary."""

    method: str
    path: str
    query: Query
    headers: Mapping[str, str]
    body: bytes
    limits: aiohttp.ClientTimeout


class PooledTransport:
    """Requests over a pool of connections to one server."""

    def __init__(self, access: Access, credentials: Credentials) -> None:
        self._access, self._credentials = access, credentials
        self._session: Session | None = None
        self._retired: list[Session] = []
        self._certificate: Certificate | None = None
        self._standing = _standing_headers(access)

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        headers: Mapping[str, str] = NO_HEADERS,
        body: bytes = b"",
        timeout: float = 30,
        most: int | None = None,
    ) -> PooledAnswer:
        """One request and its whole answer; 3 s to connect, `timeout` seconds for any part of the answer to come."""
        limits = aiohttp.ClientTimeout(connect=CONNECT_TIMEOUT, sock_read=timeout)
        with _builtin_errors():
            async with await self._sent(_Sending(method, path, query, headers, body, limits)) as response:
                return PooledAnswer(response.status, _lower(response), await _read(response, most))

    def stream(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        headers: Mapping[str, str] = NO_HEADERS,
        timeout: float = 30,
    ) -> AbstractAsyncContextManager[PooledStream]:
        """One request whose answer is read as it comes; it has to begin within `timeout` seconds."""
        limits = aiohttp.ClientTimeout(connect=CONNECT_TIMEOUT)
        return self._stream(_Sending(method, path, query, headers, b"", limits), timeout)

    @asynccontextmanager
    async def _stream(self, sending: _Sending, timeout: float) -> AsyncIterator[PooledStream]:
        with _builtin_errors():
            async with asyncio.timeout(timeout):
                response = await self._sent(sending)
        async with response:
            with _builtin_errors():
                body = await response.read() if response.status >= 300 else b""
            yield PooledStream(response, body)

    async def prepare(self) -> None:
        """Have credentials and a session at hand; nothing is sent. Raises NoCluster where that cannot be."""
        await self._credentials.authorization()
        await self._open()

    async def close(self) -> None:
        """Close all connections; a later request opens new ones."""
        sessions = [*self._retired, *([self._session] if self._session else [])]
        self._session, self._retired = None, []
        for session in sessions:
            await session.http.close()

    async def _sent(self, sending: _Sending) -> aiohttp.ClientResponse:
        """The beginning of the answer. A 401 is asked again once, where newer credentials are to be had."""
        authorization = await self._credentials.authorization()
        response = await self._begun(sending, authorization)
        if response.status == 401:
            certificate = self._credentials.certificate
            if await self._credentials.renewed(authorization):
                fresh = await self._credentials.authorization()
                if fresh != authorization or self._credentials.certificate != certificate:
                    response.release()
                    return await self._begun(sending, fresh)
        return response

    async def _begun(self, sending: _Sending, authorization: str) -> aiohttp.ClientResponse:
        session = await self._open()
        sent = CIMultiDict([*self._standing, *sending.headers.items()])
        if authorization:
            sent["Authorization"] = authorization
        target = self._access.server + sending.path + (f"?{urlencode(sending.query)}" if sending.query else "")
        return await session.http.request(
            sending.method,
            URL(target, encoded=True),
            headers=sent,
            data=sending.body or None,
            timeout=sending.limits,
            proxy=session.proxy,
            server_hostname=session.server_hostname,
            allow_redirects=False,  # credentials go to the cluster named, nowhere else
        )

    async def _open(self) -> Session:
        """The session; a new one where the client certificate was replaced. Old ones live until their watches end."""
        certificate = self._credentials.certificate
        if self._session is None or certificate != self._certificate:
            fresh = await open_session(self._access, certificate)
            if self._session is not None:
                self._retired.append(self._session)
            self._session, self._certificate = fresh, certificate
        return self._session


async def _read(response: aiohttp.ClientResponse, most: int | None) -> bytes:
    """The body, or the first `most` bytes of it: an endless one is left where it is."""
    if most is None:
        return await response.read()
    body = b""
    while len(body) < most and (more := await response.content.read(most - len(body))):
        body += more
    return body


def _lower(response: aiohttp.ClientResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _standing_headers(access: Access) -> list[tuple[str, str]]:
    """Our name, and whom the kubeconfig's user impersonates."""
    user = access.user
    headers = [("User-Agent", f"dot-ai-lifecycle/{__version__}")]
    if user.get("as"):
        headers.append(("Impersonate-User", str(user["as"])))
    if user.get("as-uid"):
        headers.append(("Impersonate-Uid", str(user["as-uid"])))
    headers += [("Impersonate-Group", str(group)) for group in user.get("as-groups") or ()]
    for key, values in (user.get("as-user-extra") or {}).items():
        headers += [(f"Impersonate-Extra-{key}", str(value)) for value in values or ()]
    return headers


@contextmanager
def _builtin_errors() -> Iterator[None]:
    try:
        yield
    except aiohttp.ClientError as error:
        raise _translated(error) from error


def _translated(error: aiohttp.ClientError) -> OSError:
    match error:
        case aiohttp.ClientConnectorCertificateError() if isinstance(error.certificate_error, OSError):
            return error.certificate_error
        case aiohttp.ClientConnectorDNSError():
            return socket.gaierror(socket.EAI_NONAME, "name not known")
        case aiohttp.ClientConnectorError():
            return error.os_error
        case aiohttp.ConnectionTimeoutError():
            return ConnectTimeout("no connection in time")
        case aiohttp.ServerTimeoutError():
            return TimeoutError("no answer in time")
        case aiohttp.ClientHttpProxyError():
            return ConnectionError(f"the proxy answered HTTP {error.status}")
        case _:
            return ConnectionResetError("the connection broke")
