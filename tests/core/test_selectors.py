"""Selectors mean here what they mean to the API server, as an object and as a query."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dot_ai_lifecycle.core.selectors import matches
from dot_ai_lifecycle.core.workload import selector_query


def rule(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


@pytest.mark.parametrize(
    ("selector", "labels", "selected"),
    [
        pytest.param({}, {"app": "web"}, True, id="an empty one selects everything"),
        pytest.param({"matchLabels": {"app": "web"}}, {"app": "web", "x": "y"}, True, id="more labels do not matter"),
        pytest.param({"matchLabels": {"app": "web"}}, {"app": "db"}, False, id="another value"),
        pytest.param({"matchLabels": {"app": "web"}}, {}, False, id="no such label"),
        pytest.param(rule("tier", "In", "a", "b"), {"tier": "b"}, True, id="in: one of them"),
        pytest.param(rule("tier", "In", "a", "b"), {"tier": "c"}, False, id="in: none of them"),
        pytest.param(rule("tier", "In", "a"), {}, False, id="in: absent"),
        pytest.param(rule("tier", "NotIn", "a"), {"tier": "a"}, False, id="not in: one of them"),
        pytest.param(rule("tier", "NotIn", "a"), {"tier": "b"}, True, id="not in: none of them"),
        pytest.param(rule("tier", "NotIn", "a"), {}, True, id="not in: absent counts"),
        pytest.param(rule("tier", "Exists"), {"tier": ""}, True, id="exists, even empty"),
        pytest.param(rule("tier", "Exists"), {}, False, id="does not exist"),
        pytest.param(rule("tier", "DoesNotExist"), {}, True, id="wanted absent, and is"),
        pytest.param(rule("tier", "DoesNotExist"), {"tier": "a"}, False, id="wanted absent, and is not"),
        pytest.param({"matchLabels": None, "matchExpressions": None}, {}, True, id="nulls are nothing"),
        pytest.param(
            {"matchLabels": {"app": "web"}} | rule("tier", "Exists"), {"app": "web"}, False, id="all of them hold"
        ),
    ],
)
def test_a_selector_selects(selector: dict[str, Any], labels: dict[str, str], selected: bool):
    assert matches(selector, labels) is selected


@pytest.mark.parametrize(
    ("selector", "query"),
    [
        ({}, ""),
        ({"matchLabels": {"b": "2", "a": "1"}}, "a=1,b=2"),
        (rule("tier", "In", "a", "b"), "tier in (a,b)"),
        (rule("tier", "NotIn", "a"), "tier notin (a)"),
        (rule("tier", "Exists"), "tier"),
        (rule("tier", "DoesNotExist"), "!tier"),
        ({"matchLabels": {"app": "web"}} | rule("tier", "Exists"), "app=web,tier"),
    ],
)
def test_a_selector_is_asked_in_the_words_of_the_api(selector: dict[str, Any], query: str):
    assert selector_query(selector) == query


labels = st.dictionaries(st.sampled_from("abc"), st.sampled_from("xyz"), max_size=3)


@given(labels, labels)
def test_what_matches_by_labels_contains_them(wanted: dict[str, str], have: dict[str, str]):
    assert matches({"matchLabels": wanted}, have) is (wanted.items() <= have.items())


@given(labels, st.sampled_from("abc"), st.lists(st.sampled_from("xyz"), min_size=1, max_size=2))
def test_in_and_not_in_are_opposites_where_the_label_is(have: dict[str, str], key: str, values: list[str]):
    within, outside = matches(rule(key, "In", *values), have), matches(rule(key, "NotIn", *values), have)

    assert within is not outside
