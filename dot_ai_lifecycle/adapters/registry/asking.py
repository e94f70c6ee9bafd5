"""Careful HTTP: bounded answers, redirects that carry no login elsewhere, and no request where none may go."""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Self
from urllib.request import getproxies, proxy_bypass

import aiohttp
from msgspec import Struct
from yarl import URL

from dot_ai_lifecycle import __version__
from dot_ai_lifecycle.adapters.registry import addresses
from dot_ai_lifecycle.adapters.registry.failures import Unanswered, Unconnected
from dot_ai_lifecycle.core.image_reference import is_local

LARGEST = 4 * 1024 * 1024
"""Bytes of an answer that are read: what the specification asks registries to take as a manifest."""

REDIRECTS = 3
"""As many as a registry needs to name its storage, and one to spare."""

_REDIRECTED = (301, 302, 303, 307, 308)


class Reply(Struct, frozen=True):
    """A whole answer; names of headers in lower case, those that came twice joined by commas."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Asking:
    """Requests on behalf of one image. `local`: its registry is on this machine, where plain HTTP is no risk."""

    def __init__(self, *, local: bool, trust: ssl.SSLContext | None) -> None:
        self._local = local
        self._trust = trust

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=addresses.CarefulResolver(), ssl=self._trust or True),
            headers={"User-Agent": f"dot-ai-lifecycle/{__version__}", "Accept-Encoding": "identity"},
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,  # a small answer must not become a large one
            trust_env=False,  # it would send logins out of ~/.netrc
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def ask(self, method: str, url: URL, *, accept: str, authorization: str = "") -> Reply:
        """One request, redirects followed. Raises Unanswered where no whole answer comes or none may be asked for."""
        for _ in range(REDIRECTS + 1):
            self._permit(url)
            reply = await self._once(method, url, accept, authorization)
            target = reply.headers.get("location")
            if reply.status not in _REDIRECTED or not target:
                return reply
            before, url = url, _joined(url, target)
            if url.origin() != before.origin():
                authorization = ""
        raise Unanswered("its registry sends from one address to the next")

    def _permit(self, url: URL) -> None:
        """Raises Unanswered for what must not be asked."""
        host = url.host or ""
        here = is_local(host)
        if not (url.scheme == "https" or (url.scheme == "http" and here and self._local)):
            raise Unanswered("its registry wants to be asked without encryption")
        if (here and not self._local) or addresses.barred(host):
            raise Unanswered("its registry has an address that must not be asked")

    async def _once(self, method: str, url: URL, accept: str, authorization: str) -> Reply:
        headers = {"Accept": accept} | ({"Authorization": authorization} if authorization else {})
        with _in_our_words():
            async with self._session.request(
                method, url, headers=headers, allow_redirects=False, proxy=None if self._local else _proxy(url)
            ) as response:
                return Reply(response.status, _lower(response), await _bounded(response))


def _joined(url: URL, target: str) -> URL:
    try:
        joined = url.join(URL(target))
        joined.origin()
    except ValueError as error:
        raise Unanswered("its registry sends to an address that is none") from error
    return joined.with_user(None)


def _proxy(url: URL) -> str | None:
    """The proxy the environment names for such addresses."""
    return None if proxy_bypass(url.host or "") else getproxies().get(url.scheme)


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > LARGEST:
            raise Unanswered(f"its registry answered more than {LARGEST // 1024 // 1024} MiB")
    return bytes(body)


def _lower(response: aiohttp.ClientResponse) -> dict[str, str]:
    return {name.lower(): ", ".join(response.headers.getall(name)) for name in response.headers}


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except (aiohttp.ClientError, ValueError) as error:
        raise _translated(error) from error


def _translated(error: Exception) -> Unanswered:
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return Unconnected("its registry has a certificate that is not trusted on this machine")
        case aiohttp.ClientConnectorDNSError(os_error=addresses.Barred()):
            return Unanswered("its registry has an address that must not be asked")
        case aiohttp.ClientConnectorDNSError():
            return Unanswered("the name of its registry is not known on this machine")
        case aiohttp.ClientSSLError():
            return Unconnected("its registry does not speak TLS")
        case aiohttp.ClientConnectorError():
            return Unconnected("its registry cannot be reached from this machine")
        case aiohttp.ClientHttpProxyError():
            return Unanswered(f"the proxy answered HTTP {error.status}")
        case _:
            return Unconnected("the connection to its registry broke, or carried no HTTP")
