"""Controllers where things are not as usual: paused, refused, half-made, without a target, or already gone."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from dot_ai_lifecycle.embedded.cluster import EmbeddedCluster
from tests.embedded.apps import Object, apply, condition, deployment, env, front, images, pods, said, status, workload

BUSY = env(BURN_MS="10") | {"resources": {"requests": {"cpu": "500m", "memory": "16Mi"}}}
HPA = "HorizontalPodAutoscaler"


@pytest.fixture
async def cluster() -> AsyncIterator[EmbeddedCluster]:
    async with EmbeddedCluster() as running:
        yield running


def sizes(cluster: EmbeddedCluster) -> dict[str, int]:
    """Wanted pods by the image of their ReplicaSet."""
    found = cluster.store.list("ReplicaSet", "default")
    return {one["spec"]["template"]["spec"]["containers"][0]["image"]: one["spec"]["replicas"] for one in found}


def quota(**hard: str) -> Object:
    meta = {"name": "few", "namespace": "default"}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": meta, "spec": {"hard": hard}}


def metric(name: str = "cpu", **target: Any) -> Object:
    return {"type": "Resource", "resource": {"name": name, "target": target}}


def autoscaler(*metrics: Object, kind: str = "Deployment", least: int = 2) -> Object:
    spec = {"minReplicas": least, "maxReplicas": 10, "metrics": list(metrics)}
    target = {"apiVersion": "apps/v1", "kind": kind, "name": "web"}
    meta = {"name": "web", "namespace": "default"}
    return {"apiVersion": "autoscaling/v2", "kind": HPA, "metadata": meta, "spec": spec | {"scaleTargetRef": target}}


async def test_a_paused_deployment_says_so_and_later_that_it_was_resumed(cluster: EmbeddedCluster) -> None:
    apply(cluster, deployment())
    await cluster.settled()
    apply(cluster, deployment(paused=True))
    await cluster.settled()
    assert condition(cluster, "Progressing")["reason"] == "DeploymentPaused"
    apply(cluster, deployment(image="shop:v2"))
    await cluster.settled()
    assert condition(cluster, "Progressing")["reason"] == "NewReplicaSetAvailable"
    assert images(cluster) == ["shop:v2"] * 4


async def test_a_deployment_paused_from_the_start_makes_nothing(cluster: EmbeddedCluster) -> None:
    apply(cluster, deployment(paused=True))
    await cluster.settled()
    assert not sizes(cluster)


async def test_a_missed_deadline_stands_through_a_pause(cluster: EmbeddedCluster) -> None:
    apply(cluster, deployment(image="shop:unready", progressDeadlineSeconds=20))
    await asyncio.sleep(60)
    assert condition(cluster, "Progressing")["reason"] == "ProgressDeadlineExceeded"
    apply(cluster, deployment(image="shop:unready", progressDeadlineSeconds=20, paused=True))
    await cluster.settled()
    assert condition(cluster, "Progressing")["reason"] == "ProgressDeadlineExceeded"


NO_DEADLINE = 2**31 - 1
"""Seconds that mean none, as the API documents."""


@pytest.mark.parametrize(("deadline", "told"), [(600, "ReplicaSetCreateError"), (NO_DEADLINE, None)])
async def test_a_replica_set_that_may_not_be_made_is_told_of_and_made_later(
    cluster: EmbeddedCluster, deadline: int, told: str | None
) -> None:
    apply(cluster, quota(**{"count/replicasets.apps": "0"}), deployment(progressDeadlineSeconds=deadline))
    await asyncio.sleep(5)
    assert condition(cluster, "Progressing").get("reason") == told
    cluster.store.delete("ResourceQuota", "few", "default")
    await asyncio.sleep(60)
    assert status(cluster)["availableReplicas"] == 4
    assert (condition(cluster, "Progressing") == {}) is (told is None)


async def test_a_recreate_scaled_in_the_middle_does_not_start_before_the_old_are_gone(cluster: EmbeddedCluster) -> None:
    recreate = {"type": "Recreate"}
    slow = {"lifecycle": {"preStop": {"sleep": {"seconds": 20}}}}
    apply(cluster, deployment(strategy=recreate, container=slow))
    await cluster.settled()
    apply(cluster, deployment(strategy=recreate, container=slow, image="shop:v2"))
    await asyncio.sleep(5)
    apply(cluster, deployment(strategy=recreate, container=slow, image="shop:v2", replicas=2))
    await asyncio.sleep(5)
    assert set(images(cluster)) == {"shop:v1"}
    await asyncio.sleep(60)
    assert images(cluster) == ["shop:v2"] * 2


async def test_a_paused_rollout_keeps_its_share_when_it_is_scaled_to_nothing_and_back(cluster: EmbeddedCluster) -> None:
    apply(cluster, deployment(replicas=8))
    await cluster.settled()
    apply(cluster, deployment(replicas=8, image="shop:unready"))
    await cluster.settled()
    apply(cluster, deployment(replicas=0, image="shop:unready", paused=True))
    await cluster.settled()
    assert sizes(cluster) == {"shop:v1": 0, "shop:unready": 0}
    apply(cluster, deployment(replicas=2, image="shop:unready", paused=True))
    await cluster.settled()
    assert sum(sizes(cluster).values()) == 2


async def test_a_paused_rollout_whose_new_pods_all_serve_lets_the_old_ones_go(cluster: EmbeddedCluster) -> None:
    double = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "100%", "maxUnavailable": 0}}
    apply(cluster, deployment(strategy=double))
    await cluster.settled()
    slow = env(SLOW_START_S="20")
    apply(cluster, deployment(strategy=double, container=slow, image="shop:v2"))
    await asyncio.sleep(5)
    apply(cluster, deployment(strategy=double, container=slow, image="shop:v2", paused=True))
    await asyncio.sleep(5)
    assert sizes(cluster) == {"shop:v1": 4, "shop:v2": 4}
    await asyncio.sleep(60)
    assert sizes(cluster) == {"shop:v1": 0, "shop:v2": 4}


async def test_a_pod_that_died_is_made_anew_by_its_daemon_set(cluster: EmbeddedCluster) -> None:
    apply(cluster, workload("DaemonSet", "agent", "agent:v1"))
    await cluster.settled()
    name = pods(cluster, "agent")[0]["metadata"]["name"]

    def die(one: Object) -> None:
        one["status"] = one["status"] | {"phase": "Failed"}

    cluster.store.edit("Pod", name, "default", die, subresource="status")
    await asyncio.sleep(60)
    assert "will try to kill it" in said(cluster, "FailedDaemonPod")[0]["message"]
    assert name not in {pod["metadata"]["name"] for pod in pods(cluster, "agent")}
    assert len(pods(cluster, "agent")) == 3


async def test_a_daemon_set_leaves_nodes_that_no_longer_suit_it(cluster: EmbeddedCluster) -> None:
    apply(cluster, workload("DaemonSet", "agent", "agent:v1"))
    await cluster.settled()

    def taint(node: Object) -> None:
        node["spec"]["taints"] = [{"key": "gpu", "value": "yes", "effect": "NoExecute"}]

    def cordon(node: Object) -> None:
        node["spec"]["unschedulable"] = True

    cluster.store.edit("Node", "node-1", None, taint)
    cluster.store.edit("Node", "node-2", None, cordon)
    await cluster.settled()
    assert sorted(pod["spec"]["nodeName"] for pod in pods(cluster, "agent")) == ["node-2", "node-3"]


async def test_a_daemon_set_whose_pods_are_refused_says_why(cluster: EmbeddedCluster) -> None:
    apply(cluster, quota(pods="1"), workload("DaemonSet", "agent", "agent:v1"))
    await asyncio.sleep(5)
    assert len(pods(cluster, "agent")) == 1
    assert "exceeded quota: few" in said(cluster, "FailedCreate")[0]["message"]


async def test_a_stateful_set_whose_pods_are_refused_goes_on_when_they_are_not(cluster: EmbeddedCluster) -> None:
    apply(cluster, quota(pods="1"), workload("StatefulSet", "db", "db:v1", replicas=2, serviceName="db"))
    await asyncio.sleep(10)
    assert len(pods(cluster, "db")) == 1
    cluster.store.delete("ResourceQuota", "few", "default")
    await asyncio.sleep(60)
    assert status(cluster, "db", "StatefulSet")["readyReplicas"] == 2


async def test_a_claim_without_a_class_waits_and_one_for_a_known_volume_takes_it(cluster: EmbeddedCluster) -> None:
    def claim(name: str, **spec: Any) -> Object:
        meta = {"name": name, "namespace": "default"}
        base = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
        return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta, "spec": base | spec}

    volume = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "disk"}, "spec": {}}
    apply(cluster, volume, claim("waits", storageClassName=""), claim("takes", volumeName="disk"))
    await cluster.settled()
    assert status(cluster, "waits", "PersistentVolumeClaim")["phase"] == "Pending"
    assert status(cluster, "takes", "PersistentVolumeClaim")["phase"] == "Bound"
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": name}} for name in ("waits",)]
    apply(cluster, deployment(replicas=1, pod={"volumes": volumes}))
    await cluster.settled()
    assert "unbound immediate PersistentVolumeClaims" in said(cluster, "FailedScheduling")[0]["message"]
    cluster.store.delete("PersistentVolumeClaim", "takes", "default")
    await cluster.settled()
    assert cluster.store.find("PersistentVolume", "disk") is not None


async def test_a_pod_waits_for_a_claim_that_is_not_there(cluster: EmbeddedCluster) -> None:
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "late"}}]
    apply(cluster, deployment(replicas=1, pod={"volumes": volumes}))
    await cluster.settled()
    assert 'persistentvolumeclaim "late" not found' in said(cluster, "FailedScheduling")[0]["message"]


@pytest.mark.parametrize(
    "spec", [{"schedulerName": "mine"}, {"schedulingGates": [{"name": "wait"}]}], ids=["another's", "a gated one"]
)
async def test_some_pods_are_not_the_schedulers_to_place(cluster: EmbeddedCluster, spec: Object) -> None:
    apply(cluster, deployment(replicas=1, pod=spec))
    await cluster.settled()
    (pod,) = pods(cluster)
    assert "nodeName" not in pod["spec"]
    assert not said(cluster, "FailedScheduling")


async def test_a_port_of_the_node_is_for_one_pod(cluster: EmbeddedCluster) -> None:
    apply(cluster, deployment(replicas=4, container={"ports": [{"containerPort": 80, "hostPort": 80}]}))
    await cluster.settled()
    assert "3 node(s) didn't have free ports" in said(cluster, "FailedScheduling")[0]["message"]
    assert len({pod["spec"].get("nodeName") for pod in pods(cluster)} - {None}) == 3


async def test_a_node_takes_so_many_pods_and_no_more() -> None:
    async with EmbeddedCluster(nodes=0) as cluster:
        apply(cluster, deployment(replicas=3))
        await cluster.settled()
        assert said(cluster, "FailedScheduling")[0]["message"] == "no nodes available to schedule pods"
        cluster.add_nodes(1, pods=2)
        await cluster.settled()
        assert any("1 Too many pods" in event["message"] for event in said(cluster, "FailedScheduling"))
        assert len([pod for pod in pods(cluster) if pod["spec"].get("nodeName")]) == 2


async def test_an_autoscaler_without_a_target_says_so(cluster: EmbeddedCluster) -> None:
    apply(cluster, autoscaler(metric(type="Utilization", averageUtilization=50)))
    await asyncio.sleep(40)
    assert condition(cluster, "AbleToScale", kind=HPA)["reason"] == "FailedGetScale"
    cluster.store.delete(HPA, "web", "default")
    await asyncio.sleep(40)
    apply(cluster, autoscaler(metric(type="Utilization", averageUtilization=50), kind="DaemonSet"))
    await asyncio.sleep(40)
    assert condition(cluster, "AbleToScale", kind=HPA)["reason"] == "FailedGetScale"


async def test_an_app_scaled_to_nothing_is_left_alone_by_its_autoscaler(cluster: EmbeddedCluster) -> None:
    apply(cluster, deployment(replicas=0), autoscaler(metric(type="Utilization", averageUtilization=50)))
    await asyncio.sleep(40)
    assert condition(cluster, "ScalingActive", kind=HPA)["reason"] == "ScalingDisabled"
    assert cluster.store.get("Deployment", "web", "default")["spec"]["replicas"] == 0


@pytest.mark.parametrize(
    ("measure", "replicas"),
    [
        (metric(type="AverageValue", averageValue="250m"), 6),
        (metric("memory", type="AverageValue", averageValue="8Mi"), 10),
        (metric("memory", type="Utilization", averageUtilization=100), 10),
        ({"type": "External", "external": {"metric": {"name": "queue"}, "target": {"type": "Value"}}}, 2),
    ],
)
async def test_an_autoscaler_reads_amounts_as_well_as_shares(
    cluster: EmbeddedCluster, measure: Object, replicas: int
) -> None:
    apply(cluster, deployment(replicas=2, container=BUSY), front(), autoscaler(measure))
    await cluster.settled()
    cluster.traffic.start("web", rate=150)
    await asyncio.sleep(240)
    assert cluster.store.get("Deployment", "web", "default")["spec"]["replicas"] == replicas


async def test_pods_that_are_not_ready_do_not_count_as_loaded(cluster: EmbeddedCluster) -> None:
    apply(cluster, deployment(image="shop:unready", replicas=2, container=BUSY), front())
    apply(cluster, autoscaler(metric(type="Utilization", averageUtilization=50)))
    await asyncio.sleep(60)
    assert condition(cluster, "ScalingActive", kind=HPA)["reason"] == "FailedGetResourceMetric"


def job(**spec: Any) -> Object:
    run = {"name": "run", "image": "task:v1"} | spec.pop("container", {})
    template = {"spec": {"restartPolicy": spec.pop("restart", "Never"), "containers": [run]}}
    meta = {"name": "web", "namespace": "default"}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": {"template": template} | spec}


async def test_a_suspended_job_lets_go_of_its_pods_and_takes_up_again(cluster: EmbeddedCluster) -> None:
    apply(cluster, job(container=env(RUNS_S="60")))
    await asyncio.sleep(10)
    cluster.store.edit("Job", "web", "default", lambda one: one["spec"].update(suspend=True))
    await asyncio.sleep(40)
    assert not cluster.store.list("Pod", "default")
    cluster.store.edit("Job", "web", "default", lambda one: one["spec"].update(suspend=False))
    await asyncio.sleep(90)
    assert condition(cluster, "Complete", kind="Job")["status"] == "True"


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"activeDeadlineSeconds": 20, "container": env(RUNS_S="60")}, "DeadlineExceeded"),
        ({"restart": "OnFailure", "backoffLimit": 1, "container": env(EXIT_CODE="3")}, "BackoffLimitExceeded"),
    ],
)
async def test_a_job_ends_at_its_deadline_or_at_its_restarts(
    cluster: EmbeddedCluster, spec: Object, reason: str
) -> None:
    apply(cluster, job(**spec))
    await asyncio.sleep(120)
    assert condition(cluster, "Failed", kind="Job")["reason"] == reason
    assert status(cluster, kind="Job").get("active", 0) == 0


async def test_an_ended_job_goes_when_its_time_to_live_is_over(cluster: EmbeddedCluster) -> None:
    apply(cluster, job(ttlSecondsAfterFinished=30))
    await asyncio.sleep(20)
    assert condition(cluster, "Complete", kind="Job")
    await asyncio.sleep(30)
    assert cluster.store.find("Job", "web", "default") is None


async def test_a_job_whose_pod_is_refused_tries_again(cluster: EmbeddedCluster) -> None:
    apply(cluster, quota(pods="0"), job())
    await asyncio.sleep(5)
    assert "exceeded quota: few" in said(cluster, "FailedCreate")[0]["message"]
    cluster.store.delete("ResourceQuota", "few", "default")
    await asyncio.sleep(60)
    assert condition(cluster, "Complete", kind="Job")


@pytest.mark.parametrize(("kind", "opens"), [("NodePort", True), ("LoadBalancer", True), ("ClusterIP", False)])
async def test_a_service_for_the_outside_gets_a_port_on_the_nodes(
    cluster: EmbeddedCluster, kind: str, opens: bool
) -> None:
    outside = front()
    outside["spec"] |= {"type": kind, "ports": [{"name": "a", "port": 80}, {"name": "b", "port": 81}]}
    apply(cluster, outside)
    spec = cluster.store.get("Service", "web", "default")["spec"]
    assert len({port["nodePort"] for port in spec["ports"] if "nodePort" in port}) == (2 if opens else 0)
    assert ("externalTrafficPolicy" in spec) is opens
    assert ("allocateLoadBalancerNodePorts" in spec) is (kind == "LoadBalancer")


async def ask(cluster: EmbeddedCluster, path: str, accept: str = "application/json", **query: str) -> Any:
    answer = await cluster.transport.request(
        "GET", path, headers={"accept": accept}, query=tuple(query.items()), body=b""
    )
    return json.loads(answer.body)


TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
PARTIAL = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
UNKNOWN = "application/json;as=Table;v=v1beta1,text/html,*/*"


async def test_one_object_is_shown_whole_or_as_a_row_or_by_its_metadata(cluster: EmbeddedCluster) -> None:
    apply(cluster, deployment(replicas=0))
    path = "/apis/apps/v1/namespaces/default/deployments/web"
    assert (await ask(cluster, path, UNKNOWN))["kind"] == "Deployment"
    assert "spec" not in await ask(cluster, path, PARTIAL)
    for include, has in (("None", []), ("Metadata", ["apiVersion", "kind", "metadata"]), ("Object", None)):
        (row,) = (await ask(cluster, path, TABLE, includeObject=include))["rows"]
        assert row["cells"][0] == "web"
        assert sorted(row.get("object", {})) == (has if has is not None else sorted(row["object"]))
        assert ("spec" in row.get("object", {})) is (include == "Object")


async def test_the_first_row_of_a_watch_brings_the_columns_and_pods_say_how_they_are(cluster: EmbeddedCluster) -> None:
    apply(cluster, deployment(replicas=1, image="shop:missing"))
    await asyncio.sleep(3)
    query = [("watch", "1"), ("timeoutSeconds", "2")]
    async with cluster.transport.stream(
        "GET", "/api/v1/namespaces/default/pods", query=query, headers={"accept": TABLE}
    ) as stream:
        tables = []
        lines = aiter(stream)
        tables.append(json.loads(await anext(lines))["object"])
        cluster.store.delete("Pod", pods(cluster)[0]["metadata"]["name"], "default")
        tables.append(json.loads(await anext(lines))["object"])
    assert tables[0]["columnDefinitions"]
    assert tables[1]["columnDefinitions"] is None
    assert [table["rows"][0]["cells"][2] for table in tables] == ["ErrImagePull", "Terminating"]
