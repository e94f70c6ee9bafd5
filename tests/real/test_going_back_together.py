"""A version comes back with what belonged to it, and not at all where it could not start; users notice neither."""

import json
from typing import Any

from tests.real.cluster.real import RealCluster
from tests.real.plugin import WebFactory
from tests.real.product import Product
from tests.real.web import Web

SCALER = {
    "apiVersion": "autoscaling/v2",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "web"},
    "spec": {
        "minReplicas": 2,
        "maxReplicas": 6,
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "metrics": [
            {
                "type": "Resource",
                "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
            }
        ],
    },
}


def _merge(shop: Web, what: str, spec: dict[str, Any]) -> None:
    """What a person does with `kubectl edit`."""
    shop.kubectl("patch", what, "--type=merge", "-p", json.dumps({"spec": spec}))


async def test_selector_bounds_and_strategy_come_back_without_a_lost_request(web: WebFactory, product: Product) -> None:
    shop = web(replicas=4, pre_stop=3)
    shop.cluster.apply(SCALER, namespace=shop.namespace)
    good, strategy = shop.template(), shop.object()["spec"]["strategy"]
    on = ("web", "-n", shop.namespace, "--yes", "-o", "json")
    updated = await product.run("update", *on, "--version", "v2")
    assert updated.code == 0, str(updated)
    labels = {"app": "web", "generation": "two"}
    _merge(shop, "deployment/web", {"template": {"metadata": {"labels": labels}}, "minReadySeconds": 1})
    _merge(shop, "deployment/web", {"strategy": {"rollingUpdate": {"maxSurge": 3}}})
    shop.kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    _merge(shop, "service/web", {"selector": labels})
    _merge(shop, "hpa/web", {"maxReplicas": 12})
    newer = shop.pod_names()

    with shop.traffic() as traffic:
        back = await product.run("rollback", *on, "--to-version", "v1")
        shop.wait_until_gone(newer)

    assert back.code == 0, str(back)
    assert traffic.report.failed == [], str(traffic.report)
    assert shop.template() == good
    assert shop.object("service")["spec"]["selector"] == {"app": "web"}
    assert shop.object("hpa")["spec"]["maxReplicas"] == 6
    assert shop.object()["spec"]["strategy"] == strategy
    assert "minReadySeconds" not in shop.object()["spec"]

    undone = await product.run("undo", back.json["operation_id"], "-n", shop.namespace, "--yes")
    assert undone.code == 0, str(undone)
    assert shop.object("service")["spec"]["selector"] == labels
    assert shop.object("hpa")["spec"]["maxReplicas"] == 12
    assert shop.object()["spec"]["minReadySeconds"] == 1
    assert shop.object()["spec"]["strategy"]["rollingUpdate"]["maxSurge"] == 3


async def test_a_revision_whose_configuration_is_gone_is_not_begun(web: WebFactory, product: Product) -> None:
    source = [{"configMapRef": {"name": "settings"}}]
    shop = web(replicas=1, pre_stop=None)
    shop.kubectl("create", "configmap", "settings", "--from-literal=MODE=dark")
    container = {"name": "web", "image": shop.cluster.image("v2"), "envFrom": source}
    body = json.dumps({"spec": {"template": {"spec": {"containers": [container]}}}})
    shop.kubectl("patch", "deployment/web", "--type=strategic", "-p", body)
    shop.kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    shop.kubectl("rollout", "undo", "deployment/web")
    shop.kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    shop.kubectl("delete", "configmap", "settings")
    generation = shop.object()["metadata"]["generation"]

    said = await product.run("rollback", "web", "-n", shop.namespace, "--to-version", "v2", "--yes", "-o", "json")

    assert (said.code, said.json["code"]) == (2, "refused"), str(said)
    assert "ConfigMap settings (envFrom)" in said.json["message"]
    assert shop.object()["metadata"]["generation"] == generation


async def test_a_version_that_crashed_is_not_deployed_again_without_force(
    web: WebFactory, product: Product, own_cluster: RealCluster
) -> None:
    own_cluster.load_image(own_cluster.image("crash"), {"VERSION": "crash", "CRASH": "cannot open database"})
    shop = web(replicas=1, pre_stop=None)
    on = ("web", "-n", shop.namespace, "--version", "crash", "-o", "json")
    failed = await product.run("update", *on, "--yes")
    again = await product.run("update", *on, "--yes")
    forced = await product.run("update", *on, "--force", "--plan")

    assert (failed.code, again.code, forced.code) == (1, 2, 0), f"{failed}{again}{forced}"
    assert failed.json["operation_id"] in again.json["message"]
    assert "cannot open database" in again.json["message"]


async def test_a_lost_version_is_rolled_forward_to_in_todays_template(web: WebFactory, product: Product) -> None:
    shop = web(replicas=1, pre_stop=None, env={"MODE": "today"})
    on = ("web", "-n", shop.namespace, "--yes", "-o", "json")
    nowhere = await product.run("rollback", *on, "--to-version", "v3")
    there = await product.run("rollback", *on, "--to-version", "v3", "--roll-forward")

    assert (nowhere.code, there.code) == (2, 0), f"{nowhere}{there}"
    assert "--roll-forward" in nowhere.json["hint"]
    container = shop.template()["spec"]["containers"][0]
    assert container["image"] == shop.cluster.image("v3")
    assert container["env"] == [{"name": "MODE", "value": "today"}]
