"""The probe tells apart what users would tell apart: failures, errors, and idle connections that were merely closed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from tests.real.probe import Probe, Report

_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nv1 a\n"
_Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def _server(answer: _Answer, port: int = 0) -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):  # the probe has ended
            return
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def _probed(port: int, seconds: float, *, rate: float = 100, keep_alive: int = 0) -> Report:
    probe = Probe("127.0.0.1", port, rate, keep_alive)
    asyncio.get_running_loop().call_later(seconds, probe.end)
    return await probe.run()


async def _good(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(_OK)


async def _one_then_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(_OK)


async def _half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(_OK[:20])


async def _silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def _broken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")


async def test_good_answers_are_counted_by_version_and_by_second() -> None:
    async with _server(_good) as port:
        report = await _probed(port, 1.2, rate=100, keep_alive=2)

    assert report.ok.keys() == {"v1"}
    assert report.failed == report.cut == report.errors == []
    assert report.answered == sum(report.ok_per_second) > 100
    assert len(report.ok_per_second) == 2
    assert report.max_gap < 0.5
    assert report.spans["v1"][0] < 0.5 < report.spans["v1"][1] <= report.lasted
    assert sum(report.quarters["v1"]) == report.ok["v1"]
    assert all(20 <= count <= 50 for count in report.quarters["v1"][:4]), "25 new ones, and 10 of those who stay"


async def test_a_kept_connection_that_is_closed_while_idle_is_no_failure() -> None:
    async with _server(_one_then_close) as port:
        report = await _probed(port, 0.5, rate=10, keep_alive=2)

    assert report.failed == []
    assert len(report.cut) > 0


async def test_a_connection_closed_without_or_amid_its_first_answer_is_a_failure() -> None:
    async with _server(_silent) as port:
        silent = await _probed(port, 0.2, rate=50, keep_alive=1)
    async with _server(_half) as port:
        half = await _probed(port, 0.2, rate=50, keep_alive=1)

    assert {miss.kind for miss in silent.failed} == {"closed before the answer"}
    assert {miss.kind for miss in half.failed} == {"broken off"}
    assert silent.cut == half.cut == []


async def test_a_refused_connection_is_a_failure_with_its_time() -> None:
    async with _server(_good) as port:
        pass

    report = await _probed(port, 0.3, rate=50)

    assert {miss.kind for miss in report.failed} == {"refused"}
    assert [miss.at for miss in report.failed] == sorted(miss.at for miss in report.failed)
    assert report.max_gap >= 0.3


async def test_an_answered_error_is_not_a_failed_connection() -> None:
    async with _server(_broken) as port:
        report = await _probed(port, 0.2, rate=50)

    assert {miss.kind for miss in report.errors} == {"HTTP 503"}
    assert report.failed == []
