"""Asking what we may do: many questions in one request, and a no only from whoever must know."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from dot_ai_lifecycle.adapters.kubernetes.reviewing import granted
from dot_ai_lifecycle.core.refs import CONFIG_MAP, DEPLOYMENT, NODE, POD
from dot_ai_lifecycle.embedded.faults import Fault
from tests.support.house import house

REVIEWS = "selfsubject"


@pytest.mark.parametrize(
    ("rule", "group", "resource", "expected"),
    [
        ({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}, "", "pods", True),
        ({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}, "apps", "deployments", True),
        ({"verbs": ["list"], "apiGroups": [""], "resources": ["pods"]}, "", "pods", False),
        ({"verbs": ["get"], "apiGroups": ["apps"], "resources": ["pods"]}, "", "pods", False),
        ({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}, "", "pods/log", False),
        ({"verbs": ["get"], "apiGroups": [""], "resources": ["*/log"]}, "", "pods/log", True),
        ({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "resourceNames": ["one"]}, "", "pods", False),
        ({"verbs": None, "apiGroups": None, "resources": None}, "", "pods", False),
    ],
)
def test_a_rule_grants_what_it_names(rule: dict[str, Any], group: str, resource: str, expected: bool) -> None:
    assert granted([rule], "get", group, resource) is expected


async def test_questions_of_one_moment_cost_one_request(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        client, counted = home.client(), home.box.faults.add(Fault(path=REVIEWS, nth=99))
        asked = [client.allowed(verb, kind, "shop") for verb in ("get", "watch", "patch") for kind in (POD, DEPLOYMENT)]

        assert await asyncio.gather(*asked) == [True] * 6
        assert counted.matched == 1


async def test_a_right_that_goes_is_missed_at_the_next_question(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        client = home.client()
        before = await client.allowed("patch", DEPLOYMENT, "shop")
        home.box.faults.forbid("patch", "deployments", namespace="shop")

        assert (before, await client.allowed("patch", DEPLOYMENT, "shop")) == (True, False)
        assert await client.allowed("get", POD, "shop", subresource="log")
        assert await client.allowed("patch", DEPLOYMENT, None)


async def test_where_rules_are_not_told_each_question_is_asked_for_itself(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        home.box.faults.add(Fault(path="selfsubjectrulesreviews", status=403, times=0))
        home.box.faults.forbid("create", "configmaps")

        assert await home.client().allowed("get", POD, "shop")
        assert not await home.client().allowed("create", CONFIG_MAP, "shop")
        assert await home.client().allowed("list", NODE, "shop")
