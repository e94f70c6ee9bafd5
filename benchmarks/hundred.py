"""A hundred updates in a row under traffic that never stops: of every kind, good ones and bad ones, drawn by a seed."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from statistics import median

from benchmarks.cells import NOT_COMING, Cell, Shape, Version, Way
from benchmarks.measured import Figure, Measured, WentWrong, at_least, exactly, plain
from benchmarks.site import Real, Site, tell
from benchmarks.stand import Stand, load_versions, stood_up
from benchmarks.ways import STANDBY, Went, carried_out, plainly
from tests.real.probe import Report
from tests.real.product import Session
from tests.real.registry import registry

SEED, UPDATES, PODS = 4711, 100, 4

_AUTO = {"strategy": "auto", "standby": STANDBY}
_KINDS: tuple[tuple[str, Way, Version], ...] = (
    ("update", "rolling", "good"),
    ("blue-green", "blue-green", "good"),
    ("canary, promoted", "canary, promoted", "good"),
    ("canary, aborted", "canary, aborted", "good"),
    ("canary with errors, aborted", "canary, aborted", "20 % errors"),
    ("blue-green with errors, aborted", "blue-green", "20 % errors"),
    *((f"update, {version}", "rolling", version) for version in NOT_COMING),
)
ROLLBACK, RESTART = "rollback", "restart"
_ALL = (*(kind for kind, *_ in _KINDS), ROLLBACK, RESTART)


@dataclass(frozen=True)
class One:
    """One of the hundred: what it was, when it began by the monotonic clock, how it went, what failed in it.

    `why` says why it did not end as it should; empty where it did.
    """

    kind: str
    began: float
    went: Went
    why: str = ""
    failed: int = 0


def measure(site: Site) -> Measured:
    """Half of them on an app that drains, half on one that does not, side by side."""
    return asyncio.run(_measured(site.real()))


def drawn(seed: int, updates: int) -> list[str]:
    """The kinds, in their order. The first is a good update, so that a rollback finds something."""
    return ["update", *random.Random(seed).choices(_ALL, k=updates - 1)]


async def _measured(real: Real) -> Measured:
    await asyncio.to_thread(load_versions, real)
    async with registry() as name:
        found = await asyncio.gather(
            *(
                _in_a_row(real, Shape(drains, PODS), drawn(SEED + drains, UPDATES // 2), f"{name}/web:v9")
                for drains in (False, True)
            )
        )
    ones = [one for row, _ in found for one in row]
    return Measured(
        title="A hundred updates in a row",
        how=(
            f"Two apps of {PODS} pods on a real cluster, one with preStop and one without, each under its own 200 new "
            f"connections a second and 8 kept ones that never stop, go through {UPDATES // 2} updates each, drawn with "
            f"seed {SEED}: {', '.join(_ALL)}. What fails between the beginning of one and that of the next is counted "
            "to the first. Errors are counted as failures where no version with errors is being tried."
        ),
        beside="",
        figures=[
            at_least(f"lossless, of {len(ones)}", sum(one.failed == 0 for one in ones), len(ones) * 0.99),
            exactly("that did not go as they should", sum(bool(one.why) for one in ones), 0),
            exactly("that lost requests though their plan promised none", sum(map(_broken, ones)), 0),
            *_by_kind(ones),
            plain("requests answered", sum(report.answered for _, report in found), ""),
            plain("idle connections cut", sum(len(report.cut) for _, report in found), ""),
            plain("longest time without a good answer", max(report.max_gap for _, report in found), "s"),
        ],
    )


def _broken(one: One) -> bool:
    return one.failed > 0 and one.went.promised


def _by_kind(ones: Sequence[One]) -> list[Figure]:
    figures = []
    for kind in _ALL:
        of_it = [one for one in ones if one.kind == kind]
        if of_it:
            failed, took = sum(one.failed for one in of_it), median(one.went.seconds for one in of_it)
            figures.append(Figure(f"{kind}: {len(of_it)} times", f"{failed} failed, median {took:.1f} s"))
    return figures


async def _in_a_row(real: Real, shape: Shape, kinds: Sequence[str], missing: str) -> tuple[list[One], Report]:
    ones: list[One] = []
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(real.product().serving())
        stand = await stood_up(real, shape, missing)
        async with stand.users() as users:
            for kind in kinds:
                began = time.monotonic()
                went, why = await _tried(session, stand, kind)
                await stand.alone()
                ones.append(One(kind, began, went, why))
                told = f"{kind} took {went.seconds:.1f} s ({went.strategy}) {why}"
                tell(f"{shape}, {len(ones)} of {len(kinds)}: {told}")
        await asyncio.to_thread(real.drop, stand.web)
    return counted(ones, users.here.report), users.here.report


def counted(ones: Sequence[One], report: Report) -> list[One]:
    """The same, each with the requests that failed between its beginning and that of the next."""
    misses = [report.began + miss.at for miss in report.failed]
    errors = [report.began + miss.at for miss in report.errors]
    found: Counter[int] = Counter()
    for moment, error in [*((each, False) for each in misses), *((each, True) for each in errors)]:
        place = max((number for number, one in enumerate(ones) if one.began <= moment), default=0)
        found[place] += not (error and "errors" in ones[place].kind)
    return [replace(one, failed=found[number]) for number, one in enumerate(ones)]


async def _tried(session: Session, stand: Stand, kind: str) -> tuple[Went, str]:
    """How one of that kind went, and why it went wrong; the app is at its good version again in any case."""
    try:
        return await _once(session, stand, kind), ""
    except WentWrong as reason:
        await stand.set_image(stand.web.cluster.image(stand.tag))
        return Went(0.0), " ".join(str(reason).split())


async def _once(session: Session, stand: Stand, kind: str) -> Went:
    """Carry out one of that kind. Raises WentWrong."""
    for name, way, version in _KINDS:
        if name == kind:
            otherwise = _AUTO if way == "rolling" else {}
            return await carried_out(session, stand, Cell(stand.shape, way, version), **otherwise)
    went = await plainly(session, stand, "rollback_app" if kind == ROLLBACK else "restart_app")
    await stand.looked_at()
    return went
