"""The server as a model's host meets it, on a real cluster: tools, errors in words, progress, records as resources."""

import json
from typing import Any

from tests.real.plugin import WebFactory
from tests.real.product import Product


async def test_mistakes_are_answered_with_the_nearest_right_thing(web: WebFactory, product: Product) -> None:
    shop = web(name="checkout", replicas=1, pre_stop=1)
    async with product.serving() as session:
        argument = await session.call("update_app", app="checkout", namespace=shop.namespace, verison="v2")
        wrong = await session.call("scale_app", app="checkout", namespace=shop.namespace, replicas="many")
        app = await session.call("inspect_app", app="chekout", namespace=shop.namespace)
        place = await session.call("list_apps", namespace="no-such-place")
        operation = await session.call("get_operation", operation_id="abcdefgh", namespace=shop.namespace)

    assert all(answer.error for answer in (argument, wrong, app, place, operation))
    assert "did you mean 'version'" in argument.text
    assert "`replicas` must be a whole number" in wrong.text
    assert "checkout" in app.text
    assert app.content["code"] == "not_found"
    assert "no namespace 'no-such-place'" in place.text
    assert "list_operations" in operation.text


async def test_progress_counts_pods_while_an_update_runs(web: WebFactory, product: Product) -> None:
    shop = web(replicas=3, pre_stop=1, workload={"minReadySeconds": 2})
    told: list[tuple[float, float | None, str | None]] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total, message))

    async with product.serving() as session:
        planned = await session.call("update_app", app="web", namespace=shop.namespace, version="v2")
        arguments: dict[str, Any] = planned.content["next_call"]["arguments"]
        await session.client.call_tool("update_app", arguments, progress_callback=hear)

    counts = [progress for progress, total, _ in told if total == 3]
    assert counts == sorted(counts)
    assert len(counts) >= 2
    assert any("pods of v2" in str(message) for _, _, message in told)


async def test_records_and_portraits_can_be_read_as_resources(web: WebFactory, product: Product) -> None:
    shop = web(replicas=1, pre_stop=1)
    async with product.serving() as session:
        answer = await session.change("update_app", app="web", namespace=shop.namespace, version="v2")
        operation = answer.content["operation_id"]
        templates = {t.uri_template for t in (await session.client.list_resource_templates()).resource_templates}
        assert any(template.startswith("lifecycle://operations/") for template in templates), templates
        read = await session.client.read_resource(f"lifecycle://operations/{operation}")

    (content,) = read.contents
    record = json.loads(content.text)
    assert record["operation_id"] == operation
    assert record["status"] == "done"


async def test_the_list_and_the_history_answer_with_one_line_and_all_the_rest_as_structure(
    web: WebFactory, product: Product
) -> None:
    shop = web(replicas=1, pre_stop=1)
    async with product.serving() as session:
        listed = await session.call("list_apps", namespace=shop.namespace)
        await session.change("restart_app", app="web", namespace=shop.namespace, reason="for a test")
        history = await session.call("list_operations", app="web", namespace=shop.namespace)

    assert listed.text == f"1 app in namespace {shop.namespace}: 1 healthy."
    assert listed.content["apps"][0]["app"] == "deployment/web"
    (line,) = history.content["operations"]
    assert line["operation"] == "restart_app"
    assert line["status"] == "done"
    assert line["by"].startswith("mcp:")
