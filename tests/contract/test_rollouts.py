"""What controllers do with Deployments and StatefulSets: the same story on the embedded and on a real cluster.

The images are those the harness of the real cluster has: `box.local/web:v1` and `v2`. Everything else an image does is
said by its environment, which both understand.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from dot_ai_lifecycle.embedded.cluster import EmbeddedCluster
from tests.contract.talk import Json, Talk, Transport
from tests.support.http_transport import HttpTransport

pytestmark = pytest.mark.timeout(90)

REVISION = "deployment.kubernetes.io/revision"
Seen = Callable[[Json], bool]


@pytest.fixture
async def api(cluster_under_test: Path | None) -> AsyncIterator[Transport]:
    """A transport to a cluster whose controllers run."""
    if cluster_under_test is not None:
        async with HttpTransport(cluster_under_test) as transport:
            yield transport
        return
    async with EmbeddedCluster() as cluster:
        yield cluster.transport


@pytest.fixture
async def talk(api: Transport) -> AsyncIterator[Talk]:
    talk = await Talk.begin(api)
    # Pods cannot be made before the default account is there.
    await _until(talk, "serviceaccounts", "default", lambda _: True)
    yield talk
    await talk.end()


async def _until(talk: Talk, plural: str, name: str, holds: Seen, *, within: float = 60) -> Json:
    """The object once it is as wanted; asks twice a second."""
    found: Json = {}
    async with asyncio.timeout(within):
        while True:
            said = await talk.get(plural, name)
            found = said.body
            if said.status == 200 and holds(found):
                return found
            await asyncio.sleep(0.5)


def _template(version: str, **env: str) -> Json:
    container: Json = {
        "name": "web",
        "image": f"box.local/web:{version}",
        "imagePullPolicy": "IfNotPresent",
        "env": [{"name": name, "value": value} for name, value in env.items()],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}, "periodSeconds": 1},
    }
    spec = {"terminationGracePeriodSeconds": 1, "containers": [container]}
    return {"metadata": {"labels": {"app": "web"}}, "spec": spec}


def _workload(kind: str, template: Json, **spec: Any) -> Json:
    whole = {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template} | spec
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "web"}, "spec": whole}


def _done(found: Json) -> bool:
    status, wanted = found.get("status", {}), found["spec"]["replicas"]
    counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")]
    return counts == [wanted] * 3 and status["observedGeneration"] == found["metadata"]["generation"]


def _condition(found: Json, type_: str) -> Json:
    conditions = found.get("status", {}).get("conditions", [])
    return next((one for one in conditions if one["type"] == type_), {})


async def _rolled(talk: Talk, template: Json) -> Json:
    await talk.patch("deployments", "web", {"spec": {"template": template}})
    return await _until(talk, "deployments", "web", _done)


async def _items(talk: Talk, plural: str) -> list[Json]:
    return list((await talk.get(plural, labelSelector="app=web")).body["items"])


async def test_a_deployment_is_rolled_out_and_says_so(talk: Talk) -> None:
    await talk.made("deployments", _workload("Deployment", _template("v1")))
    found = await _until(talk, "deployments", "web", lambda one: _done(one) and bool(_condition(one, "Progressing")))
    assert found["metadata"]["annotations"][REVISION] == "1"
    (set_,) = await _items(talk, "replicasets")
    done = _condition(found, "Progressing")
    assert done["reason"] == "NewReplicaSetAvailable"
    assert done["message"] == f'ReplicaSet "{set_["metadata"]["name"]}" has successfully progressed.'
    assert _condition(found, "Available")["reason"] == "MinimumReplicasAvailable"
    assert set_["metadata"]["annotations"] == {
        REVISION: "1",
        "deployment.kubernetes.io/desired-replicas": "2",
        "deployment.kubernetes.io/max-replicas": "3",
    }
    hashed = set_["metadata"]["labels"]["pod-template-hash"]
    assert {pod["metadata"]["labels"]["pod-template-hash"] for pod in await _items(talk, "pods")} == {hashed}


async def test_an_old_template_takes_up_its_replica_set_under_the_next_number(talk: Talk) -> None:
    await talk.made("deployments", _workload("Deployment", _template("v1")))
    await _until(talk, "deployments", "web", _done)
    await _rolled(talk, _template("v2"))
    found = await _rolled(talk, _template("v1"))
    assert found["metadata"]["annotations"][REVISION] == "3"
    sets = {one["metadata"]["annotations"][REVISION]: one for one in await _items(talk, "replicasets")}
    assert sorted(sets) == ["2", "3"]
    assert sets["3"]["metadata"]["annotations"]["deployment.kubernetes.io/revision-history"] == "1"


async def test_inflated_min_ready_seconds_hold_an_update_at_its_surge(talk: Talk) -> None:
    await talk.made("deployments", _workload("Deployment", _template("v1")))
    await _until(talk, "deployments", "web", _done)
    gate = {
        "template": _template("v2"),
        "minReadySeconds": 2147483646,
        "progressDeadlineSeconds": 2147483647,
        "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
    }
    assert (await talk.patch("deployments", "web", {"spec": gate})).status == 200
    found = await _until(talk, "deployments", "web", lambda one: one["status"].get("readyReplicas") == 3)
    assert found["status"]["updatedReplicas"] == 1
    await asyncio.sleep(2)
    found = (await talk.get("deployments", "web")).body
    assert (found["status"]["replicas"], found["status"]["availableReplicas"]) == (3, 2)
    assert _condition(found, "Progressing") == {}


async def test_a_crash_loop_names_its_reason_and_keeps_its_last_log(talk: Talk) -> None:
    crash = _template("v1", CRASH="no database")
    await talk.made("deployments", _workload("Deployment", crash, replicas=1, progressDeadlineSeconds=4))
    await _until(talk, "deployments", "web", lambda one: _condition(one, "Progressing").get("status") == "False")
    (pod,) = await _items(talk, "pods")

    def looping(one: Json) -> bool:
        waiting = one["status"]["containerStatuses"][0]["state"].get("waiting", {})
        return bool(waiting.get("reason") == "CrashLoopBackOff")

    name = pod["metadata"]["name"]
    found = await _until(talk, "pods", name, looping)
    one = found["status"]["containerStatuses"][0]
    uid = found["metadata"]["uid"]
    assert one["state"]["waiting"]["message"].endswith(
        f"restarting failed container=web pod={name}_{talk.namespace}({uid})"
    )
    assert (one["lastState"]["terminated"]["exitCode"], one["lastState"]["terminated"]["reason"]) == (1, "Error")
    log = await talk.api.request("GET", talk.path("pods", name) + "/log", query=(("previous", "true"),))
    assert log.body == b"starting v1\nfatal: no database\n"
    deployment = (await talk.get("deployments", "web")).body
    assert _condition(deployment, "Progressing")["reason"] == "ProgressDeadlineExceeded"
    assert _condition(deployment, "Available")["reason"] == "MinimumReplicasUnavailable"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"envFrom": [{"configMapRef": {"name": "none"}}]}, 'configmap "none" not found'),
        ({"envFrom": [{"secretRef": {"name": "none"}}]}, 'secret "none" not found'),
    ],
)
async def test_a_missing_reference_is_named_by_the_pod(talk: Talk, source: Json, message: str) -> None:
    template = _template("v1")
    template["spec"]["containers"][0] |= source
    await talk.made("deployments", _workload("Deployment", template, replicas=1))

    async def pod() -> Json:
        async with asyncio.timeout(30):
            while True:
                for one in await _items(talk, "pods"):
                    state = one["status"].get("containerStatuses", [{"state": {}}])[0]["state"]
                    if state.get("waiting", {}).get("reason") == "CreateContainerConfigError":
                        return dict(state["waiting"])
                await asyncio.sleep(0.5)

    assert await pod() == {"reason": "CreateContainerConfigError", "message": message}


async def test_an_exceeded_quota_is_told_on_the_deployment(talk: Talk) -> None:
    await talk.made("resourcequotas", {"metadata": {"name": "few"}, "spec": {"hard": {"pods": "1"}}})
    await _until(talk, "resourcequotas", "few", lambda one: "hard" in one.get("status", {}))
    await talk.made("deployments", _workload("Deployment", _template("v1")))
    found = await _until(talk, "deployments", "web", lambda one: bool(_condition(one, "ReplicaFailure")))
    failure = _condition(found, "ReplicaFailure")
    assert (failure["status"], failure["reason"]) == ("True", "FailedCreate")
    assert failure["message"].endswith(
        "is forbidden: exceeded quota: few, requested: pods=1, used: pods=1, limited: pods=1"
    )


async def test_a_demand_no_node_can_meet_is_unschedulable(talk: Talk) -> None:
    template = _template("v1")
    template["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "1000"}}
    await talk.made("deployments", _workload("Deployment", template, replicas=1))
    await _until(talk, "deployments", "web", lambda one: one["status"].get("unavailableReplicas") == 1)
    (pod,) = await _items(talk, "pods")
    found = await _until(talk, "pods", pod["metadata"]["name"], lambda one: bool(_condition(one, "PodScheduled")))
    scheduled = _condition(found, "PodScheduled")
    assert (scheduled["status"], scheduled["reason"]) == ("False", "Unschedulable")
    assert "Insufficient cpu. no new claims to deallocate, preemption: 0/" in scheduled["message"]
    assert scheduled["message"].endswith("Preemption is not helpful for scheduling.")


async def test_a_broken_pod_of_a_stateful_set_blocks_its_own_repair(talk: Talk) -> None:
    await talk.ask("POST", _sets(talk), _workload("StatefulSet", _template("v1"), serviceName="web"))

    async def until(holds: Seen) -> Json:
        async with asyncio.timeout(60):
            while True:
                found = (await talk.ask("GET", _sets(talk) + "/web")).body
                if holds(found):
                    return found
                await asyncio.sleep(0.5)

    good = (await until(lambda one: one.get("status", {}).get("availableReplicas") == 2))["status"]["currentRevision"]
    media = "application/merge-patch+json"
    bad = {"spec": {"template": _template("v2", NEVER_READY="1")}}
    await talk.ask("PATCH", _sets(talk) + "/web", bad, media)
    await until(lambda one: one["status"].get("updatedReplicas", 0) == 1 and one["status"]["updateRevision"] != good)
    await talk.ask("PATCH", _sets(talk) + "/web", {"spec": {"template": _template("v1")}}, media)
    await until(lambda one: one["status"]["updateRevision"] == good)
    await asyncio.sleep(5)
    last = (await talk.get("pods", "web-1")).body
    assert last["metadata"]["labels"]["controller-revision-hash"] != good
    await talk.delete("pods", "web-1")
    await until(lambda one: one["status"].get("availableReplicas") == 2 and one["status"]["updatedReplicas"] == 2)
    assert (await talk.get("pods", "web-1")).body["metadata"]["labels"]["controller-revision-hash"] == good


def _sets(talk: Talk) -> str:
    return f"/apis/apps/v1/namespaces/{talk.namespace}/statefulsets"


async def test_endpoints_follow_readiness_and_termination(talk: Talk) -> None:
    ports = [{"port": 80, "targetPort": 8080}]
    await talk.made("services", {"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": ports}})
    template = _template("v1", DRAIN_S="4")
    template["spec"]["terminationGracePeriodSeconds"] = 10
    await talk.made("deployments", _workload("Deployment", template, replicas=1))
    await _until(talk, "deployments", "web", _done)
    (pod,) = await _items(talk, "pods")
    slices = f"/apis/discovery.k8s.io/v1/namespaces/{talk.namespace}/endpointslices"

    async def endpoint() -> Json:
        listed = await talk.ask("GET", slices, labelSelector="kubernetes.io/service-name=web")
        ends = [end for one in listed.body["items"] for end in one.get("endpoints") or ()]
        mine = [end for end in ends if end["targetRef"]["uid"] == pod["metadata"]["uid"]]
        return dict(mine[0]["conditions"]) if mine else {}

    async def until(wanted: Json) -> None:
        async with asyncio.timeout(20):
            while True:
                if await endpoint() == wanted:
                    return
                await asyncio.sleep(0.2)

    await until({"ready": True, "serving": True, "terminating": False})
    await talk.delete("pods", pod["metadata"]["name"])
    await until({"ready": False, "serving": True, "terminating": True})
    await until({})


async def _settled_at(talk: Talk, path: str, holds: Seen) -> Json:
    async with asyncio.timeout(60):
        while True:
            said = await talk.ask("GET", path)
            if said.status == 200 and holds(said.body):
                return said.body
            await asyncio.sleep(0.5)


async def test_the_events_of_a_rollout_are_told_in_these_words(talk: Talk) -> None:
    await talk.made("deployments", _workload("Deployment", _template("v1"), replicas=1))
    await _until(talk, "deployments", "web", _done)
    (set_,), (pod,) = await _items(talk, "replicasets"), await _items(talk, "pods")
    name, node = pod["metadata"]["name"], pod["spec"]["nodeName"]
    wanted = {
        ("deployment-controller", "ScalingReplicaSet", f"Scaled up replica set {set_['metadata']['name']} from 0 to 1"),
        ("replicaset-controller", "SuccessfulCreate", f"Created pod: {name}"),
        ("default-scheduler", "Scheduled", f"Successfully assigned {talk.namespace}/{name} to {node}"),
        ("kubelet", "Created", "Created container: web"),
        ("kubelet", "Started", "Started container web"),
    }

    def told(listed: Json) -> bool:
        return wanted <= {(one["reportingComponent"], one["reason"], one["message"]) for one in listed["items"]}

    assert told(await _settled_at(talk, talk.path("events"), told))


async def test_a_job_that_fails_too_often_is_given_up(talk: Talk) -> None:
    template = {"spec": _template("v1", CRASH="no")["spec"] | {"restartPolicy": "Never"}}
    del template["spec"]["containers"][0]["readinessProbe"]
    body = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once"}}
    path = f"/apis/batch/v1/namespaces/{talk.namespace}/jobs"
    said = await talk.ask("POST", path, body | {"spec": {"backoffLimit": 1, "template": template}})
    assert said.status == 201, said.body
    found = await _settled_at(talk, f"{path}/once", lambda one: bool(_condition(one, "Failed")))
    failed = _condition(found, "Failed")
    assert failed["reason"] == "BackoffLimitExceeded"
    assert failed["message"] == "Job has reached the specified backoff limit"
    assert found["status"]["failed"] == 2
    assert [one["type"] for one in found["status"]["conditions"]] == ["FailureTarget", "Failed"]


async def test_a_daemon_set_takes_up_an_old_revision_again(talk: Talk) -> None:
    path = f"/apis/apps/v1/namespaces/{talk.namespace}/daemonsets"
    spec = {"selector": {"matchLabels": {"app": "web"}}, "template": _template("v1")}
    body = {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "web"}, "spec": spec}
    assert (await talk.ask("POST", path, body)).status == 201

    def done(one: Json) -> bool:
        status = one.get("status", {})
        nodes: int = status.get("desiredNumberScheduled", 0)
        seen: bool = status.get("observedGeneration") == one["metadata"]["generation"]
        return seen and 0 < nodes == status.get("updatedNumberScheduled") == status.get("numberAvailable")

    await _settled_at(talk, f"{path}/web", done)
    for version in ("v2", "v1"):
        changed = {"spec": {"template": _template(version)}}
        await talk.ask("PATCH", f"{path}/web", changed, "application/merge-patch+json")
        await _settled_at(talk, f"{path}/web", done)
    revisions = (await talk.ask("GET", path.replace("daemonsets", "controllerrevisions"))).body["items"]
    assert sorted(one["revision"] for one in revisions) == [2, 3]
    latest = max(revisions, key=lambda one: int(one["revision"]))
    assert latest["data"]["spec"]["template"]["$patch"] == "replace"
    (pod, *_) = await _items(talk, "pods")
    assert (
        pod["metadata"]["labels"]["controller-revision-hash"]
        == latest["metadata"]["labels"]["controller-revision-hash"]
    )


async def test_a_service_is_asked_through_the_api_server_as_soon_as_a_pod_is_ready(talk: Talk) -> None:
    port = {"port": 80, "targetPort": 8080}
    await talk.made("services", {"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [port]}})
    early = await talk.get("services", "web:80/proxy/")
    assert early.status in (404, 503), "upstream, the proxy has not heard of a new Service yet"
    await _until(talk, "endpoints", "web", lambda _: True)
    await asyncio.sleep(1)
    for name, code in (("none:80", 404), ("web:80", 503), ("web:99", 503)):
        refused = await talk.get("services", f"{name}/proxy/")
        assert (refused.status, refused.body["kind"], refused.body["code"]) == (code, "Status", code), refused.body
    assert refused.message == 'no service port 99 found for service "web"'

    await talk.made("deployments", _workload("Deployment", _template("v1")))
    await _until(talk, "deployments", "web", _done)
    await _until(talk, "endpoints", "web", lambda one: bool(one.get("subsets")))
    answers = [
        await talk.api.request("GET", talk.path("services", f"{name}/proxy/page"), query=(("a", "b"),))
        for name in ("web", "web:80", "http:web:80")
    ]
    assert [(answer.status, answer.body.split()[0]) for answer in answers] == [(200, b"v1")] * 3

    await _rolled(talk, _template("v1", ERROR_PERCENT="100"))
    answer = await talk.api.request("GET", talk.path("services", "web:80/proxy/"))
    assert (answer.status, answer.body) == (500, b"boom\n")
