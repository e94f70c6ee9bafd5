"""An app of a Helm release goes back with its release, and Helm's own history tells it afterwards."""

import asyncio
import base64
import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dot_ai_lifecycle.core.errors import PlanChanged
from dot_ai_lifecycle.operations.resume_operation import ResumeOperation
from dot_ai_lifecycle.operations.rollback_app import RollbackApp
from tests.requirements import claims
from tests.support.house import House, house, with_image
from tests.support.releases import FIRST, SECOND, SECRET, THIRD, WORKER, Chart, Helm


@claims("update.rollback_release")
async def test_a_release_goes_back_to_the_revision_before_and_helm_knows_it(tmp_path: Path):
    async with house(tmp_path) as home:
        helm = Helm(home)
        await helm.upgrade(FIRST, SECOND, THIRD)
        flow = home.box.traffic.start("site", "shop", rate=50)

        record = await home.run(RollbackApp(app="site"))
        await home.box.settled()

        assert record.state == "done", record.verdict
        assert home.image("site") == "box.local/site:v2"
        assert home.box.store.get("ConfigMap", "site-settings", "shop")["data"] == {"colour": "green"}
        assert flow.failed == {}
        assert helm.statuses() == ["superseded", "superseded", "superseded", "deployed"]
        *_, second, third, newest = helm.history()
        assert newest["info"]["description"] == "Rollback to 2"
        assert (newest["manifest"], newest["config"], newest["chart"]) == (
            second["manifest"],
            second["config"],
            second["chart"],
        )
        assert third["info"]["description"] == "Upgrade complete"


async def test_what_the_earlier_revision_did_not_have_is_deleted(tmp_path: Path):
    async with house(tmp_path) as home:
        helm = Helm(home)
        await helm.upgrade(FIRST, SECOND, THIRD)

        record = await home.run(RollbackApp(app="site", to_version="#1"))

        assert record.state == "done", record.verdict
        assert home.image("site") == "box.local/site:v1"
        assert "site-settings" not in [one["metadata"]["name"] for one in home.box.store.list("ConfigMap", "shop")]


async def test_it_is_undone_as_if_it_had_never_been(tmp_path: Path):
    async with house(tmp_path) as home:
        helm = Helm(home)
        await helm.upgrade(FIRST, SECOND, THIRD)
        before = home.deployment("site")["spec"]
        record = await home.run(RollbackApp(app="site", to_version="#1"))

        undone = await home.run(ResumeOperation(operation_id=record.id, action="undo"))

        assert undone.state == "done", undone.verdict
        assert home.deployment("site")["spec"] == before
        assert home.box.store.get("ConfigMap", "site-settings", "shop")["data"] == {"colour": "red"}
        assert helm.statuses() == ["superseded", "superseded", "deployed"]


async def test_a_revision_that_cannot_serve_leaves_the_release_as_it_was(tmp_path: Path):
    async with house(tmp_path) as home:
        helm = Helm(home)
        await helm.upgrade(FIRST, SECOND, THIRD)
        home.box.behaviour.images["box.local/site:v1"] = {"CRASH": "it does not know the new schema"}

        record = await home.run(RollbackApp(app="site", to_version="#1"))

        assert record.state == "undone", record.verdict
        assert home.image("site") == "box.local/site:v3"
        assert home.box.store.get("ConfigMap", "site-settings", "shop")["data"] == {"colour": "red"}
        assert helm.statuses() == ["superseded", "superseded", "deployed"]


async def test_asked_again_nothing_is_to_do(tmp_path: Path):
    async with house(tmp_path) as home:
        helm = Helm(home)
        await helm.upgrade(FIRST, SECOND, THIRD)
        await home.run(RollbackApp(app="site"))

        again = await home.engine.propose(RollbackApp(app="site"))
        named = await home.engine.propose(RollbackApp(app="site", to_version="#2"))

        assert (again.plan.steps, named.plan.steps) == ((), ())
        assert "nothing to do" in again.plan.summary
        assert "nothing to do" in named.plan.summary


def _login(home: House) -> str:
    found = home.box.store.get("Secret", "site-login", "shop")["data"]["password"]
    return base64.b64decode(found).decode()


def _with(chart: Chart, more: str) -> Chart:
    return replace(chart, more=more)


async def test_a_secret_of_the_chart_goes_back_and_stands_in_no_plan_and_no_record(tmp_path: Path):
    async with house(tmp_path) as home:
        helm = Helm(home)
        await helm.upgrade(FIRST, _with(SECOND, SECRET % "old-and-good"), _with(THIRD, SECRET % "new-and-bad"))

        record = await home.run(RollbackApp(app="site"))

        assert record.state == "done", record.verdict
        assert _login(home) == "old-and-good"
        kept = json.dumps([read_record(one) for one in home.box.store.list("ConfigMap", "shop")])
        for text in ("old-and-good", "new-and-bad"):
            assert text not in kept
            assert base64.b64encode(text.encode()).decode() not in kept

        undone = await home.run(ResumeOperation(operation_id=record.id, action="undo"))
        assert (undone.state, _login(home)) == ("done", "new-and-bad")


def read_record(found: dict[str, Any]) -> str:
    """What a ConfigMap of ours holds, in plain words."""
    body = (found.get("binaryData") or {}).get("record")
    return gzip.decompress(base64.b64decode(body)).decode() if body else ""


async def test_a_secret_that_the_revision_did_not_have_goes_and_comes_back(tmp_path: Path):
    async with house(tmp_path) as home:
        helm = Helm(home)
        await helm.upgrade(FIRST, _with(THIRD, SECRET % "new-and-bad"))

        record = await home.run(RollbackApp(app="site"))
        names = [one["metadata"]["name"] for one in home.box.store.list("Secret", "shop")]
        undone = await home.run(ResumeOperation(operation_id=record.id, action="undo"))

        assert "site-login" not in names
        assert (undone.state, _login(home)) == ("done", "new-and-bad")
        assert home.box.store.get("Secret", "site-login", "shop")["metadata"]["labels"] == {
            "app.kubernetes.io/managed-by": "Helm"
        }


async def test_every_workload_of_the_release_goes_back_and_is_proven(tmp_path: Path):
    async with house(tmp_path) as home:
        helm = Helm(home)
        await helm.upgrade(_with(FIRST, WORKER % "v1"), _with(SECOND, WORKER % "v2"))

        record = await home.run(RollbackApp(app="site"))

        assert record.state == "done", record.verdict
        assert (home.image("site"), home.image("worker")) == ("box.local/site:v1", "box.local/worker:v1")
        undone = await home.run(ResumeOperation(operation_id=record.id, action="undo"))
        assert undone.state == "done", undone.verdict
        assert (home.image("site"), home.image("worker")) == ("box.local/site:v2", "box.local/worker:v2")
        assert helm.statuses() == ["superseded", "deployed"]


async def test_a_worker_that_fails_takes_the_whole_release_back(tmp_path: Path):
    async with house(tmp_path) as home:
        helm = Helm(home)
        await helm.upgrade(_with(FIRST, WORKER % "v1"), _with(SECOND, WORKER % "v2"))
        home.box.behaviour.images["box.local/worker:v1"] = {"CRASH": "no such queue"}

        record = await home.run(RollbackApp(app="site"))

        assert record.state == "undone", record.verdict
        assert (home.image("site"), home.image("worker")) == ("box.local/site:v2", "box.local/worker:v2")
        assert helm.statuses() == ["superseded", "deployed"]


async def test_a_worker_that_came_later_goes_and_one_that_went_comes_back(tmp_path: Path):
    async with house(tmp_path) as home:
        helm = Helm(home)
        await helm.upgrade(_with(FIRST, WORKER % "v1"), SECOND)

        back = await home.run(RollbackApp(app="site"))
        there = home.image("worker")
        forward = await home.run(RollbackApp(app="site", to_version="#2"))

        assert back.state == "done", back.verdict
        assert (forward.state, there) == ("done", "box.local/worker:v1"), forward.verdict
        assert "worker" not in [one["metadata"]["name"] for one in home.box.store.list("Deployment", "shop")]
        assert helm.statuses() == ["superseded", "superseded", "superseded", "deployed"]


async def test_what_others_added_stays_and_what_they_scaled_too(tmp_path: Path):
    async with house(tmp_path) as home:
        helm = Helm(home)
        await helm.upgrade(FIRST, SECOND)

        def adorn(found: dict[str, Any]) -> None:
            found["spec"]["replicas"] = 6
            found["metadata"]["labels"]["team"] = "blue"
            found["spec"]["template"]["spec"]["containers"].append({"name": "mesh", "image": "box.local/mesh:v1"})

        home.edit(adorn, "site")
        await home.box.settled()

        record = await home.run(RollbackApp(app="site"))

        found = home.deployment("site")
        assert record.state == "done", record.verdict
        assert (found["spec"]["replicas"], found["metadata"]["labels"]["team"]) == (6, "blue")
        images = [one["image"] for one in found["spec"]["template"]["spec"]["containers"]]
        assert images == ["box.local/site:v1", "box.local/mesh:v1"]


async def test_somebody_elses_change_on_the_way_leaves_the_revision_failed_as_helm_would(tmp_path: Path):
    async with house(tmp_path) as home:
        helm = Helm(home)
        await helm.upgrade(FIRST, SECOND)
        home.box.behaviour.images["box.local/site:v1"] = {"SLOW_START_S": "20"}
        begun = asyncio.Event()

        def note(request: Any, _: Any) -> None:
            if request.method == "PATCH" and "/apis/apps/" in request.path and ("dryRun", "All") not in request.query:
                begun.set()

        home.box.faults.after = note
        run = await home.start(RollbackApp(app="site"))
        await begun.wait()
        home.edit(with_image("box.local/site:v9"), "site")

        record = await run.wait()

        assert (record.state, record.cause.code if record.cause else "") == ("stuck", "FOREIGN_CHANGE")
        assert home.image("site") == "box.local/site:v9"
        assert helm.statuses() == ["superseded", "deployed", "failed"]


async def test_helm_that_upgrades_in_between_is_not_overwritten(tmp_path: Path):
    async with house(tmp_path) as home:
        helm = Helm(home)
        await helm.upgrade(FIRST, SECOND)
        change = RollbackApp(app="site")
        proposal = await home.engine.propose(change)
        await helm.upgrade(THIRD)

        with pytest.raises(PlanChanged):
            await home.engine.start(change, home.consent(proposal))

        assert helm.statuses() == ["superseded", "superseded", "deployed"]
