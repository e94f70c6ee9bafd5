"""Over real sockets: a provider that answers as Prometheus does, and providers that misbehave."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from dot_ai_lifecycle.adapters.prometheus import LIMIT, MOST_BYTES, Prometheus
from dot_ai_lifecycle.core.errors import BadInput, NoMetrics
from tests.adapters.server import Authority, raw, serving

pytestmark = pytest.mark.realtime

THEN = datetime(2026, 3, 1, 12, 0, 0, 500_000, tzinfo=UTC)
MOMENT = THEN.timestamp()


def vector(*values: str, **labels: str) -> dict[str, Any]:
    result = [{"metric": labels, "value": [MOMENT, value]} for value in values]
    return {"status": "success", "data": {"resultType": "vector", "result": result}}


def answering(document: Any, status: int = 200, **headers: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(_: web.Request) -> web.Response:
        if isinstance(document, bytes):
            return web.Response(body=document, status=status, headers=headers)
        return web.json_response(document, status=status, headers=headers)

    return answer


async def test_values_come_with_their_labels_and_moment() -> None:
    seen: list[tuple[web.Request, dict[str, Any]]] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append((request, dict(await request.post())))
        return web.json_response(vector("1.5", "NaN", "+Inf", pod="web-1"))

    async with serving(answer) as server:
        found = await Prometheus(f"{server}/team/", "t0ken").query('up{pod="a&b"}', THEN)
    assert [one.value for one in found[::2]] == [1.5, math.inf]
    assert math.isnan(found[1].value)
    assert (found[0].labels, found[0].at) == ({"pod": "web-1"}, THEN)
    ((request, form),) = seen
    assert (request.method, request.path) == ("POST", "/team/api/v1/query")
    assert form == {"query": 'up{pod="a&b"}', "time": f"{MOMENT:.3f}", "timeout": "5s"}
    assert request.headers["Authorization"] == "Bearer t0ken"
    assert request.headers["User-Agent"].startswith("dot-ai-lifecycle/")


async def test_without_a_moment_the_provider_takes_its_own() -> None:
    seen: list[dict[str, Any]] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(dict(await request.post()))
        assert "Authorization" not in request.headers
        return web.json_response(vector())

    async with serving(answer) as server:
        assert await Prometheus(server).query("up") == ()
    assert "time" not in seen[0]


async def test_a_user_and_password_in_the_address_are_presented_and_never_shown() -> None:
    seen: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.headers["Authorization"])
        return web.json_response({"status": "error", "error": "no"}, status=403)

    async with serving(answer) as server:
        with pytest.raises(NoMetrics) as caught:
            await Prometheus(server.replace("//", "//ann:s3cret@")).query("up")
    assert seen == ["Basic YW5uOnMzY3JldA=="]
    assert "s3cret" not in f"{caught.value} {caught.value.details}"


async def test_a_scalar_is_a_value_without_labels() -> None:
    scalar = {"status": "success", "data": {"resultType": "scalar", "result": [MOMENT, "7"]}}
    async with serving(answering(scalar)) as server:
        (found,) = await Prometheus(server).query("scalar(up)")
    assert (found.labels, found.value) == ({}, 7)


async def test_native_histograms_are_no_values() -> None:
    one = {"metric": {}, "histogram": [MOMENT, {"count": "1", "sum": "2"}]}
    document = {"status": "success", "data": {"resultType": "vector", "result": [one]}}
    async with serving(answering(document)) as server:
        assert await Prometheus(server).query("h") == ()


MATRIX = {"status": "success", "data": {"resultType": "matrix", "result": []}}
PARSE = {"status": "error", "errorType": "bad_data", "error": 'parse error: unexpected "}" token=abcdef'}


@pytest.mark.parametrize(
    ("document", "status", "words"),
    [
        (PARSE, 400, 'refuses the query: parse error: unexpected "}"'),
        ({"status": "error", "errorType": "execution", "error": "too many samples"}, 422, "too many samples"),
        (MATRIX, 200, "gives a matrix"),
        ({"status": "success", "data": {"result": []}}, 200, "gives a nothing|gives a "),
    ],
)
async def test_a_query_that_cannot_be_meant_is_the_callers_mistake(document: Any, status: int, words: str) -> None:
    async with serving(answering(document, status)) as server:
        with pytest.raises(BadInput, match=words) as caught:
            await Prometheus(server).query("up}")
    assert caught.value.hint
    assert "abcdef" not in str(caught.value)


TIMED_OUT = {"status": "error", "errorType": "timeout", "error": "query timed out in expression evaluation"}


@pytest.mark.parametrize(
    ("document", "status", "words"),
    [
        (TIMED_OUT, 503, "answers HTTP 503: query timed out in expression evaluation"),
        (b"<html>Bad Gateway</html>", 502, "answers HTTP 502"),
        (b"slow down", 429, "answers HTTP 429"),
        (b"", 400, "answers HTTP 400"),
        (b"no", 401, r"does not let us ask \(HTTP 401\)"),
        (b"404 page not found", 404, "has no query API there"),
        (b"<html>Welcome</html>", 200, "does not answer as Prometheus does"),
        (b"\xff\xfe", 200, "does not answer as Prometheus does"),
        ([], 200, "does not answer as Prometheus does"),
        ({"status": "error", "error": "odd"}, 200, "answers HTTP 200: odd"),
        (vector("seven"), 200, "does not answer as Prometheus does"),
        ({"status": "success", "data": {"resultType": "vector", "result": [{"value": [1e300, "1"]}]}}, 200, "does not"),
        ({"status": "success", "data": {"resultType": "vector", "result": [{"value": [1e400, "1"]}]}}, 200, "does not"),
        ({"status": "success", "data": {"resultType": "vector", "result": {}}}, 200, "does not answer"),
        ({"status": "success", "data": {"resultType": "scalar", "result": []}}, 200, "does not answer"),
    ],
)
async def test_an_answer_without_metrics_says_where_it_came_from(document: Any, status: int, words: str) -> None:
    async with serving(answering(document, status)) as server:
        with pytest.raises(NoMetrics, match=f"Prometheus at {server} {words}"):
            await Prometheus(server).query("up")


@pytest.mark.parametrize(("target", "words"), [("https://login.example/x?y", "login.example"), ("/x", "another path")])
async def test_redirects_are_not_followed_with_our_token(target: str, words: str) -> None:
    async with serving(answering(b"", 302, Location=target)) as server:
        with pytest.raises(NoMetrics, match=f"sends us on to {words}, as login pages do"):
            await Prometheus(server, "t0ken").query("up")


async def test_an_answer_without_end_is_not_read_to_it() -> None:
    async with serving(answering(b"x" * (MOST_BYTES + 1))) as server:
        with pytest.raises(BadInput, match="more than 4 MiB"):
            await Prometheus(server).query("up")


async def test_a_provider_that_takes_too_long_is_given_up() -> None:
    async def never(_: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    begun = time.monotonic()
    async with serving(never) as server:
        with pytest.raises(NoMetrics, match=r"did not answer within 0\.2 s"):
            await Prometheus(server, limit=0.2).query("up")
    assert time.monotonic() - begun < 3
    assert LIMIT == 5


@pytest.mark.parametrize(
    "said", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", b"SSH-2.0-OpenSSH_9.9\r\n\r\n"]
)
async def test_a_connection_that_breaks_or_speaks_no_http_is_said(said: bytes) -> None:
    async def behaving(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(said)
        await writer.drain()

    async with raw(behaving) as address:
        with pytest.raises(NoMetrics, match=r"broke off its answer|cannot be reached"):
            await Prometheus(f"http://{address}").query("up")


async def test_nobody_there_is_said() -> None:
    async with serving(answering(vector())) as server:
        pass
    with pytest.raises(NoMetrics, match="cannot be reached"):
        await Prometheus(server).query("up")
    with pytest.raises(NoMetrics, match="cannot be reached"):
        await Prometheus("http://nowhere.invalid").query("up")


async def test_a_certificate_nobody_vouches_for_is_not_trusted(tmp_path: Path) -> None:
    async with serving(answering(vector()), Authority.made(tmp_path)) as server:
        with pytest.raises(NoMetrics, match="certificate that is not trusted"):
            await Prometheus(server).query("up")
