"""What the cells of the matrix come to: one line each, and the bounds over all of them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.cells import NOT_COMING, Cell
from benchmarks.measured import Figure, at_most, exactly, plain
from benchmarks.ways import INTERVAL, STANDBY, STEPS, Seen
from dot_ai_lifecycle.core.conditions.probes import SHORTEST as _ALLOWED
from dot_ai_lifecycle.domain.strategies.canary import pods_for
from dot_ai_lifecycle.domain.strategies.switching import PROXIES

_STANDBY_BY_ITSELF = 10
"""Seconds that old pods stand by after a switch where nobody says how long."""


@dataclass(frozen=True)
class Done:
    """A cell that was measured, and kubectl's beside it; `ours` is None where it went wrong, and `why` says how.

    `pods_take` are the seconds until that many pods, started at once, serve in this run.
    """

    cell: Cell
    ours: Seen | None
    theirs: Seen | None
    pods_take: Callable[[int], float]
    why: str = ""

    @property
    def strategy(self) -> str:
        """What the plan named; empty where it went wrong."""
        return self.ours.went.strategy if self.ours else ""

    @property
    def promised(self) -> bool:
        """Whether the plan said that no request fails."""
        return self.ours is not None and self.ours.went.promised

    @property
    def floor(self) -> float | None:
        """The least seconds this update can take; None for one that is no good update to its end."""
        if self.ours is None or self.cell.version != "good" or self.ours.went.status != "done":
            return None
        pods, takes = self.cell.shape.replicas, self.pods_take
        if self.strategy == "blue-green":
            standby = _STANDBY_BY_ITSELF if self.cell.way == "rollback" else STANDBY
            return takes(pods) + PROXIES + standby
        if self.strategy == "canary":
            return _of_canary(pods, takes)
        return takes(1) + (takes(pods - 1) if pods > 1 else 0)


def _of_canary(pods: int, takes: Callable[[int], float]) -> float:
    counts = list(dict.fromkeys(pods_for(weight, pods) for weight in STEPS))
    rounds = [after - before for before, after in zip([0, *counts], [*counts, pods], strict=True) if after > before]
    return sum(map(takes, rounds)) + len(counts) * INTERVAL + PROXIES


def figures(done: Sequence[Done]) -> list[Figure]:
    """The bounds over all cells, then every cell."""
    return [*_failures(done), *_ends(done), *_calls(done), *_speed(done), *(_of_cell(each) for each in done)]


def _failures(done: Sequence[Done]) -> list[Figure]:
    kept = [each for each in done if each.promised]
    others = [each for each in done if each.ours and not each.promised]
    went_wrong = sum(each.ours is None for each in done)
    figures = [
        exactly("updates that did not go as they should", went_wrong, 0),
        exactly(f"new connections failed in {len(kept)} updates that promise none", *_failed(kept)),
        plain("the most of one of them", *_most(kept)),
    ]
    if others:
        mine, _, _, beside = _failed(others)
        figures.append(plain(f"in {len(others)} that promise nothing: rolling without preStop", mine, "", beside))
    cut, beside_cut = (sum(len(seen.report.cut) for seen in side) for side in _sides(done))
    return [*figures, plain("idle connections cut in all", cut, "", beside_cut)]


def _failed(done: Sequence[Done]) -> tuple[int, int, str, int]:
    """Our failures, the bound, no unit, kubectl's failures."""
    mine, beside = (sum(seen.failed for seen in side) for side in _sides(done))
    return mine, 0, "", beside


def _most(done: Sequence[Done]) -> tuple[int, str, int]:
    mine, beside = (max((seen.failed for seen in side), default=0) for side in _sides(done))
    return mine, "", beside


def _sides(done: Sequence[Done]) -> tuple[list[Seen], list[Seen]]:
    return [each.ours for each in done if each.ours], [each.theirs for each in done if each.theirs]


def _ends(done: Sequence[Done]) -> list[Figure]:
    """How soon nobody meets a bad version any more once somebody wants it gone."""
    canaries = [each for each in done if each.cell.way == "canary, aborted"]
    switched = [each for each in done if (each.cell.way, each.cell.version) == ("blue-green", "20 % errors")]
    return [
        *_until_clean("canary aborted, to the last request of its version", canaries, 2.0),
        *_until_clean("switched back to old pods that stand by, to the last request", switched, 1.5),
    ]


def _until_clean(what: str, done: Sequence[Done], bound: float) -> list[Figure]:
    mine, beside = ([seen.clean_after for seen in side if seen.clean_after is not None] for side in _sides(done))
    if not mine:
        return []
    return [
        at_most(f"{what}, median of {len(mine)}", median(mine), bound, "s", _or_none(median, beside)),
        plain("slowest", max(mine), "s", _or_none(max, beside)),
    ]


def _or_none(function: Callable[[list[float]], float], values: list[float]) -> float | None:
    return function(values) if values else None


def _calls(done: Sequence[Done]) -> Iterable[Figure]:
    for version in NOT_COMING:
        called = [
            each.ours.went.called
            for each in done
            if each.ours and each.ours.went.called and each.cell.version == version
        ]
        if called:
            bound = _ALLOWED + 5 if version == "never ready" else 15.0
            yield at_most(f"{version}: called, slowest of {len(called)}", max(called), bound, "s")


def _speed(done: Sequence[Done]) -> Iterable[Figure]:
    """Good updates against the floor of their strategy; one second is free."""
    ratios = []
    for strategy in ("rolling", "blue-green", "canary"):
        of_it = [each for each in done if each.strategy == strategy]
        timed = [(each.ours.went.seconds, each.floor) for each in of_it if each.ours and each.floor]
        ratios += [(took - 1.0) / floor for took, floor in timed]
        if timed:
            took, floor = (median(values) for values in zip(*timed, strict=True))
            yield plain(f"{strategy}, good updates, median (floor: {floor:.1f} s)", took, "s")
    if ratios:
        yield at_most(f"(time - 1 s) / floor, median of {len(ratios)}", median(ratios), 1.2, "×")


def _of_cell(done: Done) -> Figure:
    beside = told(done.theirs) if done.theirs else ""
    if done.ours is None:
        return Figure(str(done.cell), f"went wrong: {' '.join(done.why.split())[:160]}", beside, "", holds=False)
    what = f"{done.cell} ({done.strategy})" if done.cell.way == "rollback" else str(done.cell)
    bound, holds = ("0 failed", done.ours.failed == 0) if done.promised else ("", None)
    return Figure(what, told(done.ours), beside, bound, holds)


def told(seen: Seen) -> str:
    """One update in a few words."""
    parts = [f"{seen.failed} failed", f"{len(seen.report.cut)} cut", f"{seen.went.seconds:.1f} s"]
    if seen.bad_answers:
        errors = f", {len(seen.report.errors)} errors" if seen.report.errors else ""
        parts.append(f"bad one met for {seen.exposed:.1f} s by {seen.share:.0%}{errors}")
    return ", ".join(parts)


def line(done: Done) -> str:
    """A cell as it is told while the matrix is measured."""
    mine, beside = (told(seen) if seen else "-" for seen in (done.ours, done.theirs))
    late = max((seen.report.late for seen in (done.ours, done.theirs) if seen), default=0.0)
    failed = done.ours.report.failed if done.ours else []
    when = "".join(f" [{miss.at:.1f} s {miss.kind}]" for miss in failed[:: max(1, len(failed) // 5)])
    disturbed = sum(seen.disturbed for seen in (done.ours, done.theirs) if seen)
    return f"{done.cell} ({done.strategy}): {mine}{when} | kubectl: {beside} | late {late:.2f} s, beside {disturbed}"
