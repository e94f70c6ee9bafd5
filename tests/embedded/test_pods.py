"""Pods as their kubelet runs them: probes of every sort, environments, ends, and what is told of them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from dot_ai_lifecycle.embedded.cluster import EmbeddedCluster
from dot_ai_lifecycle.embedded.rejected import Rejected
from dot_ai_lifecycle.embedded.table import age
from tests.embedded.apps import Object, apply, deployment, env, pods, said, status, waiting


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


def bare(**spec: Any) -> Object:
    """A pod without a controller."""
    main = {"name": "web", "image": "shop:v1"}
    body = {"containers": [main]} | spec
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "solo", "namespace": "default"}, "spec": body}


def ready(pod: Object) -> Object:
    found: Object = next(one for one in pod["status"]["conditions"] if one["type"] == "Ready")
    return found


PORTS = {"ports": [{"containerPort": 8080, "name": "http"}]}
EVERY_SECOND = {"periodSeconds": 1}


@pytest.mark.parametrize(
    ("probe", "why"),
    [
        ({"httpGet": {"port": "http", "path": "/ready"}}, "HTTP probe failed with statuscode: 503"),
        ({"grpc": {"port": 8080}}, 'service unhealthy (responded with "NOT_SERVING")'),
        ({"exec": {"command": ["check"]}}, "command failed with exit code 1"),
        ({"tcpSocket": {"port": 9090}}, "dial tcp {ip}:9090: connect: connection refused"),
        (
            {"httpGet": {"port": 9090, "path": "/", "scheme": "HTTPS"}},
            'Get "https://{ip}:9090/": dial tcp {ip}:9090: connect: connection refused',
        ),
        ({"tcpSocket": {"port": "none"}}, "dial tcp {ip}:0: connect: connection refused"),
    ],
)
async def test_a_pod_that_is_not_ready_is_told_of_in_the_words_of_its_probe(
    cluster: EmbeddedCluster, probe: Object, why: str
) -> None:
    pod = await only_pod(cluster, image="shop:unready", container=PORTS | {"readinessProbe": probe | EVERY_SECOND})
    await asyncio.sleep(5)
    assert texts(cluster, "Unhealthy") == ["Readiness probe failed: " + why.format(ip=pod["status"]["podIP"])]
    assert status(cluster).get("readyReplicas", 0) == 0


@pytest.mark.parametrize(
    "way", [{"tcpSocket": {"port": "http"}}, {"grpc": {"port": 8080}}, {"exec": {"command": ["x"]}}]
)
async def test_a_pod_that_passes_its_probe_is_ready(cluster: EmbeddedCluster, way: Object) -> None:
    pod = await only_pod(cluster, container=PORTS | {"readinessProbe": way | EVERY_SECOND, "livenessProbe": way})
    assert ready(pod)["status"] == "True"
    assert not said(cluster, "Unhealthy")


@pytest.mark.parametrize("others", [True, False], ids=["before the other probes", "alone"])
async def test_a_startup_probe_has_to_pass_first(cluster: EmbeddedCluster, others: bool) -> None:
    startup = {"startupProbe": {"httpGet": {"port": 8080, "path": "/ready"}, "failureThreshold": 30} | EVERY_SECOND}
    probes = {"livenessProbe": {"tcpSocket": {"port": 8080}}} if others else {"readinessProbe": None}
    await only_pod(cluster, container=env(SLOW_START_S="12") | startup | probes)
    await asyncio.sleep(5)
    (pod,) = pods(cluster)
    assert not pod["status"]["containerStatuses"][0]["started"]
    await asyncio.sleep(15)
    (pod,) = pods(cluster)
    assert (pod["status"]["containerStatuses"][0]["started"], ready(pod)["status"]) == (True, "True")
    assert {text.partition(":")[0] for text in texts(cluster, "Unhealthy")} == {"Startup probe failed"}


async def test_a_container_that_does_not_start_in_its_time_is_started_again(cluster: EmbeddedCluster) -> None:
    probe = {"httpGet": {"port": 8080, "path": "/ready"}, "failureThreshold": 3} | EVERY_SECOND
    await only_pod(cluster, image="shop:unready", container={"startupProbe": probe})
    await asyncio.sleep(10)
    assert "Container web failed startup probe, will be restarted" in texts(cluster, "Killing")
    (pod,) = pods(cluster)
    assert pod["status"]["containerStatuses"][0]["restartCount"] >= 1


@pytest.mark.parametrize(("percent", "restarted"), [("100", True), ("1", False)])
async def test_liveness_fails_as_often_as_other_requests_do(
    cluster: EmbeddedCluster, percent: str, restarted: bool
) -> None:
    probe = {"httpGet": {"port": 8080, "path": "/"}} | EVERY_SECOND
    await only_pod(cluster, container=env(ERROR_PERCENT=percent) | {"livenessProbe": probe})
    await asyncio.sleep(30)
    killed = "Container web failed liveness probe, will be restarted" in texts(cluster, "Killing")
    assert killed is restarted


def version(**source: Any) -> Object:
    return {"env": [{"name": "VERSION", "valueFrom": source}]}


def maps(cluster: EmbeddedCluster) -> None:
    meta = {"metadata": {"name": "settings", "namespace": "default"}}
    apply(
        cluster,
        {"apiVersion": "v1", "kind": "Secret", "stringData": {"version": "secret"}} | meta,
        {"apiVersion": "v1", "kind": "ConfigMap", "data": {"version": "plain", "SION": "prefixed"}} | meta,
    )


OPTIONAL = {"name": "settings", "key": "none", "optional": True}


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        (version(secretKeyRef={"name": "settings", "key": "version"}), "secret"),
        (version(configMapKeyRef={"name": "settings", "key": "version"}), "plain"),
        (version(configMapKeyRef=OPTIONAL), "v1"),
        (version(secretKeyRef=OPTIONAL | {"name": "none"}), "v1"),
        (version(fieldRef={"fieldPath": "metadata.namespace"}), "default"),
        (version(fieldRef={"fieldPath": "metadata.labels['app']"}), "web"),
        (version(fieldRef={"fieldPath": "metadata.annotations['none']"}), ""),
        ({"envFrom": [{"prefix": "VER", "configMapRef": {"name": "settings"}}]}, "prefixed"),
        ({"envFrom": [{"configMapRef": {"name": "none", "optional": True}}]}, "v1"),
    ],
)
async def test_a_variable_gets_its_value_from_where_it_refers_to(
    cluster: EmbeddedCluster, container: Object, expected: str
) -> None:
    maps(cluster)
    pod = await only_pod(cluster, container=container)
    log = cluster.kubelets.logs(pod, "web", False, None, None)
    assert log == f"listening on 8080 version {expected}\n".encode()


@pytest.mark.parametrize(
    ("volume", "missing"),
    [
        ({"secret": {"secretName": "none"}}, 'secret "none" not found'),
        ({"projected": {"sources": [{"configMap": {"name": "none"}}]}}, 'configmap "none" not found'),
        ({"secret": {"secretName": "none", "optional": True}}, ""),
        ({"projected": {"sources": [{"secret": {"name": "settings"}}, {"serviceAccountToken": {"path": "t"}}]}}, ""),
        ({"configMap": {"name": "settings"}}, ""),
        ({}, ""),
    ],
)
async def test_a_volume_is_mounted_once_what_it_must_hold_is_there(
    cluster: EmbeddedCluster, volume: Object, missing: str
) -> None:
    maps(cluster)
    pod = await only_pod(cluster, pod={"volumes": [{"name": "v"} | volume]})
    told = [f'MountVolume.SetUp failed for volume "v" : {missing}'] if missing else []
    assert texts(cluster, "FailedMount") == told
    assert (ready(pod)["status"] == "True") is not bool(missing)


async def deleted(cluster: EmbeddedCluster, seconds: float, **spec: Any) -> Object | None:
    """The only pod so many seconds after it was deleted, as far as it is there."""
    pod = await only_pod(cluster, **spec)
    cluster.store.delete("Pod", pod["metadata"]["name"], "default")
    await asyncio.sleep(seconds)
    return cluster.store.find("Pod", pod["metadata"]["name"], "default")


SHELL = {"lifecycle": {"preStop": {"exec": {"command": ["sh", "-c", "sleep 5; true"]}}}}


@pytest.mark.parametrize(
    ("container", "pod", "stays", "goes"),
    [
        pytest.param(SHELL, {}, 4, 6, id="a hook that sleeps in a shell"),
        pytest.param(
            {"lifecycle": {"preStop": {"exec": {"command": ["/drain"]}}}}, {}, 0, 1, id="a hook that does not"
        ),
        pytest.param(SHELL, {"terminationGracePeriodSeconds": 2}, 1, 4, id="a hook that is longer than the grace"),
        pytest.param(env(DRAIN_S="5") | {"readinessProbe": None}, {}, 4, 6, id="a program that drains"),
        pytest.param(
            SHELL | {"livenessProbe": {"httpGet": {"port": 8080}} | EVERY_SECOND} | env(ERROR_PERCENT="1"),
            {},
            4,
            7,
            id="one that is still asked whether it lives",
        ),
    ],
)
async def test_a_deleted_pod_goes_when_its_last_container_has_ended(
    cluster: EmbeddedCluster, container: Object, pod: Object, stays: float, goes: float
) -> None:
    assert await deleted(cluster, stays, container=container, pod=pod) is not None or not stays
    await asyncio.sleep(goes - stays)
    assert len(pods(cluster)) == 1
    assert not any("deletionTimestamp" in one["metadata"] for one in pods(cluster))


async def test_a_container_that_crashes_while_its_pod_stops_is_not_started_again(cluster: EmbeddedCluster) -> None:
    one = {"name": "web", "image": "shop:v1"} | SHELL | env(CRASH_AFTER_S="6")
    apply(cluster, bare(containers=[one]))
    await asyncio.sleep(5)
    cluster.store.delete("Pod", "solo", "default")
    await asyncio.sleep(1)
    assert cluster.store.find("Pod", "solo", "default") is not None
    await asyncio.sleep(3)
    assert cluster.store.find("Pod", "solo", "default") is None


async def test_a_sidecar_ends_after_the_app_it_serves(cluster: EmbeddedCluster) -> None:
    side = {"name": "side", "image": "shop:v1", "restartPolicy": "Always"}
    found = await deleted(cluster, 4, container=SHELL, pod={"initContainers": [side]})
    assert found is not None
    assert "running" in found["status"]["initContainerStatuses"][0]["state"]
    await asyncio.sleep(3)
    assert len(pods(cluster)) == 1


async def test_a_pod_whose_preparation_fails_for_good_has_failed(cluster: EmbeddedCluster) -> None:
    first = {"name": "first", "image": "shop:v1", **env(EXIT_CODE="3")}
    apply(cluster, bare(restartPolicy="Never", initContainers=[first]))
    await cluster.settled()
    found = status(cluster, "solo", "Pod")
    assert found["phase"] == "Failed"
    assert {one["reason"] for one in found["conditions"] if one["status"] == "False"} >= {"PodFailed"}


async def test_a_pod_that_is_to_restart_on_failure_does_not_when_it_succeeds(cluster: EmbeddedCluster) -> None:
    apply(cluster, bare(restartPolicy="OnFailure"))
    await asyncio.sleep(30)
    found = status(cluster, "solo", "Pod")
    assert (found["phase"], found["containerStatuses"][0]["restartCount"]) == ("Succeeded", 0)
    assert ready({"status": found})["reason"] == "PodCompleted"


async def test_a_readiness_gate_nobody_opens_keeps_a_pod_from_being_ready(cluster: EmbeddedCluster) -> None:
    pod = await only_pod(cluster, pod={"readinessGates": [{"conditionType": "example.org/in-pool"}]})
    assert (ready(pod)["status"], ready(pod)["reason"]) == ("False", "ReadinessGatesNotReady")

    def open_gate(one: Object) -> None:
        one["status"]["conditions"].append({"type": "example.org/in-pool", "status": "True"})

    cluster.store.edit("Pod", pod["metadata"]["name"], "default", open_gate, subresource="status")
    await asyncio.sleep(5)
    (pod,) = pods(cluster)
    assert ready(pod)["status"] == "True"


BOTH = {"cpu": "1", "memory": "1Gi"}


@pytest.mark.parametrize(
    ("resources", "quality"),
    [
        ({}, "BestEffort"),
        ({"requests": {"cpu": "1"}}, "Burstable"),
        ({"limits": {"cpu": "1"}}, "Burstable"),
        ({"limits": BOTH, "requests": {"cpu": "500m"}}, "Burstable"),
        ({"limits": BOTH}, "Guaranteed"),
    ],
)
async def test_the_quality_of_service_follows_from_requests_and_limits(
    cluster: EmbeddedCluster, resources: Object, quality: str
) -> None:
    pod = await only_pod(cluster, container={"resources": resources})
    assert pod["status"]["qosClass"] == quality


async def test_a_pod_gets_the_defaults_of_its_parts(cluster: EmbeddedCluster) -> None:
    parts = {
        "livenessProbe": {"grpc": {"port": 8080}},
        "readinessProbe": {"httpGet": {"port": 8080}},
        "lifecycle": {"preStop": {"httpGet": {"port": 8080}}},
        "env": [{"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
    }
    volumes = [{"name": "a"}, {"name": "b", "hostPath": {"path": "/x"}}, {"name": "c", "downwardAPI": {}}]
    spec = (
        await only_pod(cluster, container=parts, pod={"volumes": volumes, "tolerations": [{"operator": "Exists"}]})
    )["spec"]
    one = spec["containers"][0]
    assert one["livenessProbe"]["grpc"]["service"] == ""
    assert one["lifecycle"]["preStop"]["httpGet"] == {"port": 8080, "path": "/", "scheme": "HTTP"}
    assert one["env"][0]["valueFrom"]["fieldRef"]["apiVersion"] == "v1"
    assert [
        volume.get("emptyDir", volume.get("hostPath", volume.get("downwardAPI"))) for volume in spec["volumes"]
    ] == [
        {},
        {"path": "/x", "type": ""},
        {"defaultMode": 420},
    ]
    assert spec["tolerations"] == [{"operator": "Exists"}]


async def test_a_pod_on_no_node_has_no_log(cluster: EmbeddedCluster) -> None:
    pod = await only_pod(cluster, pod={"nodeSelector": {"zone": "moon"}})
    with pytest.raises(Rejected, match=r"pod web-.* does not have a host assigned"):
        cluster.kubelets.logs(pod, "web", False, None, None)


async def test_a_log_is_cut_as_asked(cluster: EmbeddedCluster) -> None:
    pod = await only_pod(cluster, image="shop:v1", container=env(CRASH="no database"))
    await asyncio.sleep(5)
    assert cluster.kubelets.logs(pod, "web", False, 1, None) == b"fatal: no database\n"
    assert cluster.kubelets.logs(pod, "web", False, None, 8) == b"starting"


async def test_the_pods_of_a_node_that_is_gone_are_gone(cluster: EmbeddedCluster) -> None:
    pod = await only_pod(cluster)
    cluster.store.delete("Node", pod["spec"]["nodeName"])
    await cluster.settled()
    (other,) = pods(cluster)
    assert other["spec"]["nodeName"] != pod["spec"]["nodeName"]
    apply(cluster, bare(nodeName="nowhere"))
    await cluster.settled()
    assert cluster.store.find("Pod", "solo", "default") is None


@pytest.mark.parametrize(
    ("image", "named"),
    [
        ("shop/web:missing", "docker.io/shop/web:missing"),
        ("localhost/web:missing", "localhost/web:missing"),
        ("registry.local:5000/web:missing", "registry.local:5000/web:missing"),
    ],
)
async def test_an_image_that_cannot_be_pulled_is_named_with_its_registry(
    cluster: EmbeddedCluster, image: str, named: str
) -> None:
    pod = await only_pod(cluster, image=image)
    assert f'failed to resolve reference "{named}"' in waiting(pod)["message"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "<invalid>"),
        (-1, "0s"),
        (119, "119s"),
        (120, "2m"),
        (303, "5m3s"),
        (3600, "60m"),
        (4 * 3600 + 90, "4h1m"),
        (5 * 3600, "5h"),
        (20 * 3600, "20h"),
        (76 * 3600, "3d4h"),
        (100 * 86400, "100d"),
        (1000 * 86400, "2y270d"),
        (4000 * 86400, "10y"),
    ],
)
def test_an_age_is_told_as_kubectl_tells_it(seconds: int, words: str) -> None:
    now = datetime.fromtimestamp(1_800_000_000, UTC)
    then = datetime.fromtimestamp(1_800_000_000 - seconds, UTC)
    assert age(then.isoformat(), now) == words


def test_an_age_nobody_knows_is_said_to_be_unknown() -> None:
    assert age("", datetime.now(UTC)) == "<unknown>"
