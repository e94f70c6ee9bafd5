"""Which pods are meant, how they get into PromQL, and that nothing else does."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dot_ai_lifecycle.core.analysis.families import FAMILIES, GRPC_ERRORS, PLACES, Found
from dot_ai_lifecycle.core.analysis.queries import (
    OwnQuery,
    filled,
    found_in,
    over_window,
    which_buckets,
    which_requests,
)
from dot_ai_lifecycle.core.analysis.sides import MOST_NAMES, NOBODY, Sides, by_names, by_prefix, literal
from dot_ai_lifecycle.core.errors import BadInput
from dot_ai_lifecycle.core.metrics import Sample
from tests.support.scenes import NOW, pod, scene, workload

SIDES = Sides("shop", by_prefix("web", "5d9c7b6f4"), by_prefix("web", "7c8b9d5f6"))


def counted(**labels: str) -> Sample:
    return Sample({"__name__": "http_requests_total", **labels}, 1, NOW)


def test_a_deployments_pods_are_told_by_their_prefix() -> None:
    sides = Sides.of(scene(workload()), "v2", "v1")
    assert sides == Sides("shop", "web-v2-[a-z0-9]+", "web-v1-[a-z0-9]+")
    assert re.fullmatch(sides.new, "web-v2-x7k2p")
    assert not re.fullmatch(sides.new, "web-v2-canary-x7k2p")


def test_where_a_long_name_swallows_the_hash_pods_are_named_one_by_one() -> None:
    long = "a" * 50
    seen = scene(workload(name=long), pod("one", "5d9c7b6f4"), pod("two", "7c8b9d5f6"), pod("three", "5d9c7b6f4"))
    assert Sides.of(seen, "5d9c7b6f4", "7c8b9d5f6") == Sides("shop", "(one|three)", "(two)")


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_pods_of_sets_are_named_one_by_one(kind: str) -> None:
    sides = Sides.of(scene(workload(kind), pod("web-1", "v2")), "v2", "v1")
    assert (sides.new, sides.old) == ("(web-1)", NOBODY)


def test_names_are_bounded_in_number() -> None:
    assert by_names(f"web-{number}" for number in range(1000)).count("|") == MOST_NAMES - 1


@given(name=st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,20}[a-z0-9])?", fullmatch=True), other=st.text(max_size=20))
def test_a_name_fits_its_pattern_and_no_other_does(name: str, other: str) -> None:
    assert re.fullmatch(literal(name), name)
    assert other == name or not re.fullmatch(literal(name), other)


@given(text=st.text(max_size=30))
def test_nothing_that_means_anything_to_promql_gets_into_a_query(text: str) -> None:
    try:
        pattern = literal(text)
    except BadInput:
        return
    assert re.fullmatch(r"([A-Za-z0-9_-]|\[\.\])+", pattern)


@pytest.mark.parametrize("name", ['web"} or up{a="', "web\\", "web`", "web'", "web\n", "a|b", ".*", "", "wéb"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="is not the name"):
        literal(name)
    with pytest.raises(BadInput):
        Sides.of(scene(workload(namespace=name or " ")), "v2", "v1")


def test_a_users_query_is_filled_in_once_and_its_own_braces_are_left_alone() -> None:
    query = (
        'sum(rate(q{pod=~"{new}", ns="{namespace}", path="/{id}"}[{window}])) / sum(rate(q{pod=~"{old}"}[{window}]))'
    )
    sides = Sides("shop", "{old}", "b")
    assert filled(query, sides, 30.4) == (
        'sum(rate(q{pod=~"{old}", ns="shop", path="/{id}"}[30s])) / sum(rate(q{pod=~"b"}[30s]))'
    )
    assert filled("x[{window}]", sides, 0.1) == "x[1s]"


def test_a_users_query_needs_a_bound() -> None:
    with pytest.raises(ValidationError, match="needs a bound"):
        OwnQuery(name="queue", expression="sum(q)")
    assert OwnQuery(name="queue", expression="sum(q)", at_least=1).when_empty == "hold"


def test_the_first_family_that_counts_outcomes_is_taken() -> None:
    grpc = Sample({"__name__": "grpc_server_handled_total", "grpc_code": "OK"}, 1, NOW)
    found = found_in([grpc, counted(), counted(status="200")], PLACES[0])
    assert found is not None
    assert (found.family.requests, found.outcome) == ("http_requests_total", "status")
    alone = found_in([grpc, counted()], PLACES[0])
    assert alone is not None
    assert (alone.family.errors, alone.outcome) == (GRPC_ERRORS, "grpc_code")
    assert found_in([counted(), counted(status="")], PLACES[0]) is None


def test_what_is_asked_stays_within_the_namespace_and_the_pods() -> None:
    for place in PLACES:
        for query in (which_requests(SIDES, place), which_buckets(SIDES, place, FAMILIES[0])):
            assert f'{place.namespace}="shop"' in query
            assert f'{place.pod}=~"{SIDES.new}|{SIDES.old}"' in query


def test_a_window_is_one_expression_with_a_histogram_only_where_there_is_one() -> None:
    plain = over_window(SIDES, Found(FAMILIES[0], "code", PLACES[0], buckets=False), 30)
    assert plain.count("\nor ") == 5
    assert 'code=~"5.."' in plain
    assert "histogram_quantile" not in plain
    with_buckets = over_window(SIDES, Found(FAMILIES[0], "code", PLACES[0], buckets=True), 30)
    assert with_buckets.count("histogram_quantile") == 6


def test_a_mesh_is_asked_for_what_arrives_only() -> None:
    istio = next(family for family in FAMILIES if "istio" in family.requests)
    assert (
        over_window(SIDES, Found(istio, "response_code", PLACES[0], buckets=True), 30).count('reporter="destination"')
        == 12
    )
