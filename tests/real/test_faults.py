"""The API server errs, throttles, forgets, hangs up and goes away: an update that is under way outlives it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web as http

from tests.real.cluster.real import RealCluster
from tests.real.gate import Gate, status
from tests.real.plugin import WebFactory
from tests.real.product import Product


@pytest.fixture
async def gate(real_kubeconfig: Path, tmp_path: Path) -> AsyncIterator[Gate]:
    """A gate in front of the API server."""
    async with Gate(real_kubeconfig, tmp_path).open() as opened:
        yield opened


async def test_planning_and_running_an_update_take_few_requests_and_no_polling(
    web: WebFactory, product: Product, gate: Gate
) -> None:
    at_its_best = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "100%", "maxUnavailable": 0}}
    shop = web(pre_stop=1, strategy=at_its_best)
    async with product.with_kubeconfig(gate.kubeconfig).serving() as session:
        await session.call("update_app", app="web", namespace=shop.namespace, version="v2")  # gets to know the cluster
        gate.requests.clear()
        planned = await session.call("update_app", app="web", namespace=shop.namespace, version="v2")
        reads = list(gate.requests)
        gate.requests.clear()
        answer = await session.call("update_app", **planned.content["next_call"]["arguments"])
        # Where another test has installed Argo Rollouts, the app is looked for there as well.
        sent = [seen for seen in gate.requests if "argoproj.io" not in seen.path]
    told = "\n".join(map(str, sent))

    assert answer.content["status"] == "done", answer.text
    assert len(reads) <= 15, "\n".join(map(str, reads))
    assert not [seen for seen in reads if seen.is_write]
    assert len(sent) <= 30, told
    watches = [seen.path for seen in sent if seen.is_watch]
    assert len(watches) == len(set(watches)), told


async def test_a_throttled_and_failing_api_server_is_asked_again(web: WebFactory, product: Product, gate: Gate) -> None:
    async def throttle() -> http.Response:
        return status(429, "TooManyRequests", "please slow down", Retry_After="1")

    async def fail() -> http.Response:
        return status(500, "InternalError", "etcdserver: leader changed")

    shop = web(replicas=1, pre_stop=1)
    gate.at("GET", "/deployments", throttle, times=2)
    gate.at("PATCH", "/deployments/web", throttle, times=1)
    gate.at("GET", "/pods", fail, times=2)
    said = await product.with_kubeconfig(gate.kubeconfig).run(
        "update", "web", "-n", shop.namespace, "--version", "v2", "--yes"
    )

    assert said.code == 0, str(said)
    assert "the one pod of v2 serves" in said.out


async def test_watches_that_break_or_expire_are_taken_up_again(web: WebFactory, product: Product, gate: Gate) -> None:
    shop = web(replicas=2, pre_stop=1, workload={"minReadySeconds": 6})
    ours, words = product.with_kubeconfig(gate.kubeconfig), ("update", "web", "-n", shop.namespace)
    async with ours.running(*words, "--version", "v2", "--yes") as command:
        await gate.watched(lambda seen: "endpointslices" in seen.path)
        await gate.expire_watches()
        await gate.watched(lambda seen: "endpointslices" in seen.path)
        gate.cut_watches()
        said = await command.ended(60)

    assert said.code == 0, str(said)
    assert "all 2 pods of v2 serve" in said.out


async def test_an_answer_that_is_lost_after_the_patch_does_not_make_it_twice(
    web: WebFactory, product: Product, gate: Gate
) -> None:
    """The patch took effect, the answer said 500: it is looked at what stands, and gone on with."""

    async def lose() -> http.Response:
        return status(500, "InternalError", "the answer was lost")

    shop = web(replicas=1, pre_stop=1)
    before = shop.object()["metadata"]["generation"]
    gate.at("PATCH", "/deployments/web", lose, moment="answered")
    said = await product.with_kubeconfig(gate.kubeconfig).run(
        "update", "web", "-n", shop.namespace, "--version", "v2", "--yes"
    )

    assert said.code == 0, str(said)
    assert shop.object()["metadata"]["generation"] == before + 1


async def test_an_api_server_that_goes_away_during_an_update_is_waited_for(
    web: WebFactory, product: Product, own_cluster: RealCluster
) -> None:
    # Controllers and proxies come back seconds after the API server: pods that end then have to wait for them.
    shop = web(replicas=2, pre_stop=12, workload={"minReadySeconds": 10})
    words, image = ("update", "web", "-n", shop.namespace, "--version", "v2", "--yes"), shop.cluster.image("v2")
    wanted = "--for=jsonpath={.spec.template.spec.containers[0].image}=" + image
    with shop.traffic(rate=100) as traffic:
        async with product.running(*words) as command:
            await asyncio.to_thread(shop.kubectl, "wait", wanted, "deployment/web", "--timeout=30s")
            own_cluster.programs.kill("kube-apiserver")
            await asyncio.sleep(6)
            await asyncio.to_thread(own_cluster.restart, "kube-apiserver")
            said = await command.ended(80)

    assert said.code == 0, str(said)
    assert "all 2 pods of v2 serve" in said.out
    assert traffic.report.failed == [], str(traffic.report)
