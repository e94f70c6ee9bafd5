"""Quotas, disruption budgets, and pods as admission leaves them; by dry runs, so that nothing has to run."""

import pytest

from tests.contract.talk import Json, Talk

QUOTA = {"metadata": {"name": "small"}}


def pod(name: str = "probe", **resources: Json) -> Json:
    container = {"name": "app", "image": "example.org/app:1", "resources": resources}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [container]}}


async def _limited(talk: Talk, **hard: str) -> None:
    await talk.made("resourcequotas", QUOTA | {"spec": {"hard": hard}})
    # Quotas count once a controller has looked at them.
    await talk.until("resourcequotas", "small", lambda one: bool(one and "used" in one.get("status", {})))


@pytest.fixture
async def ready(talk: Talk) -> Talk:
    """The namespace once pods may be created in it, which on a real cluster needs its account."""
    account = {"metadata": {"name": "default"}}
    if (await talk.create("serviceaccounts", account)).status == 409:
        await talk.until("serviceaccounts", "default", lambda one: one is not None)
    return talk


async def test_a_pod_beyond_the_quota_is_forbidden_also_as_a_dry_run(ready: Talk) -> None:
    await _limited(ready, pods="0")
    said = await ready.create("pods", pod(), dryRun="All")
    assert (said.status, said.reason) == (403, "Forbidden")
    assert said.message == (
        'pods "probe" is forbidden: exceeded quota: small, requested: pods=1, used: pods=0, limited: pods=0'
    )
    assert said.body["details"] == {"name": "probe", "kind": "pods"}


async def test_only_what_is_exceeded_is_named(ready: Talk) -> None:
    await _limited(ready, **{"requests.cpu": "500m", "limits.memory": "1Gi", "pods": "5"})
    asked = pod(requests={"cpu": "600m"}, limits={"memory": "256Mi"})
    said = await ready.create("pods", asked, dryRun="All")
    assert said.message == (
        'pods "probe" is forbidden: exceeded quota: small, requested: requests.cpu=600m, used: requests.cpu=0, '
        "limited: requests.cpu=500m"
    )


async def test_what_a_quota_limits_must_be_specified(ready: Talk) -> None:
    await _limited(ready, **{"requests.cpu": "1", "limits.memory": "1Gi"})
    said = await ready.create("pods", pod(), dryRun="All")
    assert (said.status, said.message) == (
        403,
        'pods "probe" is forbidden: failed quota: small: must specify limits.memory for: app; requests.cpu for: app',
    )


async def test_counted_objects_are_counted(talk: Talk) -> None:
    await _limited(talk, **{"count/leases.coordination.k8s.io": "1"})
    await talk.made("leases", {"metadata": {"name": "a"}, "spec": {}})
    said = await talk.create("leases", {"metadata": {"name": "b"}, "spec": {}})
    name = "count/leases.coordination.k8s.io"
    assert said.message == (
        f'leases.coordination.k8s.io "b" is forbidden: exceeded quota: small, requested: {name}=1, used: {name}=1, '
        f"limited: {name}=1"
    )


async def test_a_pod_gets_what_admission_adds(ready: Talk) -> None:
    body = (await ready.create("pods", pod(limits={"cpu": "1"}), dryRun="All")).body
    spec = body["spec"]
    assert spec["containers"][0]["resources"] == {"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}
    assert (spec["serviceAccountName"], spec["enableServiceLinks"], spec["priority"]) == ("default", True, 0)
    assert [one["key"] for one in spec["tolerations"]] == [
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
    ]
    assert body["status"] == {"phase": "Pending", "qosClass": "Burstable"}


async def test_a_pod_needs_containers_with_names_and_images(ready: Talk) -> None:
    broken = pod() | {"spec": {"containers": [{"name": "app"}]}}
    said = await ready.create("pods", broken, dryRun="All")
    assert said.message == 'Pod "probe" is invalid: spec.containers[0].image: Required value'


async def test_two_ports_of_a_service_need_names(talk: Talk) -> None:
    wanted = {"metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}, {"port": 81}]}}
    said = await talk.create("services", wanted)
    assert said.message == (
        'Service "web" is invalid: [spec.ports[0].name: Required value, spec.ports[1].name: Required value]'
    )


async def test_an_autoscaler_must_be_able_to_scale_something(talk: Talk) -> None:
    spec = {"minReplicas": 5, "maxReplicas": 3, "scaleTargetRef": {"kind": "Deployment", "name": "web"}}
    said = await talk.create("horizontalpodautoscalers", {"metadata": {"name": "web"}, "spec": spec})
    assert said.message == (
        'HorizontalPodAutoscaler.autoscaling "web" is invalid: [spec.maxReplicas: Invalid value: 3: must be greater '
        'than or equal to `minReplicas`, spec.scaleTargetRef.apiVersion: Invalid value: "": apiVersion must specify '
        "API group]"
    )


async def test_a_budget_has_one_bound(talk: Talk) -> None:
    wanted = {"metadata": {"name": "web"}, "spec": {"minAvailable": 1, "maxUnavailable": 1}}
    said = await talk.create("poddisruptionbudgets", wanted)
    assert said.status == 422
    assert said.message.endswith("minAvailable and maxUnavailable cannot be both set")
