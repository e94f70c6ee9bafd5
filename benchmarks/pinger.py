"""Pings an MCP server over HTTP by the clock, whether or not earlier ones were answered: `pinger.py ADDRESS RATE`.

A process of its own, so that no busy event loop of a benchmark bends the measure. It says `started` after the first
answer, runs until its input ends and then writes what it saw as JSON.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

from benchmarks.callers import Caller, calling
from benchmarks.measured import WentWrong

_PINGS = {"MCP-Protocol-Version": "2025-11-25"}  # the newest protocol that has them


@dataclass
class Pings:
    """Seconds each ping took; what went wrong; how far the sender itself lagged behind its clock."""

    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    late: float = 0.0


@contextmanager
def pinging(address: str, rate: float) -> Iterator[Pings]:
    """Pings as long as the block runs; what they saw is there when it has ended. Raises WentWrong."""
    command = (sys.executable, "-m", "benchmarks.pinger", address, str(rate))
    pings = Pings()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout is None or process.stdout.readline() != "started\n":
            raise WentWrong(f"{address} does not answer a ping")
        try:
            yield pings
        finally:
            written, _ = process.communicate(timeout=30)  # ends its input, which ends it
        vars(pings).update(json.loads(written))


async def _main(address: str, rate: float) -> Pings:
    pings, ended = Pings(), asyncio.Event()
    async with calling(address) as caller, asyncio.TaskGroup() as group:
        await _ping(caller, Pings())
        print("started", flush=True)
        told = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        told.add_done_callback(lambda _: ended.set())
        began, sent = time.monotonic(), 0
        while not ended.is_set():
            group.create_task(_ping(caller, pings))
            sent += 1
            ahead = began + sent / rate - time.monotonic()
            pings.late = max(pings.late, -ahead)
            await asyncio.sleep(max(0.0, ahead))
    pings.failures = caller.failures
    return pings


async def _ping(caller: Caller, pings: Pings) -> None:
    began = time.perf_counter()
    await caller.post({"method": "ping"}, _PINGS)
    pings.seconds.append(time.perf_counter() - began)


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(_main(sys.argv[1], float(sys.argv[2]))))))
