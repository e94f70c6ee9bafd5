"""The PromQL that tells how both sets do, and the user's own queries with their pods filled in."""

import re
from collections.abc import Iterable, Iterator
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from dot_ai_lifecycle.core.analysis.families import FAMILIES, OUTCOMES, Family, Found, Place
from dot_ai_lifecycle.core.analysis.sides import Sides
from dot_ai_lifecycle.core.metrics import Sample

QUANTILES = (0.5, 0.95, 0.99)
WHAT = "dot_ai_what"
"""The label by which one answer tells its figures apart: `new_requests`, `old_0.95`, …"""

RECENT = (60, 300)
"""Seconds over which scrapes are counted to tell their interval; the longer where the shorter has less than two."""


class OwnQuery(BaseModel):
    """A query of the user's, of one value, and the bounds that value must keep.

    In it `{new}` and `{old}` stand for regular expressions of pod names, `{namespace}` for the namespace, `{window}`
    for the window, as in `30s`. `when_empty` says what an empty answer or NaN is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=60)
    expression: str = Field(min_length=1, max_length=4000)
    at_most: float | None = None
    at_least: float | None = None
    when_empty: Literal["pass", "hold", "fail"] = "hold"

    @model_validator(mode="after")
    def _bounded(self) -> "OwnQuery":
        if self.at_most is None and self.at_least is None:
            raise ValueError("a query needs a bound: at_most, at_least or both")
        return self


_ASKED = re.compile(
    r"\s*((?P<name>[A-Za-z][\w-]{0,59}):(?=\s))?(?P<expression>.+?)\s*(?P<bound><=|>=)\s*(?P<value>[-+]?[\d.]+(e[-+]?\d+)?)\s*",
    re.DOTALL | re.IGNORECASE,
)


def own_query(text: str) -> OwnQuery:
    """The query in `NAME: EXPRESSION <= NUMBER`, or `>=`; the name may be left out. Raises ValueError."""
    asked = _ASKED.fullmatch(text)
    if asked is None:
        raise ValueError("give a query and its bound, as in 'max(queue_length) <= 5'")
    expression = asked["expression"].strip()
    bound = "at_most" if asked["bound"] == "<=" else "at_least"
    known = {"name": asked["name"] or expression[:60], "expression": expression, bound: asked["value"]}
    return OwnQuery.model_validate(known)


def filled(expression: str, sides: Sides, seconds: float) -> str:
    """The user's expression with its placeholders filled in; what was filled in is not looked at again."""
    known = {"new": sides.new, "old": sides.old, "namespace": sides.namespace, "window": span(seconds)}
    return re.sub(r"\{(new|old|namespace|window)\}", lambda match: known[match[1]], expression)


def span(seconds: float) -> str:
    """Seconds as PromQL writes a duration; whole ones, at least one."""
    return f"{max(1, round(seconds))}s"


def which_requests(sides: Sides, place: Place) -> str:
    """Which request counters these pods have, each with the outcomes it counts."""
    names = "|".join(family.requests for family in FAMILIES)
    labels = ", ".join(("__name__", *OUTCOMES))
    return f'count by ({labels}) ({{__name__=~"{names}", {_whose(sides, place)}, reporter!="source"}})'


def which_buckets(sides: Sides, place: Place, family: Family) -> str:
    """Whether these pods have the family's histogram."""
    return f'count({family.buckets}{{{_whose(sides, place)}, le="+Inf"{_also(family)}}})'


def how_often(sides: Sides, found: Found, seconds: float) -> str:
    """How many scrapes there were in the last `seconds`."""
    selector = f"{found.family.requests}{{{_whose(sides, found.place)}{_also(found.family)}}}"
    return f"max(count_over_time({selector}[{span(seconds)}]))"


def found_in(samples: Iterable[Sample], place: Place) -> Found | None:
    """The first family that counts outcomes, out of what `which_requests` answered; None where there is none."""
    seen = list(samples)
    for family in FAMILIES:
        own = [sample.labels for sample in seen if sample.labels.get("__name__") == family.requests]
        for outcome in family.outcomes:
            if any(labels.get(outcome) for labels in own):
                return Found(family, outcome, place, buckets=False)
    return None


def over_window(sides: Sides, found: Found, seconds: float) -> str:
    """All figures of both sets over the last `seconds` in one expression, told apart by the label `dot_ai_what`."""
    parts = [
        part
        for name, pods in (("new", sides.new), ("old", sides.old))
        for part in _of_side(name, pods, sides, found, seconds)
    ]
    return "\nor ".join(parts)


def _of_side(name: str, pods: str, sides: Sides, found: Found, seconds: float) -> Iterator[str]:
    family, window = found.family, span(seconds)
    whose = f'{found.place.namespace}="{sides.namespace}", {found.place.pod}=~"{pods}"{_also(family)}'
    failed = f'{found.outcome}=~"{family.errors}"'
    yield _called(f"{name}_requests", f"sum(increase({family.requests}{{{whose}}}[{window}]))")
    yield _called(f"{name}_errors", f"sum(increase({family.requests}{{{whose}, {failed}}}[{window}]))")
    yield _called(f"{name}_scrapes", f"max(count_over_time({family.requests}{{{whose}}}[{window}]))")
    if found.buckets:
        rates = f"sum by (le) (rate({family.buckets}{{{whose}}}[{window}]))"
        for quantile in QUANTILES:
            yield _called(f"{name}_{quantile}", f"histogram_quantile({quantile}, {rates})")


def _called(what: str, expression: str) -> str:
    return f'label_replace({expression}, "{WHAT}", "{what}", "", "")'


def _whose(sides: Sides, place: Place) -> str:
    return f'{place.namespace}="{sides.namespace}", {place.pod}=~"{sides.new}|{sides.old}"'


def _also(family: Family) -> str:
    return f", {family.also}" if family.also else ""
