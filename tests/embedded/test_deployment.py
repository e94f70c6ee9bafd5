"""Rollouts of Deployments in the embedded cluster: what a person sees with kubectl on a real one."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from dot_ai_lifecycle.embedded.cluster import EmbeddedCluster
from tests.embedded.apps import apply, condition, deployment, images, pods, said, status

REVISION = "deployment.kubernetes.io/revision"


@pytest.fixture
async def cluster() -> AsyncIterator[EmbeddedCluster]:
    async with EmbeddedCluster() as running:
        yield running


def sets(cluster: EmbeddedCluster) -> dict[str, Any]:
    """ReplicaSets by the image they run."""
    found = cluster.store.list("ReplicaSet", "default")
    return {one["spec"]["template"]["spec"]["containers"][0]["image"]: one for one in found}


async def test_a_new_deployment_gets_its_pods_and_says_it_is_done(cluster: EmbeddedCluster) -> None:
    apply(cluster, deployment())
    await cluster.settled()
    assert status(cluster)["availableReplicas"] == status(cluster)["updatedReplicas"] == 4
    done = condition(cluster, "Progressing")
    name = sets(cluster)["shop:v1"]["metadata"]["name"]
    assert (done["reason"], done["status"]) == ("NewReplicaSetAvailable", "True")
    assert done["message"] == f'ReplicaSet "{name}" has successfully progressed.'
    assert condition(cluster, "Available")["reason"] == "MinimumReplicasAvailable"
    assert status(cluster)["observedGeneration"] == 1


async def test_an_update_replaces_all_pods_and_counts_the_revision(cluster: EmbeddedCluster) -> None:
    apply(cluster, deployment())
    await cluster.settled()
    apply(cluster, deployment(image="shop:v2"))
    await cluster.settled()
    assert images(cluster) == ["shop:v2"] * 4
    assert cluster.store.get("Deployment", "web", "default")["metadata"]["annotations"][REVISION] == "2"
    texts = [event["message"] for event in said(cluster, "ScalingReplicaSet")]
    new, old = (sets(cluster)[image]["metadata"]["name"] for image in ("shop:v2", "shop:v1"))
    assert f"Scaled up replica set {new} from 0 to 1" in texts
    assert f"Scaled down replica set {old} from 4 to 3" in texts


async def test_during_a_default_update_the_floor_and_the_ceiling_hold(cluster: EmbeddedCluster) -> None:
    apply(cluster, deployment(replicas=8))
    await cluster.settled()
    low, high = 8, 0

    def look(_: Any) -> None:
        nonlocal low, high
        found = status(cluster)
        low = min(low, found.get("availableReplicas", 0))
        high = max(high, sum(one["spec"]["replicas"] for one in cluster.store.list("ReplicaSet", "default")))

    stop = cluster.store.subscribe(look)
    apply(cluster, deployment(image="shop:v2", replicas=8))
    await cluster.settled()
    stop()
    assert (low, high) == (6, 10)


async def test_restoring_an_old_template_takes_up_its_replica_set_under_a_new_number(cluster: EmbeddedCluster) -> None:
    for image in ("shop:v1", "shop:v2", "shop:v1"):
        apply(cluster, deployment(image=image))
        await cluster.settled()
    assert len(cluster.store.list("ReplicaSet", "default")) == 2
    first = sets(cluster)["shop:v1"]["metadata"]["annotations"]
    assert first[REVISION] == "3"
    assert first["deployment.kubernetes.io/revision-history"] == "1"
    assert images(cluster) == ["shop:v1"] * 4


async def test_a_set_remembers_the_change_cause_and_under_what_it_was_scaled(cluster: EmbeddedCluster) -> None:
    wanted = deployment()
    wanted["metadata"]["annotations"] = {"kubernetes.io/change-cause": "first try"}
    apply(cluster, wanted)
    await cluster.settled()
    notes = sets(cluster)["shop:v1"]["metadata"]["annotations"]
    assert notes["kubernetes.io/change-cause"] == "first try"
    assert notes["deployment.kubernetes.io/desired-replicas"] == "4"
    assert notes["deployment.kubernetes.io/max-replicas"] == "5"


async def test_a_huge_min_ready_seconds_gates_an_update_after_its_surge(cluster: EmbeddedCluster) -> None:
    apply(cluster, deployment())
    await cluster.settled()
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 2, "maxUnavailable": 0}}
    gate = {"minReadySeconds": 2147483646, "progressDeadlineSeconds": 2147483647, "strategy": rolling}
    apply(cluster, deployment(image="shop:v2", **gate))
    await cluster.settled()
    await asyncio.sleep(86400)
    assert images(cluster) == ["shop:v1"] * 4 + ["shop:v2"] * 2
    assert status(cluster)["readyReplicas"] == 6
    assert sets(cluster)["shop:v2"]["status"].get("availableReplicas", 0) == 0
    assert condition(cluster, "Progressing") == {}
    apply(cluster, deployment(image="shop:v2"))
    await cluster.settled()
    assert images(cluster) == ["shop:v2"] * 4


async def test_min_ready_seconds_delays_availability_by_that_long(cluster: EmbeddedCluster) -> None:
    apply(cluster, deployment(replicas=1, minReadySeconds=20))
    await asyncio.sleep(10)
    assert status(cluster)["readyReplicas"] == 1
    assert "availableReplicas" not in status(cluster)
    await asyncio.sleep(15)
    assert status(cluster)["availableReplicas"] == 1


async def test_recreate_waits_for_the_last_old_pod_before_the_first_new_one(cluster: EmbeddedCluster) -> None:
    recreate = {"strategy": {"type": "Recreate"}, "pod": {"terminationGracePeriodSeconds": 20}}
    cluster.behaviour.images["shop:v1"] = {"DRAIN_S": "8"}
    apply(cluster, deployment(replicas=2, **recreate))
    await cluster.settled()
    apply(cluster, deployment(image="shop:v2", replicas=2, **recreate))
    await asyncio.sleep(5)
    assert images(cluster) == ["shop:v1"] * 2
    await cluster.settled()
    assert images(cluster) == ["shop:v2"] * 2


async def test_a_paused_deployment_scales_but_does_not_roll(cluster: EmbeddedCluster) -> None:
    apply(cluster, deployment())
    await cluster.settled()
    apply(cluster, deployment(image="shop:v2", paused=True, replicas=5))
    await cluster.settled()
    assert images(cluster) == ["shop:v1"] * 5
    assert condition(cluster, "Progressing")["reason"] == "DeploymentPaused"
    apply(cluster, deployment(image="shop:v2", replicas=5))
    await cluster.settled()
    assert images(cluster) == ["shop:v2"] * 5


async def test_old_sets_beyond_the_history_limit_go(cluster: EmbeddedCluster) -> None:
    for number in range(1, 6):
        apply(cluster, deployment(image=f"shop:v{number}", replicas=1, revisionHistoryLimit=2))
        await cluster.settled()
    assert sorted(sets(cluster)) == ["shop:v3", "shop:v4", "shop:v5"]


async def test_a_rollout_that_makes_no_progress_misses_its_deadline(cluster: EmbeddedCluster) -> None:
    apply(cluster, deployment(progressDeadlineSeconds=60))
    await cluster.settled()
    apply(cluster, deployment(image="shop:unready", progressDeadlineSeconds=60))
    await asyncio.sleep(55)
    assert condition(cluster, "Progressing")["reason"] == "ReplicaSetUpdated"
    await asyncio.sleep(15)
    late = condition(cluster, "Progressing")
    assert (late["status"], late["reason"]) == ("False", "ProgressDeadlineExceeded")
    assert late["message"].endswith("has timed out progressing.")
    assert condition(cluster, "Available")["status"] == "True"


async def test_scaling_in_the_middle_of_a_rollout_shares_the_pods_out(cluster: EmbeddedCluster) -> None:
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 3, "maxUnavailable": 2}}
    apply(cluster, deployment(replicas=10, strategy=rolling))
    await cluster.settled()
    apply(cluster, deployment(image="shop:unready", replicas=10, strategy=rolling))
    await cluster.settled()
    assert [sets(cluster)[image]["spec"]["replicas"] for image in ("shop:v1", "shop:unready")] == [8, 5]
    apply(cluster, deployment(image="shop:unready", replicas=15, strategy=rolling))
    await cluster.settled()
    assert [sets(cluster)[image]["spec"]["replicas"] for image in ("shop:v1", "shop:unready")] == [11, 7]


async def test_scaling_down_takes_pods_that_are_not_ready_first(cluster: EmbeddedCluster) -> None:
    apply(cluster, deployment(replicas=2))
    await cluster.settled()
    ready = {pod["metadata"]["name"] for pod in pods(cluster)}
    cluster.behaviour.images["shop:v1"] = {"NEVER_READY": "1"}
    apply(cluster, deployment(replicas=4))
    await cluster.settled()
    apply(cluster, deployment(replicas=2))
    await cluster.settled()
    assert {pod["metadata"]["name"] for pod in pods(cluster)} == ready


async def test_a_deleted_pod_is_replaced(cluster: EmbeddedCluster) -> None:
    apply(cluster, deployment())
    await cluster.settled()
    gone = pods(cluster)[0]["metadata"]["name"]
    cluster.store.delete("Pod", gone, "default")
    await cluster.settled()
    names = [pod["metadata"]["name"] for pod in pods(cluster)]
    assert gone not in names
    assert len(names) == 4


async def test_deleting_a_deployment_takes_everything_below_it_away(cluster: EmbeddedCluster) -> None:
    apply(cluster, deployment())
    await cluster.settled()
    cluster.store.delete("Deployment", "web", "default")
    await cluster.settled()
    assert not cluster.store.list("ReplicaSet", "default")
    assert not pods(cluster)


async def test_orphaned_sets_are_adopted_by_a_deployment_of_the_same_selector(cluster: EmbeddedCluster) -> None:
    apply(cluster, deployment())
    await cluster.settled()
    names = {pod["metadata"]["name"] for pod in pods(cluster)}
    cluster.store.delete("Deployment", "web", "default", propagation="Orphan")
    await cluster.settled()
    apply(cluster, deployment())
    await cluster.settled()
    assert {pod["metadata"]["name"] for pod in pods(cluster)} == names
    assert status(cluster)["availableReplicas"] == 4
