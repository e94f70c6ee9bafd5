"""Apps that OpenKruise Rollouts deliver: the Deployment is changed, the Rollout followed, approved and taken back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from dot_ai_lifecycle.core.errors import Forbidden, Refused
from dot_ai_lifecycle.core.set_for_a_time import NOTE
from dot_ai_lifecycle.engine.run import Progress, Run
from dot_ai_lifecycle.operations.inspect_app import InspectApp
from dot_ai_lifecycle.operations.restart_app import RestartApp
from dot_ai_lifecycle.operations.resume_operation import ResumeOperation
from dot_ai_lifecycle.operations.rollback_app import RollbackApp
from dot_ai_lifecycle.operations.scale_app import ScaleApp
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.requirements import claims
from tests.support.house import House, house, with_image
from tests.support.kruise import APP, Kruise, kruise
from tests.support.saying import say

V2 = UpdateApp(app="api", version="v2")


@asynccontextmanager
async def delivered(tmp_path: Path) -> AsyncIterator[tuple[House, Kruise]]:
    async with house(tmp_path, APP) as home, kruise(home.box) as controller:
        await asyncio.sleep(2)
        yield home, controller


async def paused(controller: Kruise, step: int, run: Run | None = None) -> None:
    """Wait until the rollout pauses at that step, and the run has seen it."""
    while (controller.state.get("currentStepIndex"), controller.state.get("currentStepState")) != (step, "StepPaused"):
        assert run is None or not run.ended, run.record.verdict
        await asyncio.sleep(0.5)
    await asyncio.sleep(1)


def as_at_first(home: House, controller: Kruise) -> bool:
    """Whether nothing of ours is left on the Rollout, and the Deployment is at rest."""
    found = controller.rollout
    left = NOTE in (found["metadata"].get("annotations") or {}) or "paused" in found["spec"]["strategy"]
    return not left and not home.deployment("api")["spec"].get("paused")


@claims("update.engines")
async def test_an_update_waits_at_the_rollouts_pauses_and_a_person_promotes_each(tmp_path: Path):
    async with delivered(tmp_path) as (home, controller):
        told: list[Progress] = []
        flow = home.box.traffic.start("api", "shop", rate=100)
        run = await home.start(V2.model_copy(update={"timeout": 60}), told)
        await paused(controller, 1, run)
        await asyncio.sleep(90)
        assert not run.ended, "a pause does not count for the time an update may take"
        await say(home, run, "promote")
        await paused(controller, 3, run)
        await say(home, run, "promote")
        record = await run.wait()

        assert record.state == "done", record.verdict
        assert record.verdict == "all 4 pods of v2 serve, and OpenKruise Rollouts calls it Healthy"
        texts = [one.text for one in told]
        assert "OpenKruise Rollouts at step 1 of 4 pauses until somebody promotes; 1 of 4 pods of v2 ready" in texts
        assert any("at step 2 of 4 pauses for 30 s" in text for text in texts)
        assert flow.failed == {}
        assert as_at_first(home, controller)


async def test_who_promotes_in_full_jumps_to_the_last_step(tmp_path: Path):
    async with delivered(tmp_path) as (home, controller):
        run = await home.start(V2)
        await paused(controller, 1, run)
        began = asyncio.get_running_loop().time()
        await say(home, run, "full")
        record = await run.wait()

        assert record.state == "done", record.verdict
        assert asyncio.get_running_loop().time() - began < 25, "the pauses between were skipped"


async def test_who_aborts_has_the_stable_template_back_which_ends_the_rollout(tmp_path: Path):
    async with delivered(tmp_path) as (home, controller):
        run = await home.start(V2)
        await paused(controller, 1, run)
        await say(home, run, "pause")
        await asyncio.sleep(3)
        assert controller.rollout["spec"]["strategy"]["paused"] is True
        await say(home, run, "abort")
        record = await run.wait()

        assert record.state == "undone", record.verdict
        assert [step.step for step in record.back] == ["patch", "steer", "await", "steer", "await"]
        assert home.image("api") == "box.local/api:v1"
        assert controller.phase == "Healthy"
        assert as_at_first(home, controller)


async def test_a_bad_version_is_called_by_its_pods_and_taken_back(tmp_path: Path):
    async with delivered(tmp_path) as (home, controller):
        home.box.behaviour.images["box.local/api:v2"] = {"CRASH": "cannot open database"}
        record = await home.run(V2)

        assert record.state == "undone", record.verdict
        assert record.cause is not None
        assert record.cause.code == "CRASH_LOOP"
        assert home.image("api") == "box.local/api:v1"
        assert as_at_first(home, controller)


async def test_a_finished_update_is_undone_by_the_template_and_its_steps(tmp_path: Path):
    async with delivered(tmp_path) as (home, controller):
        run = await home.start(V2)
        await paused(controller, 1, run)
        await say(home, run, "full")
        assert (await run.wait()).state == "done"

        back = await home.start(ResumeOperation(operation_id=run.operation_id, action="undo"))
        await paused(controller, 1, back)
        await say(home, back, "full")
        record = await back.wait()

        assert record.state == "done", record.verdict
        assert home.image("api") == "box.local/api:v1"
        assert as_at_first(home, controller)


async def test_another_update_under_way_is_not_mingled_with_but_going_back_ends_it(tmp_path: Path):
    async with delivered(tmp_path) as (home, controller):
        home.edit(with_image("box.local/api:v7"), "api")
        await paused(controller, 1)
        seen = await home.engine.ask(InspectApp(app="api"))
        with pytest.raises(Refused, match="Another update of Deployment shop/api is under way: OpenKruise Rollouts at"):
            await home.engine.propose(V2)
        with pytest.raises(Refused, match="Another update"):
            await home.engine.propose(ScaleApp(app="api", replicas=2))

        record = await home.run(RollbackApp(app="api"))

        assert (seen.health, seen.strategy.partition(":")[0]) == ("paused", "OpenKruise Rollouts, Rollout api, canary")
        assert record.state == "done", record.verdict
        assert home.image("api") == "box.local/api:v1"
        assert controller.phase == "Healthy"


async def test_a_restart_takes_the_steps_and_a_scale_is_the_deployments_own(tmp_path: Path):
    async with delivered(tmp_path) as (home, controller):
        run = await home.start(RestartApp(app="api"))
        await paused(controller, 1, run)
        await say(home, run, "full")
        restarted = await run.wait()
        scaled = await home.run(ScaleApp(app="api", replicas=2))

        assert (restarted.state, scaled.state) == ("done", "done"), f"{restarted.verdict} {scaled.verdict}"
        assert home.deployment("api")["status"]["replicas"] == 2


async def test_whoever_may_not_approve_may_not_begin(tmp_path: Path):
    async with delivered(tmp_path) as (home, _):
        home.box.faults.forbid("patch", "rollouts/status")

        with pytest.raises(Forbidden, match="You may not patch rollouts/status in namespace shop"):
            await home.engine.propose(V2)


async def test_what_a_dead_process_left_is_taken_back_by_another(tmp_path: Path):
    async with delivered(tmp_path) as (home, controller):
        run = await home.start(V2)
        await paused(controller, 1, run)
        await say(home, run, "pause")
        await asyncio.sleep(2)
        await run.interrupt()

        record = await home.run(ResumeOperation(operation_id=run.operation_id, action="undo"))

        assert record.state == "done", record.verdict
        assert home.image("api") == "box.local/api:v1"
        assert as_at_first(home, controller)
