"""A plan is shown field by field, in words, with nothing secret in it."""

from typing import Any

import pytest

from dot_ai_lifecycle.core.late import NOW
from dot_ai_lifecycle.core.plan import Plan
from dot_ai_lifecycle.core.refs import DEPLOYMENT, SERVICE, ref_to
from dot_ai_lifecycle.core.showing import diff_lines, step_text
from dot_ai_lifecycle.core.steps import Await, Delete, Edit, Patch, Renew, Step, Unstick

WEB = ref_to(DEPLOYMENT, "web", "shop", "uid-1")


def shown(*edits: Edit) -> list[str]:
    step = Patch(ref=WEB, edits=edits, why="because")
    plan = Plan(operation="update_app", parameters={}, app=WEB, summary="", steps=(step,))
    return [str(line) for line in diff_lines(plan)]


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (Patch(ref=WEB, edits=(), why="image a → b"), "Change Deployment shop/web: image a → b"),
        (Await(ref=WEB, within=90, why="proof"), "Wait up to 90 s until Deployment shop/web is rolled out: proof"),
        (Renew(ref=WEB, pods=1, within=60, why="proof"), "Replace the pods of Deployment shop/web on one node, 1 at a"),
        (
            Renew(ref=WEB, pods=3, at_once=2, within=60, why="proof"),
            "Replace the pods of Deployment shop/web on 3 nodes",
        ),
        (Delete(ref=WEB, was={}, why="ours"), "Delete Deployment shop/web: ours"),
        (Unstick(ref=WEB, why="they never heal"), "Delete broken pods of Deployment shop/web that"),
    ],
)
def test_a_step_is_one_line(step: Step, words: str):
    assert step_text(step).startswith(words)
    assert "\n" not in step_text(step)


def test_a_change_is_what_is_there_and_what_would_be():
    assert shown(Edit(path="/spec/replicas", old=3, new=5)) == ["- spec.replicas: 3", "+ spec.replicas: 5"]


def test_fields_of_other_objects_say_whose_they_are():
    service = Patch(ref=ref_to(SERVICE, "web", "shop"), edits=(Edit(path="/spec/type", old="a", new="b"),), why="x")
    plan = Plan(operation="rollback_app", parameters={}, app=WEB, summary="", steps=(service,))

    assert [str(line) for line in diff_lines(plan)] == ["- Service/web spec.type: a", "+ Service/web spec.type: b"]


def test_what_is_absent_has_no_line():
    assert shown(Edit(path="/spec/paused", new=True)) == ["+ spec.paused: True"]
    assert shown(Edit(path="/spec/paused", old=True)) == ["- spec.paused: True"]


def test_a_scaffold_is_not_worth_a_line():
    assert shown(Edit(path="/metadata/annotations", new={}, scaffold=True)) == []


def test_a_slash_in_a_key_is_shown_as_people_write_it():
    assert shown(Edit(path="/metadata/annotations/a.io~1b", new="x")) == ["+ metadata.annotations.a.io/b: x"]


def test_of_whole_templates_only_what_differs_is_shown():
    def template(image: str, **more: Any) -> dict[str, Any]:
        return {"spec": {"containers": [{"name": "web", "image": image, "ports": [80], **more}], "dnsPolicy": "x"}}

    lines = shown(Edit(path="/spec/template", old=template("web:v2", stdin=True), new=template("web:v1")))

    assert lines == [
        "- spec.template.spec.containers[web].image: web:v2",
        "+ spec.template.spec.containers[web].image: web:v1",
        "- spec.template.spec.containers[web].stdin: True",
    ]


def test_containers_are_compared_by_name_not_by_place():
    old, new = [{"name": "a", "x": 1}, {"name": "b", "x": 1}], [{"name": "b", "x": 1}, {"name": "a", "x": 1}]

    assert shown(Edit(path="/spec/containers", old=old, new=new)) == []


def test_an_added_container_is_shown_as_one_line():
    lines = shown(Edit(path="/c", old=[{"name": "a"}], new=[{"name": "a"}, {"name": "side", "args": ["x", "y"]}]))

    assert lines == ["+ c[side]: name=side, args=[x, y]"]


def test_a_late_value_is_said_to_be_one():
    assert shown(Edit(path="/at", old="monday", new=NOW)) == ["- at: monday", "+ at: (the moment it is done)"]


@pytest.mark.parametrize(
    "edit",
    [
        Edit(path="/spec/containers/0/env/0", old={"name": "DB_PASSWORD", "value": "tops3cret"}),
        Edit(path="/spec/x", new={"env": [{"name": "API_TOKEN", "value": "tops3cret"}]}),
        Edit(path="/spec/password", old="tops3cret", new="other"),
        Edit(path="/spec/args", old=["--password=tops3cret"], new=["--password=other"]),
    ],
)
def test_a_secret_is_not_shown(edit: Edit):
    text = "\n".join(shown(edit))

    assert "tops3cret" not in text
    assert "‹hidden" in text


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        (
            {"env": [{"name": "PASSWORD", "value": "hunter22"}]},
            {"env": [{"name": "PASSWORD", "value": "hunter33"}]},
            "env[PASSWORD].value",
        ),
        ({"args": ["--token", "abcd1234"]}, {"args": ["--token", "wxyz1234"]}, "args[1]"),
    ],
)
def test_that_a_secret_becomes_another_of_the_same_length_is_seen(old: Any, new: Any, path: str):
    assert shown(Edit(path="/c", old=old, new=new)) == [
        f"- c.{path}: ‹hidden, 8 characters›",
        f"+ c.{path}: ‹hidden, 8 characters› (another)",
    ]
