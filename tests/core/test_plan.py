"""A plan is data: it can be shown, checked, performed, inverted, and its id says what it would do."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dot_ai_lifecycle.core.edited import grounded, with_edits
from dot_ai_lifecycle.core.filling import filled
from dot_ai_lifecycle.core.late import NEW_HASH, NOW
from dot_ai_lifecycle.core.plan import Note, Plan, Risk
from dot_ai_lifecycle.core.pointers import pointer, value_at
from dot_ai_lifecycle.core.refs import DEPLOYMENT, SERVICE, STATEFUL_SET, ref_to
from dot_ai_lifecycle.core.steps import Await, Edit, Patch, Step, Unstick, WayBack
from dot_ai_lifecycle.core.way_back import release, way_back

WEB = ref_to(DEPLOYMENT, "web", "shop", "uid-1")
DB = ref_to(STATEFUL_SET, "db", "shop", "uid-2")
IMAGE = "/spec/image"


def patch(*edits: Edit, ref: Any = WEB) -> Patch:
    return Patch(ref=ref, edits=edits, why="because")


def plan(**changed: Any) -> Plan:
    given: dict[str, Any] = {
        "operation": "update_app",
        "parameters": {"app": "web", "version": "v2"},
        "cluster": "cluster-1",
        "app": WEB,
        "summary": "Update",
        "steps": (patch(Edit(path=IMAGE, old="v1", new="v2")), Await(ref=WEB, within=60, why="proof")),
    }
    return Plan(**{**given, **changed})


@pytest.mark.parametrize(
    ("edit", "operations"),
    [
        pytest.param(
            Edit(path="/a", old=1, new=2),
            [{"op": "test", "path": "/a", "value": 1}, {"op": "replace", "path": "/a", "value": 2}],
            id="a change is tested first",
        ),
        pytest.param(
            Edit(path="/a", new=2),
            [{"op": "test", "path": "/a", "value": None}, {"op": "add", "path": "/a", "value": 2}],
            id="what is absent is tested to be and added",
        ),
        pytest.param(
            Edit(path="/a", old=1),
            [{"op": "test", "path": "/a", "value": 1}, {"op": "remove", "path": "/a"}],
            id="a removal is tested first",
        ),
        pytest.param(
            Edit(path="/a", new={}, scaffold=True),
            [{"op": "test", "path": "/a", "value": None}, {"op": "add", "path": "/a", "value": {}}],
            id="a parent is added",
        ),
        pytest.param(
            Edit(path="/a", old=0, new=False),
            [{"op": "test", "path": "/a", "value": 0}, {"op": "replace", "path": "/a", "value": False}],
            id="zero and false are values",
        ),
    ],
)
def test_an_edit_is_a_guarded_json_patch(edit: Edit, operations: list[dict[str, Any]]):
    assert [edit.test(), edit.change()] == operations


def test_everything_is_tested_before_anything_is_changed():
    room = Edit(path="/a", new={}, scaffold=True)

    operations = patch(Edit(path=IMAGE, old=1, new=2), room, Edit(path="/a/b", new=3)).operations()

    assert [(one["op"], one["path"]) for one in operations[1:]] == [
        ("test", IMAGE),
        ("test", "/a"),
        ("replace", IMAGE),
        ("add", "/a"),
        ("add", "/a/b"),
    ]


def test_a_patch_means_the_very_object_that_was_seen():
    guard, *_ = patch(Edit(path="/a", new=1)).operations()

    assert guard == {"op": "test", "path": "/metadata/uid", "value": "uid-1"}


values = st.none() | st.integers(0, 3) | st.sampled_from(["x", "y"])
objects = st.fixed_dictionaries({}, optional={"a": values.filter(lambda v: v is not None), "b": st.just({"c": 1})})


@given(objects, st.integers(4, 9))
def test_a_patch_and_its_inverse_leave_nothing(manifest: dict[str, Any], new: int):
    forward = patch(Edit(path="/a", old=manifest.get("a"), new=new), Edit(path="/z", new="added"))

    there = with_edits(manifest, forward.edits)
    back = with_edits(there, forward.inverse("back").edits)

    assert back == manifest
    assert forward.stands(manifest) == "before"
    assert forward.stands(there) == "after"


def test_a_scaffold_is_not_taken_back():
    forward = patch(Edit(path="/annotations", new={}, scaffold=True), Edit(path="/annotations/a", new="1"))

    assert [edit.path for edit in forward.inverse("back").edits] == ["/annotations/a"]


def test_what_is_neither_before_nor_after_is_somebody_elses():
    assert patch(Edit(path=IMAGE, old="v1", new="v2")).stands({"spec": {"image": "v3"}}) == "neither"


def test_a_patch_half_of_which_stands_is_somebody_elses():
    half = patch(Edit(path="/a", old=1, new=2), Edit(path="/b", old=1, new=2))

    assert half.stands({"a": 2, "b": 1}) == "neither"


def test_a_late_value_counts_as_made_wherever_the_field_moved_on():
    restart = patch(Edit(path="/at", old="monday", new=NOW))

    assert restart.stands({"at": "tuesday"}) == "after"
    assert restart.stands({"at": "monday"}) == "before"


def test_a_late_value_is_filled_in_once_it_is_known_and_so_is_the_way_back():
    back = WayBack(steps=(Await(ref=WEB, until="routed", to=NEW_HASH, within=1, why="x"),), whole=True)
    step = patch(Edit(path="/at", new=NOW), Edit(path="/to", old="1", new=NEW_HASH)).model_copy(update={"back": back})

    known = filled(step, {"now": "tuesday", "new-hash": "abc"})

    assert isinstance(known, Patch)
    assert [edit.new for edit in known.edits] == ["tuesday", "abc"]
    assert known.back is not None
    assert known.back.steps[0].model_dump()["to"] == "abc"
    assert filled(step, {}) == step


def test_the_way_back_is_last_first_and_ends_in_proof():
    one, two = patch(Edit(path="/a", old=1, new=2)), patch(Edit(path="/b", old=1, new=2))

    back = way_back((one, Await(ref=WEB, within=9, why="x"), two), WEB, 60)

    assert [type(step) for step in back] == [Patch, Patch, Await]
    assert [step.edits[0].path for step in back if isinstance(step, Patch)] == ["/b", "/a"]
    assert way_back((), WEB, 60) == ()


def test_the_way_back_of_an_ordered_set_frees_its_broken_pods():
    back = way_back((patch(Edit(path="/a", old=1, new=2), ref=DB),), DB, 60)

    assert [type(step) for step in back] == [Patch, Unstick, Await]


def test_a_step_is_taken_back_as_it_says_and_may_speak_for_those_before_it():
    one = patch(Edit(path="/a", old=1, new=2))
    better = WayBack(steps=(patch(Edit(path="/x", old=1, new=2)),))
    two = patch(Edit(path="/b", old=1, new=2)).model_copy(update={"back": better})
    alone = two.model_copy(update={"back": better.model_copy(update={"whole": True})})

    assert paths(way_back((one, two), WEB)) == ["/x", "/a"]
    assert paths(way_back((one, alone), WEB)) == ["/x"]


def paths(steps: tuple[Step, ...]) -> list[str]:
    return [edit.path for step in steps if isinstance(step, Patch) for edit in step.edits]


def test_the_proof_is_the_apps_where_only_services_were_changed():
    service = ref_to(SERVICE, "web", "shop", "uid-9")

    back = way_back((patch(Edit(path="/spec/selector/h", new="1"), ref=service),), WEB, 60)

    assert back[-1] == Await(ref=WEB, within=60, why=back[-1].why)


def test_what_was_ours_for_a_time_is_given_back_services_first():
    service = ref_to(SERVICE, "web", "shop", "uid-9")
    done = (
        patch(Edit(path="/spec/selector/h", new="1"), ref=service),
        patch(Edit(path="/spec/minReadySeconds", new=99), Edit(path="/spec/template/x", old=1, new=2)),
        patch(Edit(path="/spec/selector/h", old="1", new="2"), ref=service),
        patch(Edit(path="/spec/strategy/gone", old=5, new=6)),
    )
    objects = {str(service): {"spec": {"selector": {"h": "2"}}}, str(WEB): {"spec": {"minReadySeconds": 99}}}

    given = release(done, objects)

    assert [step.ref for step in given] == [service, WEB]
    assert [(edit.path, edit.old, edit.new) for step in given for edit in step.edits] == [
        ("/spec/selector/h", "2", None),
        ("/spec/minReadySeconds", 99, None),
    ]


def test_a_patch_brings_the_parents_that_the_object_lacks():
    lacking = patch(Edit(path="/metadata/annotations/a", new="1"), Edit(path="/metadata/annotations/b", new="2"))

    brought = grounded(lacking, {"metadata": {}})

    assert [(edit.path, edit.scaffold) for edit in brought.edits] == [
        ("/metadata/annotations", True),
        ("/metadata/annotations/a", False),
        ("/metadata/annotations/b", False),
    ]
    assert grounded(lacking, {"metadata": {"annotations": {"c": "3"}}}) == lacking


@pytest.mark.parametrize(
    "changed",
    [
        {"operation": "restart_app"},
        {"parameters": {"app": "web", "version": "v3"}},
        {"cluster": "cluster-2"},
        {"app": DB},
        {"steps": ()},
        {"on_failure": "hold"},
        {"facts": {"template": "other"}},
        {"follows": "abcd1234"},
        {"relation": "undo"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_what_a_plan_would_do_is_in_its_id(changed: dict[str, Any]):
    assert plan(**changed).id != plan().id


@pytest.mark.parametrize(
    "changed",
    [
        {"summary": "other words"},
        {"notes": (Note(level="info", text="by the way"),)},
        {"risk": Risk(level="high", reasons=("it is monday",))},
        {"before": "x", "after": "y"},
        {"images_before": {"web": "sha256:1"}},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_words_about_a_plan_are_not_in_its_id(changed: dict[str, Any]):
    assert plan(**changed).id == plan().id


def test_a_plan_survives_json_with_its_id():
    again = Plan.model_validate_json(plan().model_dump_json())

    assert (again, again.id) == (plan(), plan().id)
    assert len(again.id) == 12


@pytest.mark.parametrize(
    ("parts", "path"),
    [(("a", "b"), "/a/b"), (("a/b",), "/a~1b"), (("a~b",), "/a~0b"), (("~1",), "/~01"), (("a", 0, ""), "/a/0/")],
)
def test_a_pointer_is_escaped_as_the_standard_says(parts: tuple[str | int, ...], path: str):
    assert pointer(*parts) == path


@given(st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=4))
def test_what_a_pointer_names_is_found(parts: list[str]):
    manifest: Any = "found"
    for part in reversed(parts):
        manifest = {part: manifest}

    assert value_at(manifest, pointer(*parts)) == "found"


@pytest.mark.parametrize("path", ["/x", "/list/5", "/list/-", "/list/x", "/text/0", "/none/deeper"])
def test_what_is_not_there_is_nothing(path: str):
    assert value_at({"list": [1], "text": "abc", "none": None}, path) is None


def test_editing_a_manifest_alters_nothing_of_it():
    manifest = {"spec": {"containers": [{"name": "a"}, {"name": "b"}]}}
    before = copy.deepcopy(manifest)

    changed = with_edits(manifest, (Edit(path="/spec/containers/1", old={"name": "b"}, new={"name": "c"}),))

    assert changed["spec"]["containers"][1] == {"name": "c"}
    assert manifest == before
