"""Registries that are slow, broken or after something: every look ends in time, without a login in wrong hands."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from aiohttp import web

from dot_ai_lifecycle.adapters.registry import ImageRegistries
from dot_ai_lifecycle.adapters.registry.addresses import Barred, CarefulResolver, barred, forbidden
from dot_ai_lifecycle.core.registry import Credential, ImageSight
from tests.adapters.server import raw
from tests.support.image_registry import MANIFEST, Misbehaving, Registry, registry

pytestmark = pytest.mark.realtime

AMD = frozenset({"linux/amd64"})


async def look(host: str, *, within: float = 3.0, platforms: frozenset[str] = frozenset()) -> ImageSight:
    credentials = (Credential(host, "jane", "s3cr3t"),)
    sight = await ImageRegistries(within=within).look(f"{host}/shop/web:v2", credentials, platforms=platforms)
    assert "s3cr3t" not in repr(sight)
    return sight


def answering(status: int, body: bytes = b"", **headers: str) -> Misbehaving:
    async def answer(_: web.Request) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, body=body, headers=named)

    return answer


@asynccontextmanager
async def redirecting(target: str, *, login: bool = True) -> AsyncIterator[Registry]:
    """A registry that lets jane in and then sends her elsewhere."""

    async def send(request: web.Request) -> web.StreamResponse | None:
        inside = "Authorization" in request.headers or not login
        return web.Response(status=307, headers={"Location": target}) if inside else None

    async with registry("basic", misbehaving=send) as there:
        yield there


@pytest.mark.parametrize(
    ("status", "words"), [(429, "asks for patience (HTTP 429)"), (500, "HTTP 500"), (503, "HTTP 503"), (302, "302")]
)
async def test_a_registry_that_cannot_say_leaves_it_unknown(status: int, words: str):
    async with registry(misbehaving=answering(status)) as there:
        sight = await look(there.host)

    assert sight.found == "unknown"
    assert words in sight.words


async def test_a_registry_that_does_not_answer_is_given_up_in_time():
    async def silent(_: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    async with registry(misbehaving=silent) as there:
        began = time.monotonic()
        sight = await look(there.host, within=0.2)

    assert time.monotonic() - began < 1
    assert (sight.found, "no answer within 0.2 seconds" in sight.words) == ("unknown", True)


async def test_an_answer_without_end_is_not_read_to_it():
    written = 0

    async def endless(request: web.Request) -> web.StreamResponse | None:
        nonlocal written
        if request.method == "HEAD":
            return None
        response = web.StreamResponse(headers={"Content-Type": MANIFEST})
        await response.prepare(request)
        with suppress(ConnectionError):
            while True:
                await response.write(b" " * 65536)
                written += 65536
        return response

    async with registry(misbehaving=endless) as there:
        there.push_image("shop/web", "v2")
        sight = await look(there.host, platforms=AMD)

    assert (sight.found, "more than 4 MiB" in sight.words) == ("unknown", True)
    assert written < 64 * 1024 * 1024


@pytest.mark.parametrize("sent", [b"", b"\x00\x01\x02\n\n", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"])
async def test_a_connection_that_breaks_leaves_it_unknown(sent: bytes):
    async def breaking(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(sent)
        await writer.drain()

    async with raw(breaking) as host:
        sight = await look(host, platforms=AMD)

    assert (sight.found, sight.digest) == ("unknown", "")


async def test_nobody_at_that_port_leaves_it_unknown():
    with socket.create_server(("127.0.0.1", 0)) as place:
        port = place.getsockname()[1]

    assert "cannot be reached from this machine" in (await look(f"127.0.0.1:{port}")).words


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"schemaVersion": "two"}', b"[" * 100_000])
async def test_what_is_no_manifest_leaves_it_unknown(body: bytes):
    async with registry(misbehaving=answering(200, body)) as there:
        sight = await look(there.host)

    assert sight.found == "unknown"
    assert "no manifest" in sight.words


async def test_content_of_another_digest_leaves_it_unknown():
    async with registry(misbehaving=answering(200, b'{"schemaVersion": 2}')) as there:
        sight = await ImageRegistries().look(f"{there.host}/shop/web@sha256:{'0' * 64}")

    assert (sight.found, sight.digest) == ("unknown", "")
    assert "not what the digest names" in sight.words


async def test_a_redirect_to_another_host_carries_no_login():
    async with registry() as storage:
        storage.push_image("shop/web", "v2")
        async with redirecting(f"{storage.url}/v2/shop/web/manifests/v2") as there:
            sight = await look(there.host)

    assert sight.found == "found"
    assert there.logins != []
    assert storage.lines == ["HEAD /v2/shop/web/manifests/v2"]
    assert storage.logins == []


async def test_a_redirect_to_the_same_host_keeps_the_login():
    async def moving(request: web.Request) -> web.StreamResponse | None:
        new = request.path.replace("/old/", "/new/")
        return web.Response(status=308, headers={"Location": new}) if new != request.path else None

    async with registry("basic", misbehaving=moving) as there:
        there.push_image("new/web", "v2")
        sight = await ImageRegistries().look(
            f"{there.host}/old/web:v2", (Credential(there.host, "jane", "s3cr3t"),), platforms=AMD
        )

    assert sight.found == "found"


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("http://169.254.169.254/latest/meta-data", "without encryption"),
        ("https://169.254.169.254/latest/meta-data", "must not be asked"),
        ("https://[fd00:ec2::254]/latest", "must not be asked"),
        ("https://[::ffff:169.254.169.254]/latest", "must not be asked"),
        ("https://2852039166/latest", "must not be asked"),
        ("https://0xa9fea9fe/latest", "must not be asked"),
        ("http://registry.example.com/v2/", "without encryption"),
        ("file:///etc/passwd", "an address that is none"),
        ("ftp://registry.example.com/x", "without encryption"),
        ("https://", "an address that is none"),
        ("http://[::1", "an address that is none"),
    ],
)
async def test_a_redirect_to_where_nothing_may_be_asked_is_not_followed(target: str, words: str):
    async with redirecting(target, login=False) as there:
        sight = await look(there.host)

    assert sight.found == "unknown"
    assert words in sight.words
    assert len(there.heard) == 1


async def test_redirects_have_an_end():
    async with redirecting("/again", login=False) as there:
        sight = await look(there.host)

    assert "from one address to the next" in sight.words
    assert len(there.heard) == 4


@pytest.mark.parametrize(
    ("realm", "words"),
    [
        ("http://auth.example.com/token", "without encryption"),
        ("https://169.254.169.254/token", "must not be asked"),
        ("nowhere", "no place to log in"),
    ],
)
async def test_a_login_is_presented_nowhere_it_might_be_overheard(realm: str, words: str):
    async with registry("bearer") as there:
        there.realm = realm
        sight = await look(there.host)

    assert sight.found == "unknown"
    assert words in sight.words
    assert there.logins == []


async def test_what_the_token_server_sends_elsewhere_carries_no_login():
    async with registry() as other, registry("bearer") as there:

        async def away(request: web.Request) -> web.StreamResponse | None:
            target = f"{other.url}/token"
            return web.Response(status=302, headers={"Location": target}) if request.path == "/token" else None

        there.misbehaving = away
        sight = await look(there.host)

    assert sight.found == "denied"
    assert other.lines == ["GET /token"]
    assert other.logins == []


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (500, b"", "answered HTTP 500"),
        (429, b"", "answered HTTP 429"),
        (200, b"garbage", "no token"),
        (200, b"{}", "no token"),
        (200, b'{"token": "a\\r\\nHost: b"}', "no token"),
    ],
)
async def test_a_token_server_that_hands_out_none_leaves_it_unknown(status: int, body: bytes, words: str):
    async def refusing(request: web.Request) -> web.StreamResponse | None:
        return web.Response(status=status, body=body) if request.path == "/token" else None

    async with registry("bearer", misbehaving=refusing) as there:
        sight = await look(there.host)

    assert (sight.found, words in sight.words) == ("unknown", True)


@pytest.mark.parametrize("challenge", ["", "Negotiate", 'Digest realm="x"', "Bearer", ",,,=", 'basic realm="x'])
async def test_a_challenge_nobody_can_answer_is_a_refusal(challenge: str):
    async with registry(misbehaving=answering(401, WWW_Authenticate=challenge)) as there:
        sight = await look(there.host)

    assert sight.found == "denied"
    assert there.logins == []


@pytest.mark.parametrize("image", ["", "UPPER/case", "a b", "box/../../etc", "box/web:v1?x=y", "box#frag/web", "@"])
async def test_what_is_no_reference_is_asked_of_nobody(image: str):
    assert (await ImageRegistries().look(image)).found == "unknown"


@pytest.mark.parametrize(
    "host",
    ["169.254.169.254", "[fe80::1]", "0.0.0.0:80", "2852039166:80", "127.1", "0x7f.1", "0xa9.0xfea9fe", "224.0.0.1"],
)
async def test_a_registry_whose_own_address_may_not_be_asked_is_not(host: str):
    sight = await look(host)

    assert sight.found == "unknown"
    assert "must not be asked" in sight.words


@pytest.mark.parametrize(
    "address", ["169.254.1.1", "fe80::1", "::", "0.0.0.0", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::"]
)
def test_addresses_of_the_link_and_of_nobody_are_forbidden(address: str):
    assert forbidden(address)


@pytest.mark.parametrize("host", ["10.0.0.7", "192.168.1.1", "203.0.113.9", "2001:db8::1", "registry.example.com"])
def test_private_networks_and_names_are_not_barred(host: str):
    assert not barred(host)


async def test_only_a_name_that_says_so_leads_to_this_machine():
    resolver = CarefulResolver()

    found = await resolver.resolve("localhost", 5000, socket.AF_INET)
    assert [(one["host"], one["port"]) for one in found] == [("127.0.0.1", 5000)]
    with pytest.raises(Barred):
        await resolver.resolve("0x7f000001")
    with pytest.raises(socket.gaierror):
        await resolver.resolve("no-such-host.invalid")
    with pytest.raises(socket.gaierror):
        await resolver.resolve("a" * 70 + ".example.com")


async def test_a_name_that_is_resolved_too_late_is_nobodys_business():
    asking = asyncio.ensure_future(CarefulResolver().resolve("localhost"))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking

    assert await CarefulResolver().resolve("localhost")
