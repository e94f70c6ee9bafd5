"""DaemonSets: one pod a node, replaced within the strategy's limits."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from dot_ai_lifecycle.embedded.cluster import EmbeddedCluster
from tests.embedded.apps import Object, apply, images, pods, status, workload


def agent(image: Any = "agent:v1", **more: Any) -> Object:
    return workload("DaemonSet", "agent", image, **more)


@pytest.fixture
async def cluster() -> AsyncIterator[EmbeddedCluster]:
    async with EmbeddedCluster(nodes=4) as running:
        yield running


def counts(cluster: EmbeddedCluster) -> Object:
    return status(cluster, "agent", "DaemonSet")


async def test_every_node_gets_one_pod_and_a_new_node_too(cluster: EmbeddedCluster) -> None:
    apply(cluster, agent())
    await cluster.settled()
    cluster.add_nodes(1)
    await cluster.settled()
    assert sorted(pod["spec"]["nodeName"] for pod in pods(cluster, "agent")) == [f"node-{n}" for n in range(1, 6)]
    assert counts(cluster)["desiredNumberScheduled"] == counts(cluster)["numberAvailable"] == 5


async def test_an_update_replaces_one_node_after_the_other(cluster: EmbeddedCluster) -> None:
    apply(cluster, agent())
    await cluster.settled()
    fewest = 4

    def look(_: Any) -> None:
        nonlocal fewest
        fewest = min(fewest, counts(cluster)["numberReady"])

    cluster.store.subscribe(look)
    apply(cluster, agent("agent:v2"))
    await cluster.settled()
    assert images(cluster, "agent") == ["agent:v2"] * 4
    assert counts(cluster)["updatedNumberScheduled"] == 4
    assert fewest == 3


async def test_a_broken_version_stops_at_the_first_node_and_is_repaired_by_going_back(cluster: EmbeddedCluster) -> None:
    apply(cluster, agent())
    await cluster.settled()
    apply(cluster, agent("agent:unready"))
    await cluster.settled()
    assert images(cluster, "agent") == ["agent:unready"] + ["agent:v1"] * 3
    apply(cluster, agent())
    await cluster.settled()
    assert images(cluster, "agent") == ["agent:v1"] * 4


async def test_a_surge_sets_the_new_pod_beside_the_old_one(cluster: EmbeddedCluster) -> None:
    surge = {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}}
    apply(cluster, agent(**surge))
    await cluster.settled()
    apply(cluster, agent("agent:unready", **surge))
    await cluster.settled()
    assert images(cluster, "agent") == ["agent:unready"] + ["agent:v1"] * 4
    apply(cluster, agent("agent:v2", **surge))
    await asyncio.sleep(120)
    assert images(cluster, "agent") == ["agent:v2"] * 4


async def test_on_delete_replaces_only_what_somebody_deletes(cluster: EmbeddedCluster) -> None:
    apply(cluster, agent(updateStrategy={"type": "OnDelete"}))
    await cluster.settled()
    apply(cluster, agent("agent:v2", updateStrategy={"type": "OnDelete"}))
    await cluster.settled()
    assert images(cluster, "agent") == ["agent:v1"] * 4
    cluster.store.delete("Pod", pods(cluster, "agent")[0]["metadata"]["name"], "default")
    await cluster.settled()
    assert images(cluster, "agent") == ["agent:v1"] * 3 + ["agent:v2"]


async def test_revisions_are_kept_with_the_hash_the_pods_carry(cluster: EmbeddedCluster) -> None:
    apply(cluster, agent())
    await cluster.settled()
    (revision,) = cluster.store.list("ControllerRevision", "default")
    hashed = pods(cluster, "agent")[0]["metadata"]["labels"]["controller-revision-hash"]
    assert revision["metadata"]["name"] == f"agent-{hashed}"
