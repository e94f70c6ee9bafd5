"""Words to Flagger and to OpenKruise, as the exact patches they are; each holds only for its own update."""

import json
from typing import Any

import pytest

from dot_ai_lifecycle.core.edited import with_edits
from dot_ai_lifecycle.core.refs import CANARY, KRUISE_ROLLOUT, Kind, ref_to
from dot_ai_lifecycle.core.set_for_a_time import NOTE, given_back, held
from dot_ai_lifecycle.core.steering import said, spoken_in, unsayable

NOTED = "/metadata/annotations/lifecycle.dot-ai~1was"
SEEN = {"op": "test", "path": "/status/lastAppliedSpec", "value": "5d8f"}
STAYS = {"op": "replace", "path": "/status/lastAppliedSpec", "value": "5d8f"}
BARE = {"op": "add", "path": "/metadata/annotations", "value": {}}
STEPS = [{"replicas": "25%", "pause": {}}, {"replicas": "50%"}, {"replicas": "75%"}, {"replicas": "100%"}]


def canary(phase: str = "Progressing", note: Any = None, **spec: Any) -> dict[str, Any]:
    annotations = {} if note is None else {"annotations": {NOTE: note if isinstance(note, str) else json.dumps(note)}}
    return {
        "apiVersion": CANARY.api_version,
        "metadata": {"name": "web", **annotations},
        "spec": {"targetRef": {"kind": "Deployment", "name": "web"}, **spec},
        "status": {"phase": phase, "lastAppliedSpec": "5d8f"},
    }


def rollout(
    state: str = "StepPaused", step: int = 1, key: str = "canaryStatus", *, paused: bool = False, **status: Any
) -> dict[str, Any]:
    revision = "updatedRevision" if key == "blueGreenStatus" else "canaryRevision"
    own = {"currentStepIndex": step, "nextStepIndex": step + 1, "currentStepState": state, revision: "7c6b", **status}
    style = "blueGreen" if key == "blueGreenStatus" else "canary"
    return {
        "apiVersion": KRUISE_ROLLOUT.api_version,
        "metadata": {"name": "web", "annotations": {"somebody": "else"}},
        "spec": {"strategy": {style: {"steps": STEPS}, **({"paused": True} if paused else {})}},
        "status": {"phase": "Progressing", key: own},
    }


def patches(kind: Kind, found: dict[str, Any], word: str) -> list[tuple[str, list[dict[str, Any]]]]:
    """Every patch by its subresource, without the guard for the uid."""
    ref = ref_to(kind, "web", "shop", "uid-web")
    answers = [(one.subresource, one.patch.operations()) for one in said(ref, found, word)]
    assert all(
        operations[0] == {"op": "test", "path": "/metadata/uid", "value": "uid-web"} for _, operations in answers
    )
    return [(part, operations[1:]) for part, operations in answers]


def test_flagger_is_held_by_suspend_with_a_note_of_what_it_was():
    assert patches(CANARY, canary(), "pause") == [
        (
            "",
            [
                SEEN,
                {"op": "test", "path": "/spec/suspend", "value": None},
                {"op": "test", "path": "/metadata/annotations", "value": None},
                STAYS,
                {"op": "add", "path": "/spec/suspend", "value": True},
                BARE,
                {"op": "add", "path": NOTED, "value": '{"/spec/suspend": null}'},
            ],
        )
    ]


@pytest.mark.parametrize("word", ["full", "abort"])
def test_flagger_promotes_what_the_target_asks_for_by_skipping_its_analysis(word: str):
    ((part, operations),) = patches(CANARY, canary(skipAnalysis=False, note={}), word)

    assert part == ""
    assert operations[-3:] == [
        STAYS,
        {"op": "replace", "path": "/spec/skipAnalysis", "value": True},
        {"op": "replace", "path": NOTED, "value": '{"/spec/skipAnalysis": false}'},
    ]


def test_flagger_goes_on_where_it_was_held_and_gets_back_all_that_was_set():
    ours = canary(suspend=True, skipAnalysis=True, note={"/spec/suspend": None, "/spec/skipAnalysis": False})

    assert patches(CANARY, ours, "promote")[0][1][-1] == {"op": "replace", "path": "/spec/suspend", "value": False}
    assert patches(CANARY, ours, "restore")[0][1][-4:] == [
        STAYS,
        {"op": "remove", "path": "/spec/suspend"},
        {"op": "replace", "path": "/spec/skipAnalysis", "value": False},
        {"op": "remove", "path": NOTED},
    ]


def test_what_changes_nothing_is_not_said():
    assert patches(CANARY, canary(), "promote") == []
    assert patches(CANARY, canary(), "restore") == []
    assert patches(CANARY, canary(), "retry") == []
    assert patches(CANARY, canary(suspend=True), "pause") == []
    assert patches(KRUISE_ROLLOUT, rollout("StepUpgrade"), "promote") == []
    assert patches(KRUISE_ROLLOUT, rollout(), "abort") == []
    assert patches(KRUISE_ROLLOUT, rollout(), "retry") == []


def test_what_somebody_else_switched_on_is_switched_off_for_good():
    assert held(canary(suspend=True), {"/spec/suspend": False})[-1].path == "/spec/suspend"
    assert given_back(canary(suspend=False), ("/spec/suspend",)) == ()


@pytest.mark.parametrize("note", ["no json", "[]", ""])
def test_a_note_that_is_not_ours_is_no_note(note: str):
    assert given_back(canary(suspend=True, note=note), ("/spec/suspend",)) == ()


def test_other_notes_stay_when_some_are_given_back():
    both = canary(suspend=True, skipAnalysis=True, note={"/spec/suspend": None, "/spec/skipAnalysis": None})
    after = with_edits(both, given_back(both, ("/spec/suspend",)))

    assert "suspend" not in after["spec"]
    assert json.loads(after["metadata"]["annotations"][NOTE]) == {"/spec/skipAnalysis": None}


@pytest.mark.parametrize(
    ("phase", "word", "gate"),
    [
        ("Waiting", "promote", "confirm-rollout"),
        ("Waiting", "full", "confirm-rollout"),
        ("WaitingPromotion", "promote", "confirm-promotion"),
        ("WaitingPromotion", "full", ""),
        ("Progressing", "promote", ""),
        ("Waiting", "pause", ""),
    ],
)
def test_a_gate_is_opened_where_it_is_asked_and_by_no_field(phase: str, word: str, gate: str):
    hooks = [{"type": gate, "url": "http://loadtester/gate/check"}, {"type": "rollout", "url": "http://other"}]
    found = unsayable(ref_to(CANARY, "web", "shop"), canary(phase, analysis={"webhooks": hooks}), word)

    assert bool(found) == bool(gate)
    if found:
        assert f"the gate {gate} of Canary web" in found.text
        assert "POST its name and namespace to http://loadtester/gate/open" in found.hint
        assert ("promote in full" in found.hint) == (phase == "WaitingPromotion")


def test_a_gate_that_is_not_named_is_to_answer_and_one_who_holds_by_hand_goes_on_first():
    ref = ref_to(CANARY, "web", "shop")
    unnamed = unsayable(ref, canary("Waiting"), "promote")

    assert unnamed is not None
    assert unnamed.hint == "Let it answer 200."
    assert unsayable(ref, canary("Waiting", suspend=True), "promote") is None
    assert unsayable(ref_to(KRUISE_ROLLOUT, "web", "shop"), rollout(), "promote") is None


@pytest.mark.parametrize(
    ("key", "revision"), [("canaryStatus", "canaryRevision"), ("blueGreenStatus", "updatedRevision")]
)
def test_a_pause_of_kruise_is_approved_in_the_status(key: str, revision: str):
    assert patches(KRUISE_ROLLOUT, rollout(key=key), "promote") == [
        (
            "status",
            [
                {"op": "test", "path": f"/status/{key}/{revision}", "value": "7c6b"},
                {"op": "test", "path": f"/status/{key}/currentStepState", "value": "StepPaused"},
                {"op": "replace", "path": f"/status/{key}/{revision}", "value": "7c6b"},
                {"op": "replace", "path": f"/status/{key}/currentStepState", "value": "StepReady"},
            ],
        )
    ]


def test_kruise_jumps_to_its_last_step_and_from_the_one_before_goes_on():
    def changes(found: dict[str, Any]) -> list[dict[str, Any]]:
        ((part, operations),) = patches(KRUISE_ROLLOUT, found, "full")
        assert part == "status"
        return [one for one in operations if one["op"] != "test"][1:]

    path = "/status/canaryStatus"
    ready = {"op": "replace", "path": f"{path}/currentStepState", "value": "StepReady"}
    assert changes(rollout()) == [{"op": "replace", "path": f"{path}/nextStepIndex", "value": 4}]
    assert changes(rollout("StepUpgrade")) == [{"op": "replace", "path": f"{path}/nextStepIndex", "value": 4}]
    assert changes(rollout(step=3)) == [ready]
    assert changes(rollout(step=4, nextStepIndex=-1)) == [ready]
    assert changes(rollout(nextStepIndex=4)) == [ready], "a jump is asked for once"


def test_kruise_is_held_and_goes_on_by_its_spec():
    (hold,) = patches(KRUISE_ROLLOUT, rollout(), "pause")
    ours = rollout("StepUpgrade", paused=True)
    ours["metadata"]["annotations"][NOTE] = '{"/spec/strategy/paused": null}'

    assert hold[1][-2:] == [
        {"op": "add", "path": "/spec/strategy/paused", "value": True},
        {"op": "add", "path": NOTED, "value": '{"/spec/strategy/paused": null}'},
    ]
    off = {"op": "replace", "path": "/spec/strategy/paused", "value": False}
    assert [patches(KRUISE_ROLLOUT, ours, word)[0][1][-1] for word in ("promote", "abort")] == [off, off]
    assert patches(KRUISE_ROLLOUT, ours, "restore")[0][1][-2:] == [
        {"op": "remove", "path": "/spec/strategy/paused"},
        {"op": "remove", "path": NOTED},
    ]


def test_an_update_that_has_no_name_yet_is_not_asked_for_it():
    found = canary()
    found["status"] = {"phase": "Progressing"}

    assert patches(CANARY, found, "pause")[0][1][0]["path"] == "/spec/suspend"


def test_words_are_written_where_the_engine_reads_them():
    assert spoken_in(ref_to(CANARY, "web", "shop")) == ("",)
    assert spoken_in(ref_to(KRUISE_ROLLOUT, "web", "shop")) == ("", "status")
