"""A tag that moved since a revision ran: what ran is pinned where that is certain, and doubts are told."""

from typing import Any

import pytest
from msgspec.structs import replace

from dot_ai_lifecycle.core.registry import Found, ImageSight
from dot_ai_lifecycle.domain.going_back import Goal
from dot_ai_lifecycle.domain.pinning import pinned, tagged, to_ask_about
from tests.support.scenes import template, workload

RAN, NOW = "sha256:" + "1a" * 32, "sha256:" + "2b" * 32
GOAL = Goal(template("shop/web:v1"), "origin", "shop/web:v1 (#1)", "why", "how", {"web": RAN})


def sights(goal: Goal, digest: str = NOW, found: Found = "found", then: Found = "found") -> dict[str, ImageSight]:
    (one,) = tagged(goal)
    return {
        one.image: ImageSight(one.image, found, "The registry said so.", digest),
        one.pinned: ImageSight(one.pinned, then, "It is gone."),
    }


def with_container(goal: Goal = GOAL, **more: Any) -> Goal:
    container = {**goal.template["spec"]["containers"][0], **more}
    return replace(goal, template={**goal.template, "spec": {"containers": [container]}})


def image(goal: Goal) -> str:
    return str(goal.template["spec"]["containers"][0]["image"])


@pytest.mark.parametrize("then", ["found", "unknown"])
def test_a_tag_that_moved_is_pinned_to_what_ran(then: Found):
    found = pinned(GOAL, sights(GOAL, then=then))

    assert image(found) == f"shop/web:v1@{RAN}"
    assert "means another image now (sha256:2b2b2b2b2b2b…)" in found.notes[0].text


def test_only_what_moved_is_pinned():
    beside = replace(GOAL, template=template("shop/web:v1"))
    beside.template["spec"]["containers"].append({"name": "proxy", "image": "proxy:1"})

    found = pinned(beside, sights(GOAL))

    assert found.template["spec"]["containers"][1]["image"] == "proxy:1"


def test_an_init_container_of_the_same_image_goes_along():
    spec = {**GOAL.template["spec"], "initContainers": [{"name": "migrate", "image": "shop/web:v1"}]}
    both = replace(GOAL, template={**GOAL.template, "spec": spec})

    found = pinned(both, sights(GOAL))

    assert found.template["spec"]["initContainers"][0]["image"] == f"shop/web:v1@{RAN}"


def test_a_tag_that_stayed_is_left():
    assert pinned(GOAL, sights(GOAL, RAN)) == GOAL


def test_what_ran_and_cannot_be_had_any_more_is_not_pinned():
    found = pinned(GOAL, sights(GOAL, then="missing"))

    assert image(found) == "shop/web:v1"
    assert "cannot be had any more" in found.notes[0].text


def test_a_registry_that_says_nothing_leaves_the_tag_without_a_word():
    assert pinned(GOAL, sights(GOAL, "", "unknown")) == GOAL


@pytest.mark.parametrize(
    "goal",
    [
        pytest.param(with_container(imagePullPolicy="Always"), id="always pulled"),
        pytest.param(with_container(image="shop/web:latest"), id="latest"),
        pytest.param(with_container(image="shop/web"), id="no tag"),
    ],
)
def test_where_a_node_may_pull_another_image_the_doubt_is_told(goal: Goal):
    (note,) = pinned(goal, sights(goal, "", "unknown")).notes

    assert "not known. The registry said so." in note.text


def test_a_tag_that_is_gone_is_told():
    (note,) = pinned(GOAL, sights(GOAL, "", "missing")).notes

    assert "The registry said so." in note.text


@pytest.mark.parametrize(
    "goal",
    [
        pytest.param(replace(GOAL, recorded={}), id="nothing recorded"),
        pytest.param(with_container(image=f"shop/web:v1@{RAN}"), id="pinned already"),
        pytest.param(replace(GOAL, template={}), id="no containers"),
    ],
)
def test_what_cannot_have_moved_is_not_asked_about(goal: Goal):
    assert tagged(goal) == ()
    assert pinned(goal, {}) == goal


def test_registries_are_asked_about_tags_that_may_have_moved_and_images_that_are_new_here():
    beside = replace(GOAL, recorded={}, template=template("shop/web:v1"))
    beside.template["spec"]["initContainers"] = [{"name": "migrate", "image": "migrate:1"}]

    assert to_ask_about(GOAL, workload(wants=template("shop/web:v1"))) == ("shop/web:v1", f"shop/web:v1@{RAN}")
    assert to_ask_about(beside, workload(wants=template("shop/web:v1"))) == ("migrate:1",)


@pytest.mark.parametrize(("found", "told"), [("missing", 1), ("denied", 1), ("found", 0), ("unknown", 0)])
def test_what_surely_cannot_be_pulled_is_told(found: Found, told: int):
    unrecorded = replace(GOAL, recorded={})

    notes = pinned(unrecorded, {"shop/web:v1": ImageSight("shop/web:v1", found, "It is not there.")}).notes

    assert [note.text.startswith("It is not there. Pods that need it") for note in notes] == [True] * told
