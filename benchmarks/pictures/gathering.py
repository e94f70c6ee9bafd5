"""From what the watch, the users and the record say to one account on one clock: pure functions."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Any

from benchmarks.pictures.taken import FATES, Fate, Life, Moment, Side, State, Taken
from tests.real.probe import QUARTER, Miss, Report

BEFORE = 1.5
"""Seconds that are shown before an update begins."""

_AT_ONCE = 0.3
"""Seconds below which a wait for pods found them there already, and is not told."""


@dataclass(frozen=True)
class PodSeen:
    """What a watch said of a pod, and when by the monotonic clock."""

    at: float
    event: str
    name: str
    image: str
    ending: bool
    ready: bool

    @classmethod
    def of(cls, line: str, at: float) -> "PodSeen":
        """A line of the watch: event, name, image, moment of deletion, readiness; bars between."""
        event, name, image, deleted, ready = line.rstrip("\n").split("|")
        return cls(at, event, name, image, bool(deleted), ready == "True")

    @property
    def state(self) -> State:
        """How the pod stands."""
        if self.event == "DELETED":
            return "gone"
        return "ending" if self.ending else "ready" if self.ready else "starting"


def lives(seen: Iterable[PodSeen], old_image: str, zero: float) -> tuple[Life, ...]:
    """Every pod that was seen, in the order in which they came; `zero` is the moment that seconds count from."""
    states: dict[str, list[tuple[float, State]]] = {}
    sides: dict[str, Side] = {}
    for one in seen:
        sides[one.name] = "old" if one.image == old_image else "new"
        known = states.setdefault(one.name, [])
        if not known or known[-1][1] != one.state:
            known.append((one.at - zero, one.state))
    return tuple(Life(sides[name], tuple(each)) for name, each in states.items())


def fates(report: Report, old: str) -> dict[Fate, Sequence[int]]:
    """The requests by the quarter of a second in which they were due, so that a late user leaves no hole."""
    length = int(report.lasted / QUARTER) + 1
    found: dict[Fate, list[int]] = {fate: [0] * length for fate in FATES}
    for version, counts in report.quarters.items():
        for number, count in enumerate(counts[:length]):
            found["old" if version == old else "new"][number] += count
    misses: tuple[tuple[Fate, list[Miss]], ...] = (("errors", report.errors), ("failed", report.failed))
    for fate, each in misses:
        for miss in each:
            found[fate][min(length - 1, int(miss.at / QUARTER))] += 1
    return dict(found)


def until(report: Report, old: str, zero: float) -> dict[Side, float]:
    """When each version answered last; an error is an answer of the new one, as the old one has none."""
    last: dict[Side, float] = {}
    for version, (_, end) in report.spans.items():
        side: Side = "old" if version == old else "new"
        last[side] = max(last.get(side, end), end)
    if report.errors:
        last["new"] = max(last.get("new", 0.0), *(miss.at for miss in report.errors))
    return {side: end + report.began - zero for side, end in last.items()}


_BEGUN: tuple[tuple[str, str], ...] = (
    (r"^Change Deployment .*: image ", "patched"),
    (r"^Change Service .* sends to the new version", "Service switched"),
    (r"^Change .*: old pods end$", "old pods end"),
    (r"^Change .*: new pods end$", "new pods end"),
)
"""What is told when a step begins, by the words of the step."""

_ENDED: tuple[tuple[str, str], ...] = (
    (r"has every new pod ready", "whole new set ready"),
    (r"has (\d+ new pods?) ready", r"\1 ready"),
    (r"for somebody to promote", "promoted"),
)
"""What is told when a step is done."""


def moments(outcome: Mapping[str, Any], ends: str) -> tuple[Moment, ...]:
    """The story of an operation, as `get_operation` tells it, in a few words each; `ends` are the words of its end."""
    zero = datetime.fromisoformat(outcome["started"])

    def since(moment: str) -> float:
        return (datetime.fromisoformat(moment) - zero).total_seconds()

    told = [moment for step in outcome["steps"] for moment in _of_step(step, since(step["at"]), outcome)]
    return tuple(accumulate([*told, Moment(since(outcome["ended"]), ends)], _not_before))


def _not_before(last: Moment, moment: Moment) -> Moment:
    """The moment; steps follow each other, and what rounding of their seconds says otherwise is not so."""
    return Moment(max(last.at, moment.at), moment.words)


def _of_step(step: Mapping[str, Any], at: float, outcome: Mapping[str, Any]) -> Iterator[Moment]:
    took = float(step["seconds"] or 0.0)
    if words := _found(_BEGUN, step["step"]):
        yield Moment(at, words)
    if step["state"] == "failed":
        yield Moment(at + took, _called(outcome["cause"]["code"]))
    elif (words := _found(_ENDED, step["step"])) and (took >= _AT_ONCE or "ready" not in words):
        yield Moment(at + took, words)


def _called(code: str) -> str:
    return "aborted" if code == "ABORTED" else f"verdict: {code.lower().replace('_', ' ')}"


def _found(table: Iterable[tuple[str, str]], text: str) -> str:
    """The words for the first pattern that fits."""
    hits = ((re.search(pattern, text), words) for pattern, words in table)
    return next((hit.expand(words) for hit, words in hits if hit), "")


def taken(
    report: Report,
    seen: Iterable[PodSeen],
    told: Iterable[Moment],
    *,
    zero: float,
    seconds: float,
    old: tuple[str, str],
) -> Taken:
    """One account of an update, from `BEFORE` on, in whole bins.

    `zero` is when it began by the monotonic clock, `old` its first version and image.
    """
    version, image = old
    pods, counts = lives(seen, image, zero), fates(report, version)
    first = max(0, int((zero - BEFORE - report.began) / QUARTER))
    last = int(report.lasted / QUARTER)
    begins = report.began - zero + first * QUARTER
    return Taken(
        wanted=sum(life.side == "old" and life.at(0.0) == "ready" for life in pods),
        seconds=seconds,
        step=QUARTER,
        begins=begins,
        ends=begins + (last - first) * QUARTER,
        pods=pods,
        fates={fate: each[first:last] for fate, each in counts.items()},
        until=until(report, version, zero),
        moments=tuple(told),
    )
