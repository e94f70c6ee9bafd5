"""An open-loop HTTP probe: it sends by the clock, whether or not earlier requests were answered, as users do.

A closed loop waits for the slow and counts too little. A connection that is kept alive and cut while idle is counted
apart: client libraries send such a request again, a refused new connection they report.

`python -m tests.real.probe HOST PORT RATE KEEP_ALIVE` says `started` at the first answer, runs until its input ends and
then writes the report as JSON. It is a process of its own so that no busy event loop of a test bends the measure.
"""

import asyncio
import errno
import itertools
import json
import os
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from typing import Self

_PATIENCE = 2.0  # seconds for one request; a user has given up by then
_PAUSE = 0.05  # seconds between requests of one keep-alive client
QUARTER = 0.25  # seconds of a bin of `Report.quarters`
_PORTS = range(20_000, 65_536)
"""Source ports, taken in turn: each comes round after minutes, when pods and the node have long forgotten it.

The kernel's own choice comes round within seconds, and what is left of an earlier connection, in a pod or in the node's
translation table, may then swallow a request that no update had to do with.
"""
_REQUEST = "GET / HTTP/1.1\r\nHost: app\r\nConnection: {}\r\n\r\n"


_Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True)
class Miss:
    """A request that went wrong: when it was sent, in seconds since the start, and how."""

    at: float
    kind: str


@dataclass
class Report:
    """What the users of the application saw. Times in seconds since the first request."""

    ok: dict[str, int] = field(default_factory=dict)  # by the version that answered
    failed: list[Miss] = field(default_factory=list)  # new connections without an answer
    cut: list[Miss] = field(default_factory=list)  # kept-alive connections closed before the answer began
    errors: list[Miss] = field(default_factory=list)  # answered, with a status other than 200
    max_gap: float = 0.0  # the longest time without any good answer
    late: float = 0.0  # how far the probe itself lagged behind its clock; large: the machine was too busy to measure
    began: float = 0.0  # by the monotonic clock, which all processes of a machine share
    lasted: float = 0.0
    spans: dict[str, tuple[float, float]] = field(default_factory=dict)  # by version: its first and last good answer
    ok_per_second: list[int] = field(default_factory=list)
    failed_per_second: list[int] = field(default_factory=list)
    quarters: dict[str, list[int]] = field(default_factory=dict)  # good answers by version and by when they were due

    @property
    def answered(self) -> int:
        """Good answers of all versions."""
        return sum(self.ok.values())

    @classmethod
    def of(cls, text: str) -> Self:
        """The report that a probe wrote."""
        fields = json.loads(text)
        for name in ("failed", "cut", "errors"):
            fields[name] = [Miss(**each) for each in fields[name]]
        return cls(**fields)

    def __str__(self) -> str:
        kinds = dict(Counter(miss.kind for miss in (*self.failed, *self.errors)))
        return (
            f"{self.answered} answered {self.ok}, {len(self.failed)} failed, {len(self.errors)} errors {kinds}, "
            f"{len(self.cut)} idle connections cut, longest gap {self.max_gap:.2f} s, probe late {self.late:.2f} s"
        )


class _Refusal(Exception):
    """An answer with a status other than 200."""


class Probe:
    """Sends `rate` requests a second on new connections, and more from `keep_alive` clients that keep theirs."""

    def __init__(self, host: str, port: int, rate: float = 200.0, keep_alive: int = 8) -> None:
        self._host, self._port, self._rate, self._keep_alive = host, port, rate, keep_alive
        self.report = Report()
        self.answering = asyncio.Event()
        self._ended = asyncio.Event()
        self._start = self._last_ok = time.monotonic()
        self._local = "::" if ":" in host else "0.0.0.0"  # nothing listens there
        begin = os.getpid() * 7_919 % len(_PORTS)  # several probes begin at different ports
        self._ports = itertools.cycle((*_PORTS[begin:], *_PORTS[:begin]))

    async def run(self) -> Report:
        """Probe until `end` is called; then wait for what is in flight and return the report."""
        self._start = self._last_ok = self.report.began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for _ in range(self._keep_alive):
                group.create_task(self._stay())
            sent = 0
            while not self._ended.is_set():
                group.create_task(self._once(sent / self._rate))
                sent += 1
                ahead = self._start + sent / self._rate - time.monotonic()
                self.report.late = max(self.report.late, -ahead)
                await asyncio.sleep(max(0.0, ahead))
        self._note_gap()
        self.report.lasted = time.monotonic() - self._start
        return self.report

    def end(self) -> None:
        """Send no more."""
        self._ended.set()

    async def _once(self, due: float) -> None:
        async with self._counted():
            reader, writer = await self._connected()
            try:
                await self._ask(reader, writer, "close", due)
            finally:
                writer.close()

    async def _stay(self) -> None:
        """One client with a connection of its own, opened again whenever it breaks."""
        kept: _Connection | None = None
        while not self._ended.is_set():
            connection, kept = kept, None
            now = time.monotonic() - self._start
            async with self._counted(fresh=connection is None):
                connection = connection or await self._connected()
                await self._ask(*connection, "keep-alive", now)
                kept = connection
            if kept is None and connection is not None:
                connection[1].close()
            await asyncio.sleep(_PAUSE)
        if kept is not None:
            kept[1].close()

    async def _connected(self) -> _Connection:
        """A new connection, from the next source port that nobody here uses."""
        while True:
            try:
                return await asyncio.open_connection(
                    self._host, self._port, local_addr=(self._local, next(self._ports))
                )
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise

    @asynccontextmanager
    async def _counted(self, *, fresh: bool = True) -> AsyncIterator[None]:
        """Count how one request goes wrong; on a connection that is not `fresh` an early close is no failure."""
        sent = time.monotonic() - self._start
        try:
            async with asyncio.timeout(_PATIENCE):
                yield
        except _Refusal as refusal:
            self._miss(self.report.errors, sent, str(refusal))
        except TimeoutError:
            self._miss(self.report.failed, sent, "timed out")
        except (asyncio.IncompleteReadError, OSError) as error:
            begun = isinstance(error, asyncio.IncompleteReadError) and error.partial
            misses = self.report.failed if fresh or begun else self.report.cut
            self._miss(misses, sent, "broken off" if begun else _KINDS.get(type(error), type(error).__name__))

    async def _ask(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: str, due: float
    ) -> None:
        writer.write(_REQUEST.format(connection).encode())
        status, body = await _answer(reader)
        if status != 200:
            raise _Refusal(f"HTTP {status}")
        self._note_gap()
        self._last_ok = time.monotonic()
        version = body.split()[0].decode() if body.split() else "?"
        self.report.ok[version] = self.report.ok.get(version, 0) + 1
        now = round(self._last_ok - self._start, 3)
        self.report.spans[version] = (self.report.spans.get(version, (now, now))[0], now)
        self._tick(self.report.ok_per_second)
        _count(self.report.quarters.setdefault(version, []), int(due / QUARTER))
        self.answering.set()

    def _note_gap(self) -> None:
        self.report.max_gap = max(self.report.max_gap, time.monotonic() - self._last_ok)

    def _miss(self, misses: list[Miss], sent: float, kind: str) -> None:
        misses.append(Miss(round(sent, 3), kind))
        if misses is not self.report.cut:
            self._tick(self.report.failed_per_second)

    def _tick(self, seconds: list[int]) -> None:
        _count(seconds, int(time.monotonic() - self._start))


def _count(bins: list[int], place: int) -> None:
    bins.extend([0] * (place + 1 - len(bins)))
    bins[place] += 1


_KINDS: dict[type[Exception], str] = {
    ConnectionRefusedError: "refused",
    ConnectionResetError: "reset",
    BrokenPipeError: "reset",
    asyncio.IncompleteReadError: "closed before the answer",
}


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    status, *headers = head.split("\r\n")
    lengths = [int(line.split(":")[1]) for line in headers if line.startswith("content-length:")]
    return int(status.split()[1]), await reader.readexactly(lengths[0] if lengths else 0)


async def _main(host: str, port: str, rate: str, keep_alive: str) -> None:
    probe = Probe(host, int(port), float(rate), int(keep_alive))
    running = asyncio.create_task(probe.run())
    await asyncio.wait_for(probe.answering.wait(), 20.0)
    sys.stdout.write("started\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    probe.end()
    sys.stdout.write(json.dumps(asdict(await running)))


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
