"""Rollbacks from the user's side: the exact template of a named past, or a plain word why not."""

from pathlib import Path
from typing import Any

import pytest

from dot_ai_lifecycle.core.errors import Ambiguous, NotFound
from dot_ai_lifecycle.operations.resume_operation import ResumeOperation
from dot_ai_lifecycle.operations.rollback_app import RollbackApp
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.requirements import claims
from tests.support.house import AGENT, DATABASE, house


@claims("update.rollback_previous")
async def test_back_to_the_version_before(tmp_path: Path):
    async with house(tmp_path) as home:
        await home.run(UpdateApp(app="web", version="v2"))

        record = await home.run(RollbackApp(app="web"))

        assert (record.state, home.image()) == ("done", "box.local/web:v1")
        assert "box.local/web:v1 (#1)" in record.plan.after


async def test_a_version_that_failed_is_passed_over_by_previous(tmp_path: Path):
    async with house(tmp_path) as home:
        await home.run(UpdateApp(app="web", version="v2"))
        await home.run(UpdateApp(app="web", version="missing"))

        proposal = await home.engine.propose(RollbackApp(app="web"))

        assert proposal.plan.after.startswith("box.local/web:v1 ")
        assert "did not fail" in proposal.plan.summary


@claims("update.rollback_to_version")
@pytest.mark.parametrize("wanted", ["v1", "1", "box.local/web:v1", "#1"])
async def test_a_past_version_is_found_by_what_people_call_it(tmp_path: Path, wanted: str):
    async with house(tmp_path) as home:
        await home.run(UpdateApp(app="web", version="v2"))
        await home.run(UpdateApp(app="web", version="v3"))

        record = await home.run(RollbackApp(app="web", to_version=wanted))

        assert (record.state, home.image()) == ("done", "box.local/web:v1"), record.verdict


async def test_back_to_what_an_operation_left_running(tmp_path: Path):
    async with house(tmp_path) as home:
        good = await home.run(UpdateApp(app="web", version="v2"))
        await home.run(UpdateApp(app="web", version="v3"))

        record = await home.run(RollbackApp(app="web", to_version=good.id))

        assert (record.state, home.image()) == ("done", "box.local/web:v2")


@claims("update.rollback_previous")
async def test_everything_a_later_revision_added_is_gone_after_the_rollback(tmp_path: Path):
    def with_sidecar(workload: dict[str, Any]) -> None:
        spec = workload["spec"]["template"]["spec"]
        spec["containers"][0]["env"] = [{"name": "MODE", "value": "new && <improved>"}]
        spec["containers"].append({"name": "sidecar", "image": "box.local/sidecar:v1"})

    async with house(tmp_path) as home:
        before = home.deployment()["spec"]["template"]
        home.edit(with_sidecar)
        await home.box.settled()

        await home.run(RollbackApp(app="web"))

        assert home.deployment()["spec"]["template"] == before


async def test_a_rollback_can_be_undone(tmp_path: Path):
    async with house(tmp_path) as home:
        await home.run(UpdateApp(app="web", version="v2"))
        back = await home.run(RollbackApp(app="web"))

        undone = await home.run(ResumeOperation(operation_id=back.id, action="undo"))

        assert (undone.state, home.image()) == ("done", "box.local/web:v2")


async def test_a_version_nobody_retained_is_said_to_be_gone_with_what_there_is(tmp_path: Path):
    async with house(tmp_path) as home:
        with pytest.raises(NotFound, match=r"no retained revision of 'v0.9'.*#1 box.local/web:v1"):
            await home.engine.propose(RollbackApp(app="web", to_version="v0.9"))


async def test_a_version_nobody_retained_is_deployed_in_todays_template_where_that_is_asked_for(tmp_path: Path):
    def with_env(workload: dict[str, Any]) -> None:
        workload["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "MODE", "value": "today"}]

    async with house(tmp_path) as home:
        home.edit(with_env)
        await home.box.settled()

        record = await home.run(RollbackApp(app="web", to_version="v0.9", roll_forward=True))
        again = await home.engine.propose(RollbackApp(app="web", to_version="v0.9", roll_forward=True))

        assert (record.state, home.image()) == ("done", "box.local/web:v0.9")
        assert home.deployment()["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"] == "today"
        assert "configuration of today, code of v0.9" in record.plan.summary
        assert again.plan.steps == ()


async def test_a_rollback_can_be_rolled_back(tmp_path: Path):
    async with house(tmp_path) as home:
        first = home.deployment()["spec"]["template"]
        await home.run(UpdateApp(app="web", version="v2"))
        second = home.deployment()["spec"]["template"]
        await home.run(RollbackApp(app="web", to_version="v1"))

        forth = await home.run(RollbackApp(app="web", to_version="v2"))
        assert (forth.state, home.deployment()["spec"]["template"]) == ("done", second)

        back = await home.run(RollbackApp(app="web"))
        assert (back.state, home.deployment()["spec"]["template"]) == ("done", first)


async def test_one_tag_with_two_templates_is_not_guessed(tmp_path: Path):
    def with_env(workload: dict[str, Any]) -> None:
        workload["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "MODE", "value": "other"}]

    async with house(tmp_path) as home:
        home.edit(with_env)
        await home.box.settled()
        await home.run(UpdateApp(app="web", version="v2"))

        with pytest.raises(Ambiguous, match="#1, #2"):
            await home.engine.propose(RollbackApp(app="web", to_version="v1"))


async def test_the_running_version_needs_no_rollback(tmp_path: Path):
    async with house(tmp_path) as home:
        proposal = await home.engine.propose(RollbackApp(app="web", to_version="v1"))

        assert proposal.plan.steps == ()
        assert "nothing to do" in proposal.plan.summary


async def test_a_bad_update_of_an_ordered_set_is_taken_back_although_its_controller_is_stuck(tmp_path: Path):
    async with house(tmp_path, DATABASE) as home:
        record = await home.run(UpdateApp(app="db", version="missing"))

        assert (record.state, home.image("db", "StatefulSet")) == ("undone", "box.local/db:v1")
        assert home.deployment("db", "StatefulSet")["status"]["readyReplicas"] == 3


async def test_an_ordered_set_that_somebody_left_broken_is_freed_by_a_rollback(tmp_path: Path):
    def broken(workload: dict[str, Any]) -> None:
        workload["spec"]["template"]["spec"]["containers"][0]["image"] = "box.local/db:missing"

    async with house(tmp_path, DATABASE) as home:
        home.edit(broken, "db", "StatefulSet")
        await home.box.settled()

        record = await home.run(RollbackApp(app="db"))

        assert (record.state, home.image("db", "StatefulSet")) == ("done", "box.local/db:v1")
        assert home.deployment("db", "StatefulSet")["status"]["readyReplicas"] == 3


async def test_a_daemon_set_goes_forward_and_back(tmp_path: Path):
    async with house(tmp_path, AGENT) as home:
        forward = await home.run(UpdateApp(app="agent", version="v2"))
        back = await home.run(RollbackApp(app="agent"))

        assert (forward.state, back.state) == ("done", "done")
        assert home.image("agent", "DaemonSet") == "box.local/agent:v1"
