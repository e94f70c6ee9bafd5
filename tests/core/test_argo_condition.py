"""How Argo Rollouts' word is read: when it counts, what a pause waits for, and when an update is given up."""

from typing import Any

import pytest

from dot_ai_lifecycle.core.conditions import Foreign, Met, Reading, Waiting
from dot_ai_lifecycle.core.conditions.argo import degraded, delivered, pause, spoken
from dot_ai_lifecycle.core.objects import Revision
from dot_ai_lifecycle.core.pods import Pod
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.workload import Workload
from tests.support.scenes import broken, container, crashed, endpoints, pod, revision, scene, service, workload

STEPS = [
    {"setWeight": 25},
    {"pause": {}},
    {"setWeight": 50},
    {"pause": {"duration": "5m"}},
    {"pause": {"duration": 30}},
]
CANARY = {"strategy": {"canary": {"steps": STEPS}}}
HEALTHY = {"observedGeneration": "2", "phase": "Healthy", "currentPodHash": "v2", "stableRS": "v2"}


def rollout(spec: Any = CANARY, **status: Any) -> Workload:
    found = workload("Rollout", spec=spec, status={**HEALTHY, **status})
    return Workload({**found.manifest, "apiVersion": "argoproj.io/v1alpha1"})


def seen(app: Workload, *pods: Pod, **more: Any) -> Scene:
    return scene(app, *(pods or (pod("a"), pod("b"), pod("c"))), **more)


def stands(reading: Reading) -> tuple[str, str]:
    return type(reading).__name__, getattr(reading, "held", "")


def paused(*reasons: str, **status: Any) -> dict[str, Any]:
    return {"phase": "Paused", "pauseConditions": [{"reason": reason} for reason in reasons], **status}


def test_it_is_done_when_the_engine_calls_it_healthy_and_every_pod_serves():
    assert delivered(seen(rollout())) == Met("3 pods of v2 serve, and Argo Rollouts calls it Healthy", 3)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ({"observedGeneration": "1"}, "the Rollout controller has not looked at the change yet"),
        ({"observedGeneration": "5d8f"}, "the Rollout controller has not looked at the change yet"),
        ({"controllerPause": True}, "Argo Rollouts: on its way; 3 of 3 pods ready"),
        (
            {"phase": "Progressing", "message": "more replicas need to be updated", "currentStepIndex": 2},
            "Argo Rollouts at step 3 of 5: more replicas need to be updated; 3 of 3 pods ready",
        ),
    ],
)
def test_its_word_counts_only_for_what_it_has_seen(status: dict[str, Any], words: str):
    assert delivered(seen(rollout(**status))) == Waiting(words, 3 if "3 of 3" in words else 0, 3)


def test_its_word_is_not_taken_where_pods_or_services_do_not_bear_it_out():
    late = delivered(seen(rollout(), pod("a"), pod("b"), broken("c", container(ready=False))))
    again = pod("c", containers=(container(restarts=1, last=crashed().last, since=None),))
    recovered = delivered(seen(rollout(), pod("a"), pod("b"), again))
    behind = delivered(seen(rollout(), services=(service(),), slices=(endpoints("gone-v1"),)))

    assert isinstance(late, Waiting)
    assert "waiting for c" in late.words
    assert isinstance(recovered, Met)
    assert isinstance(behind, Waiting)
    assert "Service web does not send" in behind.words


def test_somebody_elses_template_is_somebody_elses_update():
    assert isinstance(delivered(seen(rollout()), "another"), Foreign)


@pytest.mark.parametrize(
    ("spec", "status", "words", "until"),
    [
        (
            CANARY,
            paused("CanaryPauseStep", currentStepIndex=1),
            "at step 2 of 5 pauses until somebody promotes",
            "person",
        ),
        (CANARY, paused("CanaryPauseStep", currentStepIndex=3), "at step 4 of 5 pauses for 5m", "clock"),
        (CANARY, paused("CanaryPauseStep", currentStepIndex=4), "at step 5 of 5 pauses for 30 s", "clock"),
        (CANARY, paused("CanaryPauseStep", currentStepIndex=9), "pauses until somebody promotes", "person"),
        (CANARY, paused("InconclusiveAnalysisRun"), "told nothing clear", "person"),
        ({**CANARY, "paused": True}, {}, "is paused by hand", "person"),
        ({"strategy": {"blueGreen": {}}}, paused("BlueGreenPause"), "waits with the switch until somebody", "person"),
        (
            {"strategy": {"blueGreen": {"autoPromotionSeconds": 40}}},
            paused("BlueGreenPause"),
            "waits with the switch for 40 s",
            "clock",
        ),
        (
            {"strategy": {"blueGreen": {"autoPromotionSeconds": 40, "autoPromotionEnabled": False}}},
            paused("BlueGreenPause"),
            "waits with the switch until somebody promotes",
            "person",
        ),
    ],
)
def test_a_pause_says_what_it_waits_for(spec: Any, status: dict[str, Any], words: str, until: str):
    reading = delivered(seen(rollout(spec, **status)))

    assert stands(reading) == ("Waiting", until)
    assert words in reading.words


def test_a_pause_that_the_engine_has_not_looked_at_yet_is_none():
    assert pause(rollout(observedGeneration="1", **paused("CanaryPauseStep"))) is None
    assert pause(rollout()) is None


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ({"phase": "Degraded", "abort": True, "message": "RolloutAborted: …"}, "ENGINE_ABORTED"),
        ({"phase": "Degraded", "message": "ProgressDeadlineExceeded: …"}, "ENGINE_DEGRADED"),
        ({"phase": "Degraded", "message": "InvalidSpec: …"}, "ENGINE_REFUSED"),
        ({"phase": "Degraded", "observedGeneration": "1"}, ""),
        ({}, ""),
    ],
)
def test_what_the_engine_gives_up_is_a_failure(status: dict[str, Any], code: str):
    found = degraded(seen(rollout(**status)))
    assert (found.code if found else "") == code


def test_a_deployment_is_never_degraded_by_an_engine():
    assert degraded(scene(workload(status={"phase": "Degraded"}))) is None


@pytest.mark.parametrize(("duration", "words"), [("5m", "5m"), (30, "30 s"), ("30", "30 s")])
def test_durations_are_said_as_people_say_them(duration: object, words: str):
    assert spoken(duration) == words


@pytest.mark.parametrize(("named", "found"), [("v2", "web-v2"), ("v9", None), (None, None)])
def test_the_current_revision_is_the_one_the_engine_names(named: str | None, found: str | None):
    retained: tuple[Revision, ...] = (revision("shop/web:v1", 1), revision())
    current = scene(rollout(currentPodHash=named), revisions=retained).current
    assert (current.name if current else None) == found
