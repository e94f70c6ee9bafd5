"""More pods, fewer pods, larger pods, fresh pods; and no fight with whoever else decides that."""

import json
from typing import Any

from tests.real.plugin import WebFactory
from tests.real.product import Person, Product
from tests.real.web import Web


def _resources(shop: Web) -> dict[str, Any]:
    resources: dict[str, Any] = shop.template()["spec"]["containers"][0]["resources"]
    return resources


def _autoscaled(shop: Web) -> None:
    scaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "minReplicas": 2,
            "maxReplicas": 5,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
                }
            ],
        },
    }
    shop.cluster.apply(json.dumps(scaler), namespace=shop.namespace)


async def test_an_app_grows_and_shrinks_without_a_lost_request(web: WebFactory, product: Product) -> None:
    shop = web(replicas=2, pre_stop=3)
    template = shop.template()
    with shop.traffic() as traffic:
        async with product.serving() as session:
            grown = await session.change("scale_app", app="web", namespace=shop.namespace, replicas=5)
            assert grown.content["status"] == "done", grown.text
            assert shop.object()["status"]["readyReplicas"] == 5
            shrunk = await session.change("scale_app", app="web", namespace=shop.namespace, replicas=1)
        shop.kubectl("wait", "--for=jsonpath={.status.replicas}=1", "deployment/web", "--timeout=20s")

    assert shrunk.content["status"] == "done", shrunk.text
    assert traffic.report.failed == [], str(traffic.report)
    assert shop.object()["spec"]["replicas"] == 1
    assert shop.template() == template


async def test_a_person_has_to_agree_to_stopping_an_app(web: WebFactory, product: Product) -> None:
    shop, person = web(replicas=1, pre_stop=1), Person()
    async with product.serving() as session:
        planned = await session.call("scale_app", app="web", namespace=shop.namespace, replicas=0)
        alone = await session.call(
            "scale_app", app="web", namespace=shop.namespace, replicas=0, plan_id=planned.content["plan_id"]
        )
    assert planned.content["plan"]["risk"] == "high"
    assert alone.error
    assert alone.content["code"] == "needs_approval"
    assert f"dot-ai approve {planned.content['plan_id']}" in alone.text
    assert shop.object()["spec"]["replicas"] == 1

    async with product.serving(person) as session:
        answer = await session.call("scale_app", app="web", namespace=shop.namespace, replicas=0)
    assert answer.content["status"] == "done", answer.text
    assert "stops the app" in person.asked[0]
    assert shop.object()["spec"]["replicas"] == 0


async def test_what_a_person_approved_in_a_terminal_may_be_run_once(web: WebFactory, product: Product) -> None:
    shop = web(replicas=1, pre_stop=1)
    wanted = {"app": "web", "namespace": shop.namespace, "replicas": 0}
    async with product.serving() as session:
        planned = await session.call("scale_app", **wanted)
        approved = await product.run("approve", planned.content["plan_id"], "--yes")
        answer = await session.call("scale_app", **wanted, plan_id=planned.content["plan_id"])

    assert approved.code == 0, str(approved)
    assert "1 replica " in approved.out
    assert answer.content["status"] == "done", answer.text
    assert answer.content["approved_by"] == "cli:tester"


async def test_pods_get_another_size_and_undo_gives_the_old_one_back(web: WebFactory, product: Product) -> None:
    shop = web(replicas=2, pre_stop=1)
    first, on = shop.template(), ("-n", shop.namespace, "--yes", "-o", "json")
    said = await product.run("scale", "web", *on, "--cpu", "20m:200m", "--memory", "24Mi:80Mi")

    assert said.code == 0, str(said)
    assert _resources(shop) == {
        "requests": {"cpu": "20m", "memory": "24Mi"},
        "limits": {"cpu": "200m", "memory": "80Mi"},
    }
    undone = await product.run("undo", said.json["operation_id"], *on)
    assert (undone.code, shop.template()) == (0, first), str(undone)


async def test_an_autoscaler_is_not_fought_over_replicas(web: WebFactory, product: Product) -> None:
    shop = web(replicas=2, pre_stop=1)
    _autoscaled(shop)
    said = await product.run("scale", "web", "-n", shop.namespace, "--replicas", "4", "--yes")

    assert said.code == 2, str(said)
    assert "HorizontalPodAutoscaler web (2 to 5 replicas)" in said.err
    assert "minReplicas: 4" in said.err
    assert shop.object()["spec"]["replicas"] == 2


async def test_a_restart_replaces_every_pod_without_a_lost_request_and_can_be_undone(
    web: WebFactory, product: Product
) -> None:
    shop = web(replicas=2, pre_stop=3)
    first, old = shop.template(), shop.pod_names()
    with shop.traffic() as traffic:
        said = await product.run(
            "restart", "web", "-n", shop.namespace, "--reason", "stale cache", "--yes", "-o", "json"
        )
        shop.wait_until_gone(old)

    assert said.code == 0, str(said)
    assert traffic.report.failed == [], str(traffic.report)
    assert not set(old) & set(shop.pod_names())
    assert "stale cache" in shop.object()["metadata"]["annotations"]["kubernetes.io/change-cause"]
    undone = await product.run("undo", said.json["operation_id"], "-n", shop.namespace, "--yes")
    assert undone.code == 0, str(undone)
    assert shop.template()["spec"] == first["spec"]
    assert not shop.template()["metadata"].get("annotations")
