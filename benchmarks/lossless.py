"""Updates under traffic on a real cluster, good ones and bad ones, by every strategy: who notices, and for how long."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack

from benchmarks import tally
from benchmarks.cells import SENSE, Cell, Shape, by_shape, cells_of, sample
from benchmarks.measured import Measured, WentWrong
from benchmarks.site import Real, Site, tell
from benchmarks.stand import DRAIN, Stand, load_versions, stood_up
from benchmarks.tally import Done
from benchmarks.ways import INTERVAL, STANDBY, STEPS, WAITS, Seen, ours, theirs
from tests.real.product import Session
from tests.real.registry import registry

SEED, MORE = 20260, 4
"""Which cells the sample draws, and how many beside those that are always in it."""

ROUNDS = 3
"""How often a cell is measured at most while the machine disturbs it."""


def measure(site: Site) -> Measured:
    """A seeded sample of the matrix."""
    how = f"A sample (seed {SEED}) of {_HOW} {SENSE} The whole matrix is in [its own page](benchmarks-full.md)."
    return asyncio.run(_measured(site.real(), "Updates under traffic", how, sample(SEED, MORE)))


def whole(shape: Shape, site: Site) -> Measured:
    """Every cell of one app."""
    how = f"Every cell of this app. How it is measured is told [beside the sample](benchmarks.md). {SENSE}"
    return asyncio.run(_measured(site.real(), f"An app of {shape}", how, cells_of(shape)))


async def _measured(real: Real, title: str, how: str, cells: Sequence[Cell]) -> Measured:
    await asyncio.to_thread(load_versions, real)
    async with registry() as name:
        done: list[Done] = []
        for shape in dict.fromkeys(cell.shape for cell in by_shape(cells)):
            done += await _of_shape(real, shape, [cell for cell in cells if cell.shape == shape], f"{name}/web:v9")
    return Measured(title=title, how=how, beside="`kubectl set image`", figures=tally.figures(done))


_HOW = (
    "{preStop or not} × {1, 4, 10 pods} × {rolling, blue-green, canary promoted, canary aborted, rollback} × {good "
    "version, image missing, crash, never ready, 20 % errors}, on a real cluster under 200 new connections a second "
    "and 8 kept ones, counted by a process of its own. In a rollback the version named is the one that is left, put "
    "there with kubectl. Without preStop the app ends at once when asked to; with it, it sleeps "
    f"{DRAIN} s before. Canaries take {' and '.join(map(str, STEPS))} % for {INTERVAL} s each, blue-green's old pods "
    f"stand by for {STANDBY} s, in a rollback for 10 s. Ours is driven over MCP. Nothing here measures requests, so "
    "nobody but a person can see 20 % errors: they abort a canary in its first step, blue-green after its switch, and "
    "undo what was rolled. kubectl's person waits "
    f"`rollout status --timeout={WAITS}s`, then says `rollout undo`; with 20 % errors as soon as the rollout is done. "
    "Failed are new connections (and errors of a good version). Beside each app stands one that nothing happens to; "
    "where requests fail there too, or users come a second late, the machine was too busy, and the cell is measured "
    f"again, {ROUNDS} times at most. "
    "Idle kept connections that are cut are counted apart, as clients open them again. How long and by which share of "
    "the requests a bad version was met is from its first to its last answer. "
    "A promise is a plan that said beforehand that no request is lost. The floor of a good "
    "update is what its strategy takes at least with the start of pods as measured by `kubectl scale` in the same run, "
    "its intervals, and 5 s for proxies to follow a switch. A version that is not ready is called bad once the time is "
    "over that every app gets to become ready, one minute at least."
)


async def _of_shape(real: Real, shape: Shape, cells: Sequence[Cell], missing: str) -> list[Done]:
    done: list[Done] = []
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(real.product().serving())
        stand = await _fresh(real, shape, missing)
        for cell in cells:
            beside = next((each.theirs for each in done if each.cell.beside == cell.beside), None)
            try:
                mine = await _undisturbed(session, stand, cell)
                other = beside or await theirs(stand, cell)
            except (WentWrong, AssertionError, TimeoutError) as reason:
                tell(f"{cell} went wrong: {reason}")
                done.append(Done(cell, None, beside, stand.pods_take, str(reason)))
                await asyncio.to_thread(real.drop, stand.web)
                stand = await _fresh(real, shape, missing)
                continue
            done.append(Done(cell, mine, other, stand.pods_take))
            tell(tally.line(done[-1]))
        await asyncio.to_thread(real.drop, stand.web)
    return done


async def _undisturbed(session: Session, stand: Stand, cell: Cell) -> Seen:
    """The cell as the product does it; once more where requests failed both here and where nothing happened."""
    rounds: list[Seen] = []
    while len(rounds) < ROUNDS and all(seen.failed and seen.disturbed for seen in rounds):
        rounds.append(await ours(session, stand, cell))
    return min(rounds, key=lambda seen: seen.disturbed)


async def _fresh(real: Real, shape: Shape, missing: str) -> Stand:
    stand = await stood_up(real, shape, missing)
    await stand.clocked()
    tell(f"{shape}: a pod takes {stand.one:.1f} s, {shape.replicas} take {stand.all:.1f} s")
    return stand
