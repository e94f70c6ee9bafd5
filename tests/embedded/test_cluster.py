"""The embedded cluster as a whole: settling, idling, growing, and not hiding its own defects."""

import asyncio
import json
import random
import time
from datetime import UTC, datetime

import pytest

from dot_ai_lifecycle.embedded.cluster import EmbeddedCluster
from dot_ai_lifecycle.embedded.controllers.queue import Item, Key
from tests.embedded.apps import Object, apply, condition, deployment, front, images, pods, status, workload


async def test_an_idle_hour_costs_next_to_nothing() -> None:
    async with EmbeddedCluster() as cluster:
        apply(cluster, deployment(replicas=20), front())
        await cluster.settled()
        before, revision = time.process_time(), cluster.store.revision
        await asyncio.sleep(3600)
        assert time.process_time() - before < 0.1
        assert cluster.store.revision == revision


async def test_an_idle_hour_with_a_pod_that_never_gets_ready_is_cheap_too() -> None:
    async with EmbeddedCluster() as cluster:
        apply(cluster, deployment(image="shop:unready", replicas=2))
        await cluster.settled()
        before = time.process_time()
        await asyncio.sleep(3600)
        assert time.process_time() - before < 1.5


async def test_a_cluster_with_hundreds_of_pods_is_there_at_once_and_can_be_updated() -> None:
    async with EmbeddedCluster() as cluster:
        await cluster.fill(apps=20, pods_per_app=25)
        running = cluster.store.list("Pod", "default")
        assert len(running) == 500
        assert {pod["status"]["phase"] for pod in running} == {"Running"}
        assert not cluster.store.list("Event")
        done = condition(cluster, "Progressing", "app-7")
        assert done["reason"] == "NewReplicaSetAvailable"

        def change(thing: dict[str, dict[str, dict[str, dict[str, list[dict[str, str]]]]]]) -> None:
            thing["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.local/app-7:v2"

        cluster.store.edit("Deployment", "app-7", "default", change)
        await cluster.settled()
        assert status(cluster, "app-7")["updatedReplicas"] == 25


@pytest.mark.slow
@pytest.mark.timeout(60)
async def test_five_thousand_pods_are_listed_in_half_a_second() -> None:
    async with EmbeddedCluster() as cluster:
        await cluster.fill(apps=200, pods_per_app=25)
        took = []
        for _ in range(3):
            began = time.process_time()
            answer = await cluster.transport.request("GET", "/api/v1/pods")
            took.append(time.process_time() - began)
        assert len(json.loads(answer.body)["items"]) == 5000
        assert min(took) < 0.5


async def test_equal_seeds_give_equal_stories() -> None:
    stories = []
    for _ in range(2):
        async with EmbeddedCluster(seed=7, now=lambda: datetime(2026, 1, 1, tzinfo=UTC)) as cluster:
            apply(cluster, deployment(), front())
            await cluster.settled()
            apply(cluster, deployment(image="shop:v2"))
            await cluster.settled()
            stories.append((cluster.store.revision, [pod["metadata"]["name"] for pod in pods(cluster)]))
    assert stories[0] == stories[1]


async def test_what_was_applied_before_the_start_runs_after_it() -> None:
    cluster = EmbeddedCluster()
    apply(cluster, deployment())
    async with cluster:
        await cluster.settled()
        assert images(cluster) == ["shop:v1"] * 4


async def test_applying_again_keeps_what_controllers_annotated() -> None:
    async with EmbeddedCluster() as cluster:
        for _ in range(2):
            apply(cluster, deployment(), front())
            await cluster.settled()
        annotations = cluster.store.get("Deployment", "web", "default")["metadata"]["annotations"]
        assert annotations == {"deployment.kubernetes.io/revision": "1"}
        assert cluster.store.get("Deployment", "web", "default")["metadata"]["generation"] == 1


async def test_a_defect_in_a_controller_is_not_swallowed() -> None:
    async with EmbeddedCluster() as cluster:
        cluster.plane.queue.add(Item("no such controller", Key("", "")))
        apply(cluster, deployment())
        with pytest.raises(KeyError, match="no such controller"):
            await cluster.settled()
        with pytest.raises(KeyError):
            await cluster.__aexit__(None, None, None)


async def test_settling_takes_only_as_long_as_it_is_allowed_to() -> None:
    async with EmbeddedCluster() as cluster:
        apply(cluster, deployment(minReadySeconds=500))
        with pytest.raises(TimeoutError):
            await cluster.settled(timeout=60)


async def test_a_log_is_read_through_the_api() -> None:
    async with EmbeddedCluster() as cluster:
        apply(cluster, deployment(replicas=1))
        await cluster.settled()
        (pod,) = pods(cluster)
        path = f"/api/v1/namespaces/default/pods/{pod['metadata']['name']}/log"
        answer = await cluster.transport.request("GET", path)
        assert (answer.status, answer.body) == (200, b"listening on 8080 version v1\n")


async def test_pods_of_a_node_that_is_gone_come_back_elsewhere() -> None:
    async with EmbeddedCluster(nodes=2) as cluster:
        apply(cluster, deployment())
        await cluster.settled()
        cluster.store.delete("Node", "node-1")
        await cluster.settled()
        assert {pod["spec"]["nodeName"] for pod in pods(cluster)} == {"node-2"}
        assert status(cluster)["availableReplicas"] == 4


def wish(kind: str, tag: str, replicas: int) -> Object:
    more: Object = {"DaemonSet": {}, "StatefulSet": {"podManagementPolicy": "Parallel"}}.get(kind, {})
    size = {} if kind == "DaemonSet" else {"replicas": replicas}
    return workload(kind, kind.lower(), f"shop:{tag}", **size, **more)


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_happens_the_last_wish_is_fulfilled(seed: int) -> None:
    chance, kinds = random.Random(seed), ("Deployment", "StatefulSet", "DaemonSet")
    async with EmbeddedCluster(seed=seed) as cluster:
        apply(cluster, front("deployment"))
        await cluster.settled()
        cluster.traffic.start("deployment", rate=5, keepalive=2)
        for _ in range(25):
            kind, tag = chance.choice(kinds), chance.choice(["v1", "v2", "v3", "crash", "unready", "missing"])
            apply(cluster, wish(kind, tag, chance.randint(0, 6)))
            await asyncio.sleep(chance.choice([0, 0.3, 2, 40]))
            running = cluster.store.list("Pod", "default")
            if running and chance.random() < 0.4:
                cluster.store.delete("Pod", chance.choice(running)["metadata"]["name"], "default")
        apply(cluster, *(wish(kind, "final", 3) for kind in kinds))
        await cluster.settled()
        assert [images(cluster, kind.lower()) for kind in kinds] == [["shop:final"] * 3] * 3
        assert status(cluster, "deployment")["availableReplicas"] == 3
        assert status(cluster, "statefulset", "StatefulSet")["availableReplicas"] == 3
        assert status(cluster, "daemonset", "DaemonSet")["numberAvailable"] == 3
