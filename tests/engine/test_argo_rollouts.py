"""Apps that Argo Rollouts owns: started, promoted, paused, aborted and taken back through its own objects."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from dot_ai_lifecycle.core.errors import Forbidden, NotFound, Refused
from dot_ai_lifecycle.engine.run import Progress, Run
from dot_ai_lifecycle.operations.inspect_app import InspectApp
from dot_ai_lifecycle.operations.list_apps import ListApps
from dot_ai_lifecycle.operations.promote_operation import PromoteOperation
from dot_ai_lifecycle.operations.restart_app import RestartApp
from dot_ai_lifecycle.operations.resume_operation import ResumeOperation
from dot_ai_lifecycle.operations.rollback_app import RollbackApp
from dot_ai_lifecycle.operations.scale_app import ScaleApp
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.requirements import claims
from tests.support.house import House, house, with_image
from tests.support.rollouts import BLUE_GREEN, CANARY
from tests.support.saying import say

V2 = UpdateApp(app="api", version="v2")


def status(home: House, name: str = "api") -> dict[str, Any]:
    return dict(home.box.store.get("Rollout", name, "shop")["status"])


def serving(home: House) -> set[str]:
    """The pods of the app that nobody asked to end."""
    pods = home.box.store.list("Pod", "shop", labels="app=api")
    return {pod["metadata"]["name"] for pod in pods if "deletionTimestamp" not in pod["metadata"]}


async def paused(home: House, run: Run, name: str = "api") -> None:
    """Wait until Argo Rollouts pauses, and the run has seen it."""
    while status(home, name).get("phase") != "Paused":
        assert not run.ended, run.record.verdict
        await asyncio.sleep(0.5)
    await asyncio.sleep(1)


@claims("update.engines")
async def test_an_update_waits_at_the_engines_own_pauses_and_a_person_promotes_it(tmp_path: Path):
    async with house(tmp_path, CANARY) as home:
        told: list[Progress] = []
        run = await home.start(V2.model_copy(update={"timeout": 60}), told)
        assert run.record.plan.facts["verdict"] == "safe"
        await paused(home, run)
        await asyncio.sleep(900)
        assert not run.ended, "a pause does not count for the time an update may take"
        assert status(home)["updatedReplicas"] == 1

        flow = home.box.traffic.start("api", "shop", rate=200)
        await say(home, run, "promote")
        record = await run.wait()

        assert record.state == "done", record.verdict
        assert record.verdict == "4 pods of v2 serve, and Argo Rollouts calls it Healthy"
        texts = [one.text for one in told]
        assert "Argo Rollouts at step 2 of 4 pauses until somebody promotes; 1 of 4 pods of v2 ready" in texts
        assert any("at step 4 of 4 pauses for 30s" in text for text in texts)
        assert "cli:colleague said promote: Rollout shop/api was told to promote" in texts
        assert home.image("api", "Rollout") == "box.local/api:v2"
        assert flow.failed == {}


async def test_who_promotes_in_full_skips_every_step_that_is_left(tmp_path: Path):
    async with house(tmp_path, CANARY) as home:
        run = await home.start(V2)
        await paused(home, run)
        began = asyncio.get_running_loop().time()

        await say(home, run, "full")
        record = await run.wait()

        assert record.state == "done", record.verdict
        assert asyncio.get_running_loop().time() - began < 25, "the pause of 30 s was skipped, too"


async def test_who_aborts_has_the_engine_abort_and_then_its_spec_taken_back(tmp_path: Path):
    async with house(tmp_path, CANARY) as home:
        first = home.deployment("api", "Rollout")["spec"]
        flow = home.box.traffic.start("api", "shop", rate=200)
        run = await home.start(V2)
        await paused(home, run)

        await say(home, run, "abort")
        record = await run.wait()

        assert record.state == "undone", record.verdict
        assert [step.step for step in record.back] == ["steer", "patch", "await"]
        assert home.deployment("api", "Rollout")["spec"] == first
        assert status(home)["phase"] == "Healthy"
        assert "abort" not in status(home)
        assert flow.failed == {}


async def test_a_bad_version_is_called_by_its_pods_long_before_the_engines_deadline(tmp_path: Path):
    async with house(tmp_path, CANARY) as home:
        home.box.behaviour.images["box.local/api:v2"] = {"CRASH": "cannot open database"}
        began = asyncio.get_running_loop().time()

        record = await home.run(V2)

        assert record.state == "undone", record.verdict
        assert record.cause is not None
        assert record.cause.code == "CRASH_LOOP"
        assert asyncio.get_running_loop().time() - began < 90
        assert home.image("api", "Rollout") == "box.local/api:v1"
        assert status(home)["phase"] == "Healthy"


async def test_what_somebody_else_aborts_is_a_failure_that_is_taken_back(tmp_path: Path):
    async with house(tmp_path, CANARY) as home:
        run = await home.start(V2)
        await paused(home, run)

        def abort(rollout: dict[str, Any]) -> None:
            rollout["status"]["abort"] = True

        home.box.store.edit("Rollout", "api", "shop", abort, subresource="status")
        record = await run.wait()

        assert record.state == "undone", record.verdict
        assert record.cause is not None
        assert (record.cause.code, record.cause.text) == ("ENGINE_ABORTED", "Argo Rollouts aborted the update.")
        assert status(home)["phase"] == "Healthy"


async def test_what_nobody_promotes_in_time_is_taken_back(tmp_path: Path):
    async with house(tmp_path, CANARY) as home:
        record = await home.run(V2.model_copy(update={"approve_within": 300}))

        assert record.state == "undone", record.verdict
        assert record.cause is not None
        assert record.cause.code == "NOT_PROMOTED"
        assert record.cause.text.endswith("Nobody promoted it within 300 s.")


async def test_a_run_can_be_held_and_let_go(tmp_path: Path):
    async with house(tmp_path, CANARY) as home:
        run = await home.start(V2)
        await paused(home, run)
        await say(home, run, "pause")
        await asyncio.sleep(2)
        assert home.deployment("api", "Rollout")["spec"]["paused"] is True

        await say(home, run, "promote")
        await asyncio.sleep(2)
        assert home.deployment("api", "Rollout")["spec"]["paused"] is False
        await say(home, run, "pause")
        await asyncio.sleep(2)
        await say(home, run, "abort")
        record = await run.wait()

        assert record.state == "undone", record.verdict
        assert not home.deployment("api", "Rollout")["spec"].get("paused")


async def test_a_blue_green_waits_with_the_switch_and_loses_no_request(tmp_path: Path):
    async with house(tmp_path, BLUE_GREEN) as home:
        flow = home.box.traffic.start("cart", "shop", rate=200)
        run = await home.start(UpdateApp(app="cart", version="v2"))
        await paused(home, run, "cart")
        await asyncio.sleep(30)
        assert flow.ok.keys() == {"v1"}

        await say(home, run, "promote")
        record = await run.wait()

        assert record.state == "done", record.verdict
        assert record.verdict.startswith("4 pods of v2 serve")
        assert flow.failed == {}


async def test_a_finished_update_is_undone_by_its_spec_alone(tmp_path: Path):
    async with house(tmp_path, BLUE_GREEN) as home:
        run = await home.start(UpdateApp(app="cart", version="v2"))
        await paused(home, run, "cart")
        await say(home, run, "promote")
        await run.wait()

        record = await home.run(ResumeOperation(operation_id=run.operation_id, action="undo"))

        assert record.state == "done", record.verdict
        assert home.image("cart", "Rollout") == "box.local/cart:v1"
        assert status(home, "cart")["phase"] == "Healthy"


async def test_another_update_under_way_is_not_mingled_with(tmp_path: Path):
    async with house(tmp_path, CANARY) as home:
        home.edit(with_image("box.local/api:v7"), "api", "Rollout")
        await asyncio.sleep(20)

        with pytest.raises(Refused, match="Another update of Rollout shop/api is under way") as caught:
            await home.engine.propose(V2)

        assert "kubectl argo rollouts promote api -n shop" in caught.value.hint


async def test_going_back_to_the_stable_version_is_never_refused(tmp_path: Path):
    async with house(tmp_path, CANARY) as home:
        home.edit(with_image("box.local/api:v7"), "api", "Rollout")
        await asyncio.sleep(20)

        record = await home.run(RollbackApp(app="api"))

        assert record.state == "done", record.verdict
        assert home.image("api", "Rollout") == "box.local/api:v1"
        assert status(home)["phase"] == "Healthy"


async def test_an_aborted_update_is_tried_again_by_asking_for_it_again(tmp_path: Path):
    async with house(tmp_path, CANARY) as home:
        home.edit(with_image("box.local/api:v2"), "api", "Rollout")
        await asyncio.sleep(20)

        def abort(rollout: dict[str, Any]) -> None:
            rollout["status"]["abort"] = True

        home.box.store.edit("Rollout", "api", "shop", abort, subresource="status")
        await asyncio.sleep(20)
        run = await home.start(V2)
        await paused(home, run)
        await say(home, run, "full")
        record = await run.wait()

        assert [step.step for step in record.plan.steps] == ["steer", "await"]
        assert record.state == "done", record.verdict
        assert home.image("api", "Rollout") == "box.local/api:v2"


async def test_words_that_change_nothing_are_not_said(tmp_path: Path):
    async with house(tmp_path, CANARY) as home:
        run = await home.start(V2)
        await paused(home, run)
        await say(home, run, "full")
        await asyncio.sleep(1)
        again = await home.engine.propose(PromoteOperation(operation_id=run.operation_id, full=True))
        await run.wait()

        assert again.plan.summary == f"Operation {run.operation_id} waits for nobody: nothing to do."


async def test_an_app_of_the_engine_is_listed_inspected_restarted_and_scaled_like_any_other(tmp_path: Path):
    async with house(tmp_path, CANARY) as home:
        listed = await home.engine.ask(ListApps())
        seen = await home.engine.ask(InspectApp(app="rollout/api"))
        before = serving(home)
        restarted = await home.run(RestartApp(app="api"))
        after = serving(home)
        scaled = await home.run(ScaleApp(app="api", replicas=2))

        assert [row.app for row in listed.apps] == ["rollout/api", "deployment/web"]
        assert (seen.health, seen.version.partition("@")[0]) == ("healthy", "v1")
        assert seen.strategy.startswith("Argo Rollouts, canary: 25 %")
        assert (restarted.state, scaled.state) == ("done", "done"), f"{restarted.verdict} {scaled.verdict}"
        assert not before & after
        assert status(home)["replicas"] == 2


async def test_what_a_dead_process_left_is_aborted_and_undone_by_another(tmp_path: Path):
    async with house(tmp_path, CANARY) as home:
        run = await home.start(V2)
        await paused(home, run)
        await run.interrupt()

        record = await home.run(ResumeOperation(operation_id=run.operation_id, action="undo"))

        assert record.state == "done", record.verdict
        assert [step.step for step in record.plan.steps] == ["steer", "patch", "await"]
        assert home.image("api", "Rollout") == "box.local/api:v1"
        assert status(home)["phase"] == "Healthy"


async def test_what_a_dead_process_left_goes_on_and_can_be_promoted(tmp_path: Path):
    async with house(tmp_path, CANARY) as home:
        run = await home.start(V2)
        await paused(home, run)
        await run.interrupt()
        resumed = await home.start(ResumeOperation(operation_id=run.operation_id))
        await asyncio.sleep(2)
        await say(home, resumed, "full")

        record = await resumed.wait()

        assert record.state == "done", record.verdict
        assert home.image("api", "Rollout") == "box.local/api:v2"


async def test_a_failed_version_is_known_and_back_does_not_lead_to_it(tmp_path: Path):
    async with house(tmp_path, BLUE_GREEN) as home:
        home.box.behaviour.images["box.local/cart:v2"] = {"CRASH": "cannot open database"}
        assert (await home.run(UpdateApp(app="cart", version="v2"))).state == "undone"

        with pytest.raises(Refused, match="had this very pod template before, and it failed"):
            await home.engine.propose(UpdateApp(app="cart", version="v2"))
        with pytest.raises(NotFound, match="no earlier revision that did not fail"):
            await home.engine.propose(RollbackApp(app="cart"))


async def test_whoever_may_not_abort_may_not_begin(tmp_path: Path):
    async with house(tmp_path, CANARY) as home:
        home.box.faults.forbid("patch", "rollouts/status")

        with pytest.raises(Forbidden, match="You may not patch rollouts/status in namespace shop"):
            await home.engine.propose(V2)


async def test_what_only_an_engine_understands_is_refused_elsewhere(tmp_path: Path):
    async with house(tmp_path, CANARY) as home:
        run = await home.start(UpdateApp(app="web", version="v2-slow"))
        await asyncio.sleep(1)
        with pytest.raises(Refused, match="only an engine understands full"):
            await home.engine.propose(PromoteOperation(operation_id=run.operation_id, full=True))
        with pytest.raises(Refused, match="cannot be held now, only while new pods are watched"):
            await home.engine.propose(PromoteOperation(operation_id=run.operation_id, action="pause"))
        with pytest.raises(ValueError, match="full goes with promote only"):
            PromoteOperation(operation_id=run.operation_id, action="abort", full=True)
        await run.interrupt()
