"""Kubernetes' JSON becomes our shapes: nothing the project looks at is lost, and thousands cost little."""

import gc
import json
import time
import tracemalloc
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import pytest

from dot_ai_lifecycle.adapters.kubernetes.shapes import shape_of
from dot_ai_lifecycle.adapters.kubernetes.shapes_around import metric_in_words
from dot_ai_lifecycle.core.errors import ClusterFailure
from dot_ai_lifecycle.core.objects import (
    ALL_VIEWS,
    AUTOSCALERS,
    CONFIG_MAPS,
    CONTROLLER_REVISIONS,
    DEPLOYMENTS,
    DISRUPTION_BUDGETS,
    ENDPOINT_SLICES,
    EVENTS,
    MACHINES,
    PODS,
    REPLICA_SETS,
    SERVICES,
    View,
)
from dot_ai_lifecycle.core.pods import Container, Ended, Owner

TEN = "2026-03-01T10:00:00Z"
AT_TEN = datetime(2026, 3, 1, 10, tzinfo=UTC)
CONTROLLER = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-1", "uid": "r1", "controller": True}


def meta(name: str = "web", **more: Any) -> dict[str, Any]:
    return {"name": name, "namespace": "shop", "uid": "u1", "resourceVersion": "7", "creationTimestamp": TEN, **more}


def decoded(view: View[Any], **document: Any) -> Any:
    item = shape_of(view).item(json.dumps({"metadata": meta(), **document}).encode())
    assert (item.uid, item.version) == (document.get("metadata", meta())["uid"], "7")
    return item.value


def running_pod(name: str = "web-1-x") -> dict[str, Any]:
    """About what a real pod is: 5 kB, most of which nobody here looks at."""
    container = {
        "name": "app",
        "image": "shop/web:v1",
        "env": [{"name": f"V{n}", "value": "x" * 40} for n in range(30)],
    }
    fields: dict[str, Any] = {f"f:field{n}": {} for n in range(60)}
    metadata = meta(name, ownerReferences=[CONTROLLER], labels={"app": "web", "pod-template-hash": "1"})
    metadata["managedFields"] = [{"manager": "kubelet", "fieldsV1": {"f:metadata": fields, "f:status": fields}}]
    status = {
        "phase": "Running",
        "conditions": [
            {"type": kind, "status": "True", "lastTransitionTime": TEN}
            for kind in ("PodScheduled", "Initialized", "ContainersReady", "Ready")
        ],
        "containerStatuses": [
            {
                "name": "app", "image": "docker.io/shop/web:v1", "imageID": "sha256:1", "ready": True, "started": True,
                "restartCount": 0, "state": {"running": {"startedAt": TEN}}, "lastState": {},
            }
        ],
    }  # fmt: skip
    return {"metadata": metadata, "spec": {"nodeName": "n1", "containers": [container]}, "status": status}


def test_every_view_has_a_decoder() -> None:
    assert all(shape_of(view) for view in ALL_VIEWS)


def test_a_running_pod_is_read_with_owner_revision_and_readiness() -> None:
    pod = decoded(PODS, **running_pod())
    assert pod.owner == Owner("ReplicaSet", "web-1", "r1")
    assert (pod.node, pod.phase, pod.revision, pod.created) == ("n1", "Running", "1", AT_TEN)
    assert (pod.ready, pod.ready_since, pod.deleting, pod.unschedulable) == (True, AT_TEN, False, "")
    assert pod.containers == (
        Container("app", "shop/web:v1", "sha256:1", ready=True, started=True, phase="running", since=AT_TEN),
    )


def test_a_crashing_container_tells_why_it_waits_and_how_it_ended() -> None:
    waiting = {"reason": "CrashLoopBackOff", "message": "back-off 20s"}
    ended = {"exitCode": 137, "reason": "OOMKilled", "finishedAt": TEN}
    status = {"name": "app", "restartCount": 3, "state": {"waiting": waiting}, "lastState": {"terminated": ended}}
    conditions = [{"type": "Ready", "status": "False", "lastTransitionTime": TEN}]
    spec = {"containers": [{"name": "app", "image": "a:1"}]}
    pod = decoded(PODS, spec=spec, status={"conditions": conditions, "containerStatuses": [status]})
    (container,) = pod.containers
    assert (container.phase, container.reason, container.message) == ("waiting", "CrashLoopBackOff", "back-off 20s")
    assert container.last == Ended(137, "OOMKilled", at=AT_TEN)
    assert (container.restarts, pod.ready, pod.ready_since) == (3, False, None)


def test_a_container_that_ended_tells_how_and_when() -> None:
    ended = {"exitCode": 1, "reason": "Error", "message": "no such file", "signal": 0, "finishedAt": TEN}
    statuses = [{"name": "app", "image": "a:1", "state": {"terminated": ended}, "started": False}]
    others = [{"kind": "Node", "name": "n", "uid": "n"}]
    spec = {"containers": [{"name": "app", "image": "a:1"}]}
    pod = decoded(PODS, metadata=meta(ownerReferences=others), spec=spec, status={"containerStatuses": statuses})
    (container,) = pod.containers
    assert (container.phase, container.reason, container.message) == ("terminated", "Error", "no such file")
    assert (container.ended, container.since) == (Ended(1, "Error", "no such file", at=AT_TEN), AT_TEN)
    assert pod.owner is None


def test_a_pod_no_kubelet_has_seen_has_waiting_containers_and_says_why_it_has_no_node() -> None:
    spec = {"containers": [{"name": "app", "image": "a:1"}], "initContainers": [{"name": "first", "image": "i:1"}]}
    why = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes are available"}
    pod = decoded(PODS, spec=spec, status={"phase": "Pending", "conditions": [why]})
    assert pod.containers == (Container("first", "i:1", init=True), Container("app", "a:1"))
    assert pod.unschedulable == "0/3 nodes are available"


def test_a_pod_on_its_way_out_and_an_evicted_one_say_so() -> None:
    leaving = decoded(PODS, metadata=meta(deletionTimestamp=TEN, finalizers=["x/y"]), spec={}, status={})
    evicted = decoded(PODS, spec={}, status={"phase": "Failed", "reason": "Evicted", "message": "disk pressure"})
    assert (leaving.deleting_since, leaving.finalizers) == (AT_TEN, ("x/y",))
    assert (evicted.phase, evicted.reason, evicted.message) == ("Failed", "Evicted", "disk pressure")


def test_items_of_a_list_of_workloads_get_back_what_the_list_took_from_them() -> None:
    page = {"metadata": {"resourceVersion": "9", "continue": "next"}, "items": [{"metadata": meta(), "spec": {}}]}
    found = shape_of(DEPLOYMENTS).page(json.dumps(page).encode())
    assert (found.version, found.next_page) == ("9", "next")
    assert found.items[0].value.ref.api_version == "apps/v1"
    assert found.items[0].value.kind == "Deployment"


def test_a_replica_set_is_a_revision_with_the_template_its_author_wrote() -> None:
    annotations = {"deployment.kubernetes.io/revision": "12", "kubernetes.io/change-cause": "update to v2"}
    metadata = meta("web-1", labels={"pod-template-hash": "1"}, annotations=annotations, ownerReferences=[CONTROLLER])
    template = {"metadata": {"labels": {"app": "web", "pod-template-hash": "1"}}, "spec": {"containers": []}}
    failed = [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"}]
    status = {"replicas": 3, "readyReplicas": 2, "conditions": failed}
    seen = decoded(REPLICA_SETS, metadata=metadata, spec={"replicas": 3, "template": template}, status=status)
    assert (seen.number, seen.hash, seen.change_cause) == (12, "1", "update to v2")
    assert seen.template == {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": []}}
    assert (seen.replicas, seen.ready, seen.failure) == (3, 2, "exceeded quota")


@pytest.mark.parametrize(
    ("labels", "carried"),
    [({"controller-revision-hash": "6f5f"}, "6f5f"), ({"controller.kubernetes.io/hash": "74d8"}, "db-74d8")],
    ids=["DaemonSet", "StatefulSet"],
)
def test_a_controller_revision_has_the_hash_its_pods_carry_and_a_template_without_directive(
    labels: dict[str, str], carried: str
) -> None:
    template = {"$patch": "replace", "metadata": {"labels": {"app": "db"}}, "spec": {"containers": []}}
    metadata = meta("db-74d8", labels=labels)
    seen = decoded(CONTROLLER_REVISIONS, metadata=metadata, revision=4, data={"spec": {"template": template}})
    assert (seen.number, seen.hash) == (4, carried)
    assert seen.template == {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": []}}


def test_services_with_and_without_selector_and_headless_ones_are_told_apart() -> None:
    ports = [{"port": 80}, {"port": 53, "protocol": "UDP", "nodePort": 30053}]
    seen = decoded(SERVICES, spec={"clusterIP": "None", "selector": {"app": "web"}, "ports": ports})
    assert (seen.headless, seen.ports) == (True, ("80/TCP", "53:30053/UDP"))
    assert seen.selects({"app": "web", "x": "y"})
    assert not decoded(SERVICES, spec={"clusterIP": "10.0.0.1"}).selects({"app": "web"})


def test_endpoints_without_conditions_are_ready_and_null_lists_are_empty() -> None:
    labels = {"kubernetes.io/service-name": "web"}
    pod = {"targetRef": {"kind": "Pod", "name": "p"}}
    going = {"conditions": {"ready": False, "serving": True, "terminating": True}}
    seen = decoded(ENDPOINT_SLICES, metadata=meta(labels=labels), endpoints=[pod, {**pod, **going}])
    assert seen.service == "web"
    assert [(e.ready, e.serving, e.terminating) for e in seen.endpoints] == [(True, True, False), (False, True, True)]
    assert decoded(ENDPOINT_SLICES, endpoints=None).endpoints == ()


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({"count": 4, "lastTimestamp": TEN, "eventTime": None}, 4),
        ({"eventTime": "2026-03-01T09:00:00.000000Z", "series": {"count": 9, "lastObservedTime": TEN}}, 9),
        ({"eventTime": "2026-03-01T10:00:00.000000Z", "lastTimestamp": None, "firstTimestamp": None}, 1),
        ({}, 1),
    ],
)
def test_events_of_both_generations_tell_how_often_and_when_last(fields: dict[str, Any], count: int) -> None:
    about = {"kind": "Pod", "name": "p", "uid": "pu"}
    seen = decoded(EVENTS, involvedObject=about, type="Warning", reason="BackOff", message="m", **fields)
    assert (seen.about_kind, seen.about_name, seen.about_uid) == ("Pod", "p", "pu")
    assert (seen.type, seen.reason, seen.count, seen.last) == ("Warning", "BackOff", count, AT_TEN)


def test_an_autoscaler_tells_target_bounds_and_metrics() -> None:
    metrics = [{"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 80}}}]
    spec = {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 9, "metrics": metrics}
    seen = decoded(AUTOSCALERS, spec=spec, status={"currentReplicas": 2, "desiredReplicas": 4})
    assert (seen.target_kind, seen.target_name, seen.minimum, seen.maximum) == ("Deployment", "web", 1, 9)
    assert (seen.current, seen.desired, seen.metrics) == (2, 4, ("cpu 80%",))


def test_a_custom_metric_is_named_with_its_kind() -> None:
    pods = {"type": "Pods", "pods": {"metric": {"name": "rps"}, "target": {"averageValue": "10"}}}
    memory = {"type": "Resource", "resource": {"name": "memory", "target": {"averageValue": "500Mi"}}}
    assert [metric_in_words(one) for one in (pods, memory, {"type": "External"})] == [
        "rps 10 (Pods)", "memory 500Mi", "External (External)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("bound", "words"),
    [({"minAvailable": 2}, "minAvailable 2"), ({"maxUnavailable": "25%"}, "maxUnavailable 25%"), ({}, "")],
)
def test_a_disruption_budget_has_its_bound_in_words(bound: dict[str, Any], words: str) -> None:
    selector = {"matchLabels": {"app": "web"}}
    seen = decoded(DISRUPTION_BUDGETS, spec={"selector": selector, **bound}, status={"disruptionsAllowed": 1})
    assert (seen.bound, seen.allowed, seen.selector) == (words, 1, selector)


def test_a_config_map_keeps_text_bytes_labels_and_version() -> None:
    seen = decoded(CONFIG_MAPS, metadata=meta(labels={"a": "b"}), data={"k": "v"}, binaryData={"z": "AA=="})
    assert (seen.data, seen.binary, seen.resource_version) == ({"k": "v"}, {"z": "AA=="}, "7")
    assert seen.labels == MappingProxyType({"a": "b"})


def test_a_node_tells_its_platform_and_every_name_of_its_images() -> None:
    status = {
        "nodeInfo": {"operatingSystem": "linux", "architecture": "arm64", "kubeletVersion": "v1.34.2"},
        "images": [{"names": ["shop/web@sha256:1", "shop/web:v1"], "sizeBytes": 7}, {"names": None}],
    }
    node = decoded(MACHINES, metadata=meta("n1", labels={"kubernetes.io/arch": "arm64"}), status=status)

    assert (node.name, node.platform, node.labels) == ("n1", "linux/arm64", {"kubernetes.io/arch": "arm64"})
    assert node.images == {"shop/web@sha256:1", "shop/web:v1"}


@pytest.mark.parametrize("status", [{}, {"nodeInfo": {}}, {"nodeInfo": {"operatingSystem": "linux"}, "images": None}])
def test_a_node_whose_kubelet_is_silent_has_no_platform(status: dict[str, Any]) -> None:
    node = decoded(MACHINES, status=status)

    assert (node.platform, node.images) == ("", frozenset())
    assert decoded(MACHINES).platform == ""


@pytest.mark.parametrize("body", [b"<html>", b'{"metadata": 3}', b"\xff", b""])
def test_what_is_not_the_promised_json_is_the_clusters_failure(body: bytes) -> None:
    for view in ALL_VIEWS:
        with pytest.raises(ClusterFailure, match="does not understand"):
            shape_of(view).item(body)


def test_five_thousand_pods_stay_small() -> None:
    """At most 40 MiB held; measured: 8 MiB and about 100 ms of CPU. The time is bounded loosely, machines differ."""
    items = [json.dumps({**running_pod(f"web-{n}")}) for n in range(500)]
    body = f'{{"metadata": {{"resourceVersion": "9"}}, "items": [{",".join(items)}]}}'.encode()
    shape = shape_of(PODS)
    shape.page(body)
    gc.collect()
    began = time.process_time()
    kept = [shape.page(body) for _ in range(10)]
    took = time.process_time() - began
    assert sum(len(page.items) for page in kept) == 5000
    kept.clear()
    tracemalloc.start()
    kept = [shape.page(body) for _ in range(2)]
    held = tracemalloc.get_traced_memory()[0] * 5
    tracemalloc.stop()
    assert held <= 40 * 2**20
    assert took <= 1.5
