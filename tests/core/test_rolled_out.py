"""When a rollout is done: kubectl's rules, and those kubectl lacks."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from dot_ai_lifecycle.core.conditions import Foreign, Gone, Met, Waiting
from dot_ai_lifecycle.core.conditions.rollout import rolled_out
from dot_ai_lifecycle.core.objects import Endpoint
from dot_ai_lifecycle.core.pods import Pod
from dot_ai_lifecycle.core.scene import Scene
from tests.support.scenes import (
    ago,
    broken,
    container,
    crashed,
    endpoints,
    pod,
    scene,
    served,
    service,
    template,
    unplaced,
    waiting,
    workload,
)


def names(count: int) -> tuple[str, ...]:
    return tuple(f"web-v2-{number}" for number in range(count))


def three(**more: Any) -> Scene:
    return scene(workload(), *(pod(name) for name in names(3)), **more)


def ordered(*hashes: str) -> tuple[Pod, ...]:
    return tuple(pod(f"web-{number}", of) for number, of in enumerate(hashes))


@pytest.mark.parametrize("replicas", [1, 2, 5])
def test_it_is_done_when_every_pod_serves_the_wanted_version(replicas: int) -> None:
    reading = rolled_out(served(replicas))
    assert isinstance(reading, Met)
    assert reading.total == replicas
    assert "v2" in reading.words


def test_pods_still_ending_do_not_hold_it_up_but_are_mentioned() -> None:
    seen = served()
    seen = replace(seen, pods=(*seen.pods, pod("web-v1-0", "v1", deleting_since=ago(3))))
    assert rolled_out(seen) == Met("all 3 pods of v2 serve (1 pod still ending)", 3)


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        pytest.param(scene(workload(generation=3)), "has not looked at the change", id="the controller is behind"),
        pytest.param(scene(workload(), revisions=()), "has not begun v2", id="there is no ReplicaSet yet"),
        pytest.param(
            scene(workload(), pod("web-v2-0"), pod("web-v2-1"), broken("web-v2-2", waiting("ContainerCreating"))),
            "2 of 3 pods of v2 ready; waiting for web-v2-2 (ContainerCreating)",
            id="a pod is not ready",
        ),
        pytest.param(
            scene(workload(), pod("web-v2-0"), unplaced("web-v2-1", "0/3 nodes are available")),
            "1 of 3 pods of v2 ready; waiting for web-v2-1 (unschedulable); 1 still to come",
            id="a pod has no place and another is missing",
        ),
        pytest.param(
            replace(three(), pods=(*three().pods, pod("web-v1-0", "v1"))),
            "all 3 pods of v2 ready; still to be replaced: web-v1-0",
            id="an old pod is left",
        ),
        pytest.param(
            scene(workload(replicas=2), *three().pods),
            "1 of 3 pods of v2 still to be stopped",
            id="there are more pods than wanted",
        ),
        pytest.param(
            scene(workload(status={"updatedReplicas": 2}), *three().pods),
            "counts 2 of 3 as updated",
            id="the status has not caught up with the update",
        ),
        pytest.param(
            scene(workload(status={"replicas": 4}), *three().pods),
            "still counts 1 pod of the old",
            id="the status still counts an old pod",
        ),
        pytest.param(
            scene(workload(status={"availableReplicas": 2}), *three().pods),
            "counts 2 of 3 as available",
            id="the status does not count all as available",
        ),
        pytest.param(
            three(services=(service(),), slices=(endpoints(*names(3), "web-v1-x"),)),
            "Service web still sends to web-v1-x",
            id="a Service still sends to a pod gone with its ReplicaSet",
        ),
        pytest.param(
            three(services=(service(), service("admin")), slices=(endpoints(*names(3)),)),
            "Service admin does not send to any",
            id="a Service has no endpoint of it yet",
        ),
        pytest.param(
            three(services=(service(),), slices=(endpoints(others=[Endpoint(names(1)[0], False)]),)),
            "does not send to any",
            id="endpoints are there but not ready",
        ),
        pytest.param(
            scene(workload(spec={"paused": True}), pod("web-v1-0", "v1")),
            "the Deployment is paused",
            id="the Deployment is paused",
        ),
    ],
)
def test_it_waits_and_says_for_what_while(seen: Scene, words: str) -> None:
    reading = rolled_out(seen)
    assert isinstance(reading, Waiting)
    assert words in reading.words


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(served(services=(service(), service("ext", type="ExternalName"))), id="an ExternalName Service"),
        pytest.param(served(services=(service(), service("bare", selector={}))), id="a Service without selector"),
        pytest.param(
            served(slices=(endpoints(*names(3), "other-app-0"),)), id="pods of another app behind the same Service"
        ),
        pytest.param(
            served(slices=(endpoints(*names(3), others=[Endpoint("web-v1-0", True, terminating=True)]),)),
            id="an address published although its pod is ending",
        ),
        pytest.param(
            served(pods=(*served().pods, pod("web-v1-e", "v1", phase="Failed", ready=False))), id="an evicted old pod"
        ),
    ],
)
def test_it_is_not_held_up_by(seen: Scene) -> None:
    assert isinstance(rolled_out(seen), Met)


def test_a_template_changed_by_somebody_else_is_foreign_and_names_the_images() -> None:
    from_us = served().revisions[0].template
    reading = rolled_out(served(), template=workload(wants=from_us).template_digest)
    assert isinstance(reading, Foreign)
    assert "web: shop/web:v1 became shop/web:v2" in reading.words


def test_a_template_nobody_kept_is_foreign_too() -> None:
    reading = rolled_out(served(), template="0123456789abcdef")
    assert isinstance(reading, Foreign)
    assert "web=shop/web:v2" in reading.words


def test_the_template_that_is_still_wanted_is_not_foreign() -> None:
    assert isinstance(rolled_out(served(), template=served().workload.template_digest), Met)


def test_a_workload_being_deleted_is_gone() -> None:
    assert isinstance(rolled_out(scene(workload(deletionTimestamp="2026-03-01T12:00:00Z"))), Gone)


def test_pods_must_stay_ready_for_min_ready_seconds_and_the_clock_is_named() -> None:
    fresh = pod("web-v2-2", ready_since=ago(4))
    reading = rolled_out(scene(workload(spec={"minReadySeconds": 10}), *three().pods[:2], fresh))
    assert isinstance(reading, Waiting)
    assert (reading.done, reading.total, reading.check_in) == (2, 3, pytest.approx(6))


def test_a_pod_just_back_from_a_crash_is_not_believed_at_once() -> None:
    back = pod("web-v2-2", containers=(container(restarts=1, since=ago(3)),), ready_since=ago(3))
    reading = rolled_out(scene(workload(), *three().pods[:2], back))
    assert isinstance(reading, Waiting)
    assert reading.check_in == pytest.approx(7)


def test_a_pod_that_crashed_long_ago_is_believed() -> None:
    old = pod("web-v2-2", containers=(container(restarts=4, since=ago(5000)),))
    assert isinstance(rolled_out(scene(workload(), *three().pods[:2], old)), Met)


def test_an_app_scaled_to_nothing_is_done_once_no_pod_is_left() -> None:
    empty = workload(replicas=0)
    assert isinstance(rolled_out(scene(empty, services=(service(),))), Met)
    assert isinstance(rolled_out(scene(empty, pod("web-v2-0", deleting_since=ago(1)))), Met)
    assert isinstance(rolled_out(scene(empty, pod("web-v2-0"))), Waiting)


STATUS = {"currentRevision": "v2", "updateRevision": "v2"}


@pytest.mark.parametrize(
    ("of", "pods", "done"),
    [
        pytest.param(workload("StatefulSet", status=STATUS), ("v2", "v2", "v2"), True, id="complete"),
        pytest.param(workload("StatefulSet", status=STATUS), ("v1", "v2", "v2"), False, id="first ordinal is old"),
        pytest.param(
            workload("StatefulSet", status={**STATUS, "currentRevision": "v1"}),
            ("v2", "v2", "v2"),
            False,
            id="its current revision is still the old one",
        ),
        pytest.param(
            workload(
                "StatefulSet",
                spec={"updateStrategy": {"rollingUpdate": {"partition": 2}}},
                status={**STATUS, "currentRevision": "v1", "updatedReplicas": 1},
            ),
            ("v1", "v1", "v2"),
            True,
            id="the partition is kept",
        ),
        pytest.param(
            workload(
                "StatefulSet",
                spec={"updateStrategy": {"rollingUpdate": {"partition": 1}}},
                status={**STATUS, "currentRevision": "v1", "updatedReplicas": 1},
            ),
            ("v1", "v1", "v2"),
            False,
            id="an ordinal above the partition is old",
        ),
        pytest.param(
            workload("StatefulSet", status={**STATUS, "availableReplicas": 2}),
            ("v2", "v2", "v2"),
            False,
            id="one is not available",
        ),
        pytest.param(
            workload("StatefulSet", spec={"updateStrategy": {"type": "OnDelete"}}, status=STATUS),
            ("v2", "v2", "v2"),
            True,
            id="OnDelete and all were deleted",
        ),
        pytest.param(workload("DaemonSet"), ("v2", "v2", "v2"), True, id="a DaemonSet is on every node"),
        pytest.param(workload("DaemonSet"), ("v2", "v2", "v1"), False, id="a node still runs the old one"),
        pytest.param(
            workload("DaemonSet", status={"numberAvailable": 2}),
            ("v2", "v2", "v2"),
            False,
            id="a node is not available",
        ),
    ],
)
def test_a_set_is_done_when(of: Any, pods: tuple[str, ...], done: bool) -> None:
    assert isinstance(rolled_out(scene(of, *ordered(*pods))), Met if done else Waiting)


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_on_delete_says_which_pods_wait_for_a_hand(kind: str) -> None:
    spec = {"updateStrategy": {"type": "OnDelete"}}
    reading = rolled_out(scene(workload(kind, spec=spec, status=STATUS), *ordered("v1", "v2", "v1")))
    assert isinstance(reading, Waiting)
    assert "OnDelete, so web-0, web-2 will run v2 only after being deleted by hand" in reading.words


def test_a_version_is_not_named_where_no_container_is_the_app() -> None:
    two = template()
    two["spec"]["containers"] = [{"name": "a", "image": "a:1"}, {"name": "b", "image": "b:2"}]
    seen = scene(workload(wants=two), revisions=(replace(served().revisions[1], template=two),))
    assert "the new revision" in rolled_out(seen).words


@settings(deadline=None, max_examples=50)
@given(replicas=st.integers(1, 12), ending=st.integers(0, 4), age=st.integers(0, 10_000))
def test_a_complete_rollout_is_never_waited_for(replicas: int, ending: int, age: int) -> None:
    seen = served(replicas)
    fresh = tuple(replace(one, ready_since=ago(age)) for one in seen.pods)
    leaving = tuple(pod(f"web-v1-{number}", "v1", deleting_since=ago(1)) for number in range(ending))
    assert isinstance(rolled_out(replace(seen, pods=fresh + leaving)), Met)


BROKEN = st.sampled_from(
    [
        broken("extra", waiting("ImagePullBackOff")),
        broken("extra", crashed(3)),
        broken("extra", container(ready=False)),
        broken("extra", crashed(3), of="v1"),
        unplaced("extra", "0/1 nodes"),
        pod("extra", "v1"),
    ]
)
SCENES = st.sampled_from(
    [
        scene(workload(replicas=2), pod("web-v2-0")),
        scene(workload(replicas=1)),
        scene(workload(generation=9), *three().pods),
        scene(workload(status={"availableReplicas": 1}), *three().pods),
        scene(workload(replicas=0), pod("web-v2-0")),
        three(services=(service(),)),
    ]
)


@settings(deadline=None, max_examples=50)
@given(seen=SCENES, more=st.lists(BROKEN, max_size=3))
def test_adding_a_broken_pod_never_completes_a_rollout(seen: Scene, more: list[Pod]) -> None:
    extra = tuple(replace(one, name=f"extra-{number}") for number, one in enumerate(more))
    assert isinstance(rolled_out(seen), Waiting)
    assert isinstance(rolled_out(replace(seen, pods=seen.pods + extra)), Waiting)
