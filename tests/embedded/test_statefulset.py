"""StatefulSets: order, volumes, revisions, and the trap in which a broken pod blocks its own repair."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from dot_ai_lifecycle.embedded.cluster import EmbeddedCluster
from tests.embedded.apps import Object, apply, images, pods, said, status, workload


def database(image: Any = "db:v1", **more: Any) -> Object:
    return workload("StatefulSet", "db", image, **({"replicas": 3, "serviceName": "db", **more}))


@pytest.fixture
async def cluster() -> AsyncIterator[EmbeddedCluster]:
    async with EmbeddedCluster() as running:
        yield running


def by_number(cluster: EmbeddedCluster) -> list[str]:
    return [pod["spec"]["containers"][0]["image"] for pod in pods(cluster, "db")]


def sts(cluster: EmbeddedCluster) -> Object:
    return status(cluster, "db", "StatefulSet")


def watched(cluster: EmbeddedCluster, kind: str) -> list[str]:
    """The names of pods as they are added or deleted, filled while the test goes on."""
    seen: list[str] = []

    def note(change: Any) -> None:
        if change.kind.kind == "Pod" and change.type == kind:
            seen.append(change.object["metadata"]["name"])

    cluster.store.subscribe(note)
    return seen


async def test_pods_come_one_after_the_other_each_when_the_last_is_ready(cluster: EmbeddedCluster) -> None:
    added = watched(cluster, "ADDED")
    cluster.behaviour.images["db:v1"] = {"SLOW_START_S": "10"}
    apply(cluster, database())
    await asyncio.sleep(6)
    assert added == ["db-0"]
    await asyncio.sleep(60)
    assert added == ["db-0", "db-1", "db-2"]
    assert sts(cluster)["availableReplicas"] == 3


async def test_a_parallel_set_makes_all_pods_at_once(cluster: EmbeddedCluster) -> None:
    cluster.behaviour.images["db:v1"] = {"NEVER_READY": "1"}
    apply(cluster, database(podManagementPolicy="Parallel"))
    await cluster.settled()
    assert len(pods(cluster, "db")) == 3


async def test_pods_carry_their_number_their_revision_and_their_name(cluster: EmbeddedCluster) -> None:
    apply(cluster, database())
    await cluster.settled()
    second = pods(cluster, "db")[1]
    assert second["spec"]["hostname"] == "db-1"
    assert second["spec"]["subdomain"] == "db"
    labels = second["metadata"]["labels"]
    assert labels["statefulset.kubernetes.io/pod-name"] == "db-1"
    assert labels["apps.kubernetes.io/pod-index"] == "1"
    assert labels["controller-revision-hash"] == sts(cluster)["updateRevision"] == sts(cluster)["currentRevision"]


async def test_every_pod_gets_a_bound_volume_and_finds_it_again(cluster: EmbeddedCluster) -> None:
    size = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    apply(cluster, database(volumeClaimTemplates=[{"metadata": {"name": "data"}, "spec": size}]))
    await cluster.settled()
    claims = cluster.store.list("PersistentVolumeClaim", "default")
    assert [(one["metadata"]["name"], one["status"]["phase"]) for one in claims] == [
        (f"data-db-{number}", "Bound") for number in range(3)
    ]
    uid = claims[0]["metadata"]["uid"]
    cluster.store.delete("Pod", "db-0", "default")
    await cluster.settled()
    assert cluster.store.get("PersistentVolumeClaim", "data-db-0", "default")["metadata"]["uid"] == uid
    assert pods(cluster, "db")[0]["spec"]["volumes"][0]["persistentVolumeClaim"] == {"claimName": "data-db-0"}


async def test_an_update_goes_from_the_last_pod_to_the_first(cluster: EmbeddedCluster) -> None:
    apply(cluster, database())
    await cluster.settled()
    gone = watched(cluster, "DELETED")
    before = sts(cluster)["currentRevision"]
    apply(cluster, database("db:v2"))
    await asyncio.sleep(0.5)
    assert sts(cluster)["currentRevision"] == before != sts(cluster)["updateRevision"]
    await cluster.settled()
    assert gone == ["db-2", "db-1", "db-0"]
    assert sts(cluster)["currentRevision"] == sts(cluster)["updateRevision"] != before
    assert "delete Pod db-2 in StatefulSet db successful" in [e["message"] for e in said(cluster, "SuccessfulDelete")]


async def test_a_partition_keeps_the_pods_below_it_even_when_they_are_deleted(cluster: EmbeddedCluster) -> None:
    apply(cluster, database())
    await cluster.settled()
    partition = {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
    apply(cluster, database("db:v2", updateStrategy=partition))
    await cluster.settled()
    assert by_number(cluster) == ["db:v1", "db:v1", "db:v2"]
    cluster.store.delete("Pod", "db-1", "default")
    await cluster.settled()
    assert by_number(cluster) == ["db:v1", "db:v1", "db:v2"]
    assert (sts(cluster)["currentReplicas"], sts(cluster)["updatedReplicas"]) == (2, 1)


async def test_on_delete_waits_for_somebody_to_delete(cluster: EmbeddedCluster) -> None:
    apply(cluster, database(updateStrategy={"type": "OnDelete"}))
    await cluster.settled()
    apply(cluster, database("db:v2", updateStrategy={"type": "OnDelete"}))
    await cluster.settled()
    assert by_number(cluster) == ["db:v1"] * 3
    cluster.store.delete("Pod", "db-1", "default")
    await cluster.settled()
    assert by_number(cluster) == ["db:v1", "db:v2", "db:v1"]


async def test_a_broken_pod_blocks_its_own_repair_until_somebody_deletes_it(cluster: EmbeddedCluster) -> None:
    apply(cluster, database())
    await cluster.settled()
    good = sts(cluster)["currentRevision"]
    apply(cluster, database("db:unready"))
    await cluster.settled()
    apply(cluster, database())
    await asyncio.sleep(3600)
    assert sts(cluster)["updateRevision"] == good
    assert by_number(cluster) == ["db:v1", "db:v1", "db:unready"]
    cluster.store.delete("Pod", "db-2", "default")
    await cluster.settled()
    assert by_number(cluster) == ["db:v1"] * 3


async def test_a_parallel_set_repairs_itself(cluster: EmbeddedCluster) -> None:
    for image in ("db:v1", "db:unready", "db:v1"):
        apply(cluster, database(image, podManagementPolicy="Parallel"))
        await cluster.settled()
    assert images(cluster, "db") == ["db:v1"] * 3


async def test_going_back_takes_up_the_old_revision_under_a_new_number(cluster: EmbeddedCluster) -> None:
    for image in ("db:v1", "db:v2", "db:v1"):
        apply(cluster, database(image))
        await cluster.settled()
    history = cluster.store.list("ControllerRevision", "default")
    assert sorted(one["revision"] for one in history) == [2, 3]
    latest = max(history, key=lambda one: int(one["revision"]))
    assert latest["data"]["spec"]["template"]["$patch"] == "replace"
    assert latest["data"]["spec"]["template"]["spec"]["containers"][0]["image"] == "db:v1"


async def test_scaling_down_takes_the_highest_numbers_first(cluster: EmbeddedCluster) -> None:
    apply(cluster, database())
    await cluster.settled()
    gone = watched(cluster, "DELETED")
    apply(cluster, database(replicas=1))
    await cluster.settled()
    assert gone == ["db-2", "db-1"]


async def test_min_ready_seconds_slows_the_update_down(cluster: EmbeddedCluster) -> None:
    apply(cluster, database(minReadySeconds=30))
    await cluster.settled()
    began = cluster.now()
    apply(cluster, database("db:v2", minReadySeconds=30))
    await cluster.settled()
    assert by_number(cluster) == ["db:v2"] * 3
    assert (cluster.now() - began).total_seconds() > 80
