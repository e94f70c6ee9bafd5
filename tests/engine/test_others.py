"""We are not alone: somebody else changes the app, or runs an operation on it, before or while we do."""

from pathlib import Path
from typing import Any

import pytest

from dot_ai_lifecycle.core.errors import Busy, Conflict, Forbidden, NeedsApproval, PlanChanged, Refused
from dot_ai_lifecycle.embedded.faults import Fault
from dot_ai_lifecycle.engine.lease import Hold
from dot_ai_lifecycle.engine.proposal import Consent
from dot_ai_lifecycle.operations.resume_operation import ResumeOperation
from dot_ai_lifecycle.operations.scale_app import ScaleApp
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.support.house import house, with_image


async def test_a_plan_that_no_longer_fits_is_not_carried_out(tmp_path: Path):
    async with house(tmp_path) as home:
        update = UpdateApp(app="web", version="v2")
        proposal = await home.engine.propose(update)
        home.edit(with_image("box.local/web:v3"))

        with pytest.raises(PlanChanged) as caught:
            await home.engine.start(update, Consent(by="t", plan_id=proposal.plan.id))

        assert home.image() == "box.local/web:v3"
        assert caught.value.details["proposal"].plan.before == "box.local/web:v3"


async def test_an_edit_between_our_look_and_our_write_is_not_overwritten(tmp_path: Path):
    async with house(tmp_path) as home:
        update = UpdateApp(app="web", version="v2")
        proposal = await home.engine.propose(update)

        def strike(request: Any) -> None:
            if request.method == "PATCH" and home.image() == "box.local/web:v1":
                home.edit(with_image("box.local/web:v3"))

        home.box.faults.before = strike
        with pytest.raises(Conflict):
            await home.engine.start(update, Consent(by="t", plan_id=proposal.plan.id))

        assert home.image() == "box.local/web:v3"


@pytest.mark.parametrize("later", [0.1, 1.0], ids=["in the same second", "a second later"])
async def test_a_change_of_somebody_else_during_the_run_stops_ours_and_stays(tmp_path: Path, later: float):
    async with house(tmp_path) as home:
        await home.run(UpdateApp(app="web", version="v4"))
        run = await home.start(UpdateApp(app="web", version="v2"))
        await run.wait(within=later)
        home.edit(with_image("box.local/web:v3"))

        record = await run.wait()

        assert record.state == "stuck"
        assert record.cause is not None
        assert record.cause.code == "FOREIGN_CHANGE"
        assert "a-stranger" in record.cause.text
        assert home.image() == "box.local/web:v3"


async def test_of_two_at_once_one_runs_and_the_other_is_told_who_does(tmp_path: Path):
    async with house(tmp_path) as home:
        colleague = home.another_engine()
        scale = ScaleApp(app="web", replicas=6)
        proposal = await colleague.propose(scale)
        run = await home.start(UpdateApp(app="web", version="v2"))

        with pytest.raises(Busy) as caught:
            await colleague.start(scale, Consent(by="cli:colleague", plan_id=proposal.plan.id))

        assert "cli:tester" in caught.value.message
        assert run.operation_id in caught.value.message
        assert (await run.wait()).state == "done"


async def test_a_plan_of_high_risk_wants_a_person_and_takes_an_approval_once(tmp_path: Path):
    async with house(tmp_path) as home:
        stop = ScaleApp(app="web", replicas=0)
        proposal = await home.engine.propose(stop)
        by_a_model = Consent(by="mcp:model", plan_id=proposal.plan.id)

        with pytest.raises(NeedsApproval, match=f"dot-ai approve {proposal.plan.id}"):
            await home.engine.start(stop, by_a_model)
        home.another_engine().approve(proposal.plan.id, by="cli:alice")
        record = await (await home.engine.start(stop, by_a_model)).wait()

        assert (record.state, record.approved_by) == ("done", "cli:alice")
        assert home.deployment()["spec"]["replicas"] == 0


async def test_an_approval_stands_until_its_plan_has_begun_and_no_longer(tmp_path: Path):
    async with house(tmp_path) as home:
        stop = ScaleApp(app="web", replicas=0)
        by_a_model = Consent(by="mcp:model", plan_id=(await home.engine.propose(stop)).plan.id)
        lease = Hold(home.client(), (await home.engine.propose(stop)).plan.app, "cli:colleague/abcd2345")
        home.engine.approve(by_a_model.plan_id, by="cli:alice")

        await lease.take()
        with pytest.raises(Busy):
            await home.engine.start(stop, by_a_model)
        await lease.let_go()
        record = await (await home.engine.start(stop, by_a_model)).wait()
        await home.run(ResumeOperation(operation_id=record.id, action="undo"))

        assert (record.state, record.approved_by) == ("done", "cli:alice")
        assert (await home.engine.propose(stop)).plan.id == by_a_model.plan_id
        with pytest.raises(NeedsApproval):
            await home.engine.start(stop, by_a_model)


async def test_a_plan_without_the_rights_for_it_says_which_right_is_missing(tmp_path: Path):
    async with house(tmp_path) as home:
        home.box.faults.forbid("patch", "deployments")

        with pytest.raises(Forbidden, match="patch deployments in namespace shop"):
            await home.engine.propose(UpdateApp(app="web", version="v2"))


async def test_who_may_not_write_records_works_on_and_keeps_them_here(tmp_path: Path):
    async with house(tmp_path) as home:
        home.box.faults.forbid("create", "configmaps")

        record = await home.run(UpdateApp(app="web", version="v2"))

        assert (record.state, record.shared) == ("done", False)
        assert (await home.engine.world.story.record(record.id)).state == "done"


@pytest.mark.parametrize(
    "resource", ["events", "endpointslices", "services", "horizontalpodautoscalers", "leases", "configmaps"]
)
async def test_a_right_that_only_sharpens_the_verdict_is_not_needed(tmp_path: Path, resource: str):
    async with house(tmp_path) as home:
        home.box.faults.forbid("*", resource)

        record = await home.run(UpdateApp(app="web", version="v2"))

        assert (record.state, home.image()) == ("done", "box.local/web:v2")


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(method="GET", path="watch", cut=2, times=0), id="watches are cut after two events"),
        pytest.param(Fault(method="GET", path="watch", expire=True, times=3), id="watches expire"),
        pytest.param(Fault(path="apis|api", status=429, retry_after=1, nth=5, times=4), id="the server is busy"),
        pytest.param(Fault(method="GET", status=500, nth=3, times=3), id="the server fails for a moment"),
        pytest.param(Fault(method="GET", drop="before", nth=4, times=3), id="connections break"),
        pytest.param(Fault(method="PATCH", path="deployments/web(?!.*dryRun)", drop="after"), id="the answer is lost"),
        pytest.param(Fault(method="PATCH", path="deployments/web(?!.*dryRun)", drop="before"), id="the write is lost"),
    ],
)
async def test_an_update_survives_what_networks_do(tmp_path: Path, fault: Fault):
    async with house(tmp_path) as home:
        update = UpdateApp(app="web", version="v2")
        proposal = await home.engine.propose(update)
        home.box.faults.add(fault)

        run = await home.engine.start(update, Consent(by="t", plan_id=proposal.plan.id))
        record = await run.wait()

        assert (record.state, home.image()) == ("done", "box.local/web:v2")


async def test_an_unreachable_cluster_interrupts_the_run_and_nothing_is_forgotten(tmp_path: Path):
    async with house(tmp_path) as home:

        def cut(request: Any, _: Any) -> None:
            if request.method == "PATCH" and ("dryRun", "All") not in request.query:
                home.box.faults.add(Fault(drop="before", times=0))

        home.box.faults.after = cut
        record = await home.run(UpdateApp(app="web", version="v2"))
        home.box.faults.clear()
        kept = await home.engine.world.story.record(record.id)
        resumed = await home.run(ResumeOperation(operation_id=record.id))

        assert (record.state, kept.state) == ("interrupted", "interrupted")
        assert (resumed.state, home.image()) == ("done", "box.local/web:v2")


async def test_a_paused_deployment_is_refused_with_the_way_out(tmp_path: Path):
    async with house(tmp_path) as home:
        home.edit(lambda workload: workload["spec"].update(paused=True))

        with pytest.raises(Refused, match="kubectl rollout resume deployment/web"):
            await home.engine.propose(UpdateApp(app="web", version="v2"))


@pytest.mark.parametrize("resource", ["deployments", "replicasets", "pods"])
async def test_who_may_not_watch_a_rollout_does_not_begin_one(tmp_path: Path, resource: str):
    """A change whose outcome nobody can see would be left standing unproven."""
    async with house(tmp_path) as home:
        home.box.faults.forbid("watch", resource)

        with pytest.raises(Forbidden, match=f"watch {resource} in namespace shop"):
            await home.engine.propose(UpdateApp(app="web", version="v2"))


async def test_a_kind_that_may_not_be_read_does_not_hide_an_app_of_another(tmp_path: Path):
    async with house(tmp_path) as home:
        home.box.faults.forbid("*", "daemonsets")
        home.box.faults.forbid("*", "statefulsets")

        assert (await home.run(UpdateApp(app="web", version="v2"))).state == "done"
        with pytest.raises(Forbidden):
            await home.engine.propose(UpdateApp(app="other", version="v2"))
