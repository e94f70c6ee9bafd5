"""Apps that Flagger or OpenKruise deliver: what is refused with which way to go, what is planned, in which words."""

from typing import Any

import pytest
from msgspec.structs import replace

from dot_ai_lifecycle.core.conditions.kruise import IN_PROGRESS
from dot_ai_lifecycle.core.driver import Driver
from dot_ai_lifecycle.core.driving import driver_of
from dot_ai_lifecycle.core.errors import Refused
from dot_ai_lifecycle.core.refs import CANARY, KRUISE_ROLLOUT
from dot_ai_lifecycle.core.steps import Await, Edit, Patch, Steer
from dot_ai_lifecycle.core.way_back import way_back
from dot_ai_lifecycle.core.workload import Workload
from dot_ai_lifecycle.domain.belonging import around_of
from dot_ai_lifecycle.domain.engines.by_engine import delivered, notes_on_pauses, retried, strategy_spoken
from dot_ai_lifecycle.domain.engines.stable import goes_to_stable, stable_revision
from dot_ai_lifecycle.domain.engines.state import aborted
from dot_ai_lifecycle.domain.health import health
from dot_ai_lifecycle.domain.portrait import strategy_of
from dot_ai_lifecycle.domain.rolling import notes_on_state, refuse_if_stuck
from dot_ai_lifecycle.domain.sizing import refuse_if_resized_by_engine, refuse_if_uneven
from dot_ai_lifecycle.domain.strategies.choice import left_to_engine, unfit_for_switching
from dot_ai_lifecycle.domain.strategies.rollout import Rollout
from tests.support.scenes import pod, revision, scene, template, workload

IMAGE = Edit(path="/spec/template/spec/containers/0/image", old="shop/web:v2", new="shop/web:v3")
BACK = Edit(path="/spec/template/spec/containers/0/image", old="shop/web:v2", new="shop/web:v1")
STEPS = [{"replicas": "25%", "pause": {}}, {"replicas": "100%", "pause": {}}]


def canary(phase: str = "Succeeded", spec: Any = None, **status: Any) -> dict[str, Any]:
    return {
        "apiVersion": CANARY.api_version,
        "kind": "Canary",
        "metadata": {"name": "web", "namespace": "shop", "uid": "uid-canary"},
        "spec": {"targetRef": {"kind": "Deployment", "name": "web"}, **(spec or {})},
        "status": {"phase": phase, "lastAppliedSpec": "seen", **status},
    }


def copied(image: str = "shop/web:v2", **more: Any) -> Workload:
    return workload(wants=template(image), name="web-primary", uid="uid-primary", **more)


def flagger(driver: dict[str, Any] | None = None, primary: Workload | None = None) -> Workload:
    own = workload(replicas=0, status={"readyReplicas": 0})
    return Workload(own.manifest, Driver(driver or canary(), (primary or copied()).manifest))


def kruise(phase: str = "Healthy", spec: Any = None, **metadata: Any) -> Workload:
    rollout = {
        "apiVersion": KRUISE_ROLLOUT.api_version,
        "kind": "Rollout",
        "metadata": {"name": "web", "namespace": "shop", "uid": "uid-kruise"},
        "spec": {
            "workloadRef": {"kind": "Deployment", "name": "web"},
            "strategy": {"canary": {"steps": STEPS}, **(spec or {})},
        },
        "status": {"phase": phase, "canaryStatus": {"stableRevision": "v1", "currentStepIndex": 1}},
    }
    return Workload(workload(**metadata).manifest, Driver(rollout))


def change(of: Workload, *edits: Edit, **more: Any) -> Rollout:
    return Rollout(scene=scene(of, **more), edits=edits or (IMAGE,), why="image", cause="update", within=600)


@pytest.mark.parametrize(
    ("app", "words", "hint"),
    [
        (
            flagger(canary(spec={"suspend": True})),
            "Canary shop/web is suspended by hand",
            "kubectl patch canary web -n shop",
        ),
        (
            flagger(canary("")),
            r"has not made its copy of Deployment shop/web yet .*not seen",
            "kubectl wait canary web",
        ),
        (flagger(canary("Initializing")), "has not made its copy", "Wait until it is Initialized"),
        (Workload(workload().manifest, Driver(canary())), "has not made its copy", "kubectl wait"),
        (flagger(canary("Waiting")), r"under way: Flagger waits at its gate before it starts", "rollback_app"),
        (
            flagger(canary("Progressing", canaryWeight=20)),
            "under way: Flagger is Progressing: 20 % of traffic",
            "rollback",
        ),
        (flagger(canary("Failed"), copied("shop/web:v1")), "was aborted: its spec asks for a version", "Roll back"),
        (kruise(spec={"paused": True}), "Rollout shop/web is paused by hand", '{"spec":{"strategy":{"paused":false}}}'),
        (kruise("Progressing"), "under way: OpenKruise Rollouts at step 1 of 2: on its way", "rollback_app"),
    ],
)
def test_what_is_not_at_rest_is_not_changed(app: Workload, words: str, hint: str):
    with pytest.raises(Refused, match=words) as caught:
        refuse_if_stuck(app)
    assert hint in caught.value.hint


def test_what_is_at_rest_is_changed_and_a_new_version_may_follow_one_that_was_given_up():
    refuse_if_stuck(flagger())
    refuse_if_stuck(flagger(canary("Failed")))
    refuse_if_stuck(flagger(canary("Failed"), copied("shop/web:v1")), unless_aborted=True)
    refuse_if_stuck(kruise())
    refuse_if_uneven(scene(kruise()))
    refuse_if_resized_by_engine(kruise())


def test_the_copy_is_refused_with_the_name_of_what_to_change():
    copy = Workload(copied().manifest, Driver(canary()))
    for refuse in (refuse_if_stuck, lambda app: refuse_if_uneven(scene(app))):
        with pytest.raises(
            Refused, match="Deployment shop/web-primary is the copy that Flagger keeps of Deployment web"
        ):
            refuse(copy)
    assert not aborted(copy)
    assert stable_revision(scene(copy)) is None
    assert strategy_of(copy) == "RollingUpdate"
    assert health(scene(copy, pod("a"), pod("b"), pod("c"))).word == "healthy"


def test_other_kinds_than_deployments_are_not_driven_and_that_is_said():
    daemon = workload("DaemonSet")
    found = Workload(daemon.manifest, Driver(canary(spec={"targetRef": {"kind": "DaemonSet", "name": "web"}})))
    with pytest.raises(
        Refused, match=r"Flagger delivers DaemonSet shop/web .Canary shop/web.: from here only Deployments"
    ):
        refuse_if_stuck(found)


def test_the_number_of_pods_is_flaggers_and_its_autoscaler_is_named():
    scaled = canary(spec={"autoscalerRef": {"kind": "HorizontalPodAutoscaler", "name": "web"}})
    with pytest.raises(Refused) as caught:
        refuse_if_uneven(scene(flagger(scaled)))
    assert caught.value.hint.startswith("Change the bounds of HorizontalPodAutoscaler web")
    with pytest.raises(Refused) as caught:
        refuse_if_uneven(scene(flagger()))
    assert caught.value.hint.startswith("Set the replicas of deployment/web together with a change")


def test_a_change_is_the_targets_template_and_its_way_back_ends_the_analysis():
    app = flagger()
    patch, wait, restore, proof = delivered(change(app), 900)

    by = app.driver.ref if app.driver else None
    assert isinstance(patch, Patch)
    assert patch.ref == app.ref
    assert patch.edits[0] == IMAGE
    assert isinstance(wait, Await)
    assert (wait.by, wait.since, wait.asks) == (by, "seen", 900)
    assert restore == Steer(ref=by, word="restore", why="what was set for this operation only")
    assert isinstance(proof, Await)
    assert (proof.by, proof.since) == (by, "")
    back = way_back((patch,), app.ref)
    assert [(step.step, getattr(step, "word", "")) for step in back] == [
        ("patch", ""),
        ("steer", "abort"),
        ("await", ""),
        ("steer", "restore"),
        ("await", ""),
    ]
    assert isinstance(back[0], Patch)
    assert back[0].ref == app.ref
    later = way_back((patch, wait, restore, proof), app.ref)
    assert [step.step for step in later] == ["patch", "await"], "what was promoted goes back by Flagger's own analysis"


def test_going_back_to_what_serves_while_flagger_is_at_another_update_ends_that():
    stable = copied("shop/web:v1")
    under_way, resting = flagger(canary("Progressing"), stable), flagger(canary("Failed"), stable)

    def plan(app: Workload) -> list[str]:
        return [getattr(step, "word", step.step) for step in delivered(change(app, BACK), 900)]

    assert plan(under_way) == ["patch", "abort", "await", "restore", "await"]
    assert plan(resting) == ["patch", "await", "restore", "await"]
    assert [getattr(s, "word", s.step) for s in delivered(change(kruise("Progressing"), BACK), 900)] == plan(resting)


def test_what_was_given_up_is_not_what_a_failure_goes_back_to():
    app = flagger(canary("Failed"), copied("shop/web:v1"))
    patch = delivered(change(app), 900)[0]
    assert patch.back is not None
    back = patch.back.steps[0]

    assert isinstance(back, Patch)
    assert back.why == "the pod template of the stable version"
    assert back.edits[0].new["spec"]["containers"][0]["image"] == "shop/web:v1"


def test_a_retry_makes_the_same_version_another_template():
    app = flagger(canary("Failed"), copied("shop/web:v1"))
    again = retried(scene(app), 600, 900)
    annotated = Workload(workload(wants=_annotated()).manifest, app.driver)

    assert [getattr(step, "word", step.step) for step in again] == ["patch", "await", "restore", "await"]
    assert isinstance(again[0], Patch)
    assert [edit.path for edit in again[0].edits] == [
        "/spec/template/metadata/annotations",
        "/spec/template/metadata/annotations/lifecycle.dot-ai~1retried-at",
    ]
    more = retried(scene(annotated), 600, 900)[0]
    assert isinstance(more, Patch)
    assert len(more.edits) == 1
    assert aborted(app)


def _annotated() -> dict[str, Any]:
    wants = template()
    return {**wants, "metadata": {**wants["metadata"], "annotations": {"at": "noon"}}}


def test_an_undo_that_fails_still_asks_the_engine_what_serves():
    app = flagger()
    assert app.driver is not None
    steer = Steer(ref=app.driver.ref, word="abort", why="x")
    back = way_back((Patch(ref=app.ref, edits=(IMAGE,), why="x"), steer), app.ref)

    assert isinstance(back[-1], Await)
    assert back[-1].by == app.driver.ref


def test_the_stable_version_is_what_the_copy_has_or_what_the_rollout_names():
    v1, v2 = revision("shop/web:v1", 1), revision()
    behind = scene(flagger(primary=copied("shop/web:v1")))

    assert stable_revision(behind) == v1
    assert goes_to_stable(behind, v1)
    assert not goes_to_stable(behind, v2)
    assert stable_revision(scene(flagger(primary=copied("shop/web:v0")))) is None
    assert stable_revision(scene(kruise("Progressing"))) == v1
    assert stable_revision(scene(kruise(annotations={IN_PROGRESS: "{}"}))) == v1
    assert stable_revision(scene(kruise())) is None
    assert stable_revision(scene(workload())) is None


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"skipAnalysis": True}, "Canary web: promoted without an analysis"),
        ({"analysis": {"interval": "1m", "iterations": 10}}, "Canary web: 10 checks every 1m"),
        (
            {"analysis": {"interval": "1m", "stepWeight": 5, "maxWeight": 50}},
            "Canary web: 5 % more each time, up to 50 %",
        ),
        ({"analysis": {"stepWeights": [1, 10, 80]}}, "Canary web: 1 %, 10 %, 80 %"),
        ({}, "Canary web: its analysis"),
    ],
)
def test_the_analysis_of_flagger_is_said_in_a_few_words(spec: Any, words: str):
    assert strategy_spoken(flagger(canary(spec=spec))).startswith(words)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({}, "Rollout web, canary: 25%, then a pause until promoted, 100%, then a pause until promoted"),
        (
            {"blueGreen": {"steps": [{"traffic": "5%", "pause": {"duration": 60}}, {}]}},
            "Rollout web, blue-green: 5%, then a pause of 60 s, a step, then a pause until promoted",
        ),
        ({"canary": {}}, "Rollout web, canary: no steps"),
    ],
)
def test_the_steps_of_kruise_are_said_in_a_few_words(spec: Any, words: str):
    assert strategy_spoken(kruise(spec=spec)) == words


def test_who_will_be_asked_is_told_beforehand():
    gate = {"analysis": {"webhooks": [{"type": "rollout"}, {"type": "confirm-promotion"}]}}
    timed = {"canary": {"steps": [{"replicas": "25%", "pause": {"duration": 5}}, {"replicas": "100%"}]}}
    open_end = {"canary": {"steps": [{"replicas": "25%", "pause": {"duration": 5}}, {"replicas": "50%"}]}}

    assert notes_on_pauses(flagger(), 900) == ()
    assert notes_on_pauses(flagger(canary(spec=gate)), 900)[0].text.startswith("Flagger pauses until somebody promotes")
    assert notes_on_pauses(kruise(), 900)
    assert notes_on_pauses(kruise(spec=timed), 900) == ()
    assert notes_on_pauses(kruise(spec=open_end), 900)
    assert notes_on_pauses(kruise(spec={"canary": {}}), 900) == ()


def test_its_strategy_is_the_engines_and_no_other():
    assert left_to_engine(flagger()).why == "Flagger delivers the app (Canary web: its analysis)"
    with pytest.raises(Refused, match="Flagger replaces the pods of Deployment shop/web in its own way"):
        left_to_engine(flagger(), "canary")
    assert unfit_for_switching(scene(kruise())) == "OpenKruise Rollouts decides how its pods are replaced"
    assert strategy_of(kruise()).startswith("OpenKruise Rollouts, Rollout web, canary: 25%")
    assert around_of(scene(flagger())) is None


def test_a_target_at_zero_is_no_reason_to_warn():
    assert notes_on_state(scene(flagger())) == ()


@pytest.mark.parametrize(
    ("driver", "primary", "word", "reason"),
    [
        (canary(), copied(), "healthy", "3 of 3 pods ready as web-primary"),
        (canary("Progressing", iterations=2), copied(), "progressing", "Flagger is Progressing: 2 of ? iterations"),
        (canary("WaitingPromotion"), copied(), "paused", "Flagger waits at its gate before it promotes"),
        (canary("Failed"), copied("shop/web:v1"), "degraded", "Flagger gave the update up: its analysis failed. The"),
        (canary("Failed"), copied(), "healthy", "3 of 3 pods ready as web-primary"),
        (canary(), copied(replicas=0), "stopped", "web-primary: it is scaled to 0"),
    ],
)
def test_health_is_what_serves_and_then_what_flagger_says(driver: Any, primary: Workload, word: str, reason: str):
    target = flagger(driver, primary)
    pods = () if primary.replicas == 0 else (pod("a"), pod("b"), pod("c"))
    serving = scene(primary, *pods, revisions=())
    found = health(scene(target, primary=serving))

    assert (found.word, found.reason[: len(reason)]) == (word, reason)


def test_health_without_a_copy_to_be_seen_is_unknown():
    assert health(scene(flagger(canary("Initializing")))).word == "unknown"


def test_health_of_what_kruise_is_at():
    pods = pod("a"), pod("b"), pod("c")
    assert health(scene(kruise("Progressing"), *pods)).reason == (
        "OpenKruise Rollouts at step 1 of 2: on its way; 3 of 3 pods ready"
    )
    assert health(scene(kruise(spec={"paused": True}, annotations={IN_PROGRESS: "{}"}), *pods)).word == "paused"
    assert health(scene(kruise(), *pods)).word == "healthy"


def test_whose_driver_it_is_goes_by_kind_name_and_namespace_and_a_disabled_one_is_none():
    of_web = Driver(canary())
    sleeping = kruise().driver
    assert sleeping is not None
    off = Driver({**sleeping.manifest, "spec": {**sleeping.spec, "disabled": True}})

    assert driver_of(workload(), (of_web,)) == of_web
    assert driver_of(copied(), (of_web,)) == of_web
    assert driver_of(workload(name="other"), (of_web,)) is None
    assert driver_of(workload(namespace="else"), (of_web,)) is None
    assert driver_of(workload("StatefulSet"), (of_web,)) is None
    assert driver_of(workload(), (off,)) is None
    assert replace(of_web, primary=None) == of_web
