"""What a benchmark gives: figures with their bounds, and what the same cost the tool beside it."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One line of a table. `holds` is None where there is no bound to keep."""

    what: str
    ours: str
    beside: str = ""
    bound: str = ""
    holds: bool | None = None


@dataclass(frozen=True)
class Measured:
    """What one benchmark found. `how` says in words what was done, `beside` who stands in the second column."""

    title: str
    how: str
    beside: str
    figures: Sequence[Figure]

    @property
    def missed(self) -> list[Figure]:
        """The figures that do not keep their bound."""
        return [figure for figure in self.figures if figure.holds is False]


class NotHere(Exception):
    """This machine cannot run the benchmark; the message says why."""


class WentWrong(Exception):
    """What was to be measured did not happen; the message says what did."""


def at_most(what: str, ours: float, bound: float, unit: str, beside: float | None = None) -> Figure:
    """A figure that may not be larger than its bound."""
    other = "" if beside is None else said(beside, unit)
    return Figure(what, said(ours, unit), other, f"≤ {said(bound, unit)}", ours <= bound)


def at_least(what: str, ours: float, bound: float, unit: str = "") -> Figure:
    """A figure that may not be smaller than its bound."""
    return Figure(what, said(ours, unit), "", f"≥ {said(bound, unit)}", ours >= bound)


def exactly(what: str, ours: float, bound: float, unit: str = "", beside: float | None = None) -> Figure:
    """A figure that may not differ from its bound."""
    other = "" if beside is None else said(beside, unit)
    return Figure(what, said(ours, unit), other, said(bound, unit), ours == bound)


def plain(what: str, ours: float | None, unit: str, beside: float | None = None) -> Figure:
    """A figure without a bound."""
    mine, other = ("" if each is None else said(each, unit) for each in (ours, beside))
    return Figure(what, mine, other)


def said(value: float, unit: str) -> str:
    """The value with its unit, as many digits as mean something."""
    digits = 0 if unit in ("ms", "MiB", "bytes", "characters", "") else 2
    return f"{value:,.{digits}f}{'' if unit in ('×', '') else ' '}{unit}"


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which that share of the values lies (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
