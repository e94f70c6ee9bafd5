"""Somebody else acts on the same app at the same time: one of us is told, and nothing of theirs is touched."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.real.plugin import WebFactory
from tests.real.product import Command, Product
from tests.real.web import Web

SLOW = {"workload": {"minReadySeconds": 8}}
"""Keeps an update under way long enough to get in between."""


def _image(shop: Web) -> str:
    image: str = shop.template()["spec"]["containers"][0]["image"]
    return image.rpartition(":")[2]


@asynccontextmanager
async def _under_way(shop: Web, product: Product) -> AsyncIterator[Command]:
    """An update to v2 that has been written and is being waited for."""
    words = ("update", "web", "-n", shop.namespace, "--version", "v2", "--yes", "-o", "json")
    written = "--for=jsonpath={.spec.template.spec.containers[0].image}=" + shop.cluster.image("v2")
    async with product.running(*words) as command:
        for condition in (written, "--for=jsonpath={.status.updatedReplicas}=1"):
            await asyncio.to_thread(shop.kubectl, "wait", condition, "deployment/web", "--timeout=30s")
        yield command


async def test_of_two_at_once_one_runs_and_the_other_is_told_who_and_since_when(
    web: WebFactory, product: Product
) -> None:
    shop = web(replicas=1, pre_stop=1, workload={"minReadySeconds": 15})
    async with _under_way(shop, product) as first:
        second = await product.run(
            "update", "web", "-n", shop.namespace, "--version", "v3", "--yes", env={"LIFECYCLE_ACTOR": "cli:somebody"}
        )
        async with product.serving() as session:
            third = await session.change("restart_app", app="web", namespace=shop.namespace)
            listed = await session.call("list_apps", namespace=shop.namespace)
        done = await first.ended(60)

    assert (second.code, done.code) == (2, 0), f"{second}{done}"
    assert "is being changed by cli:tester since" in second.err
    assert done.json["operation_id"] in second.err
    assert third.content["code"] == "busy"
    assert third.content["retryable"]
    assert listed.content["apps"][0]["operations"] == [f"{done.json['operation_id']} running"]
    assert _image(shop) == "v2"


async def test_an_image_set_by_somebody_else_during_an_update_stays_theirs(web: WebFactory, product: Product) -> None:
    shop = web(replicas=1, pre_stop=1, **SLOW)
    async with _under_way(shop, product) as process:
        shop.kubectl("set", "image", "deployment/web", f"web={shop.cluster.image('v3')}")
        said = await process.ended(60)

    assert said.code == 4, str(said)
    assert said.json["cause"]["code"] == "FOREIGN_CHANGE"
    assert "'kubectl-set'" in said.json["cause"]["text"]
    assert any("v2 became" in line and "v3" in line for line in said.json["cause"]["evidence"])
    assert _image(shop) == "v3"


async def test_an_undo_by_kubectl_during_an_update_is_a_change_by_somebody_else(
    web: WebFactory, product: Product
) -> None:
    shop = web(replicas=1, pre_stop=1, **SLOW)
    async with _under_way(shop, product) as process:
        shop.kubectl("rollout", "undo", "deployment/web")
        said = await process.ended(60)

    assert said.code == 4, str(said)
    assert said.json["cause"]["code"] == "FOREIGN_CHANGE"
    assert _image(shop) == "v1"


async def test_scaling_by_somebody_else_during_an_update_is_lived_with(web: WebFactory, product: Product) -> None:
    shop = web(replicas=1, pre_stop=1, **SLOW)
    async with _under_way(shop, product) as process:
        shop.kubectl("scale", "deployment/web", "--replicas=2")
        said = await process.ended(60)

    assert said.code == 0, str(said)
    assert "all 2 pods of v2 serve" in said.json["verdict"]
    assert shop.object()["spec"]["replicas"] == 2


async def test_a_rollout_paused_by_somebody_during_an_update_is_waited_for_and_named(
    web: WebFactory, product: Product
) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    shop = web(replicas=2, pre_stop=1, strategy=strategy, workload={"minReadySeconds": 4})
    async with _under_way(shop, product) as process:
        shop.kubectl("rollout", "pause", "deployment/web")
        async with product.serving() as session:
            history = await session.call("list_operations", app="web", namespace=shop.namespace)
            operation = history.content["operations"][0]["operation_id"]
            waited = await session.call("get_operation", operation_id=operation, namespace=shop.namespace, wait=8)
        assert waited.content["status"] == "running"
        shop.kubectl("rollout", "resume", "deployment/web")
        said = await process.ended(60)

    assert said.code == 0, str(said)
    assert _image(shop) == "v2"


async def test_an_app_deleted_during_its_update_is_not_made_again(web: WebFactory, product: Product) -> None:
    shop = web(replicas=1, pre_stop=1, **SLOW)
    async with _under_way(shop, product) as process:
        shop.kubectl("delete", "deployment/web", "--wait=false")
        said = await process.ended(60)

    assert said.code == 4, str(said)
    assert said.json["cause"]["code"] == "GONE"
    assert "deleted" in said.json["cause"]["text"]
    assert "deployment.apps/web" not in shop.kubectl("get", "deployments", "-o", "name")


async def test_a_plan_is_not_run_where_the_app_has_changed_since(web: WebFactory, product: Product) -> None:
    shop = web(replicas=1, pre_stop=1)
    on = ("update", "web", "-n", shop.namespace, "--version", "v2")
    planned = await product.run(*on, "--plan", "-o", "json")
    async with product.serving() as session:
        offered = await session.call("update_app", app="web", namespace=shop.namespace, version="v2")
        shop.kubectl("set", "env", "deployment/web", "COLOUR=red")
        stale = await session.call("update_app", **offered.content["next_call"]["arguments"])
    said = await product.run(*on, "--plan-id", planned.json["plan_id"])

    assert planned.json["plan_id"] == offered.content["plan_id"]
    assert (said.code, stale.content["code"]) == (2, "plan_changed"), f"{said}{stale}"
    assert planned.json["plan_id"] in said.err
    assert stale.content["proposal"]["plan_id"] in stale.text
    assert _image(shop) == "v1"


async def test_a_paused_deployment_is_refused_with_the_way_to_go(web: WebFactory, product: Product) -> None:
    shop = web(replicas=1, pre_stop=1)
    shop.kubectl("rollout", "pause", "deployment/web")
    said = await product.run("update", "web", "-n", shop.namespace, "--version", "v2", "--yes", "-o", "json")

    assert said.code == 2, str(said)
    assert json.loads(said.out)["code"] == "refused"
    assert f"kubectl rollout resume deployment/web -n {shop.namespace}" in said.json["hint"]


async def test_an_app_of_argo_cd_is_left_to_it(web: WebFactory, product: Product) -> None:
    shop = web(replicas=1, pre_stop=1)
    tracking = f"shop:apps/Deployment:{shop.namespace}/web"
    shop.kubectl("annotate", "deployment/web", f"argocd.argoproj.io/tracking-id={tracking}")
    said = await product.run("update", "web", "-n", shop.namespace, "--version", "v2", "--yes")
    seen = await product.run("inspect", "web", "-n", shop.namespace, "-o", "json")

    assert said.code == 2, str(said)
    assert "belongs to Argo CD shop" in said.err
    assert seen.json["owner"] == "argocd shop"
    assert _image(shop) == "v1"
