"""What is said of errors and latency, and when nothing is said."""

import pytest
from msgspec.structs import replace

from dot_ai_lifecycle.core.analysis.judging import errors_in, errors_in_all, errors_over, latency_over
from dot_ai_lifecycle.core.analysis.measured import Side
from dot_ai_lifecycle.core.analysis.statistics import Counts
from tests.core.analysis.streams import window

GOOD = window((3, 300), (3, 300))
RISEN = window((24, 300), (3, 300))


def test_a_rise_is_said_with_both_rates_their_bounds_and_the_odds() -> None:
    reading = errors_in(RISEN)
    assert (reading.judgement, reading.code) == ("fail", "ERRORS_ROSE")
    assert reading.words == "8.0 % of requests fail on the new version, 1.0 % on the old one."
    assert reading.evidence[0] == "new: 24 errors in 300 requests (5.4 % to 11.6 %)"
    assert reading.evidence[2].startswith("by chance in 1 of ")


def test_a_rise_beyond_all_doubt_has_bounded_odds() -> None:
    assert "less than 1 of 1,000,000 cases" in errors_in(window((300, 300), (0, 3000))).evidence[2]


@pytest.mark.parametrize(
    ("measured", "code"),
    [
        (window((50, 99), (0, 900)), "TOO_FEW_REQUESTS"),
        (window((50, 300), (0, 900), scrapes=1), "TOO_FEW_SCRAPES"),
        (replace(RISEN, old=Side(Counts(), 0)), "NOTHING_TO_COMPARE"),
    ],
)
def test_with_too_little_to_go_by_nothing_is_said(measured: object, code: str) -> None:
    reading = errors_in(measured)  # type: ignore[arg-type] # the table holds windows
    assert (reading.judgement, reading.code) == ("inconclusive", code)


def test_a_rise_below_one_percentage_point_is_none_however_certain() -> None:
    assert errors_in(window((1_900, 100_000), (1_000, 100_000))).passed
    assert errors_in(window((2_100, 100_000), (1_000, 100_000))).failed


def test_fewer_errors_than_before_are_no_rise() -> None:
    assert errors_in(window((0, 300), (30, 300))).passed


def test_two_windows_that_each_fail_are_a_rise_even_among_many_looks() -> None:
    barely = window((13, 300), (2, 300))
    assert errors_in(barely).failed
    assert errors_over([barely], 1000).code == "ERRORS_SUSPECTED"
    assert errors_over([barely, barely], 1000).failed


def test_one_failing_window_is_suspected_and_then_cleared() -> None:
    barely = window((13, 300), (2, 300))
    assert errors_over([GOOD, barely], 10).code == "ERRORS_SUSPECTED"
    assert errors_over([barely, GOOD], 10).passed


def test_little_traffic_is_judged_over_two_windows() -> None:
    few = window((0, 60), (0, 60))
    assert errors_over([few], 10).code == "TOO_FEW_REQUESTS"
    assert errors_over([few, few], 10).passed


def test_a_window_without_scrapes_does_not_spoil_its_neighbour() -> None:
    assert errors_over([window((0, 0), (0, 0), scrapes=0), RISEN], 10).failed
    assert errors_over([window((0, 0), (0, 0), scrapes=1)], 10).code == "TOO_FEW_SCRAPES"


def test_before_the_first_window_nothing_is_known() -> None:
    assert errors_over([], 10).code == "NOTHING_MEASURED"
    assert errors_in_all([]).judgement == "inconclusive"


def test_against_the_time_before_a_switch_the_words_say_so() -> None:
    alone = replace(RISEN, old=Side(Counts(), 0))
    reading = errors_in(alone.against(GOOD))
    assert reading.failed
    assert reading.words.endswith("1.0 % on the old one before the switch.")


def timed(new: float, old: float, requests: int = 500, quantile: float = 0.95) -> object:
    latency = {"new_latency": {quantile: new}, "old_latency": {quantile: old}}
    return window((0, requests), (0, requests), **latency)


def test_slower_is_said_with_the_quantile_and_the_windows() -> None:
    reading = latency_over([timed(1.5, 0.5)] * 3)  # type: ignore[list-item] # windows
    assert (reading.judgement, reading.code) == ("fail", "SLOWER")
    assert reading.words == "The new version is slower: its P95 is 1.50 s, 3.0 times the old one's."
    assert reading.evidence == ("P95: new 1.50 s, old 500 ms",) * 3


def test_slower_than_nothing_has_no_ratio() -> None:
    reading = latency_over([timed(0.02, 0.0)] * 3)  # type: ignore[list-item] # windows
    assert reading.words.endswith("its P95 is 20 ms, the old one takes next to nothing.")


@pytest.mark.parametrize(
    "windows",
    [
        pytest.param([timed(1.5, 0.5)] * 2, id="two windows"),
        pytest.param([timed(1.5, 0.5, requests=399)] * 5, id="fewer than twenty requests beyond P95"),
        pytest.param([timed(1.5, 0.5, requests=1999, quantile=0.99)] * 5, id="fewer than twenty beyond P99"),
        pytest.param([timed(1.5, 0.5, requests=199, quantile=0.5)] * 5, id="fewer than two hundred requests"),
        pytest.param([window((0, 5000), (0, 5000))] * 5, id="no histogram"),
        pytest.param([window((0, 5000), (0, 5000), new_latency={0.95: 1.0})] * 5, id="on one side only"),
    ],
)
def test_latency_is_not_compared_with(windows: list[object]) -> None:
    assert latency_over(windows).code == "LATENCY_UNKNOWN"  # type: ignore[arg-type] # windows


def test_a_slow_spell_that_passed_is_forgiven() -> None:
    slow, same = timed(1.5, 0.5), timed(0.5, 0.5)
    reading = latency_over([slow, slow, same, same, same])  # type: ignore[list-item] # windows
    assert reading.passed
    assert reading.words == "Latency is alike (P95)."


def test_over_fifty_windows_ranks_have_to_agree() -> None:
    slow, same = timed(1.5, 0.5), timed(0.5, 0.5)
    assert latency_over([same] * 20 + [slow] * 3).failed  # type: ignore[list-item] # windows
    assert latency_over([same] * 60 + [slow] * 3).passed  # type: ignore[list-item] # windows
    assert latency_over([slow] * 60).failed  # type: ignore[list-item] # windows
