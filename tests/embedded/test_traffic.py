"""Requests during updates: which ones lose some, and which lose none."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from dot_ai_lifecycle.embedded.cluster import EmbeddedCluster
from dot_ai_lifecycle.embedded.traffic import Flow
from tests.embedded.apps import apply, deployment, env, front

HOOK = {"lifecycle": {"preStop": {"sleep": {"seconds": 3}}}}


@pytest.fixture
async def cluster() -> AsyncIterator[EmbeddedCluster]:
    async with EmbeddedCluster() as running:
        yield running


async def served(cluster: EmbeddedCluster, **spec: Any) -> None:
    apply(cluster, deployment(**spec), front())
    await cluster.settled()


async def updated(cluster: EmbeddedCluster, *, keepalive: int = 0, image: str = "shop:v2", **spec: Any) -> Flow:
    """An update under 200 requests a second, with five seconds before and after it."""
    await served(cluster, **spec)
    flow = cluster.traffic.start("web", rate=200, keepalive=keepalive)
    await asyncio.sleep(5)
    apply(cluster, deployment(image=image, **spec))
    await cluster.settled()
    await asyncio.sleep(5)
    return flow


async def test_a_healthy_app_answers_every_request_evenly(cluster: EmbeddedCluster) -> None:
    await served(cluster)
    flow = cluster.traffic.start("web", rate=200)
    await asyncio.sleep(60)
    assert flow.ok == {"v1": 12_000}
    assert {sum(one.ok.values()) for one in flow.seconds.values()} == {200}
    assert flow.longest_gap == pytest.approx(0.005)


async def test_a_default_update_of_an_app_without_a_hook_loses_requests(cluster: EmbeddedCluster) -> None:
    flow = await updated(cluster, keepalive=8)
    assert 8 <= flow.failed["refused"] <= 150
    assert flow.ok["v2"] > 900
    assert flow.cut >= 4


async def test_the_same_update_with_a_hook_of_three_seconds_loses_none(cluster: EmbeddedCluster) -> None:
    flow = await updated(cluster, container=HOOK)
    assert not flow.failed
    assert set(flow.ok) == {"v1", "v2"}
    assert flow.longest_gap < 0.02


async def test_an_app_that_drains_loses_neither_requests_nor_connections(cluster: EmbeddedCluster) -> None:
    cluster.behaviour.images = {f"shop:v{number}": {"DRAIN_S": "5", "VERSION": f"v{number}"} for number in (1, 2)}
    flow = await updated(cluster, keepalive=8)
    assert not flow.failed
    assert flow.cut == 0


async def test_recreate_shows_its_gap(cluster: EmbeddedCluster) -> None:
    flow = await updated(cluster, strategy={"type": "Recreate"})
    assert flow.longest_gap > 0.8
    assert flow.failed["refused"] > 100


async def test_a_version_that_fails_some_requests_is_counted_as_failing(cluster: EmbeddedCluster) -> None:
    await served(cluster, container=env(ERROR_PERCENT="10"))
    flow = cluster.traffic.start("web", rate=100)
    await asyncio.sleep(100)
    assert flow.failed["5xx"] == pytest.approx(1000, abs=40)
    assert flow.ok["v1"] + flow.failed["5xx"] == 10_000


async def test_a_crash_loses_the_requests_of_its_pod(cluster: EmbeddedCluster) -> None:
    await served(cluster, replicas=2)
    flow = cluster.traffic.start("web", rate=100)
    cluster.store.delete("Pod", cluster.store.list("Pod", "default")[0]["metadata"]["name"], "default")
    await cluster.settled()
    await asyncio.sleep(3)
    assert 1 <= flow.failed["refused"] <= 60


async def test_nobody_behind_a_service_refuses_everything(cluster: EmbeddedCluster) -> None:
    apply(cluster, front())
    await cluster.settled()
    flow = cluster.traffic.start("web", rate=10)
    await asyncio.sleep(10)
    assert (flow.failed["refused"], sum(flow.ok.values())) == (100, 0)
    assert flow.longest_gap == pytest.approx(10)


async def test_a_stopped_flow_counts_no_more(cluster: EmbeddedCluster) -> None:
    await served(cluster)
    flow = cluster.traffic.start("web", rate=10)
    await asyncio.sleep(10)
    flow.stop()
    await asyncio.sleep(10)
    assert flow.ok == {"v1": 100}


async def test_pods_on_their_way_out_serve_when_no_others_are_left(cluster: EmbeddedCluster) -> None:
    await served(cluster, replicas=1, container=HOOK)
    flow = cluster.traffic.start("web", rate=100)
    apply(cluster, deployment(replicas=0, container=HOOK))
    await asyncio.sleep(2.9)
    assert not flow.failed
    await asyncio.sleep(5)
    assert flow.failed["refused"] > 400
