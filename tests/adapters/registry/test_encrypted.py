"""Registries by name, over TLS and through a proxy, which leads every name to one server here."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from dot_ai_lifecycle.adapters.registry import ImageRegistries
from dot_ai_lifecycle.core.registry import Credential
from tests.adapters.server import Authority, raw
from tests.support.image_registry import Registry, registry

pytestmark = pytest.mark.realtime

JANE = (Credential("cluster.test", "jane", "s3cr3t"),)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.made(tmp_path)


@pytest.fixture
def registries(authority: Authority) -> ImageRegistries:
    return ImageRegistries(trust=ssl.create_default_context(cafile=str(authority.ca)))


@dataclass
class Proxy:
    """Which names it was asked for, and where it leads them."""

    target: str
    asked: list[str] = field(default_factory=list)

    async def behave(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Tunnel one connection to the target; names it does not know get a 502."""
        request = await reader.readuntil(b"\r\n\r\n")
        name = request.split()[1].decode()
        self.asked.append(name)
        if not name.startswith("cluster.test:"):
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return
        host, _, port = self.target.rpartition(":")
        away_reader, away = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            await asyncio.gather(_piped(reader, away), _piped(away_reader, writer))
        finally:
            away.close()


async def _piped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


@asynccontextmanager
async def behind_a_proxy(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Registry, Proxy]]:
    """A registry over TLS that is called cluster.test, for whoever uses the proxy of the environment."""
    async with registry("bearer", authority=authority) as there:
        proxy = Proxy(there.host)
        async with raw(proxy.behave) as address:
            monkeypatch.setenv("https_proxy", f"http://{address}")
            monkeypatch.setenv("no_proxy", "")
            there.realm = "https://cluster.test/token"
            yield there, proxy


async def test_a_registry_on_this_machine_that_speaks_tls_is_asked_over_tls(
    authority: Authority, registries: ImageRegistries
):
    async with registry(authority=authority) as there:
        there.push_image("shop/web", "v2")
        sight = await registries.look(f"{there.host}/shop/web:v2")

    assert sight.found == "found"


async def test_a_certificate_nobody_here_trusts_leaves_it_unknown(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
):
    async with behind_a_proxy(authority, monkeypatch) as (there, _):
        sight = await ImageRegistries().look("cluster.test/shop/web:v2", JANE)

    assert sight.found == "unknown"
    assert "a certificate that is not trusted on this machine" in sight.words
    assert there.heard == []


async def test_what_has_a_name_is_asked_over_tls_and_through_the_proxy(
    authority: Authority, registries: ImageRegistries, monkeypatch: pytest.MonkeyPatch
):
    async with behind_a_proxy(authority, monkeypatch) as (there, proxy):
        there.push_image("shop/web", "v2")
        sight = await registries.look("cluster.test/shop/web:v2", JANE)

    assert sight.found == "found"
    assert set(proxy.asked) == {"cluster.test:443"}


async def test_an_image_without_a_host_is_asked_for_at_the_default_registry(
    authority: Authority, registries: ImageRegistries, monkeypatch: pytest.MonkeyPatch
):
    async with behind_a_proxy(authority, monkeypatch) as (_, proxy):
        sight = await registries.look("nginx:1.27")

    assert proxy.asked == ["registry-1.docker.io:443"]
    assert "docker.io/library/nginx:1.27" in sight.words
    assert "the proxy answered HTTP 502" in sight.words


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("https://127.0.0.1:6443/v2/", "must not be asked"),
        ("https://localhost/v2/", "must not be asked"),
        ("http://127.0.0.1:8080/v2/", "without encryption"),
        ("http://cluster.test/v2/", "without encryption"),
        ("https://169.254.169.254/v2/", "must not be asked"),
    ],
)
async def test_a_registry_elsewhere_leads_nobody_to_this_machine_or_out_of_tls(
    target: str, words: str, authority: Authority, registries: ImageRegistries, monkeypatch: pytest.MonkeyPatch
):
    async with behind_a_proxy(authority, monkeypatch) as (there, proxy):

        async def send(request: web.Request) -> web.StreamResponse | None:
            return None if request.path == "/token" else web.Response(status=307, headers={"Location": target})

        there.misbehaving = send
        redirected = await registries.look("cluster.test/shop/web:v2", JANE)
        there.misbehaving, there.realm = None, target
        logged_in = await registries.look("cluster.test/shop/web:v2", JANE)

    assert (redirected.found, logged_in.found) == ("unknown", "unknown")
    assert words in redirected.words
    assert words in logged_in.words
    assert there.logins == []
    assert set(proxy.asked) == {"cluster.test:443"}
