"""Apps that Flagger delivers: the target is changed, its Canary is followed, and the copy that serves is the proof."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from dot_ai_lifecycle.core.errors import Forbidden, Refused
from dot_ai_lifecycle.core.set_for_a_time import NOTE
from dot_ai_lifecycle.engine.run import Progress, Run
from dot_ai_lifecycle.operations.check_app import CheckApp
from dot_ai_lifecycle.operations.inspect_app import InspectApp
from dot_ai_lifecycle.operations.list_apps import ListApps
from dot_ai_lifecycle.operations.promote_operation import PromoteOperation
from dot_ai_lifecycle.operations.restart_app import RestartApp
from dot_ai_lifecycle.operations.resume_operation import ResumeOperation
from dot_ai_lifecycle.operations.rollback_app import RollbackApp
from dot_ai_lifecycle.operations.scale_app import ScaleApp
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.requirements import claims
from tests.support.flagger import Flagger, app, flagger
from tests.support.house import House, house, with_image
from tests.support.saying import say

V2 = UpdateApp(app="api", version="v2")


@asynccontextmanager
async def delivered(tmp_path: Path, *gates: str) -> AsyncIterator[tuple[House, Flagger]]:
    async with house(tmp_path, app(*gates)) as home, flagger(home.box) as controller:
        yield home, controller


async def phase(controller: Flagger, wanted: str, run: Run | None = None) -> None:
    """Wait until Flagger is in that phase, and the run has seen it."""
    while controller.phase != wanted:
        assert run is None or not run.ended, run.record.verdict
        await asyncio.sleep(0.5)
    await asyncio.sleep(1)


def as_at_first(controller: Flagger) -> bool:
    """Whether nothing of ours is left on the Canary."""
    found = controller.canary
    return not {"suspend", "skipAnalysis"} & set(found["spec"]) and NOTE not in (
        found["metadata"].get("annotations") or {}
    )


@claims("update.engines")
async def test_an_update_changes_the_target_and_is_done_when_the_copy_serves_it(tmp_path: Path):
    async with delivered(tmp_path) as (home, controller):
        told: list[Progress] = []
        flow = home.box.traffic.start("api", "shop", rate=100)

        record = await home.run(V2, told)

        assert record.state == "done", record.verdict
        assert record.verdict == "3 pods of v2 serve as api-primary, and Flagger calls it Succeeded"
        assert [step.step for step in record.plan.steps] == ["patch", "await", "steer", "await"]
        assert (home.image("api"), controller.image) == ("box.local/api:v2", "box.local/api:v2")
        texts = [one.text for one in told]
        assert "Flagger has not looked at the change yet" in texts
        assert any("Flagger analyses it: 2 of 3 iterations; 3 of 3 pods of v2 ready" in text for text in texts), texts
        assert flow.failed == {}
        assert as_at_first(controller)


async def test_the_copy_is_never_changed_and_the_refusal_names_what_to_change(tmp_path: Path):
    async with delivered(tmp_path) as (home, _):
        for change in (
            UpdateApp(app="api-primary", version="v2"),
            RestartApp(app="api-primary"),
            ScaleApp(app="api-primary", replicas=5),
            ScaleApp(app="api-primary", memory="64Mi"),
        ):
            with pytest.raises(Refused, match="is the copy that Flagger keeps of Deployment api") as caught:
                await home.engine.propose(change)
            assert caught.value.hint == "Change deployment/api: Flagger (Canary api) brings it into the copy."


async def test_an_analysis_that_fails_is_a_failure_whose_template_is_taken_back(tmp_path: Path):
    async with delivered(tmp_path) as (home, controller):
        controller.failing = 5

        record = await home.run(V2)

        assert record.state == "undone", record.verdict
        assert record.cause is not None
        assert (record.cause.code, record.cause.evidence) == (
            "ENGINE_ABORTED",
            ("Canary analysis failed, Deployment scaled to zero.",),
        )
        assert (home.image("api"), controller.image) == ("box.local/api:v1", "box.local/api:v1")
        await asyncio.sleep(30)
        assert controller.phase == "Failed", "nothing was analysed for the way back"
        assert as_at_first(controller)


async def test_a_bad_version_is_called_by_its_pods_and_the_copy_serves_on(tmp_path: Path):
    async with delivered(tmp_path) as (home, controller):
        home.box.behaviour.images["box.local/api:v2"] = {"CRASH": "cannot open database"}
        flow = home.box.traffic.start("api", "shop", rate=100)

        record = await home.run(V2)

        assert record.state == "undone", record.verdict
        assert record.cause is not None
        assert record.cause.code == "CRASH_LOOP"
        assert [step.step for step in record.back] == ["patch", "steer", "await", "steer", "await"]
        assert (home.image("api"), controller.image) == ("box.local/api:v1", "box.local/api:v1")
        assert controller.target()["spec"]["replicas"] == 0
        assert as_at_first(controller)
        assert (flow.failed, flow.ok.keys()) == ({}, {"v1"})


async def test_who_aborts_has_the_old_template_back_and_the_analysis_ended_at_once(tmp_path: Path):
    async with delivered(tmp_path) as (home, controller):
        run = await home.start(V2)
        await phase(controller, "Progressing", run)
        await say(home, run, "abort")
        record = await run.wait()

        assert record.state == "undone", record.verdict
        assert controller.phase == "Succeeded"
        assert (home.image("api"), controller.image) == ("box.local/api:v1", "box.local/api:v1")
        assert as_at_first(controller)


async def test_who_promotes_in_full_has_the_analysis_skipped_and_the_switch_given_back(tmp_path: Path):
    async with delivered(tmp_path) as (home, controller):
        run = await home.start(V2)
        await phase(controller, "Progressing", run)
        await say(home, run, "full")
        await asyncio.sleep(1)
        assert controller.canary["spec"]["skipAnalysis"] is True
        again = await home.engine.propose(PromoteOperation(operation_id=run.operation_id, full=True))
        record = await run.wait()

        assert again.plan.summary.endswith("waits for nobody: nothing to do.")
        assert record.state == "done", record.verdict
        assert controller.image == "box.local/api:v2"
        assert as_at_first(controller)


async def test_an_update_can_be_held_and_let_go(tmp_path: Path):
    async with delivered(tmp_path) as (home, controller):
        run = await home.start(V2.model_copy(update={"timeout": 120}))
        await phase(controller, "Progressing", run)
        await say(home, run, "pause")
        await asyncio.sleep(900)
        assert not run.ended, "a hold does not count for the time an update may take"
        assert controller.canary["spec"]["suspend"] is True

        await say(home, run, "promote")
        record = await run.wait()

        assert record.state == "done", record.verdict
        assert as_at_first(controller)


async def test_a_closed_gate_is_named_and_passed_where_flagger_lets_it_be(tmp_path: Path):
    async with delivered(tmp_path, "confirm-rollout", "confirm-promotion") as (home, controller):
        run = await home.start(V2)
        await phase(controller, "Waiting", run)
        for word in ({}, {"full": True}):
            with pytest.raises(Refused, match="asks the gate confirm-rollout of Canary api") as caught:
                await home.engine.propose(PromoteOperation.model_validate({"operation_id": run.operation_id, **word}))
            assert "http://loadtester.test/gate/open" in caught.value.hint

        controller.opened.add("confirm-rollout")
        await phase(controller, "WaitingPromotion", run)
        with pytest.raises(Refused, match="asks the gate confirm-promotion") as caught:
            await home.engine.propose(PromoteOperation(operation_id=run.operation_id))
        assert "promote in full" in caught.value.hint
        await say(home, run, "full")
        record = await run.wait()

        assert record.state == "done", record.verdict
        assert as_at_first(controller)


async def test_a_gate_that_nobody_opens_in_time_has_the_update_taken_back(tmp_path: Path):
    async with delivered(tmp_path, "confirm-rollout") as (home, controller):
        record = await home.run(V2.model_copy(update={"approve_within": 300}))

        assert record.state == "undone", record.verdict
        assert record.cause is not None
        assert record.cause.code == "NOT_PROMOTED"
        assert (home.image("api"), controller.image) == ("box.local/api:v1", "box.local/api:v1")
        assert "info" in {note.level for note in record.plan.notes if "pauses until somebody promotes" in note.text}
        assert as_at_first(controller)


async def test_a_finished_update_is_undone_by_the_targets_template_and_analysed_again(tmp_path: Path):
    async with delivered(tmp_path) as (home, controller):
        run = await home.start(V2)
        await run.wait()

        record = await home.run(ResumeOperation(operation_id=run.operation_id, action="undo"))

        assert record.state == "done", record.verdict
        assert [step.step for step in record.plan.steps] == ["patch", "await"]
        assert (home.image("api"), controller.image) == ("box.local/api:v1", "box.local/api:v1")


async def test_a_rollback_after_an_update_goes_through_flagger_too(tmp_path: Path):
    async with delivered(tmp_path) as (home, controller):
        await home.run(V2)

        record = await home.run(RollbackApp(app="api"))

        assert record.state == "done", record.verdict
        assert (home.image("api"), controller.image) == ("box.local/api:v1", "box.local/api:v1")


async def test_another_update_under_way_is_not_mingled_with_but_going_back_ends_it(tmp_path: Path):
    async with delivered(tmp_path) as (home, controller):
        home.edit(with_image("box.local/api:v7"), "api")
        await phase(controller, "Progressing")
        with pytest.raises(Refused, match="Another update of Deployment shop/api is under way: Flagger is Progressing"):
            await home.engine.propose(V2)

        record = await home.run(RollbackApp(app="api"))

        assert record.state == "done", record.verdict
        assert (home.image("api"), controller.image) == ("box.local/api:v1", "box.local/api:v1")
        assert as_at_first(controller)


async def test_what_flagger_gave_up_is_said_and_tried_again_by_asking_for_it_again(tmp_path: Path):
    async with delivered(tmp_path) as (home, controller):
        controller.failing = 2
        home.edit(with_image("box.local/api:v2"), "api")
        await phase(controller, "Failed")
        seen = await home.engine.ask(InspectApp(app="api"))
        with pytest.raises(Refused, match="was aborted: its spec asks for a version that does not run"):
            await home.engine.propose(RestartApp(app="api"))

        record = await home.run(V2)

        assert seen.health == "degraded"
        assert seen.reason.startswith("Flagger gave the update up: its analysis failed. The version before it serves")
        assert record.state == "done", record.verdict
        assert controller.image == "box.local/api:v2"


async def test_an_app_of_flagger_is_listed_and_inspected_by_what_serves(tmp_path: Path):
    async with delivered(tmp_path) as (home, controller):
        listed = await home.engine.ask(ListApps())
        seen = await home.engine.ask(InspectApp(app="api"))
        copied = await home.engine.ask(InspectApp(app="api-primary"))

        rows = {row.app: (row.health, row.ready, row.wanted) for row in listed.apps}
        assert rows == {"deployment/api": ("healthy", 3, 3), "deployment/web": ("healthy", 4, 4)}
        assert (seen.health, seen.ready, seen.wanted) == ("healthy", 3, 3)
        assert seen.version.partition("@")[0] == "v1"
        assert seen.strategy == "Flagger, Canary api: 3 checks every 10s"
        assert {line.pod.rpartition("-")[0].rpartition("-")[0] for line in seen.pods} == {"api-primary"}
        assert [line.service for line in seen.services] == ["api"]
        assert (copied.health, copied.owner) == ("healthy", "operator Canary api")
        assert controller.phase == "Initialized"


async def test_a_restart_goes_through_flagger_and_a_number_of_pods_is_refused_with_the_way(tmp_path: Path):
    async with delivered(tmp_path) as (home, controller):
        restarted = await home.run(RestartApp(app="api"))
        sized = await home.run(ScaleApp(app="api", memory="64Mi"))
        with pytest.raises(Refused, match="Flagger decides how many pods of Deployment shop/api run") as caught:
            await home.engine.propose(ScaleApp(app="api", replicas=5))

        assert (restarted.state, sized.state) == ("done", "done"), f"{restarted.verdict} {sized.verdict}"
        assert "together with a change of its pod template" in caught.value.hint
        limits = controller.target("-primary")["spec"]["template"]["spec"]["containers"][0]["resources"]
        assert limits["requests"]["memory"] == "64Mi"


async def test_whoever_may_not_hold_flagger_may_not_begin(tmp_path: Path):
    async with delivered(tmp_path) as (home, _):
        home.box.faults.forbid("patch", "canaries")

        with pytest.raises(Forbidden, match="You may not patch canaries in namespace shop"):
            await home.engine.propose(V2)


async def test_a_canary_that_goes_meanwhile_leaves_the_app_to_whoever_took_it_away(tmp_path: Path):
    async with delivered(tmp_path) as (home, controller):
        run = await home.start(V2)
        await phase(controller, "Progressing", run)
        home.box.store.delete("Canary", "api", "shop")
        record = await run.wait()

        assert record.state == "stuck", record.verdict
        assert record.cause is not None
        assert record.cause.evidence == ("What delivered Deployment shop/api is gone.",)


async def test_what_a_dead_process_left_goes_on_or_back(tmp_path: Path):
    async with delivered(tmp_path) as (home, controller):
        run = await home.start(V2)
        await phase(controller, "Progressing", run)
        await say(home, run, "full")
        await run.interrupt()

        record = await home.run(ResumeOperation(operation_id=run.operation_id, action="undo"))

        assert record.state == "done", record.verdict
        assert (home.image("api"), controller.image) == ("box.local/api:v1", "box.local/api:v1")
        assert as_at_first(controller)


async def test_who_may_not_list_canaries_is_told_that_the_plan_does_not_know_of_any(tmp_path: Path):
    async with delivered(tmp_path) as (home, _):
        home.box.faults.forbid("list", "canaries")
        planned = await home.engine.propose(UpdateApp(app="web", version="v2"))

        texts = [note.text for note in planned.plan.notes]
        assert "You may not list canaries here: what they would say is not in this plan." in texts


async def test_a_copy_that_is_gone_when_somebody_goes_on_is_not_taken_to_serve(tmp_path: Path):
    async with delivered(tmp_path) as (home, controller):
        run = await home.start(V2)
        await phase(controller, "Progressing", run)
        await run.interrupt()
        home.box.store.delete("Deployment", "api-primary", "shop")

        record = await home.run(ResumeOperation(operation_id=run.operation_id, action="undo"))

        assert record.state == "stuck", record.verdict


async def test_what_is_to_be_expected_is_judged_by_the_copy_that_serves(tmp_path: Path):
    async with delivered(tmp_path) as (home, controller):
        drained = await home.engine.propose(V2)

        def undrained(deployment: dict[str, Any]) -> None:
            deployment["spec"]["template"]["spec"]["containers"][0].pop("lifecycle")

        home.edit(undrained, "api")
        while controller.phase != "Succeeded":  # noqa: ASYNC110 - virtual time
            await asyncio.sleep(5)
        bare = await home.engine.propose(V2)
        checked = await home.engine.ask(CheckApp(app="api", version="v2"))

        assert (drained.plan.facts["verdict"], bare.plan.facts["verdict"]) == ("safe", "degraded")
        assert (checked.verdict, checked.why) == ("degraded", "Flagger replaces its pods, by its own steps")
