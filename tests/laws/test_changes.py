"""The laws every change obeys, whatever it does and to which kind of workload."""

import copy
from pathlib import Path
from typing import Any

import pytest

from dot_ai_lifecycle.core.errors import LifecycleError
from dot_ai_lifecycle.core.operation import Change
from dot_ai_lifecycle.core.parts import called
from dot_ai_lifecycle.core.plan import Plan
from dot_ai_lifecycle.core.steps import Await, Patch, Unstick
from dot_ai_lifecycle.embedded.faults import Fault
from dot_ai_lifecycle.operations import ALL
from dot_ai_lifecycle.operations.resume_operation import ResumeOperation
from tests.laws.cases import CASES, KINDS, Case, every_change, interrupted
from tests.support.house import House

STRATEGY_FIELDS = (
    "strategy",
    "updateStrategy",
    "minReadySeconds",
    "progressDeadlineSeconds",
    "revisionHistoryLimit",
    "podManagementPolicy",
    "paused",
)


def strategy_of(spec: dict[str, Any]) -> dict[str, Any]:
    """The fields that say how pods are replaced."""
    return {field: copy.deepcopy(spec.get(field)) for field in STRATEGY_FIELDS}


def files_below(path: Path) -> set[str]:
    return {str(file.relative_to(path)) for file in path.rglob("*") if file.is_file()}


def test_every_change_is_tried():
    tried = {case.asked.__name__ for case in CASES}
    changes = {kind.__name__ for kind in ALL if issubclass(kind, Change)}

    changes.remove("PromoteOperation")  # a word to an operation, which changes no app
    known = {"UpdateApp", "RollbackApp", "ScaleApp", "RestartApp", "ConfigureApp", "ResumeOperation"}
    assert changes == known, "add cases for it"
    assert {"_update", "_rollback", "_scale_out", "_scale_up", "_restart", "_configure", "_undo", "_resume"} <= tried


@every_change
async def test_proposing_touches_nothing(case: Case, tmp_path: Path):
    async with case.house(tmp_path) as (home, change):
        revision, files = home.box.store.revision, files_below(tmp_path)

        proposal = await home.engine.propose(change)

        assert proposal.plan.steps
        assert home.box.store.revision == revision
        new = files_below(tmp_path) - files
        assert new == ({f"proposals/{proposal.plan.id}"} if proposal.needs == "person" else set())


@every_change
async def test_the_same_sight_gives_the_same_plan_to_everybody_and_it_survives_json(case: Case, tmp_path: Path):
    async with case.house(tmp_path) as (home, change):
        mine = (await home.engine.propose(change)).plan
        theirs = (await home.another_engine(actor="mcp:somebody").propose(type(change)(**change.model_dump()))).plan

        assert (mine.id, mine) == (theirs.id, theirs)
        again = Plan.model_validate_json(mine.model_dump_json())
        assert (again.id, again) == (mine.id, mine)


@every_change
async def test_done_is_done(case: Case, tmp_path: Path):
    async with case.house(tmp_path) as (home, change):
        assert (await home.run(change)).state == "done"

        again = (await home.engine.propose(change)).plan

        assert (again.steps == ()) is type(change).idempotent, "what a client is told must be so"
        assert again.steps or "nothing" in again.summary


def test_restarting_alone_may_do_again_what_was_done():
    repeating = [kind.__name__ for kind in ALL if issubclass(kind, Change) and not kind.idempotent]

    assert repeating == ["RestartApp"]


@every_change
async def test_undo_restores_the_spec_to_what_it_was(case: Case, tmp_path: Path):
    async with case.house(tmp_path) as (home, change):
        before = copy.deepcopy(case.workload(home)["spec"])
        if isinstance(change, ResumeOperation) and change.action == "resume":  # taken back is the whole, from its start
            before = home.first[case.kind, case.app]
        record = await home.run(change)

        undone = await home.run(ResumeOperation(operation_id=record.id, action="undo"))

        assert (record.state, undone.state) == ("done", "done")
        assert case.workload(home)["spec"] == before
        assert (await home.engine.world.story.record(record.id)).state == "undone"


@every_change
async def test_what_was_left_is_planned_and_nothing_else(case: Case, tmp_path: Path):
    async with case.house(tmp_path) as (home, change):
        whole = (await home.engine.propose(change)).plan.steps
        operation = await interrupted(home, change)

        rest = (await home.another_engine().propose(ResumeOperation(operation_id=operation))).plan.steps
        record = await home.run(ResumeOperation(operation_id=operation))

        assert [type(step) for step in rest] == [type(step) for step in whole][-len(rest) :]
        patches = [
            sum(isinstance(step, Patch) and step.ref.kind in KINDS.values() for step in steps)
            for steps in (rest, whole)
        ]
        assert patches[0] == max(0, patches[1] - 1), "one was made before it was stopped"
        assert record.state == "done"


@every_change
async def test_no_plan_ends_on_a_write_that_nobody_verified(case: Case, tmp_path: Path):
    async with case.house(tmp_path) as (home, change):
        plan = (await home.engine.propose(change)).plan

        for number, step in enumerate(plan.steps):
            if isinstance(step, Patch | Unstick):
                proofs = [later.ref for later in plan.steps[number + 1 :] if isinstance(later, Await)]
                apps = {called(app): app for app in (*plan.others, plan.app)}
                served = step.ref if step.ref.kind in KINDS.values() else apps.get(step.part, plan.app)
                assert served in proofs, f"nothing proves that {step.ref} serves after: {step.why}"


def refuse_writes(home: House) -> None:
    """The API server takes the dry run and then not the write."""
    home.box.faults.add(Fault(method="PATCH", path="/apis/apps/v1/(?!.*dryRun)", status=422, times=0))


def break_every_image(home: House) -> None:
    """No new pod will ever be ready, whatever version it runs."""
    for name in KINDS:
        for version in ("v1", "v2"):
            home.box.behaviour.images[f"box.local/{name}:{version}"] = {"NEVER_READY": "1"}


def cut_the_line(home: House) -> None:
    """The cluster is not heard of again after the first write to the app."""

    def cut(request: Any, _: Any) -> None:
        if request.method == "PATCH" and ("dryRun", "All") not in request.query:
            home.box.faults.add(Fault(drop="before", times=0))

    home.box.faults.after = cut


@pytest.mark.parametrize("trouble", [refuse_writes, break_every_image, cut_the_line], ids=lambda t: t.__name__)
@every_change
async def test_a_failing_step_leaves_no_trace_or_says_what_is_left(case: Case, trouble: Any, tmp_path: Path):
    async with case.house(tmp_path) as (home, change):
        before, strategy = copy.deepcopy(case.workload(home)["spec"]), strategy_of(home.first[case.kind, case.app])
        writes = any(isinstance(step, Patch) for step in (await home.engine.propose(change)).plan.steps)
        trouble(home)
        state = await outcome(home, change)
        home.box.faults.clear()

        if state in ("refused", "undone"):
            assert case.workload(home)["spec"] == before
        else:
            assert state in ("done", "stuck", "interrupted")
            assert state != "done" or trouble is break_every_image or not writes, "only where it did not strike"
        left = state == "interrupted" or (state == "stuck" and trouble is refuse_writes)  # nothing could be given back
        assert left or strategy_of(case.workload(home)["spec"]) == strategy


async def outcome(home: House, change: Change[Any]) -> str:
    """How it ends: the state of its record, or `refused` where it was not begun."""
    try:
        record = await home.run(change)
    except LifecycleError:
        return "refused"
    assert record.verdict
    assert record.state == "done" or record.cause or "Stopped" in record.verdict
    kept = await home.engine.world.story.record(record.id) if not home.box.faults.faults else record
    assert kept.state == record.state
    return str(record.state)


@every_change
async def test_the_strategy_is_the_apps_own_on_the_way_out(case: Case, tmp_path: Path):
    async with case.house(tmp_path) as (home, change):
        await home.run(change)

        assert strategy_of(case.workload(home)["spec"]) == strategy_of(home.first[case.kind, case.app])
