"""What a rolling change is made of, what is refused beforehand, and what a person is told before agreeing."""

from typing import Any

import pytest

from dot_ai_lifecycle.core.errors import Refused
from dot_ai_lifecycle.core.objects import Autoscaler
from dot_ai_lifecycle.core.workload import CHANGE_CAUSE, Workload
from dot_ai_lifecycle.domain.guards import notes_on_owner, refuse_if_autoscaled
from dot_ai_lifecycle.domain.rolling import annotation, notes_on, refuse_if_stuck, resolved, risk_of, unavailable
from tests.support.scenes import scene, service, workload

PATH = "/metadata/annotations/kubernetes.io~1change-cause"


def rolls(**bounds: Any) -> dict[str, Any]:
    return {"strategy": {"type": "RollingUpdate", "rollingUpdate": bounds}}


@pytest.mark.parametrize(
    ("annotations", "value", "edits"),
    [
        pytest.param(None, "x", [("/metadata/annotations", None, {}), (PATH, None, "x")], id="the first one"),
        pytest.param({"a": "b"}, "x", [(PATH, None, "x")], id="one more"),
        pytest.param({CHANGE_CAUSE: "y"}, "x", [(PATH, "y", "x")], id="another value"),
        pytest.param({CHANGE_CAUSE: "x"}, "x", [], id="the same value"),
        pytest.param({CHANGE_CAUSE: "y"}, None, [(PATH, "y", None)], id="none any more"),
        pytest.param(None, None, [], id="none still"),
    ],
)
def test_an_annotation_is_set_with_what_was_seen(annotations: Any, value: str | None, edits: list[Any]):
    seen = workload(annotations=annotations) if annotations is not None else workload()

    assert [(edit.path, edit.old, edit.new) for edit in annotation(seen, CHANGE_CAUSE, value)] == edits


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (workload(deletionTimestamp="2026-03-01T12:00:00Z"), "is being deleted"),
        (workload(spec={"paused": True}), "is paused"),
        (workload("StatefulSet", spec={"updateStrategy": {"type": "OnDelete"}}), "update strategy OnDelete"),
        (workload("DaemonSet", spec={"updateStrategy": {"type": "OnDelete"}}), "update strategy OnDelete"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_kubernetes_would_never_carry_out_is_refused(seen: Workload, words: str):
    with pytest.raises(Refused, match=words) as caught:
        refuse_if_stuck(seen)

    assert caught.value.hint


def test_what_can_roll_out_is_not_refused():
    refuse_if_stuck(workload())

    assert risk_of(scene(workload())).level == "medium"


@pytest.mark.parametrize(("replicas", "level"), [(3, "high"), (0, "medium")])
def test_recreating_is_of_high_risk_where_somebody_is_served(replicas: int, level: str):
    assert risk_of(scene(workload(replicas=replicas, spec={"strategy": {"type": "Recreate"}}))).level == level


@pytest.mark.parametrize(
    ("value", "total", "up", "number"),
    [
        (2, 4, True, 2),
        ("25%", 4, True, 1),
        ("25%", 5, True, 2),
        ("25%", 5, False, 1),
        ("0%", 5, True, 0),
        ("100%", 3, False, 3),
    ],
)
def test_a_percentage_is_rounded_as_the_controller_does(value: int | str, total: int, up: bool, number: int):
    assert resolved(value, total, up=up) == number


@pytest.mark.parametrize(
    ("replicas", "bounds", "missing"),
    [
        (4, {}, 1),
        (3, {}, 0),
        (1, {"maxUnavailable": 1}, 1),
        (4, {"maxSurge": 0, "maxUnavailable": 0}, 1),
        (4, {"maxSurge": 0, "maxUnavailable": "10%"}, 1),
        (4, {"maxSurge": 1, "maxUnavailable": 0}, 0),
        (2, {"maxUnavailable": 5}, 2),
    ],
)
def test_how_many_pods_may_be_missing(replicas: int, bounds: dict[str, Any], missing: int):
    assert unavailable(workload(replicas=replicas, spec=rolls(**bounds))) == missing


PROBED: dict[str, Any] = {"readinessProbe": {"httpGet": {}}, "lifecycle": {"preStop": {"sleep": {"seconds": 5}}}}


def told(seen: Workload, **more: Any) -> str:
    return "\n".join(note.text for note in notes_on(scene(seen, **more)))


def container(**more: Any) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": "web", "image": "web:v1", **more}]}}


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (workload(replicas=0), "scaled to 0"),
        (workload(status={"readyReplicas": 1}), "1 of 3 pods ready"),
        (workload(replicas=4), "Up to 1 of 4 pods may be missing"),
        (workload("StatefulSet", replicas=1), "A StatefulSet of one pod is down"),
        (workload(wants=container()), "No readiness probe"),
        (workload(wants=container(readinessProbe={})), "no preStop hook"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_person_is_told_what_may_hurt(seen: Workload, words: str):
    assert words in told(seen, services=(service(),))


def test_an_app_that_drains_and_probes_needs_no_warning():
    assert told(workload(wants=container(**PROBED), spec=rolls(maxUnavailable=0)), services=(service(),)) == ""


def test_without_users_probes_do_not_matter():
    assert told(workload("DaemonSet", wants=container())) == ""


def scaler(current: int) -> Autoscaler:
    return Autoscaler("web", "shop", "uid-hpa", "Deployment", "web", 2, 9, current=current)


@pytest.mark.parametrize(("current", "bound"), [(3, "minReplicas: 5"), (8, "maxReplicas: 5")])
def test_an_autoscaler_is_not_fought_but_its_bound_is_named(current: int, bound: str):
    with pytest.raises(Refused) as caught:
        refuse_if_autoscaled(workload(), scaler(current), 5)

    assert bound in caught.value.hint


def test_without_an_autoscaler_nothing_is_refused():
    refuse_if_autoscaled(workload(), None, 5)


@pytest.mark.parametrize(("now", "then"), [(0, 3), (3, 0)])
def test_an_autoscaler_rests_at_zero_and_is_not_fought_there(now: int, then: int):
    """Kubernetes does not autoscale what is scaled to 0."""
    refuse_if_autoscaled(workload(replicas=now), scaler(1), then)

    assert notes_on_owner(workload()) == ()


def test_of_helm_a_person_is_told_that_the_next_upgrade_sets_it_back():
    release = {"meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": "shop"}
    seen = workload(annotations=release, labels={"app.kubernetes.io/managed-by": "Helm"})

    [note] = notes_on_owner(seen)

    assert note.level == "warning"
    assert "next upgrade sets the field back" in note.text
