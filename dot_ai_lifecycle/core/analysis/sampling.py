"""Asking the provider of metrics how both sets do: the one part of the analysis that waits for somebody.

Nothing here raises for want of metrics: what cannot be measured is said in words, and decides nothing.
"""

import asyncio
import math
from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from dot_ai_lifecycle.core.analysis.families import PLACES, Found
from dot_ai_lifecycle.core.analysis.measured import Measured, Side, Unmeasured
from dot_ai_lifecycle.core.analysis.queries import (
    QUANTILES,
    RECENT,
    WHAT,
    OwnQuery,
    filled,
    found_in,
    how_often,
    over_window,
    which_buckets,
    which_requests,
)
from dot_ai_lifecycle.core.analysis.reading import Judgement, Reading
from dot_ai_lifecycle.core.analysis.sides import Sides
from dot_ai_lifecycle.core.analysis.statistics import Counts
from dot_ai_lifecycle.core.errors import BadInput, LifecycleError
from dot_ai_lifecycle.core.metrics import Metrics, Sample


async def detect(metrics: Metrics, sides: Sides) -> Found | Unmeasured:
    """Which request metric these pods have, asked for once before the windows; at most five queries."""
    try:
        for place in PLACES:
            found = found_in(await metrics.query(which_requests(sides, place)), place)
            if found is not None:
                return await _completed(metrics, sides, found)
    except LifecycleError as error:
        return _away(error)
    words = "The metrics provider knows no request metric of these pods."
    return Unmeasured("NO_REQUEST_METRICS", words, passing=False)


async def _completed(metrics: Metrics, sides: Sides, found: Found) -> Found:
    buckets = _value(await metrics.query(which_buckets(sides, found.place, found.family)))
    found = replace(found, buckets=bool(buckets))
    for seconds in RECENT:
        scrapes = _value(await metrics.query(how_often(sides, found, seconds))) or 0.0
        if scrapes > 1:
            return replace(found, scrape_interval=seconds / scrapes)
    return found


async def sample(
    metrics: Metrics, found: Found, sides: Sides, seconds: float, at: datetime | None = None
) -> Measured | Unmeasured:
    """Both sets over the `seconds` up to `at` (UTC), else up to the provider's now; one query.

    `seconds` has to hold two scrapes of `found.scrape_interval`, or there is nothing to count.
    """
    try:
        samples = await metrics.query(over_window(sides, found, seconds), at)
    except LifecycleError as error:
        return _away(error)
    figures = {one.labels.get(WHAT, ""): one.value for one in samples if math.isfinite(one.value)}
    if "new_requests" not in figures:
        return _nothing(figures, seconds)
    new, old = (_side(figures, name, found.family.unit) for name in ("new", "old"))
    return Measured(new, old, at or samples[0].at, seconds)


def _nothing(figures: Mapping[str, float], seconds: float) -> Unmeasured:
    if "new_scrapes" in figures:
        words = f"The new pods' metrics were scraped once in {seconds:g} s; a window has to hold two scrapes."
        return Unmeasured("TOO_FEW_SCRAPES", words)
    return Unmeasured("NO_DATA", f"The metrics provider has no figures of the new pods over the last {seconds:g} s.")


def _side(figures: Mapping[str, float], name: str, unit: float) -> Side:
    scrapes = round(figures.get(f"{name}_scrapes", 0))
    # increase() stretches what it saw between the first and the last scrape over the whole window. Taken as counted,
    # that would make chance look like certainty: of two scrapes, twice as many requests as were seen.
    seen = max(0, scrapes - 1) / scrapes if scrapes else 0.0
    requests = round(max(0.0, figures.get(f"{name}_requests", 0.0)) * seen)
    errors = round(max(0.0, figures.get(f"{name}_errors", 0.0)) * seen)
    latency = {
        quantile: figures[f"{name}_{quantile}"] * unit for quantile in QUANTILES if f"{name}_{quantile}" in figures
    }
    return Side(Counts(requests, min(errors, requests)), scrapes, latency)


async def ask_own(
    metrics: Metrics, queries: Sequence[OwnQuery], sides: Sides, seconds: float, at: datetime | None = None
) -> tuple[Reading, ...]:
    """What the user's queries say of this window, in their order."""
    return tuple(await asyncio.gather(*(_own(metrics, query, sides, seconds, at) for query in queries)))


async def _own(metrics: Metrics, query: OwnQuery, sides: Sides, seconds: float, at: datetime | None) -> Reading:
    try:
        samples = await metrics.query(filled(query.expression, sides, seconds), at)
    except LifecycleError as error:
        return _said(query, "inconclusive", _away(error).code, f"could not be asked: {error.message}")
    if len(samples) > 1:
        words = f"gives {len(samples)} values where one is needed: aggregate them, as with sum()."
        return _said(query, "inconclusive", "OWN_QUERY_MANY", words)
    value = samples[0].value if samples else math.nan
    if math.isnan(value):
        judgement: Judgement = "inconclusive" if query.when_empty == "hold" else query.when_empty
        return _said(query, judgement, "OWN_QUERY_EMPTY", "has no value.")
    return _bounded(query, value)


def _bounded(query: OwnQuery, value: float) -> Reading:
    if query.at_most is not None and value > query.at_most:
        return _said(query, "fail", "OWN_QUERY", f"is {value:g}, at most {query.at_most:g} is allowed.")
    if query.at_least is not None and value < query.at_least:
        return _said(query, "fail", "OWN_QUERY", f"is {value:g}, at least {query.at_least:g} is needed.")
    return _said(query, "pass", "OWN_QUERY", f"is {value:g}, within its bounds.")


def _said(query: OwnQuery, judgement: Judgement, code: str, words: str) -> Reading:
    return Reading(judgement, code, f"Query {query.name} {words}", subject=query.name)


def _away(error: LifecycleError) -> Unmeasured:
    """What failed, in the error's own words; a refused query is refused the next time too."""
    if isinstance(error, BadInput):
        return Unmeasured("QUERY_REFUSED", error.message, passing=False)
    return Unmeasured("METRICS_AWAY", error.message)


def _value(samples: Sequence[Sample]) -> float | None:
    """The one value of an answer; None where there is none, or it is no number."""
    return samples[0].value if samples and math.isfinite(samples[0].value) else None
