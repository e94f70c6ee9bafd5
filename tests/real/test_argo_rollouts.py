"""Apps that the real Argo Rollouts owns: promoted, aborted, undone and restarted through its own objects."""

import asyncio
from typing import Any

import pytest

from tests.real.cluster.real import RealCluster
from tests.real.plugin import WebFactory
from tests.real.product import Command, Product, Said
from tests.real.web import Web

CANARY = {"canary": {"steps": [{"setWeight": 25}, {"pause": {}}, {"setWeight": 50}, {"pause": {"duration": "2s"}}]}}


@pytest.fixture
def shop(argo_rollouts: RealCluster, web: WebFactory) -> Web:
    """An app whose canary pauses until somebody promotes."""
    return web(kind="Rollout", strategy=CANARY)


def update(product: Product, shop: Web, version: str) -> Any:
    """The update by a person in a terminal, while it runs."""
    return product.running("update", "web", "-n", shop.namespace, "--version", version, "--yes", "-o", "json")


async def say(product: Product, shop: Web, *words: str) -> Said:
    """What a colleague says to the operation that runs: `promote`, `abort`."""
    history = await product.run("history", "web", "-n", shop.namespace, "-o", "json")
    operation = next(one for one in history.json["operations"] if one["status"] == "running")
    word, *more = words
    said = await product.run(word, operation["operation_id"], *more, "-n", shop.namespace, "--yes")
    assert said.code == 0, str(said)
    return said


async def paused(shop: Web) -> None:
    """Wait until Argo Rollouts pauses at the first step."""
    async with asyncio.timeout(40):
        while shop.object()["status"].get("phase") != "Paused":  # noqa: ASYNC110 - a cluster has no asyncio event
            await asyncio.sleep(0.3)


async def outcome(command: Command) -> dict[str, Any]:
    """The document that a command ends with."""
    said = await command.ended()
    return said.json


async def test_an_update_that_we_promote_loses_no_request(shop: Web, product: Product) -> None:
    with shop.traffic() as traffic:
        async with update(product, shop, "v2") as command:
            await paused(shop)
            inspected = await product.run("inspect", "web", "-n", shop.namespace)
            await say(product, shop, "promote")
            done = await outcome(command)
        old = [pod["metadata"]["name"] for pod in shop.pods() if pod["metadata"].get("deletionTimestamp")]
        shop.wait_until_gone(old)
    report = traffic.report

    assert done["status"] == "done", done
    assert "pauses until somebody promotes" in inspected.out
    assert (report.failed, report.errors) == ([], []), str(report)
    assert report.ok["v1"] > 0
    assert report.ok["v2"] > 0
    assert shop.object()["status"]["phase"] == "Healthy"


async def test_a_bad_version_is_aborted_and_taken_back_and_the_app_is_healthy_again(
    shop: Web, product: Product, argo_rollouts: RealCluster
) -> None:
    argo_rollouts.load_image(argo_rollouts.image("crash"), {"VERSION": "crash", "CRASH": "cannot open database"})
    before = shop.object()["spec"]
    with shop.traffic() as traffic:
        async with update(product, shop, "crash") as command:
            undone = await outcome(command)
    report = traffic.report

    assert undone["status"] == "undone", undone
    assert undone["cause"]["code"] == "CRASH_LOOP"
    assert shop.object()["spec"] == before
    assert shop.object()["status"]["phase"] == "Healthy"
    assert (report.failed, report.errors, set(report.ok)) == ([], [], {"v1"}), str(report)


async def test_who_aborts_has_the_stable_version_back_and_rolls_back_to_it_later(shop: Web, product: Product) -> None:
    with shop.traffic() as traffic:
        async with update(product, shop, "v2") as command:
            await paused(shop)
            await say(product, shop, "abort")
            undone = await outcome(command)
        async with update(product, shop, "v3") as command:
            await paused(shop)
            await say(product, shop, "promote", "--full")
            done = await outcome(command)
        async with product.running("rollback", "web", "-n", shop.namespace, "--yes", "-o", "json") as command:
            await paused(shop)
            await say(product, shop, "promote", "--full")
            back = await outcome(command)
        shop.wait_until_gone([p["metadata"]["name"] for p in shop.pods() if p["metadata"].get("deletionTimestamp")])
    report = traffic.report

    assert (undone["status"], undone["cause"]["code"]) == ("undone", "ABORTED"), undone
    assert (done["status"], back["status"]) == ("done", "done"), back
    assert shop.template()["spec"]["containers"][0]["image"].endswith(":v1"), "not what was aborted"
    assert shop.object()["status"]["phase"] == "Healthy"
    assert (report.failed, report.errors) == ([], []), str(report)


async def test_a_finished_update_is_undone_a_restart_replaces_and_a_scale_counts(shop: Web, product: Product) -> None:
    async with update(product, shop, "v2") as command:
        await paused(shop)
        await say(product, shop, "promote", "--full")
        done = await outcome(command)
    on = ("-n", shop.namespace, "--yes", "-o", "json")
    async with product.running("undo", done["operation_id"], *on) as command:
        await paused(shop)
        await say(product, shop, "promote", "--full")
        undone = await outcome(command)
    old = shop.pod_names()
    restarted = await product.run("restart", "web", *on)
    scaled = await product.run("scale", "web", "--replicas", "2", *on)

    assert undone["status"] == "done", undone
    assert shop.template()["spec"]["containers"][0]["image"].endswith(":v1")
    assert restarted.json["status"] == "done", str(restarted)
    assert scaled.json["status"] == "done", str(scaled)
    shop.wait_until_gone(old)
    assert len(shop.pod_names()) >= 2


async def test_a_switch_waits_for_a_person_and_loses_no_request(
    argo_rollouts: RealCluster, web: WebFactory, product: Product
) -> None:
    shop = web(kind="Rollout", strategy={"blueGreen": {"activeService": "web", "autoPromotionEnabled": False}})
    with shop.traffic() as traffic:
        async with update(product, shop, "v2") as command:
            await paused(shop)
            await say(product, shop, "promote")
            done = await outcome(command)
        await asyncio.sleep(3)  # proxies follow a switch within a second or two
    report = traffic.report

    assert done["status"] == "done", done
    assert (report.failed, report.errors) == ([], []), str(report)
    assert report.ok["v2"] > 0
