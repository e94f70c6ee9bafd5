"""The arithmetic, against textbook values, brute force, and its own promises."""

import math
import random
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dot_ai_lifecycle.core.analysis.statistics import (
    Counts,
    Pair,
    bounds,
    chance_of_larger,
    chance_of_rise,
    persistently_slower,
)


def brute(new: Counts, old: Counts) -> float:
    """Fisher's one-sided p-value by whole numbers."""
    errors, every = new.errors + old.errors, new.requests + old.requests
    ways = sum(
        math.comb(new.requests, count) * math.comb(old.requests, errors - count)
        for count in range(new.errors, min(errors, new.requests) + 1)
    )
    return ways / math.comb(every, errors)


def test_the_lady_who_tastes_three_of_four_cups_rightly_may_be_guessing() -> None:
    assert chance_of_rise(Counts(4, 3), Counts(4, 1)) == pytest.approx(17 / 70)


@given(new=st.integers(1, 300), old=st.integers(1, 300), shares=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_the_chance_of_a_rise_is_that_of_counting_all_ways(new: int, old: int, shares: tuple[float, float]) -> None:
    one, other = Counts(new, int(new * shares[0])), Counts(old, int(old * shares[1]))
    expected = brute(one, other) if one.errors + other.errors else 1.0
    assert chance_of_rise(one, other) == pytest.approx(expected, rel=1e-6, abs=1e-300)


def test_errors_of_the_old_version_alone_are_no_rise() -> None:
    assert chance_of_rise(Counts(9, 1), Counts(3, 3)) == pytest.approx(1)
    assert chance_of_rise(Counts(9), Counts(9, 3)) == 1


def test_millions_of_requests_are_compared_too() -> None:
    assert chance_of_rise(Counts(3_000_000, 30_000), Counts(3_000_000, 30_000)) == pytest.approx(0.5, abs=0.01)
    assert chance_of_rise(Counts(3_000_000, 60_000), Counts(3_000_000, 30_000)) < 1e-100
    assert chance_of_rise(Counts(1_000_000, 10), Counts(1_000_000, 900_000)) == pytest.approx(1)


@pytest.mark.parametrize("sides", [(Counts(), Counts(9, 3)), (Counts(9, 3), Counts()), (Counts(9), Counts(9))])
def test_nothing_to_compare_speaks_against_nobody(sides: tuple[Counts, Counts]) -> None:
    assert chance_of_rise(*sides) == 1


@pytest.mark.parametrize("impossible", [(3, 4), (3, -1)])
def test_more_errors_than_requests_cannot_be(impossible: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="cannot be"):
        Counts(*impossible)


@pytest.mark.parametrize(
    ("requests", "errors", "low", "high"),
    [(263, 81, 0.2553, 0.3662), (148, 15, 0.0624, 0.1605), (20, 0, 0.0, 0.1611), (29, 1, 0.0061, 0.1718)],
)
def test_score_bounds_are_those_in_the_literature(requests: int, errors: int, low: float, high: float) -> None:
    # R. G. Newcombe, Statistics in Medicine 17, 1998, table 1
    assert bounds(Counts(requests, errors)) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


def test_without_requests_every_rate_is_possible() -> None:
    assert bounds(Counts()) == (0.0, 1.0)
    assert Counts().rate == 0


@given(requests=st.integers(1, 10**6), share=st.floats(0, 1))
def test_the_observed_rate_lies_within_its_bounds(requests: int, share: float) -> None:
    counts = Counts(requests, int(requests * share))
    low, high = bounds(counts)
    assert 0 <= low <= counts.rate + 1e-12
    assert counts.rate - 1e-12 <= high <= 1


def test_ranks_are_compared_as_published() -> None:
    # half the two-sided value that others compute for these samples by the same approximation
    assert chance_of_larger([19, 22, 16, 29, 24], [20, 11, 17, 12]) == pytest.approx(0.1113469 / 2, abs=1e-6)


def test_ties_narrow_the_spread_of_ranks_as_all_arrangements_do() -> None:
    values = [1, 1, 1, 2, 2, 3, 3, 3, 4]
    sums = []
    for chosen in combinations(range(len(values)), 4):
        new = [values[place] for place in chosen]
        old = [value for place, value in enumerate(values) if place not in chosen]
        sums.append(sum((a > b) + (a == b) / 2 for a in new for b in old))
    middle = sum(sums) / len(sums)
    spread = math.sqrt(sum((u - middle) ** 2 for u in sums) / len(sums))
    new, old = [3, 3, 4, 2], [1, 1, 1, 2, 3]
    above = sum((a > b) + (a == b) / 2 for a in new for b in old)
    expected = math.erfc((above - middle - 0.5) / spread / math.sqrt(2)) / 2

    assert chance_of_larger(new, old) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("sides", [([], [1.0]), ([1.0], []), ([], []), ([2.0, 2.0], [2.0, 2.0, 2.0])])
def test_ranks_of_nothing_or_of_all_the_same_say_nothing(sides: tuple[list[float], list[float]]) -> None:
    assert chance_of_larger(*sides) == 1


def test_ranks_of_equal_behaviour_fail_as_rarely_as_promised() -> None:
    chance = random.Random(2)
    failed = sum(
        chance_of_larger([chance.gauss(0, 1) for _ in range(50)], [chance.gauss(0, 1) for _ in range(50)]) < 0.01
        for _ in range(2000)
    )
    assert failed <= 2000 * 0.017


def test_a_figure_is_slower_by_ratio_and_by_more_than_nothing() -> None:
    assert Pair(0.14, 0.10).slower(1.3, 0.005)
    assert not Pair(0.12, 0.10).slower(1.3, 0.005)
    assert not Pair(0.004, 0.001).slower(1.3, 0.005)


def test_it_has_to_be_slower_in_three_of_the_last_five() -> None:
    slow, same = Pair(2, 1), Pair(1, 1)
    rule = {"ratio": 1.3, "least": 0.005, "of": 3, "among": 5}
    assert persistently_slower([slow, same, slow, same, slow], **rule)  # type: ignore[arg-type] # of and among are whole
    assert not persistently_slower([slow, slow, same, same, same, slow], **rule)  # type: ignore[arg-type] # as above
