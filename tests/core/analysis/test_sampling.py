"""From a provider's answers to measured windows, and what is said where it has none."""

import math
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from dot_ai_lifecycle.core.analysis.families import FAMILIES, PLACES, Found
from dot_ai_lifecycle.core.analysis.measured import Measured, Unmeasured
from dot_ai_lifecycle.core.analysis.queries import WHAT, OwnQuery
from dot_ai_lifecycle.core.analysis.sampling import ask_own, detect, sample
from dot_ai_lifecycle.core.analysis.sides import Sides
from dot_ai_lifecycle.core.errors import BadInput, LifecycleError, NoMetrics
from dot_ai_lifecycle.core.metrics import Sample
from tests.support.scenes import NOW

SIDES = Sides("shop", "web-v2-[a-z0-9]+", "web-v1-[a-z0-9]+")
FOUND = Found(FAMILIES[0], "code", PLACES[0], buckets=True)
ISTIO = Found(FAMILIES[4], "response_code", PLACES[0], buckets=True)
QUEUE = OwnQuery(name="queue", expression='max(q{pod=~"{new}"})', at_most=5, at_least=1)


class Provider:
    """A provider that answers what it is told to."""

    def __init__(self, answer: Callable[[str], list[Sample] | LifecycleError]) -> None:
        self._answer = answer
        self.asked: list[str] = []

    async def query(self, expression: str, at: datetime | None = None) -> tuple[Sample, ...]:
        self.asked.append(expression)
        answer = self._answer(expression)
        if isinstance(answer, LifecycleError):
            raise answer
        return tuple(Sample(one.labels, one.value, at or one.at) for one in answer)


def value(number: float, **labels: str) -> Sample:
    return Sample(labels, number, NOW)


def figures(**by_name: float) -> list[Sample]:
    return [value(number, **{WHAT: name.replace("_p", "_0.")}) for name, number in by_name.items()]


def always(*samples: Sample) -> Provider:
    return Provider(lambda _: list(samples))


def failing(error: LifecycleError) -> Provider:
    return Provider(lambda _: error)


async def test_the_metric_is_found_with_its_histogram_and_scrape_interval() -> None:
    def answer(query: str) -> list[Sample]:
        if "__name__" in query:
            return [value(2, __name__="http_requests_total", code="200")]
        return [value(4)] if "count_over_time" in query and "[60s]" in query else [value(2)]

    assert await detect(Provider(answer), SIDES) == Found(FAMILIES[0], "code", PLACES[0], True, 15)


async def test_seldom_scrapes_are_counted_over_a_longer_time() -> None:
    def answer(query: str) -> list[Sample]:
        if "__name__" in query:
            return [value(2, __name__="http_requests_total", code="200")]
        return [value(1 if "[60s]" in query else 5)]

    found = await detect(Provider(answer), SIDES)
    assert isinstance(found, Found)
    assert found.scrape_interval == 60


async def test_a_metric_without_histogram_or_history_is_found_all_the_same() -> None:
    def answer(query: str) -> list[Sample]:
        if "kubernetes_pod_name" in query and "__name__" in query:
            return [value(2, __name__="http_requests_total", code="200")]
        return [value(math.nan)] if "count_over_time" in query else []

    provider = Provider(answer)
    assert await detect(provider, SIDES) == Found(FAMILIES[0], "code", PLACES[1], buckets=False)
    assert len(provider.asked) == 5


async def test_an_app_without_request_metrics_is_told_so_and_that_it_stays_so() -> None:
    found = await detect(always(), SIDES)
    assert isinstance(found, Unmeasured)
    assert (found.code, found.passing) == ("NO_REQUEST_METRICS", False)


@pytest.mark.parametrize(
    ("error", "code", "passing"),
    [(NoMetrics("It is away."), "METRICS_AWAY", True), (BadInput("It is refused."), "QUERY_REFUSED", False)],
)
async def test_a_provider_that_fails_is_quoted_and_never_raises(
    error: LifecycleError, code: str, passing: bool
) -> None:
    expected = Unmeasured(code, error.message, passing)
    assert await detect(failing(error), SIDES) == expected
    assert await sample(failing(error), FOUND, SIDES, 30) == expected
    (reading,) = await ask_own(failing(error), [QUEUE], SIDES, 30)
    assert (reading.judgement, reading.code) == ("inconclusive", code)
    assert error.message in reading.words


async def test_a_window_holds_what_was_counted_between_its_scrapes() -> None:
    provider = always(
        *figures(new_requests=300.3, new_errors=15, new_scrapes=3, old_requests=2700, old_scrapes=2, new_p95=0.2)
    )
    seen = await sample(provider, FOUND, SIDES, 30)
    assert isinstance(seen, Measured)
    assert (seen.new.counts.requests, seen.new.counts.errors, seen.new.latency) == (200, 10, {0.95: 0.2})
    assert (seen.old.counts.requests, seen.old.counts.errors, seen.old.latency) == (1350, 0, {})
    assert (seen.at, seen.seconds) == (NOW, 30)


async def test_a_window_may_be_of_another_moment() -> None:
    then = NOW - timedelta(hours=1)
    seen = await sample(always(*figures(new_requests=1, new_scrapes=2)), FOUND, SIDES, 30, then)
    assert isinstance(seen, Measured)
    assert seen.at == then


async def test_milliseconds_become_seconds_and_nonsense_is_left_out() -> None:
    provider = always(
        *figures(new_requests=10, new_errors=99, new_scrapes=2, old_requests=-4, old_scrapes=1),
        *figures(new_p5=250, new_p95=math.nan, new_p99=math.inf),
    )
    seen = await sample(provider, ISTIO, SIDES, 30)
    assert isinstance(seen, Measured)
    assert (seen.new.counts.requests, seen.new.counts.errors) == (5, 5)
    assert seen.new.latency == {0.5: 0.25}
    assert seen.old.counts.requests == 0


@pytest.mark.parametrize("samples", [[], figures(new_requests=math.nan), figures(old_requests=5, old_scrapes=3)])
async def test_no_figures_of_the_new_pods_are_no_window(samples: list[Sample]) -> None:
    seen = await sample(always(*samples), FOUND, SIDES, 30)
    assert isinstance(seen, Unmeasured)
    assert (seen.code, seen.passing) == ("NO_DATA", True)


async def test_a_window_shorter_than_two_scrapes_is_said_to_be_too_short() -> None:
    seen = await sample(always(*figures(new_scrapes=1, old_scrapes=1)), FOUND, SIDES, 7)
    assert isinstance(seen, Unmeasured)
    assert seen.code == "TOO_FEW_SCRAPES"
    assert "scraped once in 7 s" in seen.words


@pytest.mark.parametrize(
    ("number", "judgement", "words"),
    [
        (3, "pass", "Query queue is 3, within its bounds."),
        (5.5, "fail", "Query queue is 5.5, at most 5 is allowed."),
        (0, "fail", "Query queue is 0, at least 1 is needed."),
        (math.inf, "fail", "Query queue is inf, at most 5 is allowed."),
        (math.nan, "inconclusive", "Query queue has no value."),
    ],
)
async def test_a_users_query_is_held_against_its_bounds(number: float, judgement: str, words: str) -> None:
    provider = always(value(number))
    (reading,) = await ask_own(provider, [QUEUE], SIDES, 30)
    assert (reading.judgement, reading.words, reading.subject) == (judgement, words, "queue")
    assert provider.asked == ['max(q{pod=~"web-v2-[a-z0-9]+"})']


async def test_a_bound_that_is_not_set_holds_nothing() -> None:
    high, low = (QUEUE.model_copy(update={one: None}) for one in ("at_most", "at_least"))
    assert [one.judgement for one in await ask_own(always(value(99)), [high, low], SIDES, 30)] == ["pass", "fail"]
    assert [one.judgement for one in await ask_own(always(value(0)), [high, low], SIDES, 30)] == ["fail", "pass"]


@pytest.mark.parametrize(("when_empty", "judgement"), [("hold", "inconclusive"), ("pass", "pass"), ("fail", "fail")])
async def test_the_user_says_what_no_value_means(when_empty: str, judgement: str) -> None:
    query = QUEUE.model_copy(update={"when_empty": when_empty})
    assert (await ask_own(always(), [query], SIDES, 30))[0].judgement == judgement


async def test_a_users_query_of_many_values_is_not_guessed_at() -> None:
    (reading,) = await ask_own(always(value(1), value(2)), [QUEUE], SIDES, 30)
    assert (reading.judgement, reading.code) == ("inconclusive", "OWN_QUERY_MANY")
