"""Several apps as one update: all are proven before the first of them is switched, and all go back together."""

import asyncio
from pathlib import Path

import pytest

from dot_ai_lifecycle.core.errors import Busy, Refused
from dot_ai_lifecycle.core.record import Record
from dot_ai_lifecycle.core.workload import Workload
from dot_ai_lifecycle.engine.lease import Hold
from dot_ai_lifecycle.engine.run import Progress, Run
from dot_ai_lifecycle.operations.get_operation import GetOperation
from dot_ai_lifecycle.operations.list_apps import ListApps
from dot_ai_lifecycle.operations.list_operations import ListOperations
from dot_ai_lifecycle.operations.promote_operation import PromoteOperation
from dot_ai_lifecycle.operations.restart_app import RestartApp
from dot_ai_lifecycle.operations.resume_operation import ResumeOperation
from dot_ai_lifecycle.operations.rollback_app import RollbackApp
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.engine.test_switching import at_step
from tests.requirements import claims
from tests.support.house import BARE, DATABASE, House, house, with_image
from tests.support.saying import say
from tests.support.several import API, WORKER

ALL = ("worker", "api", "web")


def update(*also: str, **more: object) -> UpdateApp:
    return UpdateApp.model_validate({"app": "web", "version": "v2", "with": list(also), **more})


def switches(record: Record) -> list[str]:
    """Which app was switched, in the order that happened."""
    lines = [step for step in record.plan.steps if step.step == "patch" and "sends to the new version" in step.why]
    return [step.ref.name for step in lines]


def all_at(home: House, version: str) -> bool:
    return all(home.is_as_at_first(name, f"box.local/{name}:{version}") for name in ALL)


@claims("update.together", "update.zero_downtime")
async def test_three_apps_are_switched_callees_first_without_a_failed_request(tmp_path: Path):
    async with house(tmp_path, API, WORKER) as home:
        flows = [home.box.traffic.start(name, "shop", rate=100) for name in ("api", "web")]

        record = await home.run(update("worker", "api"))

        assert record.state == "done", record.verdict
        await home.box.settled()
        assert all_at(home, "v2")
        assert switches(record) == ["api", "web"]
        assert record.template_after == Workload(home.deployment("web")).template_digest
        assert set(record.images_after) == {"web"}
        assert [flow.failed for flow in flows] == [{}, {}]
        assert all(flow.ok["v2"] for flow in flows)
        for name in ALL:
            assert f"deployment/{name}: all" in record.verdict


@claims("update.together")
@pytest.mark.parametrize("bad", ["worker=missing", "api=v2-crash", "api=v2-unready", "worker=v2-crash"])
async def test_where_one_of_them_is_bad_nobody_meets_a_new_version_of_any(tmp_path: Path, bad: str):
    async with house(tmp_path, API, WORKER) as home:
        flows = [home.box.traffic.start(name, "shop", rate=100) for name in ("api", "web")]
        others = [name for name in ("worker", "api") if name != bad.partition("=")[0]]

        record = await home.run(update(bad, *others))

        assert record.state == "undone", record.verdict
        await home.box.settled()
        assert all_at(home, "v1")
        assert [(flow.failed, set(flow.ok)) for flow in flows] == [({}, {"v1"})] * 2
        assert record.cause is not None
        assert record.cause.app == f"deployment/{bad.partition('=')[0]}"
        assert record.cause.text.startswith(f"{record.cause.app}: ")


async def begun(home: House, change: UpdateApp, words: str) -> Run:
    """The run of a change, once it tells of that."""
    heard = asyncio.Event()

    def tell(progress: Progress) -> None:
        if words in progress.text:
            heard.set()

    proposal = await home.engine.propose(change)
    run = await home.engine.start(change, home.consent(proposal), tell)
    await heard.wait()
    return run


async def test_a_version_that_fails_while_all_are_watched_is_switched_back_everywhere(tmp_path: Path):
    async with house(tmp_path, API, WORKER) as home:
        flows = [home.box.traffic.start(name, "shop", rate=100) for name in ("api", "web")]
        run = await begun(home, update("worker", "api", standby=30), "stand by")
        await say(home, run, "abort")

        record = await run.wait()

        assert (record.state, record.cause and record.cause.code) == ("undone", "ABORTED"), record.verdict
        await home.box.settled()
        assert all_at(home, "v1")
        assert [flow.failed for flow in flows] == [{}, {}]
        assert all(flow.ok["v2"] for flow in flows)
        back = [step.ref.name for step in record.back if step.why.startswith("send where it sent before")]
        assert back == ["web", "api", "web", "api"], "callers go back first, then the pins of both are let go"


async def test_promote_ends_the_watch_of_all(tmp_path: Path):
    async with house(tmp_path, API, WORKER) as home:
        run = await begun(home, update("api", standby=3000), "stand by")
        await say(home, run, "promote")

        record = await run.wait()

        assert record.state == "done", record.verdict
        assert any("promoted by cli:colleague" in line.text for line in record.happenings)


async def test_while_new_pods_prove_themselves_there_is_nothing_to_promote(tmp_path: Path):
    async with house(tmp_path, API, WORKER) as home:
        run = await begun(home, update("api=v2-unready"), "prove themselves")

        proposal = await home.engine.propose(PromoteOperation(operation_id=run.operation_id))

        assert proposal.plan.summary.endswith("waits for nobody: nothing to do.")
        await run.interrupt()


async def test_somebody_is_asked_once_before_the_first_is_switched(tmp_path: Path):
    async with house(tmp_path, API, WORKER) as home:
        flows = [home.box.traffic.start(name, "shop", rate=20) for name in ("api", "web")]

        record = await home.run(update("worker", "api", approve=True, approve_within=30))

        assert record.cause is not None
        assert record.cause.code == "NOT_PROMOTED"
        assert [step.step for step in record.plan.steps].count("approve") == 1
        assert [(flow.failed, set(flow.ok)) for flow in flows] == [({}, {"v1"})] * 2
        await home.box.settled()
        assert all_at(home, "v1")


@pytest.mark.parametrize(("version", "state"), [("v2", "done"), ("v2-errs", "undone")])
async def test_the_app_itself_is_asked_before_the_first_of_them_is_switched(tmp_path: Path, version: str, state: str):
    async with house(tmp_path, API, WORKER) as home:
        home.box.behaviour.images["box.local/web:v2-errs"] = {"ERROR_PERCENT": "100"}
        flows = [home.box.traffic.start(name, "shop", rate=50) for name in ("api", "web")]

        record = await home.run(update("worker=v2", "api=v2", version=version, smoke=["/healthz"]))

        assert record.state == state, record.verdict
        await home.box.settled()
        assert [found["metadata"]["name"] for found in home.box.store.list("Service", "shop")] == ["api", "web"]
        assert [flow.failed for flow in flows] == [{}, {}]
        if state == "undone":
            assert record.cause is not None
            assert (record.cause.code, record.cause.app) == ("SMOKE_FAILED", "deployment/web")
            assert {version for flow in flows for version in flow.ok} == {"v1"}
            assert all_at(home, "v1")


async def test_an_update_of_several_is_undone_as_one(tmp_path: Path):
    async with house(tmp_path, API, WORKER) as home:
        done = await home.run(update("worker", "api"))
        flows = [home.box.traffic.start(name, "shop", rate=100) for name in ("api", "web")]

        record = await home.run(ResumeOperation(operation_id=done.id, action="undo"))

        assert record.state == "done", record.verdict
        assert all(f"deployment/{name}: all" in record.verdict for name in ALL)
        await home.box.settled()
        assert all_at(home, "v1")
        assert [flow.failed for flow in flows] == [{}, {}]


@pytest.mark.parametrize("held", ALL)
async def test_where_somebody_holds_one_of_them_none_is_touched(tmp_path: Path, held: str):
    async with house(tmp_path, API, WORKER) as home:
        proposal = await home.engine.propose(change := update("worker", "api"))
        theirs = Hold(home.client(), Workload(home.deployment(held)).ref, "cli:colleague/theirs42")
        await theirs.take()
        before = {name: home.deployment(name) for name in ALL}

        with pytest.raises(Busy, match=f"Deployment shop/{held} is being changed by cli:colleague"):
            await home.engine.start(change, home.consent(proposal))

        assert {name: home.deployment(name) for name in ALL} == before
        await theirs.let_go()
        record = await home.run(change)
        assert record.state == "done", f"and none of the leases was kept: {record.verdict}"


async def test_while_it_runs_nobody_may_change_one_of_the_others(tmp_path: Path):
    async with house(tmp_path, API, WORKER) as home:
        run = await home.start(update("worker", "api"))
        colleague, theirs = home.another_engine(), RestartApp(app="worker")
        proposal = await colleague.propose(theirs)

        with pytest.raises(Busy, match="Deployment shop/worker is being changed by cli:tester"):
            await colleague.start(theirs, home.consent(proposal))

        assert (await run.wait()).state == "done"


@pytest.mark.parametrize("number", range(1, 24, 2))
async def test_who_changes_one_of_them_meanwhile_keeps_it_and_the_others_go_back(tmp_path: Path, number: int):
    async with house(tmp_path, API, WORKER) as home:
        flows = [home.box.traffic.start(name, "shop", rate=50) for name in ("api", "web")]
        change = update("worker", "api")
        proposal = await home.engine.propose(change)
        tell = at_step(home, number, lambda: home.edit(with_image("box.local/api:theirs"), "api"))

        record = await (await home.engine.start(change, home.consent(proposal), tell)).wait()

        await home.box.settled()
        assert home.is_as_at_first("api", "box.local/api:theirs")
        assert flows[1].failed == {}
        if record.state == "stuck":
            assert record.cause is not None
            assert (record.cause.code, record.cause.app) == ("FOREIGN_CHANGE", "deployment/api")
            assert record.verdict.endswith("The other apps were taken back.")
            assert home.is_as_at_first("web", "box.local/web:v1")
            assert home.is_as_at_first("worker", "box.local/worker:v1")
        else:
            assert record.state == "done", record.verdict


async def test_what_was_to_be_held_when_it_fails_is_not_taken_back_for_a_stranger_either(tmp_path: Path):
    async with house(tmp_path, API, WORKER) as home:
        change = update("worker", "api", on_failure="hold")
        proposal = await home.engine.propose(change)
        tell = at_step(home, 9, lambda: home.edit(with_image("box.local/api:theirs"), "api"))

        record = await (await home.engine.start(change, home.consent(proposal), tell)).wait()

        await home.box.settled()
        assert record.state == "stuck", record.verdict
        assert (home.image("api"), home.selector("api")) == ("box.local/api:theirs", {"app": "api"})
        assert (home.image("web"), home.image("worker")) == ("box.local/web:v2", "box.local/worker:v2")


async def test_sets_are_changed_in_their_turn_and_taken_back_with_the_others(tmp_path: Path):
    async with house(tmp_path, API, DATABASE) as home:
        good = await home.run(update("db", "api"))
        await home.box.settled()
        assert good.state == "done", good.verdict
        assert home.is_as_at_first("db", "box.local/db:v2", "StatefulSet")
        assert any("statefulset/db: its new pods cannot be prepared" in note.text for note in good.plan.notes)

        bad = await home.run(update("api=v3", "db=v3-crash", version="v3"))

        await home.box.settled()
        assert bad.state == "undone", bad.verdict
        assert home.is_as_at_first("db", "box.local/db:v2", "StatefulSet")
        assert home.is_as_at_first("api", "box.local/api:v2")
        assert home.is_as_at_first("web", "box.local/web:v2")


async def test_the_history_of_each_tells_of_it(tmp_path: Path):
    async with house(tmp_path, API, WORKER, BARE) as home:
        record = await home.run(update("worker", "api"))

        for name in ALL:
            found = await home.engine.ask(ListOperations(app=name))
            assert [line.operation_id for line in found.operations] == [record.id]
        assert (await home.engine.ask(ListOperations(app="bare"))).operations == ()
        outcome = await home.engine.ask(GetOperation(operation_id=record.id))
        assert (outcome.app, outcome.others) == ("deployment/web", ("deployment/worker", "deployment/api"))


async def test_where_it_was_left_every_app_is_listed_with_it(tmp_path: Path):
    async with house(tmp_path, API, WORKER) as home:
        run = await begun(home, update("worker", "api"), "prove themselves")
        await run.interrupt()

        listed = (await home.engine.ask(ListApps())).apps

        assert {line.app: line.operations for line in listed} == {
            f"deployment/{name}": (f"{run.operation_id} interrupted",) for name in ALL
        }


async def test_only_the_app_that_failed_is_remembered_as_bad(tmp_path: Path):
    async with house(tmp_path, API, WORKER) as home:
        failed = await home.run(update("worker", "api=v2-crash"))
        assert failed.state == "undone"

        with pytest.raises(Refused, match="Deployment shop/api had this very pod template before"):
            await home.engine.propose(update("worker", "api=v2-crash"))

        assert (await home.run(update("worker"))).state == "done", "nothing was wrong with these two"


async def test_each_of_them_goes_back_to_what_that_operation_left_running(tmp_path: Path):
    async with house(tmp_path, API, WORKER) as home:
        done = await home.run(update("worker", "api"))
        await home.run(UpdateApp(app="worker", version="v3"))

        record = await home.run(RollbackApp(app="worker", to_version=done.id))

        assert (record.state, home.image("worker")) == ("done", "box.local/worker:v2"), record.verdict
