"""From readings over windows to a decision: promote, abort, or hold.

Decided step by step, gravest first: pods that die condemn a version at once; what two windows agree on condemns it;
metrics that are missing never do. What stays unclear holds, and asks.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Literal

from msgspec import Struct

from dot_ai_lifecycle.core.analysis.judging import errors_in_all, errors_over, latency_over
from dot_ai_lifecycle.core.analysis.measured import Measured, Unmeasured
from dot_ai_lifecycle.core.analysis.reading import MOST_EVIDENCE, Reading

Decision = Literal["promote", "abort", "hold"]

EXTENSION = 2
"""Windows that are looked at beyond the planned ones where something stayed unclear: two, so that they can agree."""


class Look(Struct, frozen=True):
    """What one window showed: the pods' reading, the metrics (None: no provider is set), the user's queries."""

    native: Reading
    measured: Measured | Unmeasured | None = None
    own: tuple[Reading, ...] = ()


class Verdict(Struct, frozen=True):
    """What to do. `looking` says that another window is to be looked at; a hold without it waits for a person."""

    decision: Decision
    code: str
    words: str
    evidence: tuple[str, ...] = ()
    looking: bool = False


class _Case(Struct, frozen=True, dict=True):
    """All that is known when the decision falls."""

    looks: Sequence[Look]
    planned: int

    @property
    def last(self) -> Look:
        return self.looks[-1]

    @cached_property
    def measured(self) -> tuple[Measured, ...]:
        return tuple(look.measured for look in self.looks if isinstance(look.measured, Measured))

    @property
    def over(self) -> bool:
        """Whether all planned windows were looked at."""
        return len(self.looks) >= self.planned

    @property
    def extended(self) -> bool:
        """Whether those beyond them were, too."""
        return len(self.looks) >= self.planned + EXTENSION

    @cached_property
    def errors(self) -> Reading:
        return errors_over(self.measured, self.planned + EXTENSION)


def decide(looks: Sequence[Look], planned: int) -> Verdict:
    """The decision after these windows, oldest first, of `planned` ones (at least 1); at least one was looked at.

    Until all planned windows were looked at the version is held (`looking`) or aborted. Two windows more are looked at
    where something is unclear then; what is unclear after those is held for a person.
    """
    case = _Case(looks, max(1, planned))
    for rule in _RULES:
        if (verdict := rule(case)) is not None:
            return verdict
    return _promoted(case)


def _fatal(case: _Case) -> Verdict | None:
    native = case.last.native
    return _of("abort", native) if native.critical and native.failed else None


def _pods_twice(case: _Case) -> Verdict | None:
    return _of("abort", case.last.native) if _twice([look.native for look in case.looks]) else None


def _errors_rose(case: _Case) -> Verdict | None:
    errors = case.errors
    # Without fresh figures an old finding is not found again.
    return _of("abort", errors) if errors.failed and isinstance(case.last.measured, Measured) else None


def _got_slower(case: _Case) -> Verdict | None:
    latency = latency_over(case.measured)
    return _of("abort", latency) if latency.failed and isinstance(case.last.measured, Measured) else None


def _own_twice(case: _Case) -> Verdict | None:
    for reading in case.last.own:
        named = [own for look in case.looks for own in look.own if own.subject == reading.subject]
        if _twice(named):
            return _of("abort", reading)
    return None


def _twice(readings: Sequence[Reading]) -> bool:
    """Whether the last two readings both failed."""
    return len(readings) > 1 and all(reading.failed for reading in readings[-2:])


def _still_looking(case: _Case) -> Verdict | None:
    if case.over:
        return None
    shown = case.last.native if not case.last.native.passed else _telling(case)
    words = f"Window {len(case.looks)} of {case.planned}: {shown.words}"
    return Verdict("hold", "LOOKING", words, shown.evidence, looking=True)


def _telling(case: _Case) -> Reading:
    """What the window is best told by, where its pods are well."""
    return case.errors if isinstance(case.last.measured, Measured) else case.last.native


def _pods_unclear(case: _Case) -> Verdict | None:
    return None if case.last.native.passed else _held(case, case.last.native)


def _own_unclear(case: _Case) -> Verdict | None:
    unclear = next((reading for reading in case.last.own if not reading.passed), None)
    return _held(case, unclear) if unclear else None


def _errors_unclear(case: _Case) -> Verdict | None:
    if not case.measured:
        return None
    overall = errors_in_all(case.measured)
    if overall.failed:
        return _of("hold", overall)
    if not overall.passed:
        return _held(case, overall)
    return _held(case, case.errors) if case.errors.code == "ERRORS_SUSPECTED" else None


def _metrics_missing(case: _Case) -> Verdict | None:
    missing = case.last.measured
    if not isinstance(missing, Unmeasured) or not missing.passing or case.extended:
        return None
    return Verdict("hold", missing.code, f"{missing.words} Looking on until they are back.", looking=True)


_RULES: tuple[Callable[[_Case], Verdict | None], ...] = (
    _fatal,
    _pods_twice,
    _errors_rose,
    _got_slower,
    _own_twice,
    _still_looking,
    _pods_unclear,
    _own_unclear,
    _errors_unclear,
    _metrics_missing,
)


def _held(case: _Case, reading: Reading) -> Verdict:
    """Held for another window where one is left, else for a person."""
    words = reading.words if not case.extended else f"{reading.words} A person has to promote or abort."
    return Verdict("hold", reading.code, words, reading.evidence, looking=not case.extended)


def _of(decision: Decision, reading: Reading) -> Verdict:
    words = f"{reading.words} A person has to promote or abort." if decision == "hold" else reading.words
    return Verdict(decision, reading.code, words, reading.evidence)


def _promoted(case: _Case) -> Verdict:
    native = case.last.native
    parts, evidence = [native.words], [*native.evidence]
    if case.measured:
        for reading in (errors_in_all(case.measured), latency_over(case.measured)):
            parts.append(reading.words)
            evidence += reading.evidence
    parts += [own.words for own in case.last.own]
    if without := _without_metrics(case):
        parts.append(without)
    return Verdict("promote", "AS_GOOD", " ".join(parts), tuple(evidence)[:MOST_EVIDENCE])


def _without_metrics(case: _Case) -> str:
    """What the decision had to do without, in words; empty where nothing."""
    silent = [look.measured for look in case.looks if isinstance(look.measured, Unmeasured)]
    if case.measured:
        return f"{len(silent)} of {len(case.looks)} windows had no metrics." if silent else ""
    why = f"{silent[-1].words} " if silent else "No metrics are set up. "
    return f"{why}The pods' own signals alone decided."
