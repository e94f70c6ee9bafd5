"""Words to Argo Rollouts, as the exact patches that its own command line makes of them."""

from typing import Any

import pytest

from dot_ai_lifecycle.core.refs import ROLLOUT, ref_to
from dot_ai_lifecycle.core.steering import said
from dot_ai_lifecycle.core.words_to_argo import in_flight

REF = ref_to(ROLLOUT, "web", "shop", "uid-web")
STEPS = {"canary": {"steps": [{"setWeight": 20}, {"pause": {}}, {"setWeight": 50}]}}
PAUSE = [{"reason": "CanaryPauseStep", "startTime": "2026-03-01T12:00:00Z"}]
UNDER_WAY = {"currentPodHash": "new", "stableRS": "old", "currentStepIndex": 1}
INCONCLUSIVE = {"canary": {"currentStepAnalysisRunStatus": {"status": "Inconclusive"}}, "controllerPause": True}
UID = {"op": "test", "path": "/metadata/uid", "value": "uid-web"}
OF_THIS = {"op": "test", "path": "/status/currentPodHash", "value": "new"}
STAYS = {"op": "replace", "path": "/status/currentPodHash", "value": "new"}


def rollout(*, paused: bool = False, strategy: Any = STEPS, **status: Any) -> dict[str, Any]:
    spec = {"strategy": strategy, **({"paused": True} if paused else {})}
    return {"spec": spec, "status": {**UNDER_WAY, **status}}


def changes(word: str, manifest: dict[str, Any]) -> list[tuple[str, str, str, Any]]:
    """Subresource, operation, path and value of every change, tests left out."""
    return [
        (one.subresource, step["op"], step["path"], step.get("value"))
        for one in said(REF, manifest, word)
        for step in one.patch.operations()
        if step["op"] != "test" and step["path"] != "/status/currentPodHash"
    ]


@pytest.mark.parametrize(
    ("word", "manifest", "wanted"),
    [
        ("promote", rollout(pauseConditions=PAUSE), [("status", "remove", "/status/pauseConditions", None)]),
        ("promote", rollout(), [("status", "replace", "/status/currentStepIndex", 2)]),
        ("promote", rollout(currentStepIndex=None), [("status", "add", "/status/currentStepIndex", 1)]),
        ("promote", rollout(currentStepIndex=3), []),
        ("promote", rollout(stableRS="new"), []),
        ("promote", rollout(strategy={"blueGreen": {}}), []),
        ("promote", rollout(paused=True), [("", "replace", "/spec/paused", False)]),
        (
            "promote",
            rollout(pauseConditions=PAUSE, **INCONCLUSIVE),
            [
                ("status", "remove", "/status/pauseConditions", None),
                ("status", "replace", "/status/controllerPause", False),
                ("status", "replace", "/status/currentStepIndex", 2),
            ],
        ),
        ("full", rollout(), [("status", "add", "/status/promoteFull", True)]),
        ("full", rollout(promoteFull=True), []),
        ("full", rollout(stableRS="new"), []),
        (
            "full",
            rollout(paused=True),
            [("", "replace", "/spec/paused", False), ("status", "add", "/status/promoteFull", True)],
        ),
        ("abort", rollout(), [("status", "add", "/status/abort", True)]),
        ("abort", rollout(abort=False), [("status", "replace", "/status/abort", True)]),
        ("abort", rollout(abort=True), []),
        ("abort", rollout(stableRS="new"), []),
        ("retry", rollout(abort=True), [("status", "replace", "/status/abort", False)]),
        ("retry", rollout(), []),
        ("pause", rollout(), [("", "add", "/spec/paused", True)]),
        ("pause", rollout(paused=True), []),
    ],
)
def test_a_word_is_said_in_the_fields_it_is_read_from(word: str, manifest: dict[str, Any], wanted: list[Any]):
    assert changes(word, manifest) == wanted


def test_what_is_said_is_meant_for_this_very_update_of_this_very_object():
    (one,) = said(REF, rollout(), "abort")

    unset = {"op": "test", "path": "/status/abort", "value": None}
    abort = {"op": "add", "path": "/status/abort", "value": True}
    assert (one.patch.operations(), one.subresource) == ([UID, OF_THIS, unset, STAYS, abort], "status")


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        (UNDER_WAY, True),
        ({"currentPodHash": "a", "stableRS": "a"}, False),
        ({"currentPodHash": "a"}, False),
        ({}, False),
    ],
)
def test_an_update_is_in_flight_while_its_revision_is_not_the_stable_one(status: dict[str, Any], wanted: bool):
    assert in_flight({"status": status}) is wanted
