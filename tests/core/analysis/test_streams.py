"""On simulated canaries with known truth: how often a good version is condemned, how soon a bad one is found."""

import random
from collections.abc import Iterator
from itertools import islice

import pytest

from dot_ai_lifecycle.core.analysis.judging import errors_over, latency_over
from dot_ai_lifecycle.core.analysis.measured import Measured
from dot_ai_lifecycle.core.analysis.statistics import Counts
from tests.core.analysis.streams import canary, quantiles, window, windows

CANARIES = 4000
"""Enough to tell the 0.7 % of false alarms there are from 1 %: their standard error is 0.13 points."""


def condemned(stream: Iterator[Measured], looks: int) -> bool:
    """Whether errors are said to have risen in any of so many looks."""
    seen: list[Measured] = []
    for measured in islice(stream, looks):
        seen = [*seen[-1:], measured]
        if errors_over(seen, looks).failed:
            return True
    return False


@pytest.mark.timeout(30)  # that many take some seconds of reckoning
@pytest.mark.parametrize(
    ("base", "new", "old", "looks"),
    [
        (0.0, 5, 45, 12),
        (0.01, 10, 90, 12),
        (0.01, 20, 180, 12),
        (0.01, 50, 50, 12),
        (0.05, 5, 45, 12),
        (0.05, 10, 90, 12),
        (0.05, 50, 50, 12),
    ],
)
def test_of_versions_that_err_alike_less_than_one_in_a_hundred_is_taken_back(
    base: float, new: int, old: int, looks: int
) -> None:
    chance = random.Random(f"{base} {new} {old} {looks}")
    taken_back = sum(condemned(windows(chance, base=base, new=new, old=old), looks) for _ in range(CANARIES))

    assert taken_back < CANARIES / 100


def test_of_many_looks_at_versions_that_err_alike_less_than_one_in_a_hundred_ends_badly() -> None:
    chance = random.Random(30)
    taken_back = sum(condemned(windows(chance, base=0.01, new=10, old=90), 32) for _ in range(800))

    assert taken_back < 8


def test_versions_that_err_alike_are_promoted_and_few_are_kept_waiting() -> None:
    chance = random.Random(31)
    verdicts = [canary(windows(chance, base=0.01, new=10, old=90), 4)[0].decision for _ in range(1000)]

    assert verdicts.count("abort") < 10
    assert verdicts.count("hold") < 20


@pytest.mark.parametrize("planned", [2, 10])
@pytest.mark.parametrize("old", [10, 90])
@pytest.mark.parametrize("base", [0.0, 0.01])
def test_five_points_more_errors_are_found_within_two_windows(base: float, old: int, planned: int) -> None:
    chance = random.Random(f"{base} {old} {planned}")
    found = 0
    for _ in range(2000):
        verdict, looks = canary(windows(chance, base=base, new=10, old=old, rise=0.05), planned)
        found += verdict.decision == "abort" and looks <= 2

    assert found >= 0.95 * 2000


@pytest.mark.parametrize(("base", "old", "at_least"), [(0.02, 10, 0.8), (0.05, 10, 0.45), (0.05, 90, 0.85)])
def test_where_the_old_version_errs_much_a_rise_takes_longer_but_is_found(
    base: float, old: int, at_least: float
) -> None:
    chance = random.Random(f"{base} {old}")
    looked = [canary(windows(chance, base=base, new=10, old=old, rise=0.05), 10) for _ in range(500)]

    assert sum(1 for verdict, looks in looked if verdict.decision == "abort" and looks <= 2) >= at_least * 500
    assert sum(1 for verdict, _ in looked if verdict.decision != "promote") >= 0.995 * 500


def test_a_rise_that_begins_late_is_found_within_two_windows_of_its_beginning() -> None:
    chance = random.Random(11)
    found = 0
    for _ in range(500):
        good = list(islice(windows(chance, base=0.005, new=10, old=90), 6))
        bad = windows(chance, base=0.005, new=10, old=90, rise=0.05)
        verdict, looks = canary(iter([*good, *islice(bad, 10)]), 10)
        found += verdict.decision == "abort" and looks <= 8

    assert found >= 0.95 * 500


def test_a_version_that_fails_every_fifth_request_is_taken_back_at_the_first_window() -> None:
    chance = random.Random(5)
    looked = [canary(windows(chance, base=0.0, new=5, old=45, rise=0.2), 10) for _ in range(500)]

    assert {(verdict.decision, looks) for verdict, looks in looked} == {("abort", 1)}


def test_a_small_rise_that_no_window_shows_keeps_the_version_from_being_promoted() -> None:
    chance = random.Random(3)
    verdicts = [canary(windows(chance, base=0.002, new=10, old=90, rise=0.015), 20)[0] for _ in range(200)]

    assert sum(1 for verdict in verdicts if verdict.decision != "promote") >= 0.9 * 200


def timed(chance: random.Random, number: int, spread: float, slowdown: float = 1.0) -> Measured:
    """A window of so many requests on each side, all good."""
    return window(
        (0, number),
        (0, number),
        new_latency=quantiles(chance, number, spread, slowdown),
        old_latency=quantiles(chance, number, spread),
    )


@pytest.mark.parametrize("spread", [0.3, 1.0])
@pytest.mark.parametrize("number", [200, 400, 2000])
def test_of_versions_as_fast_as_each_other_less_than_one_in_a_hundred_is_called_slower(
    number: int, spread: float
) -> None:
    chance = random.Random(f"{number} {spread}")
    called = 0
    for _ in range(500):
        seen: list[Measured] = []
        for _ in range(10):
            seen.append(timed(chance, number, spread))
            if latency_over(seen).failed:
                called += 1
                break

    assert called < 5


def test_a_version_twice_as_slow_is_called_slower_after_three_windows() -> None:
    chance = random.Random(9)
    called = sum(latency_over([timed(chance, 600, 0.5, 2.0) for _ in range(3)]).failed for _ in range(500))

    assert called >= 0.99 * 500


def test_the_streams_are_what_they_say() -> None:
    chance = random.Random(1)
    sums = Counts(), Counts()
    for one in islice(windows(chance, base=0.05, new=10, old=20, rise=0.05), 2000):
        sums = sums[0] + one.new.counts, sums[1] + one.old.counts

    assert sums[0].rate == pytest.approx(0.1, abs=0.002)
    assert sums[1].rate == pytest.approx(0.05, abs=0.002)
