"""Several applications as one update, under traffic: all of them become new, or none is ever met in its new version."""

from contextlib import ExitStack

from tests.real.cluster.real import RealCluster
from tests.real.plugin import WebFactory
from tests.real.product import Product, Said
from tests.real.test_switching import as_it_was
from tests.real.traffic import Traffic
from tests.real.web import Web


def three(web: WebFactory) -> tuple[Web, Web, Web]:
    """A caller, what it calls, and a worker that nobody calls."""
    shop, api, worker = (web(name, replicas=2, pre_stop=None) for name in ("web", "api", "worker"))
    worker.kubectl("delete", "service", "worker")
    return shop, api, worker


def traffic(stack: ExitStack, *apps: Web) -> list[Traffic]:
    return [stack.enter_context(app.traffic(rate=100, keep_alive=4)) for app in apps]


async def updated(product: Product, shop: Web, version: str, also: str) -> Said:
    on = ("update", "web", "-n", shop.namespace, "--yes", "-o", "json", "--standby", "2s")
    return await product.run(*on, "--version", version, "--with", also)


async def test_three_become_new_together_without_a_failed_request(
    web: WebFactory, product: Product, own_cluster: RealCluster
) -> None:
    shop, api, worker = three(web)
    before = {app.name: app.object()["spec"] for app in (shop, api)}

    with ExitStack() as stack:
        flows = traffic(stack, shop, api)
        old = [(app, app.pod_names()) for app in (shop, api, worker)]
        said = await updated(product, shop, "v2", "worker,api")
        for app, pods in old:
            app.wait_until_gone(pods)

    assert said.code == 0, str(said)
    for flow in flows:
        assert (flow.report.failed, flow.report.errors) == ([], []), str(flow.report)
        assert flow.report.ok["v2"] > 0
    for app in (shop, api, worker):
        assert app.template()["spec"]["containers"][0]["image"] == own_cluster.image("v2")
    for app in (shop, api):
        assert as_it_was(app, before[app.name], app.name)


async def test_where_one_of_three_crashes_nobody_meets_a_new_version_of_any(
    web: WebFactory, product: Product, own_cluster: RealCluster
) -> None:
    own_cluster.load_image(own_cluster.image("crash"), {"VERSION": "crash", "CRASH": "cannot open database"})
    shop, api, worker = three(web)
    before = {app.name: app.object()["spec"] for app in (shop, api, worker)}

    with ExitStack() as stack:
        flows = traffic(stack, shop, api)
        said = await updated(product, shop, "v2", "worker,api=crash")

    assert said.code == 1, str(said)
    assert (said.json["cause"]["code"], said.json["cause"]["app"]) == ("CRASH_LOOP", "deployment/api")
    for flow in flows:
        assert (flow.report.failed, flow.report.errors, set(flow.report.ok)) == ([], [], {"v1"}), str(flow.report)
    for app in (shop, api, worker):
        assert app.object()["spec"] == before[app.name]
