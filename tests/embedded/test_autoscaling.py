"""Autoscalers, budgets and jobs in the embedded cluster."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from dot_ai_lifecycle.embedded.cluster import EmbeddedCluster
from tests.embedded.apps import Object, apply, condition, deployment, env, front, pods, said, status


@pytest.fixture
async def cluster() -> AsyncIterator[EmbeddedCluster]:
    async with EmbeddedCluster() as running:
        yield running


def autoscaler(*, most: int = 10, percent: int = 50) -> Object:
    target = {"type": "Utilization", "averageUtilization": percent}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "minReplicas": 2,
            "maxReplicas": most,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
        },
    }


BUSY = env(BURN_MS="10") | {"resources": {"requests": {"cpu": "500m"}}}


def replicas(cluster: EmbeddedCluster) -> int:
    found: int = cluster.store.get("Deployment", "web", "default")["spec"]["replicas"]
    return found


async def test_load_above_the_target_brings_as_many_pods_as_the_formula_says(cluster: EmbeddedCluster) -> None:
    apply(cluster, deployment(replicas=2, container=BUSY), front(), autoscaler())
    await cluster.settled()
    cluster.traffic.start("web", rate=150)
    await asyncio.sleep(60)
    assert replicas(cluster) == 6
    texts = [event["message"] for event in said(cluster, "SuccessfulRescale")]
    assert "New size: 6; reason: cpu resource utilization (percentage of request) above target" in texts
    assert condition(cluster, "ScalingActive", kind="HorizontalPodAutoscaler")["reason"] == "ValidMetricFound"


async def test_the_maximum_bounds_the_autoscaler_and_it_says_so(cluster: EmbeddedCluster) -> None:
    apply(cluster, deployment(replicas=2, container=BUSY), front(), autoscaler(most=3))
    await cluster.settled()
    cluster.traffic.start("web", rate=150)
    await asyncio.sleep(120)
    assert replicas(cluster) == 3
    limited = condition(cluster, "ScalingLimited", kind="HorizontalPodAutoscaler")
    assert (limited["status"], limited["reason"]) == ("True", "TooManyReplicas")


async def test_load_within_a_tenth_of_the_target_changes_nothing(cluster: EmbeddedCluster) -> None:
    apply(cluster, deployment(replicas=4, container=BUSY), front(), autoscaler())
    await cluster.settled()
    cluster.traffic.start("web", rate=107)
    await asyncio.sleep(600)
    assert replicas(cluster) == 4


async def test_when_the_load_goes_the_pods_stay_for_five_minutes(cluster: EmbeddedCluster) -> None:
    apply(cluster, deployment(replicas=2, container=BUSY), front(), autoscaler())
    await cluster.settled()
    flow = cluster.traffic.start("web", rate=150)
    await asyncio.sleep(60)
    flow.stop()
    await asyncio.sleep(270)
    assert replicas(cluster) == 6
    await asyncio.sleep(60)
    assert replicas(cluster) == 2


async def test_the_metrics_api_tells_what_pods_use(cluster: EmbeddedCluster) -> None:
    apply(cluster, deployment(replicas=2, container=BUSY), front())
    await cluster.settled()
    cluster.traffic.start("web", rate=100)
    answer = await cluster.transport.request("GET", "/apis/metrics.k8s.io/v1beta1/namespaces/default/pods")
    uses = [one["containers"][0]["usage"]["cpu"] for one in json.loads(answer.body)["items"]]
    assert uses == ["501m", "501m"]


async def test_without_requests_there_is_no_utilisation(cluster: EmbeddedCluster) -> None:
    apply(cluster, deployment(replicas=2), front(), autoscaler())
    await cluster.settled()
    await asyncio.sleep(30)
    active = condition(cluster, "ScalingActive", kind="HorizontalPodAutoscaler")
    assert (active["status"], active["reason"]) == ("False", "FailedGetResourceMetric")


@pytest.mark.parametrize(
    ("budget", "allowed", "wanted"),
    [({"minAvailable": 3}, 1, 3), ({"minAvailable": "50%"}, 2, 2), ({"maxUnavailable": "30%"}, 2, 2)],
)
async def test_a_budget_counts_what_may_go(cluster: EmbeddedCluster, budget: Object, allowed: int, wanted: int) -> None:
    body = {"selector": {"matchLabels": {"app": "web"}}} | budget
    guard: Object = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "spec": body}
    apply(cluster, deployment(), guard | {"metadata": {"name": "web", "namespace": "default"}})
    await cluster.settled()
    found = status(cluster, kind="PodDisruptionBudget")
    assert (found["disruptionsAllowed"], found["desiredHealthy"]) == (allowed, wanted)
    assert (found["currentHealthy"], found["expectedPods"]) == (4, 4)


def job(**spec: object) -> Object:
    container = {"name": "run", "image": "task:v1"} | dict(spec.pop("container", {}))  # type: ignore[call-overload]
    template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    body = {"template": template} | spec
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "web", "namespace": "default"}, "spec": body}


async def test_a_job_runs_as_often_as_wanted_and_is_complete(cluster: EmbeddedCluster) -> None:
    apply(cluster, job(completions=3, parallelism=2))
    await cluster.settled()
    found = status(cluster, kind="Job")
    assert (found["succeeded"], condition(cluster, "Complete", kind="Job")["status"]) == (3, "True")
    assert {pod["status"]["phase"] for pod in cluster.store.list("Pod", "default")} == {"Succeeded"}


async def test_a_failing_job_gives_up_at_its_limit(cluster: EmbeddedCluster) -> None:
    apply(cluster, job(backoffLimit=1, container=env(EXIT_CODE="3")))
    await cluster.settled()
    failed = condition(cluster, "Failed", kind="Job")
    assert (failed["reason"], failed["message"]) == (
        "BackoffLimitExceeded",
        "Job has reached the specified backoff limit",
    )
    assert status(cluster, kind="Job")["failed"] == 2


async def test_a_namespace_that_goes_takes_everything_in_it_along(cluster: EmbeddedCluster) -> None:
    place: Object = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
    wanted = deployment()
    wanted["metadata"]["namespace"] = "shop"
    apply(cluster, place, wanted)
    await cluster.settled()
    assert cluster.store.get("ServiceAccount", "default", "shop")
    cluster.store.delete("Namespace", "shop")
    await cluster.settled()
    assert cluster.store.find("Namespace", "shop") is None
    assert not cluster.store.list("Pod", "shop")
    assert not pods(cluster)
