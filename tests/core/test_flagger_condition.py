"""How Flagger's word is read: which phase is of this update, what waits for a person, and whether its copy has it."""

from typing import Any

import pytest
from msgspec.structs import replace

from dot_ai_lifecycle.core.conditions import Foreign, Met, Reading, Waiting
from dot_ai_lifecycle.core.conditions.engines import delivered, gave_up
from dot_ai_lifecycle.core.conditions.flagger import interval, progress, same_template
from dot_ai_lifecycle.core.driver import Driver
from dot_ai_lifecycle.core.pods import Pod
from dot_ai_lifecycle.core.refs import CANARY
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.workload import Workload
from tests.support.scenes import NOW, ago, broken, container, pod, revision, scene, template, workload

ANALYSIS = {"interval": "1m", "iterations": 10, "threshold": 5}


def canary(phase: str = "Succeeded", spec: Any = None, **status: Any) -> dict[str, Any]:
    return {
        "apiVersion": CANARY.api_version,
        "kind": "Canary",
        "metadata": {"name": "web", "namespace": "shop", "uid": "uid-canary"},
        "spec": {"targetRef": {"kind": "Deployment", "name": "web"}, "analysis": ANALYSIS, **(spec or {})},
        "status": {"phase": phase, "lastAppliedSpec": "new", **status},
    }


def copied(image: str = "shop/web:v2", replicas: int = 3) -> Workload:
    """Flagger's copy: its names and labels with the suffix."""
    wants = template(image)
    wants["metadata"] = {"labels": {"app": "web-primary"}, "annotations": {"flagger-id": "1"}}
    return workload(wants=wants, replicas=replicas, name="web-primary", uid="uid-primary")


def seen(driver: dict[str, Any], *pods: Pod, primary: Workload | None = None, gone: bool = False) -> Scene:
    """The target with its canary pods, and the copy with three that are ready."""
    serving = primary or copied()
    own = workload(replicas=len(pods))
    target = Workload(own.manifest, None if gone else Driver(driver, serving.manifest))
    labels = {"app": "web-primary", "pod-template-hash": "v2"}
    kept = revision(owner=None, template=serving.template)
    copies = tuple(replace(pod(name), labels=labels) for name in ("a", "b", "c")[: serving.replicas])
    return scene(target, *pods, primary=scene(serving, *copies, revisions=(kept,)))


def stands(reading: Reading) -> tuple[str, str]:
    assert isinstance(reading, Waiting)
    return reading.words, reading.held


@pytest.mark.parametrize("phase", ["Succeeded", "Initialized", "Failed", "Waiting"])
def test_it_is_done_when_flagger_rests_and_its_copy_serves_what_the_target_asks_for(phase: str):
    found = delivered(seen(canary(phase)))

    assert found == Met(f"3 pods of v2 serve as web-primary, and Flagger calls it {phase}", 3)


def test_its_rest_counts_only_once_the_copy_has_the_template():
    old = copied("shop/web:v1")
    assert stands(delivered(seen(canary(), primary=old), since="old")) == (
        "Flagger has not looked at the change yet",
        "",
    )
    assert stands(delivered(seen(canary("Failed"), primary=old), since="new"))[0] == (
        "Flagger has not looked at the change yet"
    )
    assert stands(delivered(seen(canary("Failed"), primary=old), since="old"))[0] == "Flagger calls it Failed"


def test_its_word_is_not_taken_where_the_copy_does_not_bear_it_out():
    unseen = replace(seen(canary()), primary=None)
    late = seen(canary())
    assert late.primary is not None
    late = replace(late, primary=replace(late.primary, pods=late.primary.pods[:2]))

    assert stands(delivered(unseen))[0] == "Flagger's copy is not to be seen"
    assert "2 of 3 pods" in stands(delivered(late))[0]


def test_one_pod_serves_in_the_singular():
    found = delivered(seen(canary(), primary=copied(replicas=1)))

    assert found.words.startswith("1 pod of v2 serves as web-primary")


@pytest.mark.parametrize(
    ("driver", "words"),
    [
        (
            canary("Progressing", {"suspend": True}),
            "Flagger is suspended by hand (spec.suspend) until somebody promotes",
        ),
        (canary("Waiting"), "Flagger waits at its gate before it starts (confirm-rollout)"),
        (canary("WaitingPromotion"), "Flagger waits at its gate before it promotes (confirm-promotion)"),
    ],
)
def test_what_waits_for_a_person_is_said_and_does_not_count_for_the_time(driver: dict[str, Any], words: str):
    assert stands(delivered(seen(driver, pod("x")), since="old")) == (words, "person")


@pytest.mark.parametrize(
    ("phase", "words"),
    [
        ("Promoting", "Flagger gives it to web-primary"),
        ("Finalising", "Flagger leads all traffic to web-primary"),
        ("", "Flagger is starting"),
        ("Terminating", "Flagger is Terminating"),
    ],
)
def test_every_other_phase_has_its_words(phase: str, words: str):
    assert stands(delivered(seen(canary(phase)), since="old")) == (words, "")


def test_an_analysis_that_moves_goes_by_its_own_clock_and_one_that_stands_still_does_not():
    def analysed(**status: Any) -> Waiting:
        found = delivered(seen(canary("Progressing", **status), pod("x"), pod("y")), since="old")
        assert isinstance(found, Waiting)
        return found

    moving = analysed(lastTransitionTime=ago(60).isoformat(), iterations=2, failedChecks=1, canaryWeight=20)
    assert moving.words == (
        "Flagger analyses it: 20 % of traffic, 2 of 10 iterations, 1 of 5 checks failed; 2 of 2 pods of v2 ready"
    )
    assert (moving.held, moving.check_in) == ("clock", 150.0)
    assert analysed(lastTransitionTime=ago(211).isoformat()).held == ""
    assert analysed().held == ""


def test_pods_that_are_not_ready_yet_take_the_updates_own_time():
    moving = canary("Progressing", lastTransitionTime=NOW.isoformat())
    found = delivered(seen(moving, pod("x"), broken("y", container(ready=False))), since="old")

    assert stands(found) == ("Flagger analyses it; 1 of 2 pods of v2 ready", "")


def test_a_canary_that_is_gone_and_a_template_of_somebody_else_are_somebody_elses_doing():
    gone = delivered(seen(canary(), gone=True))

    assert gone == Foreign("What delivered Deployment shop/web is gone.")
    assert isinstance(delivered(seen(canary()), "another"), Foreign)


def test_its_failure_counts_for_the_update_it_speaks_of():
    old = copied("shop/web:v1")
    said = [{"type": "Promoted", "message": "Canary analysis failed, Deployment scaled to zero."}, {"type": "Other"}]
    found = gave_up(seen(canary("Failed", conditions=said), primary=old), "old")

    assert found is not None
    assert (found.code, found.subject, found.words) == (
        "ENGINE_ABORTED",
        "web",
        "Flagger gave the update up: its analysis failed.",
    )
    assert found.evidence == ("Canary analysis failed, Deployment scaled to zero.",)
    assert gave_up(seen(canary("Failed"), primary=old), "new") is None, "that was the update before"
    assert gave_up(seen(canary("Failed"))) is None, "the copy has what is wanted"
    assert gave_up(seen(canary("Progressing"), primary=old)) is None
    assert gave_up(scene(workload())) is None, "no engine"


def test_a_copy_is_told_by_its_whole_template_but_for_what_flagger_adds():
    names = template(volumes=[{"name": "c", "configMap": {"name": "settings"}}])
    theirs = template(volumes=[{"name": "c", "configMap": {"name": "settings-primary"}}])
    theirs["metadata"] = {"labels": {"app": "web-primary"}, "annotations": {"flagger-id": "1", "at": "noon"}}
    restarted = {**names, "metadata": {**names["metadata"], "annotations": {"at": "noon"}}}
    later = {**names, "metadata": {**names["metadata"], "annotations": {"at": "one"}}}
    labelled = {**names, "metadata": {"labels": {"app": "web", "tier": "front"}}}

    assert same_template(names, theirs)
    assert same_template(restarted, theirs)
    assert not same_template(later, theirs)
    assert not same_template(labelled, theirs)
    assert not same_template(template("shop/web:v3"), theirs)
    assert same_template({}, {})


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("1m30s", 90), ("1h", 3600), ("1.5m", 90), ("", 60)])
def test_its_interval_is_written_as_go_writes_durations(text: str, seconds: float):
    assert interval(Driver(canary(spec={"analysis": {"interval": text}}))) == seconds
    assert interval(Driver(canary(spec={"analysis": None}))) == 60


def test_progress_is_told_as_far_as_there_is_any():
    assert progress(Driver(canary())) == ""
    assert progress(Driver(canary(spec={"analysis": {}}, iterations=2, failedChecks=1))) == (
        ": 2 of ? iterations, 1 of 1 checks failed"
    )
