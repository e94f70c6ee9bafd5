"""How many pods come and go at once, beside an independent reckoning of Kubernetes' own rules."""

from fractions import Fraction
from math import ceil, floor

from hypothesis import given
from hypothesis import strategies as st

from dot_ai_lifecycle.domain.preflight.arithmetic import Pace, own_pace
from dot_ai_lifecycle.domain.rolling import resolved, unavailable
from tests.support.prospects import app

COUNTS = st.integers(0, 200)
BOUNDS = st.one_of(st.integers(0, 250), st.integers(0, 200).map(lambda percent: f"{percent}%"))


def exact(bound: int | str, total: int) -> Fraction:
    """The bound as it is meant, before anybody rounds."""
    return Fraction(bound) if isinstance(bound, int) else Fraction(int(bound[:-1]), 100) * total


def of(kind: str, replicas: int, **fields: int | str) -> Pace:
    return own_pace(app(kind, replicas=replicas, strategy={"type": "RollingUpdate", "rollingUpdate": fields}))


@given(COUNTS, BOUNDS, BOUNDS)
def test_a_deployment_adds_rounded_up_and_misses_rounded_down_and_never_stands_still(
    replicas: int, surge: int | str, missing: int | str
):
    more, less = ceil(exact(surge, replicas)), floor(exact(missing, replicas))
    pace = of("Deployment", replicas, maxSurge=surge, maxUnavailable=missing)

    assert pace.surge == more
    assert pace.unavailable == min(replicas, less or (0 if more else 1))
    assert pace.surge or pace.unavailable or not replicas
    assert 0 <= pace.unavailable <= replicas


@given(COUNTS, BOUNDS, BOUNDS)
def test_a_daemon_set_rounds_both_up(replicas: int, surge: int | str, missing: int | str):
    more, less = ceil(exact(surge, replicas)), ceil(exact(missing, replicas))

    pace = of("DaemonSet", replicas, maxSurge=surge, maxUnavailable=missing)

    assert pace == (more, min(replicas, less or (0 if more else 1)))


@given(COUNTS, BOUNDS)
def test_a_stateful_set_adds_none_and_misses_at_least_one(replicas: int, missing: int | str):
    pace = of("StatefulSet", replicas, maxUnavailable=missing)

    assert pace == (0, min(replicas, max(1, floor(exact(missing, replicas)))))


@given(COUNTS, BOUNDS)
def test_rounding_is_that_of_exact_fractions(replicas: int, bound: int | str):
    assert resolved(bound, replicas, up=True) == ceil(exact(bound, replicas))
    assert resolved(bound, replicas, up=False) == floor(exact(bound, replicas))


@given(COUNTS, BOUNDS, BOUNDS)
def test_what_may_be_missing_is_the_same_wherever_it_is_asked(replicas: int, surge: int | str, missing: int | str):
    fields = {"maxSurge": surge, "maxUnavailable": missing}
    deployment = app(replicas=replicas, strategy={"type": "RollingUpdate", "rollingUpdate": fields})

    assert own_pace(deployment).unavailable == min(replicas, unavailable(deployment))


def test_without_fields_the_defaults_of_each_kind_hold():
    assert [of(kind, 10) for kind in ("Deployment", "StatefulSet", "DaemonSet")] == [(3, 2), (0, 1), (0, 1)]


def test_by_default_no_pod_of_up_to_three_is_missing_and_one_of_four_is():
    assert [of("Deployment", replicas).unavailable for replicas in range(5)] == [0, 0, 0, 0, 1]


def test_recreate_keeps_nothing():
    assert own_pace(app(replicas=3, strategy={"type": "Recreate"})) == (0, 3)
