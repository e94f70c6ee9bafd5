"""Applications whose pods end at once when asked to: their Services are switched between two whole revisions."""

import asyncio

from tests.real.cluster.real import RealCluster
from tests.real.plugin import WebFactory
from tests.real.product import Product, Session
from tests.real.web import Web


def as_it_was(shop: Web, before: dict[str, object], name: str = "web") -> bool:
    """Whether the strategy and the Service are as they were, and nothing of ours is left on the Deployment."""
    found = shop.object()
    fields = ("strategy", "minReadySeconds", "progressDeadlineSeconds", "replicas")
    assert {field: found["spec"].get(field) for field in fields} == {field: before.get(field) for field in fields}
    assert not [key for key in found["metadata"]["annotations"] if key.startswith("lifecycle.dot-ai/")]
    return bool(shop.object("Service")["spec"]["selector"] == {"app": name})


async def test_an_app_without_a_drain_hook_is_updated_and_undone_without_a_failed_request(
    web: WebFactory, product: Product
) -> None:
    shop = web(pre_stop=None)
    before, old = shop.object()["spec"], shop.pod_names()
    with shop.traffic() as traffic:
        async with product.serving() as session:
            answer = await session.change("update_app", app="web", namespace=shop.namespace, version="v2")
            shop.wait_until_gone(old)
            new = shop.pod_names()
            again = await session.change(
                "resume_operation",
                operation_id=answer.content["operation_id"],
                action="undo",
                namespace=shop.namespace,
            )
        shop.wait_until_gone(new)
    report = traffic.report

    assert (answer.content["status"], again.content["status"]) == ("done", "done"), f"{answer.text} {again.text}"
    assert report.failed == [], str(report)
    assert report.errors == [], str(report)
    assert report.ok["v1"] > 0
    assert report.ok["v2"] > 0
    assert as_it_was(shop, before)


async def test_nobody_meets_a_version_that_crashes(web: WebFactory, product: Product, own_cluster: RealCluster) -> None:
    own_cluster.load_image(own_cluster.image("crash"), {"VERSION": "crash", "CRASH": "cannot open database"})
    shop = web(pre_stop=None)
    before = shop.object()["spec"]
    with shop.traffic() as traffic:
        async with product.serving() as session:
            answer = await session.change("update_app", app="web", namespace=shop.namespace, version="crash")
    report = traffic.report

    assert answer.content["status"] == "undone", answer.text
    assert answer.content["cause"]["code"] == "CRASH_LOOP"
    assert (report.failed, report.errors, set(report.ok)) == ([], [], {"v1"}), str(report)
    assert as_it_was(shop, before)
    assert shop.object()["spec"]["template"] == before["template"]


async def test_an_app_that_stops_all_its_pods_is_updated_and_undone_by_a_clone_without_a_failed_request(
    web: WebFactory, product: Product
) -> None:
    shop = web(pre_stop=None, replicas=2, strategy={"type": "Recreate"})
    before, where = shop.object()["spec"], ("-n", shop.namespace)
    by_clone = ("--strategy", "blue-green", "--standby", "2", "--yes", "-o", "json")
    with shop.traffic() as traffic:
        said = await product.run("update", "web", *where, "--version", "v2", *by_clone)
        new = shop.object()["spec"]["template"]
        again = await product.run("undo", said.json["operation_id"], *where, "--yes", "-o", "json")
    report = traffic.report

    assert (said.code, again.code) == (0, 0), f"{said} {again}"
    assert (report.failed, report.errors) == ([], []), str(report)
    assert min(report.ok["v1"], report.ok["v2"]) > 0
    assert new != before["template"] == shop.object()["spec"]["template"]
    assert as_it_was(shop, before)
    assert shop.kubectl("get", "deployments", "-o", "name") == "deployment.apps/web\n"


CANARY = ("--strategy", "canary", "--steps", "25,50", "--approve", "--yes", "-o", "json")


async def at(session: Session, shop: Web, words: str, within: float = 60.0) -> dict[str, str]:
    """The app's operation as other tools want it named, once it is at a step that says so."""
    async with asyncio.timeout(within):
        while True:
            listed = await session.call("list_operations", app=shop.name, namespace=shop.namespace)
            for line in listed.content["operations"]:
                on = {"operation_id": line["operation_id"], "namespace": shop.namespace}
                found = await session.call("get_operation", **on)
                if any(step["state"] == "begun" and words in step["step"] for step in found.content["steps"]):
                    return on


async def test_a_canary_is_promoted_by_a_second_process_without_a_failed_request(
    web: WebFactory, product: Product
) -> None:
    shop = web(replicas=2, pre_stop=None)
    before, old = shop.object()["spec"], shop.pod_names()
    words = ("update", "web", "-n", shop.namespace, "--version", "v2", *CANARY, "--interval", "2s")
    with shop.traffic() as traffic:
        async with product.serving() as colleague, product.running(*words) as update:
            operation = await at(colleague, shop, "for somebody to promote")
            promoted = await colleague.change("promote_operation", **operation)
            said = await update.ended(60)
        shop.wait_until_gone(old)
    report = traffic.report

    assert (promoted.content["status"], said.code) == ("done", 0), f"{promoted.text}{said}"
    assert any("promoted by mcp:" in step["step"] for step in said.json["steps"])
    assert (report.failed, report.errors) == ([], []), str(report)
    assert report.ok["v2"] > 0
    assert as_it_was(shop, before)


async def test_a_canary_is_aborted_by_a_second_process_and_nobody_is_cut_off(
    web: WebFactory, product: Product, own_cluster: RealCluster
) -> None:
    own_cluster.load_image(own_cluster.image("errors"), {"VERSION": "errors", "ERROR_PERCENT": "20"})
    shop = web(replicas=3, pre_stop=None)
    before = shop.object()["spec"]
    words = ("update", "web", "-n", shop.namespace, "--version", "errors", *CANARY, "--interval", "60s")
    with shop.traffic() as traffic:
        async with product.serving() as colleague, product.running(*words) as update:
            operation = await at(colleague, shop, "Watch ")
            aborted = await product.run("abort", operation["operation_id"], "-n", shop.namespace, "--yes")
            said = await update.ended(60)
        shop.kubectl("wait", "--for=jsonpath={.status.replicas}=3", "deployment/web", "--timeout=30s")
    report = traffic.report

    assert (aborted.code, said.code) == (0, 1), f"{aborted}{said}"
    assert said.json["cause"]["code"] == "ABORTED"
    assert report.failed == [], str(report)
    assert report.ok.get("errors", 0) < report.ok["v1"]
    assert as_it_was(shop, before)
    assert shop.object()["spec"]["template"] == before["template"]
