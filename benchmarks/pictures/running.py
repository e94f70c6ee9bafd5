"""Takes what the pictures show: each update on a fresh app of a real cluster, under traffic, with its pods watched."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from benchmarks.measured import WentWrong
from benchmarks.pictures.gathering import BEFORE, PodSeen, moments, taken
from benchmarks.pictures.scenes import RATE, Scene
from benchmarks.pictures.taken import Moment, Taken
from benchmarks.site import Real, tell
from benchmarks.stand import Stand, load_versions, stood_up
from benchmarks.ways import carried_out
from tests.real.cluster.prerequisites import kubectl
from tests.real.product import Session
from tests.real.web import Web

AFTER = 3.0
"""Seconds that are shown after the last pod has gone."""

ROUNDS = 3
"""How often a scene is taken at most while the machine is too busy: users that come late bend the picture."""

LATE = 0.1
"""Seconds by which the users may come late."""

_COLUMNS = (
    "{.type}|{.object.metadata.name}|{.object.spec.containers[0].image}|{.object.metadata.deletionTimestamp}|"
    r"{.object.status.conditions[?(@.type=='Ready')].status}{'\n'}"
)
"""What kubectl prints of each change; tabs it would turn into blanks."""


async def all_taken(real: Real, scenes: tuple[Scene, ...]) -> AsyncIterator[tuple[Scene, Taken]]:
    """Each scene as it was taken; one whose update did not go as it should is told of and left out."""
    await asyncio.to_thread(load_versions, real)
    async with real.product().serving() as session:
        for scene in scenes:
            try:
                seen = await _least_disturbed(real, session, scene)
            except (WentWrong, AssertionError, LookupError, TimeoutError) as reason:
                tell(f"{scene.name} went wrong: {reason}")
            else:
                yield scene, seen


async def _least_disturbed(real: Real, session: Session, scene: Scene) -> Taken:
    rounds: list[tuple[float, Taken]] = []
    while len(rounds) < ROUNDS and all(late > LATE for late, _ in rounds):
        stand = await stood_up(real, scene.cell.shape, missing="")
        rounds.append(await _taken(session, stand, scene))
        await asyncio.to_thread(real.drop, stand.web)
        tell(f"{scene.name}: {scene.sentence(rounds[-1][1])} Users were {rounds[-1][0]:.2f} s late.")
    return min(rounds, key=lambda each: each[0])[1]


async def _taken(session: Session, stand: Stand, scene: Scene) -> tuple[float, Taken]:
    """How late the users were at most, and the account."""
    seen: list[PodSeen] = []
    version, image = stand.tag, stand.web.cluster.image(stand.tag)
    traffic = stand.web.traffic(RATE, keep_alive=0)
    async with watched(stand.web, seen.append):
        await asyncio.to_thread(traffic.__enter__)
        try:
            await asyncio.sleep(BEFORE)
            zero, seconds, told = await (_by_kubectl if scene.kubectl else _by_us)(session, stand, scene)
            await stand.alone()
            await asyncio.sleep(AFTER)
        finally:
            await asyncio.to_thread(traffic.__exit__, None, None, None)
    report = traffic.report
    return report.late, taken(report, seen, told, zero=zero, seconds=seconds, old=(version, image))


_Account = tuple[float, float, tuple[Moment, ...]]


async def _by_us(session: Session, stand: Stand, scene: Scene) -> _Account:
    """When it began by the monotonic clock, how long it took, and its moments as the record has them."""
    ahead = time.time() - time.monotonic()
    await carried_out(session, stand, scene.cell)
    outcome = await _recorded(session, stand)
    began, ended = (_seconds(outcome[name]) for name in ("started", "ended"))
    return began - ahead, ended - began, moments(outcome, scene.ends)


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


async def _recorded(session: Session, stand: Stand) -> dict[str, Any]:
    """The record of the update; the words said to it have records of their own."""
    listed = await session.call("list_operations", **stand.scope, limit=10)
    for each in listed.content["operations"]:
        if each["operation"] == "update_app":
            on = {"operation_id": each["operation_id"], "namespace": each["namespace"]}
            return (await session.call("get_operation", **on)).content
    raise WentWrong(f"no update of {stand.scope} is recorded: {listed.text}")


async def _by_kubectl(_: Session, stand: Stand, scene: Scene) -> _Account:
    began = time.monotonic()
    await stand.set_image(stand.image(scene.cell.version))
    if not await stand.rolled_out(60):
        raise WentWrong(f"{scene.name}: kubectl did not come to an end")
    seconds = time.monotonic() - began
    return began, seconds, (Moment(0.0, "kubectl set image"), Moment(seconds, scene.ends))


@asynccontextmanager
async def watched(web: Web, tell_of: Callable[[PodSeen], None]) -> AsyncIterator[None]:
    """While the block runs, every change of the app's pods is told as soon as the API server tells it."""
    words = ("get", "pods", "-n", web.namespace, "-l", f"app={web.name}", "--watch", "--output-watch-events")
    command = web.cluster.inside(
        kubectl(), f"--kubeconfig={web.cluster.kubeconfig}", *words, "-o", f"jsonpath={_COLUMNS}"
    )
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None

    async def read(lines: asyncio.StreamReader) -> None:
        async for line in lines:
            tell_of(PodSeen.of(line.decode(), time.monotonic()))

    reading = asyncio.create_task(read(process.stdout))
    try:
        yield
    finally:
        process.terminate()
        await process.wait()
        await reading
