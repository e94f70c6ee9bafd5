"""How the word of OpenKruise Rollouts is read: when it is through, what a pause waits for, and at which step it is."""

from typing import Any

import pytest

from dot_ai_lifecycle.core.conditions import Foreign, Met, Waiting
from dot_ai_lifecycle.core.conditions.engines import delivered, gave_up
from dot_ai_lifecycle.core.conditions.kruise import IN_PROGRESS, pause, place, said, under_way
from dot_ai_lifecycle.core.driver import Driver
from dot_ai_lifecycle.core.refs import KRUISE_ROLLOUT
from dot_ai_lifecycle.core.workload import Workload
from tests.support.scenes import pod, scene, workload

STEPS = [{"replicas": "25%", "pause": {}}, {"replicas": "50%", "pause": {"duration": 30}}, {"replicas": "100%"}]


def app(phase: str = "Healthy", *, marked: bool = False, paused: bool = False, **status: Any) -> Workload:
    rollout = {
        "apiVersion": KRUISE_ROLLOUT.api_version,
        "kind": "Rollout",
        "metadata": {"name": "web", "namespace": "shop", "uid": "uid-kruise"},
        "spec": {
            "workloadRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "strategy": {"canary": {"steps": STEPS}, "paused": paused},
        },
        "status": {"phase": phase, "canaryStatus": status},
    }
    marks = {"annotations": {IN_PROGRESS: "{}"}} if marked else {}
    return Workload(workload(**marks).manifest, Driver(rollout))


def test_it_is_done_when_the_rollout_rests_and_every_pod_serves():
    pods = pod("a"), pod("b"), pod("c")

    assert delivered(scene(app(), *pods)) == Met("all 3 pods of v2 serve, and OpenKruise Rollouts calls it Healthy", 3)
    assert isinstance(delivered(scene(app(), *pods[:2])), Waiting)
    assert isinstance(delivered(scene(app(), *pods), "another"), Foreign)


@pytest.mark.parametrize("found", [app(marked=True), app("Progressing")])
def test_a_mark_on_the_deployment_or_a_phase_says_that_it_is_not_through(found: Workload):
    reading = delivered(scene(found, pod("a"), pod("b", of="v1"), pod("c", of="v1")))

    assert under_way(found)
    assert reading == Waiting("OpenKruise Rollouts: on its way; 1 of 3 pods of v2 ready", 1, 3)


@pytest.mark.parametrize(
    ("found", "words", "until"),
    [
        (
            app(currentStepState="StepPaused", currentStepIndex=1),
            "at step 1 of 3 pauses until somebody promotes",
            "person",
        ),
        (app(currentStepState="StepPaused", currentStepIndex=2), "at step 2 of 3 pauses for 30 s", "clock"),
        (
            app(currentStepState="StepPaused", currentStepIndex=9),
            "at step 9 of 3 pauses until somebody promotes",
            "person",
        ),
        (app(currentStepState="StepPaused"), "pauses until somebody promotes", "person"),
        (app(paused=True), "is paused by hand (spec.strategy.paused) until somebody promotes", "person"),
    ],
)
def test_what_a_pause_waits_for_is_said(found: Workload, words: str, until: str):
    held = pause(found)

    assert held is not None
    assert (held.words, held.until) == (f"OpenKruise Rollouts {words}", until)


def test_a_pause_is_shown_while_it_is_waited_for():
    held = app("Progressing", marked=True, currentStepState="StepPaused", currentStepIndex=2)

    assert delivered(scene(held, pod("a"))) == Waiting(
        "OpenKruise Rollouts at step 2 of 3 pauses for 30 s; 1 of 3 pods of v2 ready", 1, 3, held="clock"
    )


def test_what_is_not_paused_has_no_pause_and_nothing_gives_up():
    assert pause(app(currentStepState="StepUpgrade", currentStepIndex=1)) is None
    assert pause(workload()) is None
    assert (place(workload()), said(workload()), place(app())) == ("", "on its way", "")
    assert gave_up(scene(app("Progressing"))) is None
