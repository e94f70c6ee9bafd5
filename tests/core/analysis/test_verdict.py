"""From looks to a decision: what condemns a version, what promotes it, and what is left to a person."""

from collections.abc import Sequence

import pytest

from dot_ai_lifecycle.core.analysis.measured import Measured, Unmeasured
from dot_ai_lifecycle.core.analysis.reading import Reading, failing, passing, unclear
from dot_ai_lifecycle.core.analysis.verdict import Look, decide
from tests.core.analysis.streams import WELL, window

GOOD = window((3, 300), (3, 300))
BARELY = window((13, 300), (2, 300))
RISEN = window((40, 300), (3, 300))
AWAY = Unmeasured("METRICS_AWAY", "The metrics provider does not answer.")
NONE_THERE = Unmeasured("NO_REQUEST_METRICS", "No request metric is known of these pods.", passing=False)
LOST = failing("READINESS_LOST", "web-1 of the new version lost readiness.")
ONCE = unclear("RESTARTED", "web-1 of the new version restarted once.")
CRASHED = failing("RESTARTS", "Containers of the new version restarted 2 times.", "web: exit code 1", critical=True)
OWN_BAD = failing("OWN_QUERY", "queue is 12, allowed is at most 5.", subject="queue")
OWN_GOOD = passing("OWN_QUERY", "queue is 3.", subject="queue")
OWN_UNCLEAR = unclear("OWN_QUERY_EMPTY", "queue has no value.", subject="queue")


def looks(*native: Reading, measured: Measured | Unmeasured | None = GOOD) -> list[Look]:
    return [Look(reading, measured) for reading in native]


def metrics(*measured: Measured | Unmeasured) -> list[Look]:
    return [Look(WELL, one) for one in measured]


def own(*readings: Reading) -> list[Look]:
    return [Look(WELL, GOOD, (reading,)) for reading in readings]


@pytest.mark.parametrize(
    ("seen", "code"),
    [
        pytest.param(looks(CRASHED), "RESTARTS", id="pods that die, at the first look"),
        pytest.param(looks(WELL, WELL, CRASHED, measured=AWAY), "RESTARTS", id="pods that die, without metrics"),
        pytest.param(looks(WELL, LOST, LOST), "READINESS_LOST", id="pods unwell twice in a row"),
        pytest.param(metrics(RISEN), "ERRORS_ROSE", id="errors beyond doubt, at the first look"),
        pytest.param(metrics(GOOD, BARELY, BARELY), "ERRORS_ROSE", id="errors risen twice in a row"),
        pytest.param(metrics(BARELY, AWAY, BARELY), "ERRORS_ROSE", id="the metrics were away in between"),
        pytest.param(own(OWN_GOOD, OWN_BAD, OWN_BAD), "OWN_QUERY", id="the user's query out of bounds twice"),
    ],
)
def test_a_version_is_taken_back_for(seen: Sequence[Look], code: str) -> None:
    verdict = decide(seen, 10)
    assert (verdict.decision, verdict.code, verdict.looking) == ("abort", code, False)


def test_a_slower_version_is_taken_back() -> None:
    slow = window((0, 500), (0, 500), new_latency={0.5: 0.4}, old_latency={0.5: 0.1})
    assert decide(metrics(slow, slow, slow), 10).code == "SLOWER"


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(looks(LOST, WELL, LOST), id="unwell, well, unwell"),
        pytest.param(own(OWN_BAD, OWN_GOOD, OWN_BAD), id="a query that comes and goes"),
        pytest.param([Look(WELL, GOOD, (OWN_BAD,)), Look(WELL, GOOD)], id="a query not asked again"),
        pytest.param(metrics(BARELY), id="errors suspected once"),
        pytest.param(metrics(*[AWAY] * 9), id="metrics away"),
        pytest.param(looks(ONCE, ONCE, ONCE), id="one restart"),
    ],
)
def test_meanwhile_it_is_looked_on_for(seen: Sequence[Look]) -> None:
    verdict = decide(seen, 10)
    assert (verdict.decision, verdict.code, verdict.looking) == ("hold", "LOOKING", True)
    assert verdict.words.startswith(f"Window {len(seen)} of 10: ")


def test_looking_on_tells_what_is_most_worth_telling() -> None:
    assert "restarted once" in decide(looks(WELL, ONCE), 10).words
    assert "1.0 % of requests fail" in decide(metrics(GOOD), 10).words
    assert "1 pod of the new version ready" in decide(metrics(AWAY), 10).words


def test_as_good_as_the_old_one_it_is_promoted_with_the_figures() -> None:
    verdict = decide(metrics(*[GOOD] * 4), 4)
    assert (verdict.decision, verdict.code) == ("promote", "AS_GOOD")
    assert "1.0 % of requests fail on the new version" in verdict.words
    assert "Latency was not compared" in verdict.words
    assert verdict.evidence[0] == "new: 12 errors in 1200 requests (0.6 % to 1.7 %)"


@pytest.mark.parametrize(
    ("silent", "words"),
    [
        (None, "No metrics are set up. The pods' own signals alone decided."),
        (NONE_THERE, "No request metric is known of these pods. The pods' own signals alone decided."),
    ],
)
def test_without_metrics_the_pods_alone_decide_and_it_is_said(silent: Unmeasured | None, words: str) -> None:
    verdict = decide(looks(WELL, WELL, measured=silent), 2)
    assert verdict.decision == "promote"
    assert verdict.words.endswith(words)


def test_metrics_that_are_away_at_the_end_are_waited_for_two_windows_and_no_longer() -> None:
    for windows in (2, 3):
        verdict = decide(metrics(*[AWAY] * windows), 2)
        assert (verdict.decision, verdict.code, verdict.looking) == ("hold", "METRICS_AWAY", True)
    last = decide(metrics(*[AWAY] * 4), 2)
    assert last.decision == "promote"
    assert last.words.endswith("The metrics provider does not answer. The pods' own signals alone decided.")


def test_metrics_that_come_back_decide_and_the_gap_is_said() -> None:
    verdict = decide(metrics(GOOD, AWAY, GOOD), 2)
    assert verdict.decision == "promote"
    assert verdict.words.endswith("1 of 3 windows had no metrics.")


def test_metrics_that_were_bad_and_then_went_away_do_not_promote() -> None:
    assert decide(metrics(RISEN, AWAY), 2).decision == "hold"


@pytest.mark.parametrize(
    ("one", "code"),
    [
        pytest.param(Look(ONCE, GOOD), "RESTARTED", id="one restart"),
        pytest.param(Look(WELL, window((0, 10), (0, 90))), "TOO_FEW_REQUESTS", id="too few requests"),
        pytest.param(Look(WELL, GOOD, (OWN_UNCLEAR,)), "OWN_QUERY_EMPTY", id="a query without a value"),
    ],
)
def test_what_is_unclear_at_the_end_is_looked_at_longer_and_then_asked(one: Look, code: str) -> None:
    longer, asked = decide([one] * 2, 2), decide([one] * 4, 2)
    assert (longer.decision, longer.code, longer.looking) == ("hold", code, True)
    assert (asked.decision, asked.code, asked.looking) == ("hold", code, False)
    assert asked.words.endswith("A person has to promote or abort.")


def test_errors_suspected_in_the_last_window_are_looked_at_again() -> None:
    assert decide(metrics(*[GOOD] * 4, BARELY), 5).code == "ERRORS_SUSPECTED"
    assert decide(metrics(*[GOOD] * 4, BARELY, GOOD), 5).decision == "promote"


def test_a_small_rise_over_all_windows_is_left_to_a_person() -> None:
    verdict = decide(metrics(*[window((9, 300), (3, 300))] * 8), 8)
    assert (verdict.decision, verdict.code, verdict.looking) == ("hold", "ERRORS_ROSE", False)
    assert "3.0 % of requests fail on the new version, 1.0 % on the old one" in verdict.words


def test_a_user_query_in_bounds_is_said_when_promoting() -> None:
    assert "queue is 3." in decide(own(OWN_GOOD, OWN_GOOD), 2).words
