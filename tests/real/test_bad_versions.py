"""A version that cannot work is called early, with its cause, and taken back while the old one goes on serving."""

import json
from typing import Any

import pytest

from tests.real.cluster.access import Cluster
from tests.real.cluster.real import RealCluster
from tests.real.plugin import WebFactory
from tests.real.product import Product, seconds_until_called
from tests.real.registry import registry
from tests.real.web import Web

SOON = 15.0
"""Seconds from the change to the verdict that it cannot work."""

NONE_MISSING = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}


@pytest.fixture
def crashing(own_cluster: RealCluster) -> str:
    """The tag of a version that ends at once."""
    own_cluster.load_image(own_cluster.image("crash"), {"VERSION": "crash", "CRASH": "cannot open database"})
    return "crash"


async def test_a_crash_loop_is_taken_back_over_mcp_with_its_last_words(
    web: WebFactory, product: Product, crashing: str
) -> None:
    shop = web(pre_stop=3)
    before = shop.object()["spec"]
    with shop.traffic() as traffic:
        async with product.serving() as session:
            answer = await session.change("update_app", app="web", namespace=shop.namespace, version=crashing)
    cause = answer.content["cause"]

    assert answer.error
    assert answer.content["status"] == "undone"
    assert cause["code"] == "CRASH_LOOP"
    assert "exit code 1" in cause["text"]
    assert "fatal: cannot open database" in cause["logs"]
    assert "fatal: cannot open database" in answer.text
    assert seconds_until_called(answer.content) < SOON
    assert traffic.report.failed == [], str(traffic.report)
    assert set(traffic.report.ok) == {"v1"}
    assert shop.object()["spec"] == before


async def test_a_crash_loop_ends_the_command_line_with_one(web: WebFactory, product: Product, crashing: str) -> None:
    shop = web(replicas=2, pre_stop=1)
    before = shop.object()["spec"]
    said = await product.run("update", "web", "-n", shop.namespace, "--version", crashing, "--yes")

    assert said.code == 1, str(said)
    assert "failed and was taken back" in said.out
    assert "CRASH_LOOP" in said.out
    assert "fatal: cannot open database" in said.out
    assert shop.object()["spec"] == before


@pytest.mark.parametrize(
    ("private", "code", "words"),
    [
        pytest.param(False, "IMAGE_NOT_FOUND", "does not exist in its registry", id="unknown"),
        pytest.param(True, "IMAGE_UNAUTHORIZED", "pull secret", id="private"),
    ],
)
async def test_an_image_that_its_registry_does_not_give_is_taken_back(
    web: WebFactory, product: Product, own_cluster: RealCluster, private: bool, code: str, words: str
) -> None:
    async with registry(private=private) as name:
        own_cluster.load_image(f"{name}/web:v1", {"VERSION": "v1"})
        shop = web(pre_stop=3, container={"image": f"{name}/web:v1"})
        before = shop.object()["spec"]
        with shop.traffic() as traffic:
            said = await product.run(
                "update", "web", "-n", shop.namespace, "--version", "v9.9.9", "--yes", "-o", "json"
            )

    assert said.code == 1, str(said)
    assert seconds_until_called(said.json) < SOON
    assert said.json["cause"]["code"] == code
    assert f"{name}/web:v9.9.9" in said.json["cause"]["text"]
    assert words in said.json["cause"]["text"]
    assert said.json["cause"]["evidence"]
    assert traffic.report.failed == [], str(traffic.report)
    assert shop.object()["spec"] == before


async def test_an_image_name_that_cannot_be_is_taken_back(web: WebFactory, product: Product) -> None:
    shop = web(replicas=2, pre_stop=1)
    before = shop.object()["spec"]
    said = await product.run("update", "web", "-n", shop.namespace, "--image", "shop/web::v2", "--yes")

    assert said.code in (1, 2), str(said)
    assert "shop/web::v2" in said.out + said.err
    assert shop.object()["spec"] == before


async def test_a_registry_out_of_reach_is_waited_for_and_then_held_for_a_person(
    web: WebFactory, product: Product
) -> None:
    """Nobody can say yet whether the image exists; with `hold` what was tried stays, and undo takes it back."""
    shop = web(replicas=2, pre_stop=1)
    before = shop.object()["spec"]
    image = "127.0.0.1:9/web:v2"
    words = ("update", "web", "-n", shop.namespace, "--image", image, "--on-failure", "hold", "--timeout", "12")
    said = await product.run(*words, "--yes", "-o", "json")

    assert said.code == 4, str(said)
    assert said.seconds > 12
    assert said.json["status"] == "stuck"
    assert said.json["cause"]["code"] == "REGISTRY_UNAVAILABLE"
    assert image in said.json["cause"]["text"]
    assert shop.answer() is not None
    undone = await product.run("undo", said.json["operation_id"], "-n", shop.namespace, "--yes")
    assert undone.code == 0, str(undone)
    assert shop.object()["spec"] == before


def _reads_settings(web: WebFactory, cluster: Cluster, namespace: str, **more: Any) -> Web:
    """An app that reads a ConfigMap which somebody deletes once its pods have read it."""
    cluster.kubectl("create", "configmap", "settings", "-n", namespace, "--from-literal=COLOUR=blue")
    shop = web(container={"envFrom": [{"configMapRef": {"name": "settings"}}]}, pre_stop=3, **more)
    cluster.kubectl("delete", "configmap", "settings", "-n", namespace)
    return shop


async def test_a_missing_config_map_is_named_and_the_version_taken_back(
    web: WebFactory, product: Product, real_cluster: Cluster, namespace: str
) -> None:
    shop = _reads_settings(web, real_cluster, namespace, strategy=NONE_MISSING)
    before = shop.object()["spec"]
    with shop.traffic() as traffic:
        said = await product.run("update", "web", "-n", namespace, "--version", "v2", "--yes", "-o", "json")

    assert said.code == 1, str(said)
    assert seconds_until_called(said.json) < SOON
    assert said.json["cause"]["code"] == "CONFIG_MAP_MISSING"
    assert said.json["cause"]["text"] == "ConfigMap settings does not exist."
    assert any('configmap "settings" not found' in line for line in said.json["cause"]["evidence"])
    assert traffic.report.failed == [], str(traffic.report)
    assert shop.object()["spec"] == before


async def test_where_the_old_version_cannot_start_any_more_either_it_says_so(
    web: WebFactory, product: Product, real_cluster: Cluster, namespace: str
) -> None:
    """A set ends one old pod at once, and what that pod needs is missing for every version."""
    shop = _reads_settings(web, real_cluster, namespace, kind="StatefulSet", replicas=2)
    before = shop.object()["spec"]
    said = await product.run("update", "web", "-n", namespace, "--version", "v2", "--yes", "-o", "json")

    assert said.code == 4, str(said)
    assert said.json["status"] == "stuck"
    assert "ConfigMap settings does not exist. Taking it back did not succeed" in said.json["verdict"]
    assert shop.object()["spec"] == before
    assert shop.answer() is not None
    real_cluster.kubectl("create", "configmap", "settings", "-n", namespace, "--from-literal=COLOUR=blue")
    again = await product.run("undo", said.json["operation_id"], "-n", namespace, "--yes")
    assert again.code == 0, str(again)


async def test_never_ready_is_taken_back_after_the_time_its_probes_imply(
    web: WebFactory, product: Product, own_cluster: RealCluster
) -> None:
    own_cluster.load_image(own_cluster.image("deaf"), {"VERSION": "deaf", "NEVER_READY": "1"})
    shop = web(replicas=2, pre_stop=3)
    before = shop.object()["spec"]
    with shop.traffic(rate=50) as traffic:
        said = await product.run("update", "web", "-n", shop.namespace, "--version", "deaf", "--yes", "-o", "json")

    assert said.code == 1, str(said)
    assert 60 <= seconds_until_called(said.json) < 60 + SOON
    assert said.json["cause"]["code"] == "NOT_READY"
    assert "readiness probe (GET /ready on port http)" in said.json["cause"]["text"]
    assert any("503" in line for line in said.json["cause"]["evidence"])
    assert "listening on 8080 version deaf" in said.json["cause"]["logs"]
    assert traffic.report.failed == [], str(traffic.report)
    assert shop.object()["spec"] == before


async def test_where_a_quota_has_no_room_pods_are_replaced_one_at_a_time_and_the_plan_says_so(
    web: WebFactory, product: Product
) -> None:
    shop = web(pre_stop=3, strategy=NONE_MISSING)
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "tight"},
        "spec": {"hard": {"pods": "4"}},
    }
    shop.cluster.apply(json.dumps(quota), namespace=shop.namespace)
    shop.kubectl("wait", "--for=jsonpath={.status.used.pods}=4", "resourcequota/tight", "--timeout=20s")
    before = shop.object()["spec"]
    update = ("update", "web", "-n", shop.namespace, "--version", "v2", "-o", "json")
    planned = (await product.run(*update, "--plan")).json
    with shop.traffic() as traffic:
        said = await product.run(*update, "--yes")

    assert said.code == 0, str(said)
    assert traffic.report.failed == [], str(traffic.report)
    warned = [note["text"] for note in planned["plan"]["notes"] if note["level"] == "warning"]
    assert any("may be lost" in text and "tight" in text for text in warned), warned
    assert shop.object()["spec"]["strategy"] == before["strategy"]


async def test_a_size_that_no_node_has_is_taken_back(web: WebFactory, product: Product) -> None:
    shop = web(replicas=2, pre_stop=3, strategy=NONE_MISSING)
    before = shop.object()["spec"]
    with shop.traffic(rate=50) as traffic:
        said = await product.run("scale", "web", "-n", shop.namespace, "--cpu", "1000", "--yes", "-o", "json")

    assert said.code == 1, str(said)
    assert said.json["cause"]["code"] == "INSUFFICIENT_RESOURCES"
    assert "cpu" in said.json["cause"]["text"]
    assert any("0/1 nodes are available" in line for line in said.json["cause"]["evidence"])
    assert traffic.report.failed == [], str(traffic.report)
    assert shop.object()["spec"] == before


async def test_a_version_that_eats_its_memory_is_taken_back(
    web: WebFactory, product: Product, own_cluster: RealCluster
) -> None:
    own_cluster.load_image(
        own_cluster.image("greedy"), {"VERSION": "greedy", "LEAK_MB_PER_S": "200", "NEVER_READY": "1"}
    )
    shop = web(replicas=2, pre_stop=1)
    before = shop.object()["spec"]
    said = await product.run("update", "web", "-n", shop.namespace, "--version", "greedy", "--yes", "-o", "json")

    assert said.code == 1, str(said)
    assert said.json["cause"]["code"] == "OUT_OF_MEMORY"
    assert shop.object()["spec"] == before
