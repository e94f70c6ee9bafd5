"""Speaking to an engine that moves on, or does not let us: what cannot be said is told, and its way goes on."""

import asyncio
from pathlib import Path

import pytest

from dot_ai_lifecycle.core.orders import order_manifest
from dot_ai_lifecycle.core.record import Cause
from dot_ai_lifecycle.core.refs import ROLLOUT, ref_to
from dot_ai_lifecycle.embedded.faults import Fault
from dot_ai_lifecycle.engine.means import Failed
from dot_ai_lifecycle.engine.run import Progress, Run
from dot_ai_lifecycle.engine.steer import spoken
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.support.house import House, house
from tests.support.rollouts import CANARY
from tests.support.saying import say

V2 = UpdateApp(app="api", version="v2")
STATUS = "rollouts/api/status"


async def paused(home: House, told: list[Progress]) -> Run:
    """An update that Argo Rollouts holds at its first pause."""
    run = await home.start(V2, told)
    while home.box.store.get("Rollout", "api", "shop")["status"].get("phase") != "Paused":  # noqa: ASYNC110 - virtual time
        await asyncio.sleep(0.5)
    await asyncio.sleep(1)
    return run


async def test_an_engine_that_moves_on_meanwhile_is_spoken_to_again(tmp_path: Path):
    async with house(tmp_path, CANARY) as home:
        run = await paused(home, [])
        home.box.faults.add(Fault(method="PATCH", path=STATUS, status=409, times=2))
        await say(home, run, "full")

        assert (await run.wait()).state == "done"


async def test_what_cannot_be_said_is_told_and_the_waiting_goes_on(tmp_path: Path):
    async with house(tmp_path, CANARY) as home:
        told: list[Progress] = []
        run = await paused(home, told)
        home.box.faults.add(Fault(method="PATCH", path=STATUS, status=409, times=5))
        await say(home, run, "full")
        await asyncio.sleep(1)
        assert any("kept changing while it was told to full" in one.text for one in told)
        assert not run.ended

        await say(home, run, "full")
        assert (await run.wait()).state == "done"


async def test_a_word_to_another_step_is_not_passed_on(tmp_path: Path):
    async with house(tmp_path, CANARY) as home:
        run = await paused(home, [])
        order = order_manifest(run.operation_id, "shop", "promote", 0)
        home.box.store.create(order | {"data": {**order["data"], "by": "somebody"}})
        await asyncio.sleep(5)
        assert home.box.store.get("Rollout", "api", "shop")["status"]["phase"] == "Paused"
        await say(home, run, "abort")
        assert (await run.wait()).state == "undone"


async def cause_of(home: House, name: str, fault: Fault | None = None) -> Cause:
    if fault is not None:
        home.box.faults.add(fault)
    with pytest.raises(Failed) as caught:
        await spoken(home.client(), ref_to(ROLLOUT, name, "shop"), "pause")
    return caught.value.cause


async def test_an_engine_that_does_not_take_the_word_is_a_failure_with_its_cause(tmp_path: Path):
    async with house(tmp_path, CANARY) as home:
        gone = await cause_of(home, "nobody")
        refused = await cause_of(home, "api", Fault(method="PATCH", path="rollouts/api", status=403))

        assert (gone.code, gone.text) == ("GONE", "Rollout shop/nobody was deleted meanwhile.")
        assert refused.code == "REFUSED_BY_CLUSTER"
