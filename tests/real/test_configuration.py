"""A change of configuration under traffic: where it is defined, without a failed request, and back by any way."""

from typing import Any

import pytest

from tests.real.cluster.access import Cluster
from tests.real.plugin import WebFactory
from tests.real.product import Product, seconds_until_called
from tests.real.test_bad_versions import SOON
from tests.real.web import Web

SETTINGS = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}
DATA = {"VERSION": "light", "COLOUR": "red"}
READS = {"envFrom": [{"configMapRef": {"name": "settings"}}]}


@pytest.fixture
def shop(web: WebFactory, real_cluster: Cluster, namespace: str) -> Web:
    """An app that answers what the ConfigMap `settings` says under VERSION."""
    real_cluster.apply({**SETTINGS, "data": DATA}, namespace=namespace)
    return web(replicas=3, container=READS)


def value(said: Any, name: str) -> str:
    """A variable, as `dot-ai config` shows it."""
    return next(str(line["value"]) for line in said.json["variables"] if line["name"] == name)


async def test_a_variable_is_changed_and_rolled_back_without_a_failed_request(shop: Web, product: Product) -> None:
    on = ("web", "-n", shop.namespace, "-o", "json")
    first = shop.pod_names()
    with shop.traffic() as traffic:
        done = await product.run("config", *on, "--set", "VERSION=dark", "--yes")
        shop.wait_until_gone(first)
        shown, second = await product.run("config", *on), shop.pod_names()
        back = await product.run("rollback", *on, "--yes")
        shop.wait_until_gone(second)
    report = traffic.report

    assert (done.code, back.code) == (0, 0), f"{done} {back}"
    assert report.failed == [], str(report)
    assert report.errors == [], str(report)
    assert report.ok["light"] > 0
    assert report.ok["dark"] > 0
    assert value(shown, "VERSION") == "dark"
    assert value(await product.run("config", *on), "VERSION") == "light"
    assert shop.cluster.read("configmap", "settings", "-n", shop.namespace)["data"] == DATA


async def test_a_value_with_which_the_app_does_not_start_is_taken_back_and_plain_kubectl_goes_back_too(
    shop: Web, product: Product
) -> None:
    on = ("web", "-n", shop.namespace, "-o", "json")
    with shop.traffic() as traffic:
        bad = await product.run("config", *on, "--set", "NEEDS=SOMETHING_ELSE", "--yes")
    good = await product.run("config", *on, "--set", "VERSION=dark", "--yes")
    shop.kubectl("rollout", "undo", "deployment/web")
    shop.kubectl("rollout", "status", "deployment/web", "--timeout=60s")

    assert (bad.code, bad.json["status"], bad.json["cause"]["code"]) == (1, "undone", "CRASH_LOOP"), str(bad)
    assert seconds_until_called(bad.json) < SOON
    assert traffic.report.failed == [], str(traffic.report)
    assert list(traffic.report.ok) == ["light"]
    assert good.code == 0, str(good)
    assert value(await product.run("config", *on), "VERSION") == "light"
