"""Logs, evictions, bindings, metrics."""

import pytest

from dot_ai_lifecycle.embedded.api import Api
from dot_ai_lifecycle.embedded.objects import Object
from dot_ai_lifecycle.embedded.store import Store
from dot_ai_lifecycle.embedded.transport import InProcess
from tests.embedded.clients import LOG, Client, client, now, pod

PODS = "/api/v1/namespaces/default/pods"


def _use(pod: Object) -> dict[str, tuple[int, int]] | None:
    return {"app": (250, 64 << 20)} if pod["spec"].get("nodeName") else None


@pytest.fixture
def box() -> Client:
    made = client(usage=_use)
    made.store.create(pod("a", node="n1", labels={"app": "web"}))
    return made


def _running(box: Client) -> None:
    def start(one: Object) -> None:
        one["status"]["phase"] = "Running"

    box.store.edit("Pod", "a", "default", start, subresource="status")


def _budget(box: Client, allowed: int) -> None:
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}
    box.store.create(
        {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web"}, "spec": spec}
    )

    def count(one: Object) -> None:
        one["status"] = {"disruptionsAllowed": allowed, "currentHealthy": 1, "desiredHealthy": 1, "expectedPods": 1}

    box.store.edit("PodDisruptionBudget", "web", "default", count, subresource="status")


async def test_logs_are_text(box: Client) -> None:
    answer = await box.transport.request("GET", f"{PODS}/a/log")
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, LOG, "text/plain")


async def test_followed_logs_end_with_the_pod(box: Client) -> None:
    async with box.transport.stream("GET", f"{PODS}/a/log", query=[("follow", "true")]) as stream:
        lines = aiter(stream)
        assert [await anext(lines), await anext(lines)] == [b"one\n", b"two\n"]
        box.store.finish_delete("Pod", "a", "default")
        assert [line async for line in lines] == []


async def test_the_log_of_an_unknown_container_is_a_bad_request(box: Client) -> None:
    said = await box.ask("GET", f"{PODS}/a/log", container="none")
    assert (said.status, said.message) == (400, "container none is not valid for pod a")


async def test_an_eviction_within_the_budget_spends_it(box: Client) -> None:
    _running(box)
    _budget(box, allowed=1)
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "a"}}
    assert (await box.ask("POST", f"{PODS}/a/eviction", eviction, dryRun="All")).status == 201
    assert "deletionTimestamp" not in box.store.get("Pod", "a")["metadata"]
    assert (await box.ask("POST", f"{PODS}/a/eviction", eviction)).status == 201
    assert "deletionTimestamp" in box.store.get("Pod", "a")["metadata"]
    assert box.store.get("PodDisruptionBudget", "web")["status"]["disruptionsAllowed"] == 0


async def test_an_eviction_beyond_the_budget_is_refused_for_now(box: Client) -> None:
    _running(box)
    _budget(box, allowed=0)
    said = await box.ask("POST", f"{PODS}/a/eviction", {})
    assert (said.status, said.reason) == (429, "TooManyRequests")
    assert said.message == "Cannot evict pod as it would violate the pod's disruption budget."
    [cause] = said.body["details"]["causes"]
    assert cause["message"] == "The disruption budget web needs 1 healthy pods and has 1 currently"


async def test_a_binding_puts_a_pod_on_a_node(box: Client) -> None:
    box.store.create(pod("b"))
    binding = {"apiVersion": "v1", "kind": "Binding", "target": {"kind": "Node", "name": "n2"}}
    assert (await box.ask("POST", f"{PODS}/b/binding", binding)).status == 201
    assert box.store.get("Pod", "b")["spec"]["nodeName"] == "n2"


async def test_metrics_tell_what_running_pods_use(box: Client) -> None:
    box.store.create(pod("idle"))
    listed = await box.ask("GET", "/apis/metrics.k8s.io/v1beta1/namespaces/default/pods")
    [one] = listed.body["items"]
    assert one["metadata"]["name"] == "a"
    assert one["containers"] == [{"name": "app", "usage": {"cpu": "250m", "memory": "65536Ki"}}]
    missing = await box.ask("GET", "/apis/metrics.k8s.io/v1beta1/namespaces/default/pods/idle")
    assert (missing.status, missing.reason) == (404, "NotFound")


async def test_without_a_source_there_is_no_metrics_api() -> None:
    plain = client()
    assert (await plain.ask("GET", "/apis/metrics.k8s.io/v1beta1/nodes")).status == 404
    groups = [group["name"] for group in (await plain.ask("GET", "/apis")).body["groups"]]
    assert "metrics.k8s.io" not in groups


async def test_a_running_pod_keeps_its_spec(box: Client) -> None:
    patch = [{"op": "add", "path": "/spec/hostNetwork", "value": True}]
    said = await box.ask("PATCH", f"{PODS}/a", patch, "application/json-patch+json")
    assert said.status == 422
    assert "pod updates may not change fields other than" in said.message


REPLICATION: Object = {"apiVersion": "v1", "kind": "ReplicationController", "metadata": {"name": "rc"}}
RULES = [
    {"key": "tier", "operator": "In", "values": ["b", "a"]},
    {"key": "age", "operator": "NotIn", "values": ["old"]},
    {"key": "web", "operator": "Exists"},
    {"key": "off", "operator": "DoesNotExist"},
]


def _set(box: Client, selector: Object) -> str:
    """The path of a new ReplicaSet that selects so, and of pods that it would."""
    template = {"metadata": {"labels": {"app": "x", "tier": "a", "web": "1"}}, "spec": pod("x")["spec"]}
    spec = {"replicas": 3, "selector": selector, "template": template}
    box.store.create({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "rs"}, "spec": spec})
    return "/apis/apps/v1/namespaces/default/replicasets/rs/scale"


async def test_a_scale_tells_the_selector_in_query_syntax_by_key(box: Client) -> None:
    path = _set(box, {"matchLabels": {"app": "x"}, "matchExpressions": RULES})
    said = await box.ask("GET", path)
    assert said.body["status"]["selector"] == "age notin (old),app=x,!off,tier in (a,b),web"
    listed = await box.ask("GET", PODS, labelSelector=said.body["status"]["selector"])
    assert (listed.status, listed.body["items"]) == (200, [])


@pytest.mark.parametrize(("selector", "told"), [({"app": "x"}, {"selector": "app=x"}), (None, {})])
async def test_an_old_controllers_scale_tells_its_labels(box: Client, selector: Object | None, told: Object) -> None:
    box.store.create(REPLICATION | {"spec": {"replicas": 2, "selector": selector} if selector else {"replicas": 2}})
    said = await box.ask("GET", "/api/v1/namespaces/default/replicationcontrollers/rc/scale")
    assert (said.body["spec"], said.body["status"]) == ({"replicas": 2}, {"replicas": 0} | told)


async def test_a_scale_is_put_with_or_without_the_version_it_was_read_at(box: Client) -> None:
    path = _set(box, {"matchLabels": {"app": "x"}})
    scale = (await box.ask("GET", path)).body
    said = await box.ask("PUT", path, scale | {"spec": {"replicas": 5}})
    assert (said.status, said.body["spec"]) == (200, {"replicas": 5})
    assert (await box.ask("PUT", path, scale | {"spec": {"replicas": 6}})).status == 409
    assert (await box.ask("PUT", path, {"spec": {}})).body["spec"] == {}
    assert box.store.get("ReplicaSet", "rs")["spec"]["replicas"] == 0


async def test_a_scale_below_nothing_is_refused(box: Client) -> None:
    path = _set(box, {"matchLabels": {"app": "x"}})
    said = await box.ask("PUT", path, {"spec": {"replicas": -1}})
    assert (said.status, said.reason) == (422, "Invalid")
    assert said.message.endswith("spec.replicas: Invalid value: -1: must be greater than or equal to 0")


async def test_of_several_containers_one_has_to_be_named(box: Client) -> None:
    several = pod("two")
    several["spec"]["containers"].append({"name": "side", "image": "x:1"})
    several["spec"]["initContainers"] = [{"name": "first", "image": "x:1"}]
    box.store.create(several)
    said = await box.ask("GET", f"{PODS}/two/log")
    assert (said.status, said.message) == (
        400,
        "a container name must be specified for pod two, choose one of: [app side]",
    )
    for name in ("side", "first"):
        answer = await box.transport.request("GET", f"{PODS}/two/log", query=[("container", name)])
        assert (answer.status, answer.body) == (200, LOG)


async def test_a_followed_log_tells_what_is_added_and_ends_with_the_pods_work() -> None:
    lines = [b""]
    store = Store(now)
    store.create(pod("a", node="n1"))
    api = Api(store, now=now, logs=lambda *_: b"".join(lines))
    async with InProcess(api).stream("GET", f"{PODS}/a/log", query=[("follow", "true")]) as stream:
        told = aiter(stream)
        lines.append(b"one\n")
        assert await anext(told) == b"one\n"

        def end(one: Object) -> None:
            lines.append(b"last\n")
            one["status"]["phase"] = "Succeeded"

        store.edit("Pod", "a", "default", end, subresource="status")
        assert [line async for line in told] == [b"last\n"]


async def test_a_pod_that_does_not_run_yet_is_evicted_whatever_the_budget(box: Client) -> None:
    _budget(box, allowed=0)
    said = await box.ask("POST", f"{PODS}/a/eviction", {"deleteOptions": {"gracePeriodSeconds": 0}})
    assert (said.status, box.store.find("Pod", "a", "default")) == (201, None)


async def test_an_eviction_of_another_pod_of_that_name_is_refused(box: Client) -> None:
    body = {"deleteOptions": {"preconditions": {"uid": "another"}}}
    assert (await box.ask("POST", f"{PODS}/a/eviction", body)).status == 409
    assert "deletionTimestamp" not in box.store.get("Pod", "a")["metadata"]


async def test_a_pod_under_two_budgets_cannot_be_evicted(box: Client) -> None:
    _running(box)
    _budget(box, allowed=1)
    spec = {"minAvailable": 1, "selector": {}}
    box.store.create(
        {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "all"}, "spec": spec}
    )
    said = await box.ask("POST", f"{PODS}/a/eviction")
    assert said.status == 500
    assert said.message.startswith("This pod has more than one PodDisruptionBudget")


async def test_a_namespace_is_gone_when_its_last_finalizer_is(box: Client) -> None:
    box.store.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    path = "/api/v1/namespaces/shop/finalize"
    kept = {"metadata": {"name": "shop"}, "spec": {"finalizers": ["kubernetes", "team/check"]}}
    assert (await box.ask("PUT", path, kept)).body["spec"] == kept["spec"]
    await box.ask("DELETE", "/api/v1/namespaces/shop")
    assert (await box.ask("PUT", path, {"metadata": {"name": "shop"}, "spec": {}})).status == 200
    assert box.store.find("Namespace", "shop") is None


async def test_metrics_are_told_of_one_of_all_and_of_nodes(box: Client) -> None:
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1", "labels": {"zone": "a"}}}
    box.store.create(node)
    base = "/apis/metrics.k8s.io/v1beta1"
    assert [one["metadata"]["name"] for one in (await box.ask("GET", f"{base}/pods")).body["items"]] == ["a"]
    one = await box.ask("GET", f"{base}/namespaces/default/pods/a")
    assert (one.body["kind"], one.body["containers"][0]["name"]) == ("PodMetrics", "app")
    listed = await box.ask("GET", f"{base}/nodes", labelSelector="zone=a")
    assert [one["usage"]["cpu"] for one in listed.body["items"]] == ["250m"]
    assert (await box.ask("GET", f"{base}/nodes/n1")).body["kind"] == "NodeMetrics"
    assert (await box.ask("GET", f"{base}/services")).status == 404
