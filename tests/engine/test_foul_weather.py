"""What goes wrong around a run: clocks that differ, objects that vanish, faults in its worst moments, odd apps."""

import asyncio
import copy
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from dot_ai_lifecycle.adapters.kubernetes.client import KubernetesCluster
from dot_ai_lifecycle.adapters.local_files import LocalFiles
from dot_ai_lifecycle.core.errors import Busy, LifecycleError, NotFound, Refused
from dot_ai_lifecycle.core.policy import Policy
from dot_ai_lifecycle.core.record import name_of
from dot_ai_lifecycle.embedded.faults import Fault
from dot_ai_lifecycle.engine.engine import Engine
from dot_ai_lifecycle.engine.proposal import Consent
from dot_ai_lifecycle.operations.resume_operation import ResumeOperation
from dot_ai_lifecycle.operations.scale_app import ScaleApp
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.support.house import House, house
from tests.support.mortal import MortalTransport

HOURS = [-1, 1]
behind_and_ahead = pytest.mark.parametrize("hours", HOURS, ids=["an hour behind", "an hour ahead"])


def off_by(home: House, hours: int, transport: Any = None) -> Engine:
    """An engine of a colleague whose clock is wrong."""

    def clock() -> Any:
        return home.box.now() + timedelta(hours=hours)

    client = KubernetesCluster(transport or home.box.transport, "embedded", "shop", clock=clock)
    return Engine(client, LocalFiles(home.state_dir), Policy(), actor="cli:colleague")


async def started(engine: Engine, change: Any) -> Any:
    proposal = await engine.propose(change)
    return await engine.start(change, Consent(by="cli:colleague", plan_id=proposal.plan.id, person=True))


@behind_and_ahead
async def test_a_colleague_with_a_wrong_clock_does_not_take_over_a_live_run(tmp_path: Path, hours: int):
    async with house(tmp_path) as home:
        colleague = off_by(home, hours)
        scale = ScaleApp(app="web", replicas=6)
        plan = (await colleague.propose(scale)).plan
        run = await home.start(UpdateApp(app="web", version="v2"))

        with pytest.raises(Busy):
            await colleague.start(scale, Consent(by="cli:colleague", plan_id=plan.id))

        assert (await run.wait()).state == "done"


@behind_and_ahead
async def test_a_run_with_a_wrong_clock_keeps_its_app(tmp_path: Path, hours: int):
    async with house(tmp_path) as home:
        run = await started(off_by(home, hours), UpdateApp(app="web", version="v2-slow"))
        await run.wait(within=40)

        with pytest.raises(Busy):
            await home.start(ScaleApp(app="web", replicas=6))

        assert (await run.wait()).state == "done"


@behind_and_ahead
async def test_what_died_with_a_wrong_clock_is_taken_up_within_its_lease(tmp_path: Path, hours: int):
    async with house(tmp_path) as home:
        mortal = MortalTransport(home.box.transport, 3)
        dying = off_by(home, hours, mortal)
        run = await started(dying, UpdateApp(app="web", version="v2"))
        await mortal.dead.wait()
        loop = asyncio.get_running_loop()
        began = loop.time()

        resumed = await home.run(ResumeOperation(operation_id=run.operation_id))

        assert (resumed.state, home.image()) == ("done", "box.local/web:v2")
        assert loop.time() - began < 40


async def test_another_app_of_the_same_name_is_not_taken_for_the_one_that_was_planned(tmp_path: Path):
    async with house(tmp_path) as home:
        run = await home.start(UpdateApp(app="web", version="v2-unready"))
        await run.wait(within=2)
        again = copy.deepcopy(home.deployment())
        for field in ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields"):
            again["metadata"].pop(field, None)
        again["spec"]["template"]["spec"]["containers"][0]["image"] = "box.local/web:theirs"
        home.box.store.delete("Deployment", "web", "shop")
        await home.box.settled()
        home.box.store.create({**again, "status": {}})

        record = await run.wait()

        assert record.state == "stuck"
        assert record.cause is not None
        assert record.cause.code == "GONE"
        assert home.image() == "box.local/web:theirs"


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(status=429, retry_after=1, times=5), id="the server is busy"),
        pytest.param(Fault(method="GET", status=500, times=3), id="the server fails for a moment"),
        pytest.param(Fault(drop="before", method="GET", times=4), id="connections break"),
        pytest.param(Fault(method="GET", path="watch", expire=True, times=3), id="watches expire"),
        pytest.param(Fault(method="PATCH", path="deployments/web", drop="after"), id="the answer is lost"),
        pytest.param(Fault(method="PATCH", path="deployments/web", drop="before"), id="the write is lost"),
    ],
)
async def test_a_bad_version_is_taken_back_whatever_networks_do_then(tmp_path: Path, fault: Fault):
    async with house(tmp_path) as home:
        run = await home.start(UpdateApp(app="web", version="v2-crash"))
        if not fault.expire:  # a run watches from its beginning to its end
            await run.wait(within=0.5)
        home.box.faults.add(fault)

        record = await run.wait()

        assert (record.state, home.image()) == ("undone", "box.local/web:v1")
        assert fault.matched


async def test_a_record_that_somebody_deletes_does_not_end_the_work_or_the_story(tmp_path: Path):
    async with house(tmp_path) as home:
        run = await home.start(UpdateApp(app="web", version="v2"))
        home.box.store.delete("ConfigMap", name_of(run.operation_id), "shop")

        record = await run.wait()

        assert (record.state, home.image()) == ("done", "box.local/web:v2")
        assert (await home.another_engine().world.story.record(run.operation_id)).state == "done"


async def test_an_update_where_no_namespace_is_says_so(tmp_path: Path):
    async with house(tmp_path) as home:
        with pytest.raises(NotFound, match="There is no namespace 'nowhere'"):
            await home.engine.propose(UpdateApp(app="web", namespace="nowhere", version="v2"))


async def test_in_a_namespace_that_is_being_deleted_nothing_is_begun(tmp_path: Path):
    async with house(tmp_path) as home:
        home.box.store.edit("Namespace", "shop", "", lambda one: one["spec"].update(finalizers=["kubernetes", "x/y"]))
        home.edit(lambda web: web["metadata"].update(finalizers=["x/y"]))
        home.box.store.delete("Namespace", "shop", "")
        await home.box.settled()

        with pytest.raises(LifecycleError, match="is being deleted"):
            await home.run(UpdateApp(app="web", version="v2"))

        assert home.image() == "box.local/web:v1"


async def test_what_a_controller_nobody_knows_owns_is_left_to_it(tmp_path: Path):
    async with house(tmp_path) as home:
        owner = {"apiVersion": "acme.example/v1", "kind": "Widget", "name": "w", "uid": "u-1", "controller": True}
        home.edit(lambda web: web["metadata"].update(ownerReferences=[owner]))

        for change in (UpdateApp(app="web", version="v2"), ScaleApp(app="web", replicas=2)):
            with pytest.raises(Refused, match="Widget") as caught:
                await home.engine.propose(change)
            assert "Widget" in caught.value.hint


@pytest.mark.parametrize(
    ("surge", "unavailable"), [("0%", "10%"), ("25%", "25%"), ("100%", 0), (0, "100%"), ("1%", 0), (7, "50%")]
)
async def test_whatever_pace_an_app_has_it_is_updated_and_taken_back_at_it(
    tmp_path: Path, surge: int | str, unavailable: int | str
):
    async with house(tmp_path) as home:
        pace = {"maxSurge": surge, "maxUnavailable": unavailable}
        home.edit(lambda web: web["spec"]["strategy"].update(rollingUpdate=pace))

        good = await home.run(UpdateApp(app="web", version="v2"))
        bad = await home.run(UpdateApp(app="web", version="v3-missing"))

        assert (good.state, bad.state, home.image()) == ("done", "undone", "box.local/web:v2")
        assert home.deployment()["spec"]["strategy"]["rollingUpdate"] == pace
