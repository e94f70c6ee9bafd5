"""Back to a version that worked: its exact template, whatever the bad one had added, and the users none the wiser."""

import json
from typing import Any

from tests.real.cluster.real import RealCluster
from tests.real.plugin import WebFactory
from tests.real.product import Product
from tests.real.web import Web

ODD = "a && b < c > d 'e' \"f\" \\g é→日本 \u2028 \U0001f980"
"""What Go's JSON writes in another spelling than most, and API servers compare by spelling."""


def _image(shop: Web) -> str:
    image: str = shop.template()["spec"]["containers"][0]["image"]
    return image.rpartition(":")[2]


def _patch(shop: Web, template: dict[str, Any]) -> None:
    """What a person does with `kubectl edit`."""
    body = json.dumps({"spec": {"template": template}})
    shop.kubectl("patch", f"{shop.kind}/{shop.name}", "--type=strategic", "-p", body)


async def test_the_previous_version_comes_back_over_mcp_without_a_lost_request(
    web: WebFactory, product: Product
) -> None:
    shop = web(pre_stop=3)
    good = shop.template()
    shop.update_with_kubectl("v2")
    new = shop.pod_names()
    with shop.traffic() as traffic:
        async with product.serving() as session:
            answer = await session.change("rollback_app", app="web", namespace=shop.namespace)
        shop.wait_until_gone(new)

    assert answer.content["status"] == "done", answer.text
    assert "all 4 pods of v1 serve" in answer.content["verdict"]
    assert traffic.report.failed == [], str(traffic.report)
    assert shop.template() == good


async def test_a_named_version_comes_back_by_tag_by_number_and_by_operation(web: WebFactory, product: Product) -> None:
    shop = web(replicas=1, pre_stop=1)
    on = ("web", "-n", shop.namespace, "--yes", "-o", "json")
    second = await product.run("update", *on, "--version", "v2")
    third = await product.run("update", *on, "--version", "v3")
    assert (second.code, third.code) == (0, 0), f"{second}{third}"

    by_tag = await product.run("rollback", *on, "--to-version", "v1")
    assert (by_tag.code, _image(shop)) == (0, "v1"), str(by_tag)
    by_number = await product.run("rollback", *on, "--to-version", "#3")
    assert (by_number.code, _image(shop)) == (0, "v3"), str(by_number)
    by_operation = await product.run("rollback", *on, "--to-version", second.json["operation_id"])
    assert (by_operation.code, _image(shop)) == (0, "v2"), str(by_operation)
    nowhere = await product.run("rollback", *on, "--to-version", "v7")
    assert nowhere.code == 2
    assert nowhere.json["code"] == "not_found"
    assert all(f"web:{tag}" in nowhere.json["hint"] for tag in ("v1", "v2", "v3"))


async def test_nothing_that_a_bad_version_added_stays(web: WebFactory, product: Product) -> None:
    """Env and sidecars survive a merge patch of the old template; here the old ReplicaSet is used again instead."""
    shop = web(replicas=2, pre_stop=1)
    good = shop.template()
    container = {"name": "web", "image": shop.cluster.image("v2"), "env": [{"name": "DEBUG", "value": "1"}]}
    sidecar = {"name": "spy", "image": shop.cluster.image("v3"), "args": ["pause"]}
    _patch(shop, {"metadata": {"annotations": {"bad": "yes"}}, "spec": {"containers": [container, sidecar]}})
    shop.kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    said = await product.run("rollback", "web", "-n", shop.namespace, "--yes")

    assert said.code == 0, str(said)
    assert shop.template() == good
    sets = shop.cluster.read("-n", shop.namespace, "replicasets", "-l", "app=web")["items"]
    assert len(sets) == 2


async def test_a_rollback_can_be_rolled_back_and_undone(web: WebFactory, product: Product) -> None:
    shop = web(replicas=1, pre_stop=1)
    on = ("web", "-n", shop.namespace, "--yes", "-o", "json")
    shop.update_with_kubectl("v2")
    newer = shop.template()
    first = await product.run("rollback", *on)
    assert (first.code, _image(shop)) == (0, "v1"), str(first)
    twice = await product.run("rollback", *on)
    assert (twice.json["status"], _image(shop)) == ("nothing_to_do", "v1"), "a repeated call must not go back and forth"
    second = await product.run("rollback", *on, "--to-version", "v2")
    assert (second.code, _image(shop)) == (0, "v2"), str(second)
    undone = await product.run("undo", second.json["operation_id"], "-n", shop.namespace, "--yes")
    assert (undone.code, _image(shop)) == (0, "v1"), str(undone)
    again = await product.run("undo", first.json["operation_id"], "-n", shop.namespace, "--yes")
    assert (again.code, shop.template()) == (0, newer), str(again)


async def test_a_version_that_failed_is_not_the_previous_one(
    web: WebFactory, product: Product, own_cluster: RealCluster
) -> None:
    own_cluster.load_image(own_cluster.image("crash"), {"VERSION": "crash", "CRASH": "cannot open database"})
    shop = web(replicas=1, pre_stop=1)
    shop.update_with_kubectl("v2")
    failed = await product.run("update", "web", "-n", shop.namespace, "--version", "crash", "--yes")
    assert failed.code == 1, str(failed)
    said = await product.run("rollback", "web", "-n", shop.namespace, "--yes")

    assert said.code == 0, str(said)
    assert _image(shop) == "v1"
    assert "the newest revision that did not fail" in said.out


async def test_values_that_are_spelled_in_many_ways_survive_a_way_there_and_back(
    web: WebFactory, product: Product, own_cluster: RealCluster
) -> None:
    own_cluster.load_image(own_cluster.image("crash"), {"VERSION": "crash", "CRASH": "cannot open database"})
    shop = web(replicas=1, pre_stop=1, container={"args": ["serve", ODD]}, env={"ODD": ODD})
    _patch(shop, {"metadata": {"annotations": {"odd/note": ODD}}})
    shop.kubectl("annotate", "deployment/web", f"kubernetes.io/change-cause={ODD}")
    shop.kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    first, on = shop.template(), ("-n", shop.namespace, "--yes", "-o", "json")
    crashed = await product.run("update", "web", *on, "--version", "crash")
    assert (crashed.code, shop.template()) == (1, first), str(crashed)
    updated = await product.run("update", "web", *on, "--version", "v2")
    assert updated.code == 0, str(updated)
    second = shop.template()
    back = await product.run("rollback", "web", *on, "--to-version", "v1")
    assert (back.code, shop.template()) == (2, second), str(back)
    assert back.json["code"] == "ambiguous"
    undone = await product.run("undo", updated.json["operation_id"], *on)
    assert (undone.code, shop.template()) == (0, first), str(undone)
    assert shop.object()["metadata"]["annotations"]["kubernetes.io/change-cause"] == ODD
    forth = await product.run("rollback", "web", *on, "--to-version", "v2")
    assert (forth.code, shop.template()) == (0, second), str(forth)
