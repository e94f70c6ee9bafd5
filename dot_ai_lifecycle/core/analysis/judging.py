"""Errors and latency of the new set against the old one: from figures to readings.

The bounds are those of our analysis of existing judges: at least 100 requests and two scrapes, or nothing is said (too
little traffic is the usual reason why good versions are condemned); errors count as risen by more than one percentage
point and beyond chance; latency by a ratio that stays.
"""

from collections.abc import Sequence
from functools import lru_cache

from dot_ai_lifecycle.core.analysis.measured import Measured
from dot_ai_lifecycle.core.analysis.reading import Reading, failing, passing, unclear
from dot_ai_lifecycle.core.analysis.statistics import (
    Counts,
    Pair,
    bounds,
    chance_of_larger,
    chance_of_rise,
    persistently_slower,
)

LEAST_REQUESTS = 100
LEAST_SCRAPES = 2
LEAST_RISE = 0.01
"""One percentage point: what is below it is not worth taking a version back, however certain it is."""

SIGNIFICANCE = 0.01
"""The chance at which one window counts as failed, though both versions err alike."""

ALL_LOOKS = 0.008
"""What all looks at two windows together may spend of 1 %; what is left is for two failed windows in a row. Measured on
10,000 canaries of 12 windows that err alike: 0.65 to 0.74 % condemned, and with 0.01 here up to 0.91 %."""

SLOWER = 1.3
SLOW_WINDOWS, AMONG_WINDOWS = 3, 5
LEAST_SLOWDOWN = 0.005
"""Seconds: the first bucket of the client libraries' default histograms, below which they measure nothing."""

LEAST_FOR_LATENCY = 200
BEYOND = 20
"""Requests that must lie beyond a quantile for it to be more than noise. With 20, a set whose latencies spread like a
lognormal of σ = 1 shows a ratio of 1.3 by chance in 2 to 4 % of the windows; with 10, in 6 to 11 %."""

POINTS_FOR_RANKS = 50
"""Points a side from which on ranks are compared too, as Kayenta's judge asks."""


def errors_in(window: Measured, significance: float = SIGNIFICANCE) -> Reading:
    """Whether errors rose in that one window."""
    return _lacking((window,)) or _compared(window.new.counts, window.old.counts, significance, (window,))


def errors_over(windows: Sequence[Measured], looks: int) -> Reading:
    """Whether errors rose, as far as can be said after these windows, of which at most `looks` will be looked at.

    A rise is one if each of the last two windows shows it at 1 %, or both together at 0.8 % divided by `looks`
    (Bonferroni). With ten windows that condemns under 1 % of equal versions, and finds a rise of 5 percentage points at
    10 requests/s on each set within two windows of 30 s in 95 % of cases, where the old version errs in up to 1 % of
    requests. Where it errs in 5 %, 600 requests are too few for any judge to be that sure: it finds half of them then.
    """
    last = tuple(windows[-2:])
    if not last:
        return unclear("NOTHING_MEASURED", "Nothing was measured yet.")
    each = [errors_in(window) for window in last]
    if len(last) == 2 and all(reading.failed for reading in each):
        return each[-1]
    enough = tuple(window for window in last if not _unscraped(window))
    together = _lacking(enough) or _compared(*_summed(enough), ALL_LOOKS / max(looks, len(windows), 1), enough)
    if together.failed or not each[-1].failed:
        return together
    return unclear("ERRORS_SUSPECTED", f"{each[-1].words} One window alone may be chance.", *each[-1].evidence)


def errors_in_all(windows: Sequence[Measured]) -> Reading:
    """Whether errors rose over all windows together: finds a small rise that no two windows show."""
    enough = tuple(window for window in windows if not _unscraped(window))
    return _lacking(enough) or _compared(*_summed(enough), SIGNIFICANCE, enough)


def latency_over(windows: Sequence[Measured]) -> Reading:
    """Whether the new set is slower: by more than 1.3 times in three of the last five windows, at one quantile.

    A quantile is compared where both sets have 20 requests beyond it and 200 at all. With 50 windows or more their
    ranks have to say so too.
    """
    compared: list[float] = []
    for quantile in (0.5, 0.95, 0.99):
        pairs = _pairs(windows, quantile)
        if len(pairs) < SLOW_WINDOWS:
            continue
        compared.append(quantile)
        slower = persistently_slower(pairs, ratio=SLOWER, least=LEAST_SLOWDOWN, of=SLOW_WINDOWS, among=AMONG_WINDOWS)
        if slower and _ranks_agree(pairs):
            return failing("SLOWER", _slow_words(quantile, pairs[-1]), *_figures(quantile, pairs))
    if not compared:
        return unclear("LATENCY_UNKNOWN", "Latency was not compared: too few requests, or no histogram of it.")
    return passing("LATENCY_ALIKE", f"Latency is alike ({', '.join(_percentile(q) for q in compared)}).")


def _pairs(windows: Sequence[Measured], quantile: float) -> list[Pair]:
    needed = max(LEAST_FOR_LATENCY, round(BEYOND / (1 - quantile)))
    return [
        Pair(window.new.latency[quantile], window.old.latency[quantile])
        for window in windows
        if min(window.new.counts.requests, window.old.counts.requests) >= needed
        and quantile in window.new.latency
        and quantile in window.old.latency
    ]


def _ranks_agree(pairs: Sequence[Pair]) -> bool:
    if len(pairs) < POINTS_FOR_RANKS:
        return True
    return chance_of_larger([pair.new for pair in pairs], [pair.old for pair in pairs]) < SIGNIFICANCE


def _unscraped(window: Measured) -> bool:
    """Whether a side was looked at too seldom; an old set that is not scraped at all has nothing to compare with."""
    return window.new.scrapes < LEAST_SCRAPES or 0 < window.old.scrapes < LEAST_SCRAPES


def _summed(windows: Sequence[Measured]) -> tuple[Counts, Counts]:
    new, old = Counts(), Counts()
    for window in windows:
        new, old = new + window.new.counts, old + window.old.counts
    return new, old


def _lacking(windows: Sequence[Measured]) -> Reading | None:
    """Why these windows are not enough to compare; None where they are."""
    if not windows or all(_unscraped(window) for window in windows):
        return unclear("TOO_FEW_SCRAPES", "Metrics were scraped less than twice in the window: make it longer.")
    new, old = _summed(windows)
    if new.requests < LEAST_REQUESTS:
        words = f"The new version answered {new.requests} requests; at least {LEAST_REQUESTS} are needed to judge it."
        return unclear("TOO_FEW_REQUESTS", words)
    if not old.requests:
        return unclear("NOTHING_TO_COMPARE", "The old version answered no requests to compare with.")
    return None


def _compared(new: Counts, old: Counts, significance: float, windows: Sequence[Measured]) -> Reading:
    earlier = "" if all(window.concurrent for window in windows) else " before the switch"
    figures = (f"new: {_counted(new)}", f"old{earlier}: {_counted(old)}")
    rates = f"{_percent(new.rate)} of requests fail on the new version, {_percent(old.rate)} on the old one{earlier}."
    if new.rate - old.rate > LEAST_RISE:
        chance = chance_of_rise(new, old)
        if chance < significance:
            return failing("ERRORS_ROSE", rates, *figures, f"by chance in {_odds(chance)}")
    return passing("ERRORS_ALIKE", rates, *figures)


@lru_cache(1024)  # each window is told again with the next one
def _counted(counts: Counts) -> str:
    low, high = bounds(counts)
    return f"{counts.errors} errors in {counts.requests} requests ({_percent(low)} to {_percent(high)})"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _odds(chance: float) -> str:
    return "less than 1 of 1,000,000 cases" if chance < 1e-6 else f"1 of {round(1 / chance):,} cases"


def _percentile(quantile: float) -> str:
    return f"P{round(100 * quantile)}"


def _slow_words(quantile: float, pair: Pair) -> str:
    times = f"{pair.new / pair.old:.1f} times the old one's" if pair.old > 0 else "the old one takes next to nothing"
    return f"The new version is slower: its {_percentile(quantile)} is {_span(pair.new)}, {times}."


def _figures(quantile: float, pairs: Sequence[Pair]) -> tuple[str, ...]:
    last = pairs[-AMONG_WINDOWS:]
    return tuple(f"{_percentile(quantile)}: new {_span(pair.new)}, old {_span(pair.old)}" for pair in last)


def _span(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1000 * seconds:.0f} ms"
