"""Fifty callers at once while an update runs: nobody fails, and a `ping` between them is answered at once."""

import asyncio
import os
import re
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from benchmarks.callers import Caller, calling
from benchmarks.measured import Figure, Measured, WentWrong, at_most, exactly, percentile, plain
from benchmarks.peer import BARE, SCRIPT
from benchmarks.pinger import Pings, pinging
from benchmarks.site import Site

FOLLOWING, LOOKING = 49, 10
"""With the update itself 50 calls are under way as long as it runs; others look around, each once a second."""

PINGS_PER_SECOND = 25.0
ROUNDS, CALM = 3, 0.015
"""Rounds at most, and the seconds within which an idle server answers 99 of 100 pings on a machine that is at rest."""

VERSIONS = ("v2.0.0", "v2.2.0", "v2.3.0")
LOOKS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("list_apps", {"namespace": "shop"}),
    ("inspect_app", {"app": "orders", "namespace": "shop"}),
    ("list_operations", {"namespace": "shop"}),
)


def measure(_: Site) -> Measured:
    """Ping both servers by the clock; ours meanwhile updates an app for fifty callers."""
    rounds = [_round()]
    while len(rounds) < ROUNDS and _unrest(rounds[-1]) > CALM:
        rounds.append(_round())
    return Measured(
        title="Many callers at once",
        how=(
            f"`dot-ai serve --http --embedded`: one client updates an app {len(VERSIONS)} times, {FOLLOWING} come "
            f"within a second and wait for the end with `get_operation`, {LOOKING} look at apps and operations once a "
            "second each; all of them are connected before. Another process sends `ping` "
            f"{PINGS_PER_SECOND:.0f} times a second by the clock until a second after the last update. The cluster "
            "runs in the server's own process. Beside it, a server of the same SDK that gets the pings alone; where "
            f"even that one is disturbed, up to {ROUNDS} rounds are made, and the one counts that disturbed it least."
        ),
        beside="bare `mcp` server, pings only",
        figures=_figures(*min(rounds, key=_unrest)),
    )


_Round = tuple[Caller, Pings, Pings]


def _round() -> _Round:
    with tempfile.TemporaryDirectory() as state, _ours(state) as address:
        caller, pings = asyncio.run(_under_load(address))
    with _bare() as address, pinging(address, PINGS_PER_SECOND) as alone:
        time.sleep(10)
    return caller, pings, alone


def _unrest(measured: _Round) -> float:
    """How far this machine disturbs a server that has nothing to do; our own figure has no say in it."""
    return percentile(measured[2].seconds, 0.99)


def _figures(caller: Caller, ours: Pings, bare: Pings) -> list[Figure]:
    mine, theirs = ([each * 1000 for each in pings.seconds] for pings in (ours, bare))
    return [
        plain("`ping`, median", percentile(mine, 0.5), "ms", percentile(theirs, 0.5)),
        at_most("`ping`, 99 of 100 within", percentile(mine, 0.99), 50, "ms", percentile(theirs, 0.99)),
        plain("`ping`, slowest", max(mine), "ms", max(theirs)),
        plain("pings sent", len(mine), "", len(theirs)),
        plain("calls made", caller.calls, ""),
        plain("calls under way at once, at most", caller.most, ""),
        exactly("calls and pings failed", len(caller.failures) + len(ours.failures), 0, "", len(bare.failures)),
    ]


async def _under_load(address: str) -> tuple[Caller, Pings]:
    async with calling(address) as caller:
        await _at_rest(caller)
        await asyncio.gather(*(caller.call("list_operations", {}) for _ in range(1 + FOLLOWING + LOOKING)))
        with pinging(address, PINGS_PER_SECOND) as pings:
            for version in VERSIONS:
                await _updated(caller, version)
            await asyncio.sleep(1.0)
    return caller, pings


async def _at_rest(caller: Caller) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        apps = (await caller.call("list_apps", {"namespace": "shop"})).get("apps", [])
        if apps and all(app["health"] == "healthy" for app in apps):
            return
        await asyncio.sleep(0.5)
    raise WentWrong(f"the shop on the embedded cluster did not become healthy within 60 s: {caller.failures[:1]}")


async def _updated(caller: Caller, version: str) -> None:
    """One update, with everybody who follows it and looks around meanwhile."""
    change = {"app": "my-app", "namespace": "shop", "version": version}
    planned = await caller.call("update_app", change)
    async with asyncio.TaskGroup() as crowd:
        update = crowd.create_task(caller.call("update_app", {**change, "plan_id": planned["plan_id"]}))
        operation = await _running(caller, update)
        for number in range(FOLLOWING):
            crowd.create_task(_follow(caller, number, operation))
        for number in range(LOOKING):
            crowd.create_task(_look(caller, number, update))
    if update.result().get("status") != "done":
        raise WentWrong(f"the update ended {update.result()}: {caller.failures[:3]}")


async def _running(caller: Caller, update: asyncio.Task[dict[str, Any]]) -> str:
    """The id of the operation, once the server tells it to others."""
    while not update.done():
        listed = await caller.call("list_operations", {"namespace": "shop"})
        for line in listed.get("operations", []):
            if line["status"] == "running":
                return str(line["operation_id"])
        await asyncio.sleep(0.1)
    raise WentWrong(f"the update ended before anybody saw it: {update.result()}")


async def _follow(caller: Caller, number: int, operation: str) -> None:
    await asyncio.sleep(number / FOLLOWING)  # people do not come in the same millisecond, but they all leave in it
    asked = {"operation_id": operation, "namespace": "shop", "wait": 45}
    while (await caller.call("get_operation", asked)).get("status") == "running":
        pass


async def _look(caller: Caller, number: int, update: asyncio.Task[dict[str, Any]]) -> None:
    await asyncio.sleep(number / LOOKING)
    while not update.done():
        tool, arguments = LOOKS[number % len(LOOKS)]
        began = time.monotonic()
        await caller.call(tool, arguments)
        await asyncio.sleep(max(0.0, 1.0 - (time.monotonic() - began)))


@contextmanager
def _ours(state: str) -> Iterator[str]:
    command = (SCRIPT, "serve", "--http", "127.0.0.1:0", "--embedded")
    environment = {**os.environ, "LIFECYCLE_STATE_DIR": state}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stderr is not None
            addresses = (re.search(r"http://\S+", line) for line in process.stderr)
            address = next((found[0] for found in addresses if found), None)
            if address is None:
                raise WentWrong("dot-ai serve --http ended at once")
            yield address
        finally:
            process.terminate()
            process.communicate(timeout=10)


@contextmanager
def _bare() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with subprocess.Popen((*BARE, str(port)), stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(port)
            yield f"http://127.0.0.1:{port}/mcp"
        finally:
            process.terminate()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise WentWrong(f"nothing listens on port {port}")
