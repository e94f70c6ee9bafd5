"""What is told before an update, by a real server's own rules: quotas, policies, webhooks, volumes, missing things."""

import json
from typing import Any

from tests.real.plugin import WebFactory
from tests.real.product import Product, Said
from tests.real.web import Web
from tests.requirements import claims


def levels(said: Said) -> dict[str, str]:
    return {line["check"]: line["level"] for line in said.json["findings"]}


def text(said: Said, check: str) -> str:
    return str(next(line["text"] for line in said.json["findings"] if line["check"] == check))


async def checked(product: Product, shop: Web, *words: str) -> Said:
    said = await product.run("check", "web", "-n", shop.namespace, *words, "-o", "json")
    assert said.code == 0, str(said)
    return said


def made(shop: Web, api_version: str, kind: str, name: str, **fields: Any) -> None:
    document = {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **fields}
    shop.cluster.apply(json.dumps(document), namespace=shop.namespace)


@claims("update.preflight")
async def test_an_app_that_drains_rolls(web: WebFactory, product: Product) -> None:
    said = await checked(product, web(replicas=2, pre_stop=3))

    assert (said.json["verdict"], said.json["strategy"]) == ("safe", "rolling"), str(said)
    assert said.json["extra_pods"] > 2
    assert {"Z11", "Z20", "Z25"} <= set(said.json["passed"])


@claims("update.preflight")
async def test_an_app_that_does_not_drain_has_its_services_switched(web: WebFactory, product: Product) -> None:
    said = await checked(product, web(replicas=2, pre_stop=None), "--version", "v2")

    assert (said.json["verdict"], said.json["strategy"]) == ("safe-with-fixes", "blue-green"), str(said)


async def test_a_quota_that_leaves_no_room_is_named(web: WebFactory, product: Product) -> None:
    shop = web(replicas=2, pre_stop=3)
    made(shop, "v1", "ResourceQuota", "small", spec={"hard": {"pods": "2"}})
    shop.kubectl("wait", "--for=jsonpath={.status.used.pods}=2", "resourcequota/small", "--timeout=20s")

    said = await checked(product, shop)

    assert said.json["verdict"] == "degraded", str(said)
    assert "1 of 2 pods is missing at a time: quota small leaves 0 pods" in text(said, "Z02")


async def test_what_pod_security_refuses_is_told_in_its_words(web: WebFactory, product: Product) -> None:
    shop = web(replicas=1, pre_stop=3)
    shop.cluster.kubectl("label", "namespace", shop.namespace, "pod-security.kubernetes.io/enforce=restricted")

    said = await checked(product, shop)

    assert said.json["verdict"] == "impossible", str(said)
    assert text(said, "Z20").startswith(
        'The cluster refuses pods of the new template: violates PodSecurity "restricted:latest"'
    )


async def test_limits_of_a_namespace_refuse_before_anything_is_changed(web: WebFactory, product: Product) -> None:
    shop = web(replicas=1, pre_stop=3)
    made(shop, "v1", "LimitRange", "tight", spec={"limits": [{"type": "Container", "max": {"memory": "32Mi"}}]})

    said = await checked(product, shop)

    assert "maximum memory usage per Container is 32Mi, but limit is 64Mi" in text(said, "Z20"), str(said)


async def test_a_webhook_that_nobody_answers_is_found_before_its_first_victim(
    web: WebFactory, product: Product
) -> None:
    shop = web(replicas=1, pre_stop=3)
    hook = {
        "name": "guard.example.org",
        "clientConfig": {"service": {"namespace": shop.namespace, "name": "guard"}},
        "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": shop.namespace}},
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    name = f"guard-{shop.namespace}"
    made(shop, "admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", name, webhooks=[hook])
    try:
        said = await checked(product, shop)
    finally:
        shop.cluster.kubectl("delete", "validatingwebhookconfiguration", name)

    assert said.json["verdict"] == "impossible", str(said)
    assert "Webhook guard.example.org must answer for every new pod" in text(said, "Z20")


async def test_what_new_pods_would_miss_is_named(web: WebFactory, product: Product) -> None:
    shop = web(replicas=1, pre_stop=3, env={"MODE": "a"})
    reference = {"name": "SIZE", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "SIZE"}}}
    patch = [{"op": "add", "path": "/spec/template/spec/containers/0/env/-", "value": reference}]
    shop.kubectl("patch", "deployment", "web", "--type=json", "-p", json.dumps(patch))

    said = await checked(product, shop)

    assert text(said, "Z19") == "The new pods cannot start: ConfigMap settings does not exist (env)."
    assert said.json["verdict"] == "impossible"


async def test_who_may_only_look_is_told_what_could_not_be_seen(web: WebFactory, product: Product) -> None:
    shop = web(replicas=1, pre_stop=3)
    rules = [
        {"apiGroups": ["apps"], "resources": ["*"], "verbs": ["get", "list"]},
        {"apiGroups": [""], "resources": ["pods", "services"], "verbs": ["get", "list"]},
    ]
    user = product.with_kubeconfig(shop.cluster.token_for("guest", rules, shop.namespace))

    said = await checked(user, shop)

    unknown = {check for check, level in levels(said).items() if level == "unknown"}
    assert unknown == {"Z10", "Z11", "Z14", "Z15", "Z20", "Z22"}, str(said)
    assert text(said, "Z25") == f"You may not patch deployments in namespace {shop.namespace}."
