"""Smoke checks and previews under real traffic: nobody meets a version that was asked first and did not answer."""

import json

from tests.real.cluster.real import RealCluster
from tests.real.plugin import WebFactory
from tests.real.product import Product
from tests.real.test_documented_roles import rules
from tests.real.test_switching import as_it_was, at
from tests.real.web import Web


def services(shop: Web) -> list[str]:
    """The Services in the app's namespace."""
    listed = shop.kubectl("get", "services", "-o", "jsonpath={.items[*].metadata.name}")
    return str(listed).split()


async def test_a_version_that_does_not_answer_its_smoke_check_meets_no_user(
    web: WebFactory, product: Product, own_cluster: RealCluster
) -> None:
    own_cluster.load_image(own_cluster.image("errors"), {"VERSION": "errors", "ERROR_PERCENT": "100"})
    shop = web(pre_stop=None)
    before = shop.object()["spec"]
    with shop.traffic() as traffic:
        async with product.serving() as session:
            answer = await session.change(
                "update_app", app="web", namespace=shop.namespace, version="errors", smoke=["/ready", "/"]
            )
    report = traffic.report

    assert answer.content["status"] == "undone", answer.text
    assert answer.content["cause"]["code"] == "SMOKE_FAILED"
    assert 'answered GET / with 500 instead of 2xx or 3xx: "boom"' in answer.content["cause"]["text"]
    assert (report.failed, report.errors, set(report.ok)) == ([], [], {"v1"}), str(report)
    assert services(shop) == ["web"]
    assert as_it_was(shop, before)
    assert shop.object()["spec"]["template"] == before["template"]


async def test_with_the_documented_roles_a_version_is_asked_looked_at_and_promoted_without_a_failed_request(
    web: WebFactory, product: Product
) -> None:
    shop = web(replicas=2, pre_stop=None)
    before, old = shop.object()["spec"], shop.pod_names()
    both = rules("dot-ai-lifecycle-view", "dot-ai-lifecycle-change")
    user = product.with_kubeconfig(shop.cluster.token_for("changer", both, shop.namespace))
    checks = ("--smoke", "/ready", "--smoke", "/data/=404", "--approve", "--yes", "-o", "json")
    with shop.traffic() as traffic:
        async with (
            product.serving() as colleague,
            user.running("update", "web", "-n", shop.namespace, "--version", "v2", *checks) as update,
        ):
            operation = await at(colleague, shop, "for somebody to promote")
            standing = services(shop)
            looked = shop.kubectl("get", "--raw", f"/api/v1/namespaces/{shop.namespace}/services/web-preview:80/proxy/")
            promoted = await colleague.change("promote_operation", **operation)
            said = await update.ended(60)
        shop.wait_until_gone(old)
    report = traffic.report

    assert (promoted.content["status"], said.code) == ("done", 0), f"{promoted.text}{said}"
    assert any("/ready, /data/ (404) answered as expected" in step["step"] for step in said.json["steps"]), json.dumps(
        said.json["steps"]
    )
    assert (standing, str(looked).split()[0], services(shop)) == (["web", "web-preview"], "v2", ["web"])
    assert (report.failed, report.errors) == ([], []), str(report)
    assert report.ok["v2"] > 0
    assert as_it_was(shop, before)
