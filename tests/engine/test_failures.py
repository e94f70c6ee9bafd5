"""Bad versions of every kind: called early, named, and taken back while the old version serves."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from dot_ai_lifecycle.core.operation import Change
from dot_ai_lifecycle.engine.run import Progress
from dot_ai_lifecycle.operations.restart_app import RestartApp
from dot_ai_lifecycle.operations.resume_operation import ResumeOperation
from dot_ai_lifecycle.operations.rollback_app import RollbackApp
from dot_ai_lifecycle.operations.scale_app import ScaleApp
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.requirements import claims
from tests.support.house import House, house


def seconds_to_call(record: Any) -> float:
    """From the start of the operation to the failed step."""
    failed = next(h for h in record.happenings if h.what == "failed")
    return float((failed.at - record.started).total_seconds())


@claims("update.recovery", "troubleshooting.cause")
@pytest.mark.parametrize(
    ("env", "code", "words"),
    [
        pytest.param({"CRASH": "cannot open database"}, "CRASH", "cannot open database", id="a version that crashes"),
        pytest.param({"NEEDS": "DATABASE_URL"}, "CRASH", "DATABASE_URL is not set", id="one that misses a variable"),
    ],
)
async def test_a_crashing_version_is_called_with_its_last_words(
    tmp_path: Path, env: dict[str, str], code: str, words: str
):
    async with house(tmp_path) as home:
        home.box.behaviour.images["box.local/web:bad"] = env

        record = await home.run(UpdateApp(app="web", version="bad"))

        assert (record.state, home.image()) == ("undone", "box.local/web:v1")
        assert record.cause is not None
        assert code in record.cause.code
        assert any(words in line for line in record.cause.logs)
        assert seconds_to_call(record) < 15


async def test_a_version_that_never_gets_ready_is_called_and_taken_back(tmp_path: Path):
    async with house(tmp_path) as home:
        record = await home.run(UpdateApp(app="web", version="unready"))

        assert (record.state, home.image()) == ("undone", "box.local/web:v1")
        assert record.cause is not None
        assert "READY" in record.cause.code or "READINESS" in record.cause.code


async def test_what_may_still_pass_is_named_within_seconds_with_the_time_it_has(tmp_path: Path):
    async with house(tmp_path) as home:
        change, said = UpdateApp(app="web", version="unready"), list[tuple[datetime, Progress]]()
        proposal = await home.engine.propose(change)
        began = home.box.now()
        run = await home.engine.start(
            change, home.consent(proposal), lambda progress: said.append((home.box.now(), progress))
        )
        await run.wait()

        named = next((at, one.text) for at, one in said if "never succeeds" in one.text)
        assert (named[0] - began).total_seconds() < 15
        assert named[1].endswith("(GET /ready on port http) never succeeds; after 60 s of that it counts as failed")


async def test_hold_leaves_the_failed_version_for_a_person_to_look_at(tmp_path: Path):
    async with house(tmp_path) as home:
        record = await home.run(UpdateApp(app="web", version="missing", on_failure="hold"))

        assert (record.state, home.image()) == ("stuck", "box.local/web:missing")
        assert "as asked" in record.verdict


async def test_what_was_held_can_be_undone_later(tmp_path: Path):
    async with house(tmp_path) as home:
        held = await home.run(UpdateApp(app="web", version="missing", on_failure="hold"))

        undone = await home.run(ResumeOperation(operation_id=held.id, action="undo"))

        assert (undone.state, home.image()) == ("done", "box.local/web:v1")
        earlier = await home.engine.world.story.record(held.id)
        assert (earlier.state, earlier.closed_by) == ("undone", undone.id)


FEW_PODS = """
apiVersion: v1
kind: ResourceQuota
metadata: {name: few-pods, namespace: shop}
spec: {hard: {pods: "4"}}
"""


async def test_where_no_pod_more_fits_they_are_replaced_one_at_a_time_and_the_plan_says_so(tmp_path: Path):
    async with house(tmp_path) as home:
        home.box.apply(FEW_PODS)
        home.edit(lambda w: w["spec"]["strategy"]["rollingUpdate"].update(maxUnavailable=0))
        await home.box.settled()

        record = await home.run(UpdateApp(app="web", version="v2"))

        assert (record.state, home.image()) == ("done", "box.local/web:v2"), record.verdict
        assert record.plan.facts["verdict"] == "degraded"
        assert any("few-pods" in note.text for note in record.plan.notes if note.level == "warning")
        assert home.deployment()["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


@pytest.mark.parametrize(
    "change",
    [RestartApp(app="web"), ScaleApp(app="web", memory="96Mi"), RollbackApp(app="web")],
    ids=lambda c: c.command,
)
async def test_nor_does_any_other_change_ask_for_pods_that_do_not_fit(tmp_path: Path, change: Change[Any]):
    async with house(tmp_path) as home:
        await home.run(UpdateApp(app="web", version="v2"))
        home.box.apply(FEW_PODS)
        await home.box.settled()

        record = await home.run(change)

        assert record.state == "done", record.verdict
        assert any("few-pods" in note.text for note in record.plan.notes if note.level == "warning")
        assert home.deployment()["status"]["readyReplicas"] == 4


async def test_a_quota_that_comes_meanwhile_is_named_and_the_old_pods_stay(tmp_path: Path):
    async with house(tmp_path) as home:
        home.edit(lambda w: w["spec"]["strategy"]["rollingUpdate"].update(maxUnavailable=0))
        await home.box.settled()
        run = await home.start(UpdateApp(app="web", version="v2"))
        home.box.apply(FEW_PODS)

        record = await run.wait()

        assert (record.state, home.image()) == ("undone", "box.local/web:v1")
        assert record.cause is not None
        assert "QUOTA" in record.cause.code
        assert home.deployment()["status"]["readyReplicas"] == 4


@pytest.mark.parametrize("room", [1, 2])
async def test_a_quota_that_old_pods_still_use_is_waited_for_until_they_are_gone(tmp_path: Path, room: int):
    async with house(tmp_path) as home:
        home.box.apply(FEW_PODS.replace('"4"', f'"{4 + room}"'))
        await home.box.settled()

        record = await home.run(UpdateApp(app="web", version="v2", strategy="rolling"))

        assert record.state == "done", record.verdict
        assert home.is_as_at_first("web", "box.local/web:v2")


async def served_during(home: House, version: str) -> tuple[int, int]:
    """Requests that failed and that were answered while an update ran."""
    flow = home.box.traffic.start("web", "shop", rate=200)
    await home.run(UpdateApp(app="web", version=version))
    flow.stop()
    return sum(flow.failed.values()), sum(flow.ok.values())


@claims("update.zero_downtime")
async def test_the_old_version_serves_every_request_while_a_bad_one_is_tried(tmp_path: Path):
    async with house(tmp_path) as home:
        failed, answered = await served_during(home, "missing")

        assert failed == 0
        assert answered > 200
