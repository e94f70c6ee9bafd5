"""Simulated canaries: streams of requests with known error rates and latencies, from seeded chance."""

import math
import random
from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from itertools import accumulate
from statistics import NormalDist

from dot_ai_lifecycle.core.analysis.measured import Measured, Side
from dot_ai_lifecycle.core.analysis.reading import passing
from dot_ai_lifecycle.core.analysis.statistics import Counts
from dot_ai_lifecycle.core.analysis.verdict import EXTENSION, Look, Verdict, decide

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
WELL = passing("PODS_WELL", "1 pod of the new version ready.")


@cache
def _cumulative(number: int, share: float) -> tuple[float, ...]:
    """The binomial distribution function of so many requests, up to where it is 1."""
    odds, term = share / (1 - share), math.exp(number * math.log1p(-share))
    terms = [term]
    for count in range(number):
        terms.append(terms[-1] * odds * (number - count) / (count + 1))
        if count > number * share and terms[-1] < 1e-12:
            break
    return tuple(accumulate(terms))


def errors_among(chance: random.Random, number: int, share: float) -> int:
    """How many of so many requests fail."""
    if share == 0:
        return 0
    return min(number, bisect_left(_cumulative(number, share), chance.random()))


def window(new: tuple[int, int], old: tuple[int, int], scrapes: int = 3, **latency: dict[float, float]) -> Measured:
    """A window with those errors and requests; `new_latency` and `old_latency` by quantile."""
    sides = [
        Side(Counts(requests, errors), scrapes, latency.get(f"{name}_latency", {}))
        for name, (errors, requests) in (("new", new), ("old", old))
    ]
    return Measured(sides[0], sides[1], AT, 30)


def windows(
    chance: random.Random, *, base: float, new: float, old: float, rise: float = 0.0, seconds: int = 30
) -> Iterator[Measured]:
    """Windows without end of `new` and `old` requests a second, `base` of which fail, on the new set `rise` more."""
    while True:
        counts = [
            (errors_among(chance, round(rate * seconds), share), round(rate * seconds))
            for rate, share in ((new, base + rise), (old, base))
        ]
        yield window(counts[0], counts[1])


def quantiles(chance: random.Random, number: int, spread: float, slowdown: float = 1.0) -> dict[float, float]:
    """What P50, P95 and P99 of so many lognormal latencies around 100 ms come out as: order statistics, each drawn."""
    normal = NormalDist()
    return {
        q: 0.1 * slowdown * math.exp(spread * normal.inv_cdf(chance.betavariate(q * number + 1, (1 - q) * number)))
        for q in (0.5, 0.95, 0.99)
    }


def canary(stream: Iterator[Measured], planned: int) -> tuple[Verdict, int]:
    """The last verdict on a canary whose pods are well, and how many windows it took."""
    looks: list[Look] = []
    for measured in stream:
        looks.append(Look(WELL, measured))
        verdict = decide(looks, planned)
        if not verdict.looking or len(looks) > planned + EXTENSION:
            return verdict, len(looks)
    raise AssertionError("the stream ended")
