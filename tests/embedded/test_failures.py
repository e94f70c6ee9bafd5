"""What goes wrong with pods, in the words and at the times of a real kubelet and scheduler."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest

from dot_ai_lifecycle.embedded.cluster import EmbeddedCluster
from dot_ai_lifecycle.embedded.rejected import Rejected
from tests.embedded.apps import Object, apply, condition, deployment, env, pods, said, status, waiting


@pytest.fixture
async def cluster() -> AsyncIterator[EmbeddedCluster]:
    async with EmbeddedCluster() as running:
        yield running


async def only_pod(cluster: EmbeddedCluster, **spec: Any) -> Object:
    apply(cluster, deployment(replicas=1, **spec))
    await cluster.settled()
    (pod,) = pods(cluster)
    return pod


def texts(cluster: EmbeddedCluster, reason: str) -> list[str]:
    return [event["message"] for event in said(cluster, reason)]


async def test_an_image_no_registry_has_ends_in_a_pull_backoff(cluster: EmbeddedCluster) -> None:
    pod = await only_pod(cluster, image="shop:missing")
    assert pod["status"]["phase"] == "Pending"
    assert waiting(pod)["reason"] == "ErrImagePull"
    assert waiting(pod)["message"].endswith("docker.io/library/shop:missing: not found")
    await asyncio.sleep(5)
    (pod,) = pods(cluster)
    assert waiting(pod)["reason"] == "ImagePullBackOff"
    assert waiting(pod)["message"].startswith('Back-off pulling image "shop:missing": ErrImagePull: rpc error')
    assert texts(cluster, "BackOff") == ['Back-off pulling image "shop:missing"']
    assert {"Error: ErrImagePull", "Error: ImagePullBackOff"} < set(texts(cluster, "Failed"))


async def test_an_image_that_appears_is_pulled_at_the_next_try(cluster: EmbeddedCluster) -> None:
    cluster.behaviour.missing.add("shop:v9")
    await only_pod(cluster, image="shop:v9")
    cluster.behaviour.missing.clear()
    await asyncio.sleep(60)
    assert status(cluster)["availableReplicas"] == 1


async def test_a_name_that_is_no_image_reference_is_refused_by_the_kubelet(cluster: EmbeddedCluster) -> None:
    pod = await only_pod(cluster, image="Shop::v1")
    assert waiting(pod)["reason"] == "InvalidImageName"
    assert "couldn't parse image name" in waiting(pod)["message"]
    assert "Error: InvalidImageName" in texts(cluster, "Failed")


async def test_an_absent_image_that_must_not_be_pulled_is_told_so(cluster: EmbeddedCluster) -> None:
    pod = await only_pod(cluster, container={"imagePullPolicy": "Never"})
    assert waiting(pod) == {
        "reason": "ErrImageNeverPull",
        "message": 'Container image "shop:v1" is not present with pull policy of Never',
    }


@pytest.mark.parametrize(
    ("container", "message"),
    [
        ({"envFrom": [{"configMapRef": {"name": "none"}}]}, 'configmap "none" not found'),
        ({"envFrom": [{"secretRef": {"name": "none"}}]}, 'secret "none" not found'),
        (
            {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "kube-root-ca.crt", "key": "a"}}}]},
            "couldn't find key a in ConfigMap default/kube-root-ca.crt",
        ),
    ],
)
async def test_a_missing_reference_is_a_config_error(cluster: EmbeddedCluster, container: Object, message: str) -> None:
    pod = await only_pod(cluster, container=container)
    assert waiting(pod) == {"reason": "CreateContainerConfigError", "message": message}
    assert f"Error: {message}" in texts(cluster, "Failed")


async def test_a_reference_that_appears_lets_the_container_start(cluster: EmbeddedCluster) -> None:
    await only_pod(cluster, container={"envFrom": [{"configMapRef": {"name": "late"}}]})
    late: Object = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"VERSION": "configured"}}
    apply(cluster, late | {"metadata": {"name": "late", "namespace": "default"}})
    await asyncio.sleep(20)
    (pod,) = pods(cluster)
    assert cluster.kubelets.logs(pod, "web", False, None, None) == b"listening on 8080 version configured\n"


async def test_a_volume_of_a_missing_config_map_keeps_the_pod_creating(cluster: EmbeddedCluster) -> None:
    pod = await only_pod(cluster, pod={"volumes": [{"name": "v", "configMap": {"name": "none"}}]})
    assert waiting(pod)["reason"] == "ContainerCreating"
    said_ = 'MountVolume.SetUp failed for volume "v" : configmap "none" not found'
    assert texts(cluster, "FailedMount") == [said_]


async def test_a_crashing_container_restarts_at_once_then_after_10_20_and_40_seconds(cluster: EmbeddedCluster) -> None:
    starts: list[datetime] = []

    def note(_: object) -> None:
        for pod in pods(cluster):
            count = pod["status"].get("containerStatuses", [{}])[0].get("restartCount", 0)
            if pod["status"]["phase"] == "Running" and count == len(starts):
                starts.append(cluster.now())

    cluster.store.subscribe(note)
    await only_pod(cluster, image="shop:crash")
    await asyncio.sleep(90)
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(starts)]
    assert gaps == pytest.approx([1, 10.3, 20.3, 40.3], abs=0.7)


async def test_a_crash_loop_shows_its_state_its_exit_code_and_its_log(cluster: EmbeddedCluster) -> None:
    await only_pod(cluster, image="shop:v1", container=env(CRASH="no database"))
    await asyncio.sleep(8)
    (pod,) = pods(cluster)
    name, uid = pod["metadata"]["name"], pod["metadata"]["uid"]
    one = pod["status"]["containerStatuses"][0]
    assert pod["status"]["phase"] == "Running"
    assert one["restartCount"] == 1
    assert one["state"]["waiting"] == {
        "reason": "CrashLoopBackOff",
        "message": f"back-off 10s restarting failed container=web pod={name}_default({uid})",
    }
    assert one["lastState"]["terminated"]["exitCode"] == 1
    assert texts(cluster, "BackOff") == [f"Back-off restarting failed container web in pod {name}_default({uid})"]
    for previous in (False, True):
        log = cluster.kubelets.logs(pod, "web", previous, None, None)
        assert log == b"starting v1\nfatal: no database\n"


async def test_a_variable_the_app_needs_and_does_not_get_is_in_its_log(cluster: EmbeddedCluster) -> None:
    pod = await only_pod(cluster, container=env(NEEDS="TOKEN"))
    log = cluster.kubelets.logs(pod, "web", False, None, None)
    assert log == b"fatal: environment variable TOKEN is not set\n"


async def test_a_leak_is_ended_by_the_memory_limit(cluster: EmbeddedCluster) -> None:
    leaking = env(LEAK_MB_PER_S="20") | {"resources": {"limits": {"memory": "64Mi"}}}
    await only_pod(cluster, container=leaking)
    await asyncio.sleep(10)
    (pod,) = pods(cluster)
    ended = pod["status"]["containerStatuses"][0]["lastState"]["terminated"]
    assert (ended["reason"], ended["exitCode"]) == ("OOMKilled", 137)


async def test_a_pod_that_never_gets_ready_is_told_why_every_period(cluster: EmbeddedCluster) -> None:
    await only_pod(cluster, image="shop:unready")
    await asyncio.sleep(10)
    (event,) = said(cluster, "Unhealthy")
    assert event["message"] == "Readiness probe failed: HTTP probe failed with statuscode: 503"
    assert event["count"] >= 9
    assert event["involvedObject"]["fieldPath"] == "spec.containers{web}"
    (pod,) = pods(cluster)
    ready = next(one for one in pod["status"]["conditions"] if one["type"] == "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "ContainersNotReady")
    assert ready["message"] == "containers with unready status: [web]"


async def test_a_slow_start_is_ready_when_it_says_so(cluster: EmbeddedCluster) -> None:
    await only_pod(cluster, container=env(SLOW_START_S="12"))
    began = cluster.now()
    await cluster.settled()
    assert status(cluster).get("readyReplicas", 0) == 0
    await asyncio.sleep(14)
    assert status(cluster)["readyReplicas"] == 1
    assert (cluster.now() - began).total_seconds() < 20


async def test_a_failed_liveness_probe_restarts_the_container(cluster: EmbeddedCluster) -> None:
    probe = {"httpGet": {"path": "/", "port": 9999}, "periodSeconds": 2, "failureThreshold": 2}
    await only_pod(cluster, container={"livenessProbe": probe, "ports": [{"containerPort": 8080}]})
    await asyncio.sleep(10)
    assert texts(cluster, "Killing")[0] == "Container web failed liveness probe, will be restarted"
    assert any("connect: connection refused" in text for text in texts(cluster, "Unhealthy"))
    assert pods(cluster)[0]["status"]["containerStatuses"][0]["restartCount"] >= 1


async def test_an_exceeded_quota_is_on_the_set_and_on_the_deployment(cluster: EmbeddedCluster) -> None:
    quota: Object = {"apiVersion": "v1", "kind": "ResourceQuota", "spec": {"hard": {"pods": "2"}}}
    apply(cluster, quota | {"metadata": {"name": "q", "namespace": "default"}})
    apply(cluster, deployment())
    await cluster.settled()
    assert status(cluster)["availableReplicas"] == 2
    failure = condition(cluster, "ReplicaFailure")
    assert (failure["status"], failure["reason"]) == ("True", "FailedCreate")
    assert "exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2" in failure["message"]
    told = sorted(texts(cluster, "FailedCreate"))
    assert told[0].startswith('(combined from similar events): Error creating: pods "web-')
    assert len(told) == 11


async def test_a_raised_quota_lets_the_missing_pods_come(cluster: EmbeddedCluster) -> None:
    quota: Object = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q", "namespace": "default"}}
    apply(cluster, quota | {"spec": {"hard": {"pods": "2"}}})
    apply(cluster, deployment())
    await asyncio.sleep(5)
    apply(cluster, quota | {"spec": {"hard": {"pods": "10"}}})
    await asyncio.sleep(30)
    assert status(cluster)["availableReplicas"] == 4
    assert condition(cluster, "ReplicaFailure") == {}


async def test_an_init_container_that_fails_holds_the_pod_back(cluster: EmbeddedCluster) -> None:
    first = {"name": "first", "image": "shop:v1", **env(CRASH="migration")}
    await only_pod(cluster, pod={"initContainers": [first]})
    await asyncio.sleep(8)
    (pod,) = pods(cluster)
    assert pod["status"]["phase"] == "Pending"
    assert waiting(pod)["reason"] == "PodInitializing"
    assert pod["status"]["initContainerStatuses"][0]["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    initialized = next(one for one in pod["status"]["conditions"] if one["type"] == "Initialized")
    assert initialized["message"] == "containers with incomplete status: [first]"


async def test_init_containers_finish_and_sidecars_stay_before_the_app_starts(cluster: EmbeddedCluster) -> None:
    first = {"name": "first", "image": "shop:v1"}
    side = {"name": "side", "image": "shop:v1", "restartPolicy": "Always"}
    pod = await only_pod(cluster, pod={"initContainers": [first, side]})
    done, running = pod["status"]["initContainerStatuses"]
    assert done["state"]["terminated"]["exitCode"] == 0
    assert "running" in running["state"]
    assert pod["status"]["containerStatuses"][0]["ready"]


async def test_a_pod_in_its_grace_period_serves_until_its_hook_is_over(cluster: EmbeddedCluster) -> None:
    hook = {"lifecycle": {"preStop": {"sleep": {"seconds": 7}}}}
    pod = await only_pod(cluster, container=hook)
    ip = pod["status"]["podIP"]
    cluster.store.delete("Pod", pod["metadata"]["name"], "default")
    await asyncio.sleep(6)
    assert cluster.kubelets.running(ip)
    await asyncio.sleep(2)
    assert not cluster.kubelets.running(ip)
    assert "Stopping container web" in texts(cluster, "Killing")


async def test_asking_for_a_log_there_is_none_of_is_refused_in_the_words_of_the_kubelet(
    cluster: EmbeddedCluster,
) -> None:
    pod = await only_pod(cluster, image="shop:missing")
    name = pod["metadata"]["name"]
    with pytest.raises(Rejected, match=rf'container "web" in pod "{name}" is waiting to start: trying and failing'):
        cluster.kubelets.logs(pod, "web", False, None, None)
    apply(cluster, deployment(replicas=1))
    await cluster.settled()
    (pod,) = pods(cluster)
    with pytest.raises(Rejected, match=r'previous terminated container "web" in pod ".*" not found'):
        cluster.kubelets.logs(pod, "web", True, None, None)


async def test_a_version_that_dies_at_once_is_never_available_even_without_a_probe(cluster: EmbeddedCluster) -> None:
    bare = {"readinessProbe": None}
    apply(cluster, deployment(replicas=3, container=bare))
    await cluster.settled()
    apply(cluster, deployment(image="shop:crash", replicas=3, container=bare))
    await asyncio.sleep(120)
    assert (status(cluster)["availableReplicas"], status(cluster)["updatedReplicas"]) == (3, 1)


async def test_a_bound_pod_is_still_of_its_first_generation(cluster: EmbeddedCluster) -> None:
    pod = await only_pod(cluster)
    assert (pod["metadata"]["generation"], pod["status"]["observedGeneration"]) == (1, 1)
