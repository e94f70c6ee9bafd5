"""How runs end when things go oddly: deleted, overtaken, too slow, half forbidden, or told to stop."""

import gc
from pathlib import Path
from typing import Any

import pytest

from dot_ai_lifecycle.core.errors import BadInput, NotFound
from dot_ai_lifecycle.embedded.faults import Fault
from dot_ai_lifecycle.engine.proposal import APPROVAL_LASTS, Consent
from dot_ai_lifecycle.engine.run import Progress
from dot_ai_lifecycle.operations.get_operation import GetOperation
from dot_ai_lifecycle.operations.resume_operation import ResumeOperation
from dot_ai_lifecycle.operations.scale_app import ScaleApp
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.support.house import DATABASE, House, house

V2 = UpdateApp(app="web", version="v2")


def is_the_write(request: Any) -> bool:
    return request.method == "PATCH" and "/apps/" in request.path and ("dryRun", "All") not in request.query


def before_the_write(home: House, act: Any) -> None:
    """Do something in the cluster right before the run's first write to the app arrives."""

    def strike(request: Any) -> None:
        if is_the_write(request):
            home.box.faults.before = None
            act()

    home.box.faults.before = strike


def other_image(workload: dict[str, Any]) -> None:
    workload["spec"]["template"]["spec"]["containers"][0]["image"] = "box.local/web:v3"


async def test_an_app_deleted_right_before_the_write_is_said_to_be_gone(tmp_path: Path):
    async with house(tmp_path) as home:
        before_the_write(home, lambda: home.box.store.delete("Deployment", "web", "shop"))

        record = await home.run(V2)

        assert record.cause is not None
        assert (record.state, record.cause.code) == ("undone", "GONE")
        assert "Nothing was changed" in record.verdict


async def test_an_app_deleted_while_it_rolls_out_is_said_to_be_gone(tmp_path: Path):
    async with house(tmp_path) as home:
        run = await home.start(V2)
        await run.wait(within=1)
        home.box.store.delete("Deployment", "web", "shop")

        record = await run.wait()

        assert record.cause is not None
        assert (record.state, record.cause.code) == ("stuck", "GONE")


@pytest.mark.parametrize("method", ["GET", "PATCH"], ids=["before we look", "between our look and our second try"])
async def test_a_lost_write_that_somebody_else_overtook_is_not_repeated(tmp_path: Path, method: str):
    async with house(tmp_path) as home:
        run = await home.start(V2)
        lost = home.box.faults.add(Fault(method="PATCH", path="deployments/web", drop="before"))

        def strike(request: Any) -> None:
            if lost.matched and request.method == method and request.path.endswith("/deployments/web"):
                home.box.faults.before = None
                home.edit(other_image)

        home.box.faults.before = strike
        record = await run.wait()

        assert record.cause is not None, record.verdict
        assert (record.state, record.cause.code) == ("undone", "FOREIGN_CHANGE")
        assert home.image() == "box.local/web:v3"


async def test_a_version_that_is_only_slow_is_given_up_after_its_time(tmp_path: Path):
    async with house(tmp_path) as home:
        record = await home.run(UpdateApp(app="web", version="slow", timeout=15))

        assert record.state == "undone"
        assert record.cause is not None
        assert home.image() == "box.local/web:v1"


async def test_without_the_right_to_read_logs_the_cause_is_named_without_them(tmp_path: Path):
    async with house(tmp_path) as home:
        home.box.faults.forbid("get", "pods/log")

        record = await home.run(UpdateApp(app="web", version="crash"))

        assert record.cause is not None
        assert (record.state, record.cause.logs) == ("undone", ())
        assert "CRASH" in record.cause.code


async def test_a_parallel_set_frees_itself_and_nothing_is_deleted_for_it(tmp_path: Path):
    parallel = DATABASE.replace("  replicas: 3\n", "  replicas: 3\n  podManagementPolicy: Parallel\n")
    async with house(tmp_path, parallel) as home:
        record = await home.run(UpdateApp(app="db", version="unready"))

        assert record.state in ("undone", "stuck")
        assert any("parallel" in happening.text for happening in record.happenings)
        assert home.image("db", "StatefulSet") == "box.local/db:v1"


async def test_a_way_back_that_fails_too_says_both_causes(tmp_path: Path):
    async with house(tmp_path) as home:
        run = await home.start(UpdateApp(app="web", version="unready"))
        home.box.behaviour.images["box.local/web:v1"] = {"CRASH": "the old one is broken now"}

        record = await run.wait()
        if record.state == "undone":  # enough of the old pods had never been touched
            assert home.deployment()["status"]["readyReplicas"] == 4
        else:
            assert "Taking it back did not succeed" in record.verdict
        assert home.image() == "box.local/web:v1"


async def test_a_face_may_listen_in_its_own_time(tmp_path: Path):
    heard: list[Progress] = []

    async def hear(progress: Progress) -> None:
        heard.append(progress)

    async with house(tmp_path) as home:
        plan = (await home.engine.propose(V2)).plan
        run = await home.engine.start(V2, Consent(by="cli:tester", plan_id=plan.id), hear)

        assert home.engine.live == (run,)
        assert (await run.wait()).state == "done"
        assert home.engine.live == ()
        assert {progress.operation_id for progress in heard} == {run.operation_id}


async def test_closing_interrupts_what_runs_so_that_others_can_go_on(tmp_path: Path):
    async with house(tmp_path) as home:
        run = await home.start(V2)
        await run.wait(within=1)

        await home.engine.close()

        kept = await home.another_engine().world.story.record(run.operation_id)
        assert (run.record.state, kept.state) == ("interrupted", "interrupted")


async def test_what_is_done_already_cannot_be_begun(tmp_path: Path):
    async with house(tmp_path) as home:
        same = UpdateApp(app="web", version="v1")
        plan = (await home.engine.propose(same)).plan

        with pytest.raises(BadInput, match="nothing to do"):
            await home.engine.start(same, Consent(by="cli:tester", plan_id=plan.id))


async def test_a_plan_that_nobody_proposed_cannot_be_approved(tmp_path: Path):
    async with house(tmp_path) as home:
        with pytest.raises(NotFound, match="No plan '0123456789ab' waits for approval"):
            home.engine.approve("0123456789ab", by="cli:alice")


async def test_an_approval_grows_old(tmp_path: Path):
    async with house(tmp_path) as home:
        stop = ScaleApp(app="web", replicas=0)
        plan = (await home.engine.propose(stop)).plan
        home.engine.approve(plan.id, by="cli:alice")
        await home.run(UpdateApp(app="web", version="missing", timeout=600))

        assert (await home.engine.propose(stop)).plan.id == plan.id
        assert APPROVAL_LASTS >= 600


async def test_waiting_for_an_operation_ends_with_it(tmp_path: Path):
    async with house(tmp_path) as home:
        run = await home.start(V2)

        short = await home.engine.ask(GetOperation(operation_id=run.operation_id, wait=1))
        whole = await home.another_engine().ask(GetOperation(operation_id=run.operation_id, wait=45))

        assert (short.status, whole.status) == ("running", "done")
        assert (await home.engine.ask(GetOperation(operation_id=run.operation_id, wait=45))).status == "done"


async def test_who_may_not_look_elsewhere_is_told_to_name_the_namespace(tmp_path: Path):
    async with house(tmp_path) as home:
        home.box.faults.forbid("list", "configmaps")

        with pytest.raises(NotFound, match="no right to look in others") as caught:
            await home.engine.world.story.record("abcd2345")

        assert caught.value.hint == "Name the operation's namespace."


async def test_an_app_deleted_while_its_watch_had_lost_its_place_is_said_to_be_gone(tmp_path: Path):
    """What a watch lists anew tells only what is there: that something is missing has to be seen."""
    async with house(tmp_path) as home:
        lost = home.box.faults.add(Fault(method="GET", path="deployments.*watch=true", expire=True))

        def strike(request: Any) -> None:
            if lost.matched and request.path.endswith("/deployments") and ("watch", "true") not in request.query:
                home.box.faults.before = None
                home.box.store.delete("Deployment", "web", "shop")

        home.box.faults.before = strike
        record = await home.run(UpdateApp(app="web", version="unready"))

        assert record.cause is not None, record.verdict
        assert (record.state, record.cause.code) == ("stuck", "GONE")


async def test_who_may_not_watch_records_gets_one_as_it_stands(tmp_path: Path):
    async with house(tmp_path) as home:
        run = await home.start(V2)
        home.box.faults.forbid("watch", "configmaps")

        answer = await home.engine.ask(GetOperation(operation_id=run.operation_id, wait=45))

        assert answer.status == "running"
        assert (await run.wait()).state == "done"


async def test_a_run_that_meets_a_defect_says_so_and_frees_its_app(tmp_path: Path):
    async with house(tmp_path) as home:

        def defective(progress: Progress) -> None:
            if progress.total:
                raise ZeroDivisionError

        proposal = await home.engine.propose(V2)
        run = await home.engine.start(V2, Consent(by="t", plan_id=proposal.plan.id), defective)
        record = await run.wait()

        assert (record.state, record.verdict) == (
            "interrupted",
            "A defect of this program ended it (ZeroDivisionError); resume or undo it.",
        )
        assert (await home.run(ResumeOperation(operation_id=record.id))).state == "done"
    del home, run  # what asyncio says of the task is said here, and not while another test parses Python
    gc.collect()
