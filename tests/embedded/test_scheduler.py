"""Where pods go, and the scheduler's sentence when they go nowhere."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from dot_ai_lifecycle.embedded.cluster import EmbeddedCluster
from tests.embedded.apps import Object, apply, deployment, pods, said, status


@pytest.fixture
async def cluster() -> AsyncIterator[EmbeddedCluster]:
    async with EmbeddedCluster(nodes=3) as running:
        yield running


def complaint(cluster: EmbeddedCluster) -> str:
    """Why the one pending pod is pending; its condition and its event agree."""
    (pod,) = [pod for pod in pods(cluster) if not pod["spec"].get("nodeName")]
    (scheduled,) = pod["status"]["conditions"]
    assert (scheduled["type"], scheduled["status"], scheduled["reason"]) == ("PodScheduled", "False", "Unschedulable")
    assert pod["status"]["phase"] == "Pending"
    assert {event["message"] for event in said(cluster, "FailedScheduling")} == {scheduled["message"]}
    message: str = scheduled["message"]
    return message


NO_HELP = (
    "no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
)
NO_VICTIM = NO_HELP.replace("Preemption is not helpful for scheduling", "No preemption victims found for incoming pod")


async def test_pods_spread_over_the_nodes(cluster: EmbeddedCluster) -> None:
    apply(cluster, deployment(replicas=6))
    await cluster.settled()
    assert Counter(pod["spec"]["nodeName"] for pod in pods(cluster)) == {"node-1": 2, "node-2": 2, "node-3": 2}


async def test_a_demand_beyond_any_node_is_never_met(cluster: EmbeddedCluster) -> None:
    apply(cluster, deployment(replicas=1, container={"resources": {"requests": {"cpu": "1000"}}}))
    await cluster.settled()
    assert complaint(cluster) == f"0/3 nodes are available: 3 Insufficient cpu. {NO_HELP}"


async def test_a_full_cluster_takes_the_pod_once_there_is_room(cluster: EmbeddedCluster) -> None:
    greedy = {"resources": {"requests": {"memory": "20Gi"}}}
    apply(cluster, deployment(replicas=4, container=greedy))
    await cluster.settled()
    assert complaint(cluster) == f"0/3 nodes are available: 3 Insufficient memory. {NO_VICTIM}"
    cluster.add_nodes(1)
    await cluster.settled()
    assert status(cluster)["availableReplicas"] == 4


async def test_a_label_no_node_has_is_named(cluster: EmbeddedCluster) -> None:
    apply(cluster, deployment(replicas=1, pod={"nodeSelector": {"disk": "fast"}}))
    await cluster.settled()
    why = "3 node(s) didn't match Pod's node affinity/selector"
    assert complaint(cluster) == f"0/3 nodes are available: {why}. {NO_HELP}"


async def test_taints_and_cordons_are_counted_apart(cluster: EmbeddedCluster) -> None:
    def taint(node: Object) -> None:
        node["spec"]["taints"] = [{"key": "team", "value": "ml", "effect": "NoSchedule"}]

    def cordon(node: Object) -> None:
        node["spec"]["unschedulable"] = True

    cluster.store.edit("Node", "node-1", None, taint)
    cluster.store.edit("Node", "node-2", None, taint)
    cluster.store.edit("Node", "node-3", None, cordon)
    apply(cluster, deployment(replicas=1))
    await cluster.settled()
    why = "1 node(s) were unschedulable, 2 node(s) had untolerated taint {team: ml}"
    assert complaint(cluster) == f"0/3 nodes are available: {why}. {NO_HELP}"
    tolerant = {"tolerations": [{"key": "team", "operator": "Exists"}]}
    apply(cluster, deployment(name="ml", replicas=1, pod=tolerant))
    await cluster.settled()
    assert pods(cluster, "ml")[0]["spec"]["nodeName"] in {"node-1", "node-2"}


async def test_pods_that_keep_apart_by_host_need_a_node_each(cluster: EmbeddedCluster) -> None:
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "web"}}}
    apart = {"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}}
    apply(cluster, deployment(replicas=4, pod=apart))
    await cluster.settled()
    why = "3 node(s) didn't match pod anti-affinity rules"
    assert complaint(cluster) == f"0/3 nodes are available: {why}. {NO_VICTIM}"
    victim = next(pod for pod in pods(cluster) if pod["spec"].get("nodeName"))
    cluster.store.delete("Pod", victim["metadata"]["name"], "default")
    await asyncio.sleep(10)
    assert status(cluster)["availableReplicas"] == 3


async def test_scheduling_is_told_as_the_newer_events_api_does(cluster: EmbeddedCluster) -> None:
    apply(cluster, deployment(replicas=1))
    await cluster.settled()
    (event,) = said(cluster, "Scheduled")
    (pod,) = pods(cluster)
    node = pod["spec"]["nodeName"]
    assert event["message"] == f"Successfully assigned default/{pod['metadata']['name']} to {node}"
    assert (event["firstTimestamp"], event["source"], event["action"]) == (None, {}, "Binding")
