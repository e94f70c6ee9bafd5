"""A good update, as a person or a model asks for it: no user of the app notices, and the record tells what was done."""

import re

import pytest

from tests.real.plugin import WebFactory
from tests.real.product import Person, Product


async def test_an_update_over_mcp_loses_no_request_and_tells_what_it_did(web: WebFactory, product: Product) -> None:
    shop = web(pre_stop=3)
    old, strategy = shop.pod_names(), shop.object()["spec"]["strategy"]
    with shop.traffic() as traffic:
        async with product.serving() as session:
            answer = await session.change("update_app", app="web", namespace=shop.namespace, version="v2")
            story = await session.call(
                "get_operation", operation_id=answer.content["operation_id"], namespace=shop.namespace
            )
        shop.wait_until_gone(old)
    report = traffic.report

    assert answer.content["status"] == "done", answer.text
    assert report.failed == [], str(report)
    assert report.errors == [], str(report)
    assert report.ok["v1"] > 0
    assert report.ok["v2"] > 0
    assert shop.answer() is not None
    assert {step["state"] for step in story.content["steps"]} == {"done"}
    assert "one pod of the new revision proves itself" in story.content["steps"][1]["step"]
    assert shop.object()["spec"]["strategy"] == strategy
    assert "all 4 pods of v2 serve" in story.content["verdict"]
    before, after = story.content["images_before"]["web"], story.content["images_after"]["web"]
    assert before != after
    assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest) for digest in (before, after))
    assert shop.object()["metadata"]["annotations"]["kubernetes.io/change-cause"].endswith("web:v2")


async def test_a_person_in_front_of_the_client_is_asked_once_and_the_same_call_does_it(
    web: WebFactory, product: Product
) -> None:
    shop, person = web(replicas=2, pre_stop=1), Person()
    async with product.serving(person) as session:
        answer = await session.call("update_app", app="web", namespace=shop.namespace, version="v2")
        answer = await session.ended(answer)

    assert answer.content["status"] == "done", answer.text
    (question,) = person.asked
    assert f"{shop.cluster.image('v1')} → {shop.cluster.image('v2')}" in question
    assert "person agreed" in answer.content["actor"]


async def test_an_update_from_the_command_line_loses_no_request(web: WebFactory, product: Product) -> None:
    shop = web(pre_stop=3)
    old = shop.pod_names()
    with shop.traffic() as traffic:
        said = await product.run("update", "web", "-n", shop.namespace, "--version", "v2", "--yes")
        shop.wait_until_gone(old)

    assert said.code == 0, str(said)
    assert traffic.report.failed == [], str(traffic.report)
    assert traffic.report.ok["v2"] > 0
    assert "is done" in said.out
    assert "all 4 pods of v2 serve" in said.out
    assert "dot-ai undo" in said.out


async def test_the_version_that_runs_already_leaves_nothing_to_do(web: WebFactory, product: Product) -> None:
    shop = web(replicas=1, pre_stop=1)
    generation = shop.object()["metadata"]["generation"]
    said = await product.run("update", "web", "-n", shop.namespace, "--version", "v1", "--yes")
    async with product.serving() as session:
        answer = await session.call("update_app", app="web", namespace=shop.namespace, version="v1")

    assert said.code == 0
    assert "already runs v1: nothing to do" in said.out
    assert answer.content["status"] == "nothing_to_do"
    assert shop.object()["metadata"]["generation"] == generation


@pytest.mark.parametrize(
    "rolling",
    [
        pytest.param({"maxSurge": 1, "maxUnavailable": 0}, id="one-more"),
        pytest.param({"maxSurge": 0, "maxUnavailable": 1}, id="one-less"),
        pytest.param({"maxSurge": "100%", "maxUnavailable": "50%"}, id="percent"),
    ],
)
async def test_the_apps_own_strategy_is_used_and_left_as_it_is(
    web: WebFactory, product: Product, rolling: dict[str, int | str]
) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": rolling}
    shop = web(replicas=3, pre_stop=1, strategy=strategy)
    said = await product.run("update", "web", "-n", shop.namespace, "--version", "v2", "--yes")

    assert said.code == 0, str(said)
    assert shop.object()["spec"]["strategy"] == strategy


async def test_the_only_pod_is_replaced_without_a_lost_request(web: WebFactory, product: Product) -> None:
    shop = web(replicas=1, pre_stop=3)
    old = shop.pod_names()
    with shop.traffic(rate=100) as traffic:
        said = await product.run("update", "web", "-n", shop.namespace, "--version", "v2", "--yes")
        shop.wait_until_gone(old)

    assert said.code == 0, str(said)
    assert "the one pod of v2 serves" in said.out
    assert traffic.report.failed == [], str(traffic.report)


async def test_an_app_without_pods_takes_the_new_version_and_stays_empty(web: WebFactory, product: Product) -> None:
    shop = web(replicas=1, pre_stop=1)
    shop.kubectl("scale", "deployment/web", "--replicas=0")
    shop.kubectl("wait", "--for=delete", "pod", "-l", "app=web", "--timeout=30s")
    said = await product.run("update", "web", "-n", shop.namespace, "--version", "v2", "--yes")

    assert said.code == 0, str(said)
    assert "no pods are wanted" in said.out
    assert shop.object()["spec"]["template"]["spec"]["containers"][0]["image"] == shop.cluster.image("v2")
    assert shop.pods() == []
