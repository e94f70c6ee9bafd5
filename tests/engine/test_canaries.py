"""Canary on one Deployment: a few users meet the new version first, and whoever runs it may promote or abort."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from dot_ai_lifecycle.core.errors import Conflict, Refused
from dot_ai_lifecycle.core.orders import ORDER_LABEL
from dot_ai_lifecycle.operations.promote_operation import PromoteOperation
from dot_ai_lifecycle.operations.resume_operation import ResumeOperation
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.requirements import claims
from tests.support.house import BARE, house
from tests.support.saying import reached, say


def canary(**more: Any) -> UpdateApp:
    return UpdateApp(**{"app": "bare", "version": "v2", "strategy": "canary", "interval": 20, **more})


@claims("update.canary")
async def test_more_and_more_users_meet_a_version_that_does_well_and_none_loses_a_request(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        flow = home.box.traffic.start("bare", "shop", rate=200)
        run = await home.start(canary(steps=[25, 50]))
        await reached(run, "observe")
        first = home.deployment("bare")["status"]

        record = await run.wait()

        assert (first["replicas"], first["updatedReplicas"]) == (6, 2), "2 of 6 are the least that take a quarter"
        assert record.state == "done", record.verdict
        await home.box.settled()
        assert home.is_as_at_first("bare", "box.local/bare:v2")
        assert flow.failed == {}


@pytest.mark.parametrize("kind", ["observe", "await"])
async def test_who_aborts_a_canary_has_its_pods_leave_the_services_before_they_end(tmp_path: Path, kind: str):
    async with house(tmp_path, BARE) as home:
        flow = home.box.traffic.start("bare", "shop", rate=200)
        run = await home.start(canary(version="v2-slow"))
        await reached(run, kind)

        await say(home, run, "abort")
        record = await run.wait()

        assert record.state == "undone"
        assert record.cause is not None
        assert (record.cause.code, record.cause.text) == ("ABORTED", "It was aborted by cli:colleague.")
        await home.box.settled()
        assert home.is_as_at_first("bare", "box.local/bare:v1")
        assert flow.failed == {}
        assert home.box.store.list("ConfigMap", "shop", labels=ORDER_LABEL) == []


async def test_who_promotes_ends_the_watching_of_that_step_alone(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        run = await home.start(canary(steps=[20, 50], interval=3600))
        began = asyncio.get_running_loop().time()
        for _ in range(2):
            await reached(run, "observe")
            await say(home, run, "promote")
            await asyncio.sleep(1)
        record = await run.wait()

        assert record.state == "done", record.verdict
        assert asyncio.get_running_loop().time() - began < 300
        assert any("promoted by cli:colleague" in h.text for h in record.happenings)


@pytest.mark.parametrize("strategy", ["canary", "blue-green"])
async def test_all_traffic_waits_for_a_persons_word_where_one_is_wanted(tmp_path: Path, strategy: str):
    async with house(tmp_path, BARE) as home:
        run = await home.start(canary(strategy=strategy, approve=True))
        await reached(run, "approve")
        await asyncio.sleep(600)
        assert not run.ended

        await say(home, run, "promote")
        record = await run.wait()

        assert record.state == "done", record.verdict
        await home.box.settled()
        assert home.is_as_at_first("bare", "box.local/bare:v2")


async def test_what_nobody_promotes_in_time_is_taken_back(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        record = await home.run(canary(strategy="blue-green", approve=True, approve_within=120))

        assert record.state == "undone"
        assert record.cause is not None
        assert (record.cause.code, record.cause.text) == ("NOT_PROMOTED", "Nobody promoted it within 120 s.")
        await home.box.settled()
        assert home.is_as_at_first("bare", "box.local/bare:v1")


async def test_a_canary_that_dies_while_it_is_watched_is_taken_back(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        home.box.behaviour.images["box.local/bare:v2"] = {"VERSION": "v2", "CRASH_AFTER_S": "6"}
        flow = home.box.traffic.start("bare", "shop", rate=200)

        record = await home.run(canary(interval=60))

        assert record.state == "undone", record.verdict
        assert record.cause is not None
        assert record.cause.code in ("RESTARTED", "CRASH_LOOP", "EXITS_AT_ONCE")
        await home.box.settled()
        assert home.is_as_at_first("bare", "box.local/bare:v1")
        assert flow.ok["v2"] < flow.ok["v1"]


async def test_nothing_is_promoted_that_has_ended_waits_for_nobody_or_hears_nothing(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        run = await home.start(canary())
        busy = await home.engine.propose(PromoteOperation(operation_id=run.operation_id))
        await run.wait()
        ended = await home.engine.propose(PromoteOperation(operation_id=run.operation_id))
        late = await home.engine.propose(PromoteOperation(operation_id=run.operation_id, action="abort"))

        assert (busy.plan.steps, ended.plan.steps, late.plan.steps) == ((), (), ())
        assert busy.plan.summary == f"Operation {run.operation_id} waits for nobody: nothing to do."
        assert ended.plan.summary == f"Operation {run.operation_id} has ended (done): nothing to promote."
        assert late.plan.summary == f"Operation {run.operation_id} has ended (done): nothing to abort."


async def test_a_word_to_a_process_that_is_gone_is_refused_with_what_helps(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        run = await home.start(canary(approve=True))
        await reached(run, "observe")
        home.box.store.delete("Lease", next(iter(home.box.store.list("Lease", "shop")))["metadata"]["name"], "shop")

        with pytest.raises(Refused, match="nobody would hear it") as caught:
            await home.another_engine().propose(PromoteOperation(operation_id=run.operation_id))

        assert "dot-ai resume" in (caught.value.hint or "")
        await run.interrupt()


async def test_an_app_that_is_deleted_while_it_is_watched_is_said_to_be_gone(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        run = await home.start(canary(interval=600))
        await reached(run, "observe")
        home.box.store.delete("Deployment", "bare", "shop")

        record = await run.wait()

        assert record.state == "stuck"
        assert record.cause is not None
        assert record.cause.code == "GONE"


async def test_an_order_does_not_overwrite_what_a_stranger_keeps_under_its_name(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        run = await home.start(canary(interval=600))
        await reached(run, "observe")
        name = f"lifecycle-{run.operation_id}-promote"
        home.box.apply(f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: shop}}\ndata: {{a: b}}")

        with pytest.raises(Conflict, match="exists already"):
            await say(home, run, "promote")

        assert home.box.store.get("ConfigMap", name, "shop")["data"] == {"a": "b"}
        await say(home, run, "abort")
        assert (await run.wait()).state == "undone"


async def test_a_word_to_an_operation_that_was_cut_short_reaches_the_one_that_goes_on_with_it(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        first = await home.start(canary(steps=[20], interval=3600))
        await reached(first, "observe")
        await first.interrupt()
        second = await home.start(ResumeOperation(operation_id=first.operation_id))
        await reached(second, "observe")

        await say(home, first, "promote")
        record = await second.wait()

        assert record.state == "done", record.verdict
        assert record.ended is not None
        assert (record.ended - record.started).total_seconds() < 600


async def test_who_pauses_a_canary_keeps_it_where_it_is_until_somebody_promotes_it(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        run = await home.start(canary(steps=[25, 50]))
        await reached(run, "observe")
        await say(home, run, "pause")
        await asyncio.sleep(600)
        kept = home.deployment("bare")["status"]["updatedReplicas"]
        await say(home, run, "promote")
        record = await run.wait()

        assert kept == 2, "a quarter of six, ten minutes on"
        assert record.state == "done", record.verdict
        assert any("promoted by cli:colleague" in happening.text for happening in record.happenings)


async def test_what_is_paused_is_watched_on(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        home.box.behaviour.images["box.local/bare:v2"] = {"VERSION": "v2", "CRASH_AFTER_S": "120"}
        run = await home.start(canary(steps=[25]))
        await reached(run, "observe")
        await say(home, run, "pause")
        record = await run.wait()

        assert record.state == "undone", record.verdict
        assert record.cause is not None
        assert record.cause.code == "RESTARTS"


async def test_a_pause_that_nobody_ends_is_taken_back_in_the_end(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        run = await home.start(canary(steps=[25], approve_within=90))
        await reached(run, "observe")
        await say(home, run, "pause")
        record = await run.wait()

        assert record.state == "undone", record.verdict
        assert record.cause is not None
        assert record.cause.text == "cli:colleague paused it, and nobody promoted it within 90 s."


async def test_what_waits_for_a_person_need_not_be_paused(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        run = await home.start(UpdateApp(app="bare", version="v2", strategy="blue-green", approve=True))
        await reached(run, "approve")

        pause = await home.engine.propose(PromoteOperation(operation_id=run.operation_id, action="pause"))

        assert (pause.plan.steps, pause.plan.summary[-32:]) == ((), "waits for nobody: nothing to do.")
        await run.interrupt()
