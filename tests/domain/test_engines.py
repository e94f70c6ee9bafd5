"""Apps that Argo Rollouts owns: what is refused, what is planned, and in which words."""

from typing import Any

import pytest
from msgspec.structs import replace

from dot_ai_lifecycle.core.errors import Refused
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.steps import Edit, Patch, Steer
from dot_ai_lifecycle.core.workload import Workload
from dot_ai_lifecycle.domain.engines.argo import restarted
from dot_ai_lifecycle.domain.engines.by_engine import delivered, notes_on_pauses, retried, strategy_spoken
from dot_ai_lifecycle.domain.engines.stable import goes_to_stable
from dot_ai_lifecycle.domain.grouping import pods_by_workload
from dot_ai_lifecycle.domain.health import health
from dot_ai_lifecycle.domain.portrait import strategy_of
from dot_ai_lifecycle.domain.rollback import target_of
from dot_ai_lifecycle.domain.rolling import refuse_if_stuck
from dot_ai_lifecycle.domain.sizing import refuse_if_uneven
from dot_ai_lifecycle.domain.strategies.choice import left_to_engine, unfit_for_switching
from dot_ai_lifecycle.domain.strategies.replacing import Ways, replacing
from dot_ai_lifecycle.domain.strategies.rollout import Rollout
from tests.support.scenes import pod, revision, scene, template, workload

STEPS = [{"setWeight": 25}, {"pause": {}}, {"setWeight": 50}, {"pause": {"duration": "5m"}}, {"analysis": {}}, {}]
STRATEGY: dict[str, Any] = {"strategy": {"canary": {"steps": STEPS}}}
SETTLED = {"observedGeneration": "2", "phase": "Healthy", "currentPodHash": "v2", "stableRS": "v2"}
IMAGE = Edit(path="/spec/template/spec/containers/0/image", old="shop/web:v2", new="shop/web:v3")


def rollout(spec: Any = None, **status: Any) -> Workload:
    found = workload("Rollout", spec={**STRATEGY, **(spec or {})}, status={**SETTLED, **status})
    return Workload({**found.manifest, "apiVersion": "argoproj.io/v1alpha1"})


def change(seen: Scene, *edits: Edit) -> Rollout:
    return Rollout(scene=seen, edits=edits or (IMAGE,), why="image", cause="update", within=600)


@pytest.mark.parametrize(
    ("spec", "status", "words"),
    [
        ({"paused": True}, {}, "is paused by hand"),
        ({}, {"abort": True, "currentPodHash": "v3"}, "was aborted"),
        ({}, {"currentPodHash": "v3"}, "Another update of Rollout shop/web is under way: Argo Rollouts is at it"),
        (
            {},
            {"currentPodHash": "v3", "currentStepIndex": 1, "pauseConditions": [{"reason": "CanaryPauseStep"}]},
            "Argo Rollouts at step 2 of 6 pauses until somebody promotes",
        ),
        ({"workloadRef": {"kind": "Deployment", "name": "web"}}, {}, r"from Deployment web \(workloadRef\)"),
    ],
)
def test_what_is_not_at_rest_is_not_changed(spec: Any, status: Any, words: str):
    for refuse in (refuse_if_stuck, lambda app: refuse_if_uneven(scene(app))):
        with pytest.raises(Refused, match=words):
            refuse(rollout(spec, **status))


def test_what_is_at_rest_is_changed_and_a_new_version_may_follow_an_aborted_one():
    refuse_if_stuck(rollout())
    refuse_if_stuck(rollout(abort=True, currentPodHash="v3"), unless_aborted=True)


@pytest.mark.parametrize(
    ("strategy", "words"),
    [
        (STRATEGY["strategy"], "canary: 25 %, pause until promoted, 50 %, pause 5m, analysis, a step"),
        ({"canary": {}}, "canary without steps"),
        ({"blueGreen": {}}, "blue-green"),
        ({"blueGreen": {"autoPromotionEnabled": False}}, "blue-green, the switch waits until promoted"),
    ],
)
def test_the_engines_strategy_is_said_in_a_few_words(strategy: Any, words: str):
    app = rollout({"strategy": strategy})
    assert strategy_spoken(app) == words
    assert strategy_of(app) == f"Argo Rollouts, {words}"
    assert left_to_engine(app).why == f"Argo Rollouts owns the app ({words})"


def test_who_will_be_asked_is_told_beforehand():
    asks = {"strategy": {"blueGreen": {"autoPromotionEnabled": False}}}
    assert "promote_operation" in notes_on_pauses(rollout(), 60)[0].text
    assert len(notes_on_pauses(rollout(asks), 60)) == 1
    assert notes_on_pauses(rollout({"strategy": {"blueGreen": {}}}), 60) == ()


def test_a_change_is_one_patch_and_its_way_back_begins_with_the_engines_abort():
    replaced = replacing(change(scene(rollout())))
    patch, served = replaced.steps

    assert isinstance(patch, Patch)
    assert patch.back is not None
    assert served.back is not None
    assert [step.step for step in patch.back.steps] == ["steer", "patch", "await"]
    assert [step.step for step in served.back.steps] == ["patch", "await"], "what is done is not aborted"
    assert replaced.notes[0].text.startswith("Strategy its own: Argo Rollouts owns the app")


def test_after_an_aborted_update_the_way_back_leads_to_what_runs():
    app = rollout(abort=True, currentPodHash="v2", stableRS="v1")
    patch, _ = delivered(change(scene(app)), 60)

    assert patch.back is not None
    back = patch.back.steps[1]
    assert isinstance(back, Patch)
    (edit,) = back.edits
    assert edit.old["spec"]["containers"][0]["image"] == "shop/web:v3"
    assert edit.new == template("shop/web:v1")


def test_where_the_stable_revision_is_gone_the_way_back_is_what_was_there():
    app = rollout(abort=True, currentPodHash="v2", stableRS="v0")
    patch, _ = delivered(change(scene(app)), 60)

    assert patch.back is not None
    assert isinstance(patch.back.steps[1], Patch)
    assert IMAGE.inverse() in patch.back.steps[1].edits


@pytest.mark.parametrize(("wanted", "approval"), [("canary", None), ("auto", 60.0)])
def test_another_strategy_or_another_question_than_its_own_is_refused(wanted: Any, approval: float | None):
    with pytest.raises(Refused):
        replacing(change(scene(rollout())), wanted, Ways(approval=approval))


def test_another_try_can_be_taken_back_by_another_abort():
    again, _ = retried(scene(rollout(abort=True)), 600, 60)
    assert isinstance(again, Steer)
    assert again.back is not None
    assert [getattr(step, "word", "") for step in again.back.steps] == ["abort"]


def test_a_restart_is_the_engines_own():
    patch, served = restarted(change(scene(rollout()), Edit(path="/spec/restartAt", new="now")))
    assert isinstance(patch, Patch)
    assert (patch.edits[0].path, served.step) == ("/spec/restartAt", "await")


def test_back_means_the_stable_version_while_another_is_under_way():
    under_way = scene(rollout(stableRS="v1"))
    target = target_of(under_way, (), None)

    assert (target.revision.hash, target.how) == ("v1", "the stable version, which serves now")
    assert goes_to_stable(under_way, target.revision)
    assert not goes_to_stable(under_way, revision())
    assert not goes_to_stable(scene(workload()), revision())


@pytest.mark.parametrize(
    ("status", "word", "words"),
    [
        ({}, "healthy", "3 of 3 pods ready"),
        ({"phase": "Progressing", "message": "more replicas"}, "progressing", "Argo Rollouts: more replicas;"),
        ({"phase": "Progressing"}, "progressing", "Argo Rollouts: on its way;"),
        (
            {"phase": "Paused", "currentStepIndex": 1, "pauseConditions": [{"reason": "CanaryPauseStep"}]},
            "paused",
            "Argo Rollouts at step 2 of 6 pauses until somebody promotes;",
        ),
        ({"phase": "Degraded", "abort": True, "message": "RolloutAborted: x"}, "degraded", "aborted the update."),
    ],
)
def test_its_health_is_the_engines_word_where_the_pods_do_well(status: Any, word: str, words: str):
    found = health(scene(rollout(**status), pod("a"), pod("b"), pod("c")))
    assert found.word == word
    assert words in found.reason


def test_pods_of_a_rollout_and_of_a_deployment_of_one_name_are_told_apart():
    labels = {"app": "web", "rollouts-pod-template-hash": "v2"}
    one, other = pod("web-v2-a"), replace(pod("web-v2-b"), labels=labels)
    found = pods_by_workload((workload(), rollout()), (one, other))
    assert {uid: [own.name for own in pods] for uid, pods in found.items()} == {
        "uid-Deployment": ["web-v2-a"],
        "uid-Rollout": ["web-v2-b"],
    }


def test_no_strategy_of_ours_fits_what_an_engine_owns():
    assert unfit_for_switching(scene(rollout())) == "Argo Rollouts decides how its pods are replaced"
