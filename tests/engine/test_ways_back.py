"""Ways back that go wrong themselves: what is said of the operation, and what of the one it was to take back."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from dot_ai_lifecycle.embedded.faults import Fault
from dot_ai_lifecycle.engine.run import Progress, Run
from dot_ai_lifecycle.operations.resume_operation import ResumeOperation
from dot_ai_lifecycle.operations.rollback_app import RollbackApp
from dot_ai_lifecycle.operations.scale_app import ScaleApp
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.support.house import BARE, DATABASE, House, house

V2 = UpdateApp(app="web", version="v2")
REAL_WRITE = "deployments/web(?!.*dryRun)"


def at_the_write(home: House, act: Any, *, nth: int = 1) -> None:
    """Do something in the cluster right before the nth write to a workload arrives."""
    writes = []

    def strike(request: Any) -> None:
        if request.method == "PATCH" and "/apps/" in request.path and ("dryRun", "All") not in request.query:
            writes.append(request)
            if len(writes) == nth:
                home.box.faults.before = None
                act()

    home.box.faults.before = strike


async def test_what_an_undo_could_not_take_back_still_stands(tmp_path: Path):
    async with house(tmp_path) as home:
        done = await home.run(V2)
        home.box.behaviour.images["box.local/web:v1"] = {"CRASH": "the old one is broken now"}
        undo = await home.run(ResumeOperation(operation_id=done.id, action="undo"))
        stands = await home.engine.world.story.record(done.id)

        assert (undo.state, home.image()) == ("undone", "box.local/web:v2"), undo.verdict
        assert (stands.state, stands.closed_by) == ("done", "")
        assert (await home.engine.propose(ResumeOperation(operation_id=done.id, action="undo"))).plan.steps


async def test_what_was_taken_back_is_closed_by_the_undo(tmp_path: Path):
    async with house(tmp_path) as home:
        done = await home.run(V2)
        undo = await home.run(ResumeOperation(operation_id=done.id, action="undo"))
        closed = await home.engine.world.story.record(done.id)

        assert (closed.state, closed.closed_by) == ("undone", undo.id)


async def test_a_way_back_without_annotations_to_put_its_own_into_finds_room_for_them(tmp_path: Path):
    """The API server drops an empty map: what goes back after the last annotation went has no parent there."""
    async with house(tmp_path, DATABASE) as home:
        home.edit(lambda db: db["metadata"].pop("annotations", None), "db", "StatefulSet")
        done = await home.run(UpdateApp(app="db", version="v2"))
        home.box.behaviour.images["box.local/db:v1"] = {"CRASH": "the old one is broken now"}
        undo = await home.run(ResumeOperation(operation_id=done.id, action="undo"))

        assert (undo.state, home.image("db", "StatefulSet")) == ("undone", "box.local/db:v2"), undo.verdict


async def test_an_undo_of_a_scaling_is_as_risky_as_what_it_does(tmp_path: Path):
    async with house(tmp_path) as home:
        down = await home.run(ScaleApp(app="web", replicas=0))
        back_up = await home.engine.propose(ResumeOperation(operation_id=down.id, action="undo"))
        up = await home.run(ScaleApp(app="web", replicas=3))
        back_down = await home.engine.propose(ResumeOperation(operation_id=up.id, action="undo"))

        assert (back_up.plan.risk.level, back_up.needs) == ("medium", "plan_id")
        assert (back_down.plan.risk.reasons, back_down.needs) == (("scaling to 0 stops the app",), "person")


async def test_a_version_that_could_not_be_scaled_is_no_bad_version(tmp_path: Path):
    quota = """
apiVersion: v1
kind: ResourceQuota
metadata: {name: tight, namespace: shop}
spec: {hard: {pods: "5"}}
"""
    async with house(tmp_path) as home:
        home.box.apply(quota)
        await home.box.settled()
        scaled = await home.run(ScaleApp(app="web", replicas=9))
        home.box.store.delete("ResourceQuota", "tight", "shop")
        await home.run(V2)
        proposal = await home.engine.propose(RollbackApp(app="web"))

        assert scaled.state == "undone", scaled.verdict
        assert proposal.plan.after.startswith("box.local/web:v1 ")


@pytest.mark.parametrize("nth", [1, 2], ids=["going forward", "going back"])
async def test_a_write_the_cluster_refuses_ends_with_its_reason(tmp_path: Path, nth: int):
    async with house(tmp_path) as home:
        said = 'admission webhook "images.acme.example" denied the request: no'
        home.box.faults.add(Fault(method="PATCH", path=REAL_WRITE, status=403, message=said, nth=nth))
        record = await home.run(UpdateApp(app="web", version="v2" if nth == 1 else "missing"))

        assert record.state == ("undone" if nth == 1 else "stuck"), record.verdict
        assert "images.acme.example" in record.verdict


async def test_a_second_field_that_somebody_changed_is_named_as_theirs(tmp_path: Path):
    def annotated(web: dict[str, Any]) -> None:
        web["metadata"]["annotations"]["kubernetes.io/change-cause"] = "mine"

    async with house(tmp_path) as home:
        await home.run(UpdateApp(app="web", version="v3"))
        at_the_write(home, lambda: home.edit(annotated))
        record = await home.run(V2)

        assert record.cause is not None, record.verdict
        assert (record.state, record.cause.code) == ("undone", "FOREIGN_CHANGE")
        assert home.deployment()["metadata"]["annotations"]["kubernetes.io/change-cause"] == "mine"


async def test_what_appears_where_nothing_was_is_not_overwritten(tmp_path: Path):
    def annotated(db: dict[str, Any]) -> None:
        db["metadata"]["annotations"] = {"team": "data"}

    async with house(tmp_path, DATABASE) as home:
        home.edit(lambda db: db["metadata"].pop("annotations", None), "db", "StatefulSet")
        at_the_write(home, lambda: home.edit(annotated, "db", "StatefulSet"))
        record = await home.run(UpdateApp(app="db", version="v2"))

        assert record.cause is not None, record.verdict
        assert (record.state, record.cause.code) == ("undone", "FOREIGN_CHANGE")
        assert home.deployment("db", "StatefulSet")["metadata"]["annotations"] == {"team": "data"}


async def test_an_app_deleted_right_after_the_write_is_said_to_be_gone(tmp_path: Path):
    async with house(tmp_path) as home:

        def strike(request: Any, _: Any) -> None:
            if request.method == "PATCH" and "/apps/" in request.path and ("dryRun", "All") not in request.query:
                home.box.faults.after = None
                home.box.store.delete("Deployment", "web", "shop")

        home.box.faults.after = strike
        record = await home.run(V2)

        assert record.cause is not None, record.verdict
        assert (record.state, record.cause.code) == ("stuck", "GONE")


async def test_who_may_begin_a_record_but_not_go_on_with_it_keeps_it_here(tmp_path: Path):
    async with house(tmp_path) as home:
        home.box.faults.forbid("update", "configmaps")
        record = await home.run(V2)

        assert (record.state, record.shared, home.image()) == ("done", False, "box.local/web:v2"), record.verdict
        assert (await home.engine.world.story.record(record.id)).state == "done"


async def test_pods_below_the_partition_are_not_freed_of_their_version(tmp_path: Path):
    partition = {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
    async with house(tmp_path, DATABASE) as home:
        home.edit(lambda db: db["spec"].update(updateStrategy=partition), "db", "StatefulSet")
        record = await home.run(UpdateApp(app="db", version="v2"))
        proposal = await home.engine.propose(UpdateApp(app="db", version="v3"))

        assert record.state == "done"
        assert record.verdict == "1 of 3 pods serves v2, the 2 below the partition keep their version"
        assert any("partition" in note.text for note in proposal.plan.notes)


async def interrupted_on_its_way_back(home: House) -> str:
    """An update to a version that fails, left while it is being taken back; the operation's id."""
    written, gone_back = 0, asyncio.Event()

    def count(request: Any, _: Any) -> None:
        nonlocal written
        written += request.method == "PATCH" and "/apps/" in request.path and ("dryRun", "All") not in request.query
        if written == 2:
            gone_back.set()

    home.box.faults.after = count
    run = await home.start(UpdateApp(app="web", version="missing"))
    await gone_back.wait()
    await run.interrupt()
    home.box.faults.after = None
    assert run.record.state == "interrupted"
    return run.operation_id


async def test_a_way_back_that_is_resumed_ends_as_undone(tmp_path: Path):
    async with house(tmp_path) as home:
        operation = await interrupted_on_its_way_back(home)
        resumed = await home.run(ResumeOperation(operation_id=operation))
        closed = await home.engine.world.story.record(operation)

        assert (resumed.state, resumed.plan.relation, home.image()) == ("done", "undo", "box.local/web:v1")
        assert (closed.state, closed.closed_by) == ("undone", resumed.id)


async def test_a_version_that_failed_is_not_put_back_where_its_undo_fails(tmp_path: Path):
    async with house(tmp_path) as home:
        home.box.behaviour.missing.add("box.local/web:bad")
        held = await home.run(UpdateApp(app="web", version="bad", on_failure="hold"))
        home.edit(lambda web: web["spec"].update(replicas=8))
        home.box.behaviour.images["box.local/web:v1"] = {"CRASH": "the old one is broken now"}
        undo = await home.run(ResumeOperation(operation_id=held.id, action="undo"))

        assert (undo.state, home.image()) == ("stuck", "box.local/web:v1"), undo.verdict


@pytest.mark.parametrize("number", range(6))
@pytest.mark.parametrize("strategy", ["blue-green", "canary", "rolling"])
async def test_who_changes_the_template_while_a_bad_version_is_taken_back_finds_all_else_given_back(
    tmp_path: Path, strategy: str, number: int
):
    async with house(tmp_path, BARE) as home:
        seen: list[str] = []
        runs: list[Run] = []

        def theirs(found: dict[str, Any]) -> None:
            found["spec"]["template"]["spec"]["containers"][0]["image"] = "box.local/bare:theirs"

        def tell(progress: Progress) -> None:
            if runs and runs[0].record.back and not progress.total and progress.text not in seen:
                seen.append(progress.text)
                if len(seen) == number + 1:
                    home.edit(theirs, "bare")

        change = UpdateApp(app="bare", version="v2-crash", strategy=strategy)
        proposal = await home.engine.propose(change)
        runs.append(await home.engine.start(change, home.consent(proposal), tell))
        record = await runs[0].wait()

        await home.box.settled()
        if len(seen) <= number:
            home.edit(theirs, "bare")
            await home.box.settled()
        assert record.state in ("stuck", "undone"), record.verdict
        assert home.is_as_at_first("bare", "box.local/bare:theirs"), record.verdict
