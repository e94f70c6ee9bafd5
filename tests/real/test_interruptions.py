"""The process that runs an operation is killed; another one finds the operation, and finishes it or takes it back."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from aiohttp import web as http

from tests.faces.mcp.processes import pipe
from tests.real.cluster.real import RealCluster
from tests.real.gate import Gate, status
from tests.real.plugin import WebFactory
from tests.real.product import SCRIPT, Product
from tests.real.web import Web

AT_ONCE = 5
"""Kills that are tried side by side: most of each is waiting for the dead process's hold to run out."""


@dataclass(frozen=True)
class Kill:
    """Where an update to `version`, asked for with `more`, is killed: at the n-th request that fits.

    That is before it reaches the cluster, or after it was answered.
    """

    when: str
    version: str
    method: str
    path: str
    moment: Literal["coming", "answered"]
    nth: int = 1
    more: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.when


BEFORE_PATCH = Kill("recorded, nothing patched", "v2", "PATCH", "/deployments/", "coming")
AFTER_PATCH = Kill("patched, not recorded", "v2", "PATCH", "/deployments/", "answered")
WAITING = Kill("waiting", "v2", "GET", "endpointslices.*watch=", "coming")
BEFORE_UNDO = Kill("decided to undo", "crash", "PATCH", "/deployments/", "coming", nth=2)
AFTER_UNDO = Kill("undone, not recorded", "crash", "PATCH", "/deployments/", "answered", nth=2)
SWITCHED = Kill("switched, not recorded", "v2", "PATCH", "/services/", "answered", nth=2)
ASKING = Kill("asking", "v2", "GET", "/services/web-preview:80/proxy/", "coming", more=("--smoke", "/ready"))
KILLS = (BEFORE_PATCH, AFTER_PATCH, WAITING, BEFORE_UNDO, AFTER_UNDO)


async def _killed(kill: Kill, shop: Web, product: Product, admin: Path, home: Path) -> None:
    """An update of `shop` that dies where `kill` says."""
    reached, dead = asyncio.Event(), asyncio.Event()
    left = kill.nth

    async def die() -> http.Response | None:
        nonlocal left
        left -= 1
        if left > 0:
            return None
        reached.set()
        await dead.wait()
        return status(503, "ServiceUnavailable", "nobody listens any more")

    async with Gate(admin, home).open() as gate:
        gate.at(kill.method, kill.path, die, moment=kill.moment, times=kill.nth)
        words = ("update", shop.name, "-n", shop.namespace, "--version", kill.version, *kill.more, "--yes")
        async with product.with_kubeconfig(gate.kubeconfig).running(*words) as command:
            await asyncio.wait_for(reached.wait(), 60)
            await command.kill()
            dead.set()


async def _operation(product: Product, shop: Web) -> str:
    said = await product.run("history", shop.name, "-n", shop.namespace, "-o", "json")
    (line,) = said.json["operations"]
    operation: str = line["operation_id"]
    return operation


async def _taken_up(kill: Kill, shop: Web, product: Product, then: str) -> None:
    """The operation that was killed is found, and ended by another process once its hold has run out."""
    operation = await _operation(product, shop)
    on = (operation, "-n", shop.namespace)
    said = await product.run(then, *on, "--yes", "-o", "json")
    story = await product.run("operation", *on, "-o", "json")
    assert said.code == 0, f"{kill}: {said}"
    assert story.json["closed_by"] == said.json["operation_id"], f"{kill}: {story}"


@pytest.mark.timeout(200, func_only=True)
@pytest.mark.parametrize("then", ["resume", "undo"])
async def test_whatever_moment_it_was_killed_at_another_process_ends_it_well(
    web: WebFactory,
    product: Product,
    own_cluster: RealCluster,
    real_kubeconfig: Path,
    tmp_path: Path,
    then: str,
) -> None:
    own_cluster.load_image(own_cluster.image("crash"), {"VERSION": "crash", "CRASH": "cannot open database"})
    shops = [web(name=f"web-{number}", replicas=1, pre_stop=1) for number, _ in enumerate(KILLS)]
    before = [shop.object()["spec"] for shop in shops]
    room = asyncio.Semaphore(AT_ONCE)

    async def ended(kill: Kill, shop: Web) -> None:
        async with room:
            await _killed(kill, shop, product, real_kubeconfig, tmp_path)
            await _taken_up(kill, shop, product, then)

    async with asyncio.TaskGroup() as group:
        for kill, shop in zip(KILLS, shops, strict=True):
            group.create_task(ended(kill, shop))

    for kill, shop, spec in zip(KILLS, shops, before, strict=True):
        if then == "resume" and kill.version == "v2":
            assert shop.template()["spec"]["containers"][0]["image"] == shop.cluster.image("v2")
        else:
            assert shop.object()["spec"] == spec, str(kill)


@pytest.mark.parametrize("then", ["resume", "undo"])
async def test_killed_once_the_services_are_switched_another_process_ends_it_without_a_failed_request(
    web: WebFactory, product: Product, real_kubeconfig: Path, tmp_path: Path, then: str
) -> None:
    shop = web(replicas=2, pre_stop=None)
    before = shop.object()["spec"]
    with shop.traffic(rate=100) as traffic:
        await _killed(SWITCHED, shop, product, real_kubeconfig, tmp_path)
        await _taken_up(SWITCHED, shop, product, then)
        shop.kubectl("wait", "--for=jsonpath={.status.replicas}=2", "deployment/web", "--timeout=30s")
    after, report = shop.object()["spec"], traffic.report

    assert (report.failed, report.errors) == ([], []), str(report)
    assert report.ok["v2"] > 0
    assert shop.object("Service")["spec"]["selector"] == {"app": "web"}
    assert {**after, "template": None} == {**before, "template": None}
    assert (after == before) == (then == "undo")


@pytest.mark.parametrize("then", ["resume", "undo"])
async def test_killed_while_the_new_version_is_asked_another_process_ends_it_and_leaves_no_preview(
    web: WebFactory, product: Product, real_kubeconfig: Path, tmp_path: Path, then: str
) -> None:
    shop = web(replicas=2, pre_stop=None)
    before = shop.object()["spec"]
    with shop.traffic(rate=100) as traffic:
        await _killed(ASKING, shop, product, real_kubeconfig, tmp_path)
        standing = shop.kubectl("get", "services", "-o", "name").split()
        await _taken_up(ASKING, shop, product, then)
        shop.kubectl("wait", "--for=jsonpath={.status.replicas}=2", "deployment/web", "--timeout=30s")
    after, report = shop.object()["spec"], traffic.report

    assert standing == ["service/web", "service/web-preview"]
    assert shop.kubectl("get", "services", "-o", "name").split() == ["service/web"]
    assert (report.failed, report.errors) == ([], []), str(report)
    assert ("v2" in report.ok) == (then == "resume")
    assert shop.object("Service")["spec"]["selector"] == {"app": "web"}
    assert {**after, "template": None} == {**before, "template": None}
    assert (after == before) == (then == "undo")


async def test_killed_before_anything_was_recorded_leaves_an_app_that_can_be_updated_again(
    web: WebFactory, product: Product, real_kubeconfig: Path, tmp_path: Path
) -> None:
    shop = web(replicas=1, pre_stop=1)
    early = Kill("held, not recorded", "v2", "POST", "/configmaps", "coming")
    await _killed(early, shop, product, real_kubeconfig, tmp_path)
    words = ("update", "web", "-n", shop.namespace, "--version", "v2", "--yes")
    busy = await product.run(*words)
    history = await product.run("history", "web", "-n", shop.namespace, "-o", "json")
    assert busy.code == 2, str(busy)
    assert "is being changed by cli:tester since" in busy.err
    assert history.json["operations"] == []
    await asyncio.sleep(15)
    said = await product.run(*words)
    assert said.code == 0, str(said)


async def _update(shop: Web) -> dict[str, object]:
    return {"name": "update_app", "arguments": {"app": shop.name, "namespace": shop.namespace, "version": "v2"}}


async def test_a_server_told_to_end_records_that_within_two_seconds_and_another_resumes(
    web: WebFactory, product: Product
) -> None:
    shop = web(replicas=3, pre_stop=1, workload={"minReadySeconds": 5})
    async with pipe("serve", env=product.environment(), command=str(SCRIPT)) as server:
        await server.initialize()
        params = await _update(shop)
        planned = (await server.ask("tools/call", params))["result"]["structuredContent"]
        call = planned["next_call"]
        await server.send("tools/call", {"name": call["tool"], "arguments": call["arguments"]})
        await _begun(shop)
        server.process.terminate()
        await asyncio.wait_for(server.process.wait(), 2.5)
        operation = await _operation(product, shop)
        record = await product.run("operation", operation, "-n", shop.namespace, "-o", "json")
        assert (record.code, record.json["status"]) == (3, "interrupted"), str(record)
    said = await product.run("resume", operation, "-n", shop.namespace, "--yes")

    assert said.code == 0, str(said)
    assert "all 3 pods of v2 serve" in said.out


async def _begun(shop: Web) -> None:
    """Return once the Deployment's template is the new one."""
    wanted = "--for=jsonpath={.spec.template.spec.containers[0].image}=" + shop.cluster.image("v2")
    await asyncio.to_thread(shop.kubectl, "wait", wanted, f"deployment/{shop.name}", "--timeout=20s")


async def test_a_client_that_goes_away_in_the_middle_of_a_call_does_not_end_the_run(
    web: WebFactory, product: Product
) -> None:
    shop = web(replicas=3, pre_stop=1, workload={"minReadySeconds": 3})
    async with product.serving() as session:
        planned = await session.call("update_app", app="web", namespace=shop.namespace, version="v2")
        call = asyncio.create_task(session.call("update_app", **planned.content["next_call"]["arguments"]))
        await _begun(shop)
        call.cancel()
        await asyncio.wait({call})
        operation = await _operation(product, shop)
        found = await session.call("get_operation", operation_id=operation, namespace=shop.namespace, wait=45)

    assert found.content["status"] == "done", found.text
    assert "all 3 pods of v2 serve" in found.content["verdict"]


async def test_nobody_waiting_for_the_command_line_the_update_goes_on_in_the_background(
    web: WebFactory, product: Product
) -> None:
    shop = web(replicas=2, pre_stop=1)
    on = ("-n", shop.namespace, "-o", "json")
    said = await product.run("update", "web", *on, "--version", "v2", "--yes", "--no-wait")
    assert said.code == 3, str(said)
    async with asyncio.timeout(60):
        while True:
            lines = (await product.run("history", "web", *on)).json["operations"]
            if lines[0]["status"] == "done":
                break
            await asyncio.sleep(0.5)
    assert shop.template()["spec"]["containers"][0]["image"] == shop.cluster.image("v2")
    assert json.loads(said.out)["status"] == "running"
