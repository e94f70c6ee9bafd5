"""Law: a Helm release that goes back is never left between two revisions by a process that dies, nor is its history."""

import base64
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from dot_ai_lifecycle.core.record import UNFINISHED
from dot_ai_lifecycle.operations.resume_operation import ResumeOperation
from dot_ai_lifecycle.operations.rollback_app import RollbackApp
from tests.laws.test_crashes import killed_after, recorded
from tests.requirements import claims
from tests.support.house import house
from tests.support.releases import FIRST, SECOND, SECRET, THIRD, WORKER, Helm

pytestmark = pytest.mark.every_write


ROLLED = [(FIRST.drain, writes) for writes in range(2, 30)]
SWITCHED = [("", writes) for writes in range(2, 44, 2)]


def _has_settings(helm: Helm) -> bool:
    found = helm.home.box.store.list("ConfigMap", "shop")
    return "site-settings" in [one["metadata"]["name"] for one in found]


@claims("update.resume")
@pytest.mark.parametrize("mute", [False, True], ids=["before the write", "after it, unanswered"])
@pytest.mark.parametrize("action", ["resume", "undo"])
@pytest.mark.parametrize(("drain", "writes"), [*ROLLED, *SWITCHED])
async def test_objects_and_history_go_along_or_stay(
    tmp_path: Path, drain: str, writes: int, action: Literal["resume", "undo"], mute: bool
):
    async with house(tmp_path) as home:
        helm = Helm(home)
        await helm.upgrade(*(replace(chart, drain=drain) for chart in (FIRST, SECOND, THIRD)))
        flow = home.box.traffic.start("site", "shop", rate=50)

        await killed_after(home, writes, RollbackApp(app="site", to_version="#1"), mute=mute)
        left = await recorded(home, "site")
        if left is not None:
            await home.run_if_any(ResumeOperation(operation_id=left.id, action=action))
            assert (await home.engine.world.story.record(left.id)).state not in UNFINISHED

        await home.box.settled()
        went = left is not None and (action == "resume")
        tail = ["superseded", "deployed"] if went else ["deployed"]
        assert helm.statuses() == ["superseded", "superseded", *tail]
        assert home.image("site") == f"box.local/site:{'v1' if went else 'v3'}"
        assert _has_settings(helm) is not went
        status = home.deployment("site")["status"]
        assert status["readyReplicas"] == status["updatedReplicas"] == 4
        assert flow.failed == {}


@claims("update.rollback_release")
@pytest.mark.parametrize("action", ["resume", "undo"])
@pytest.mark.parametrize("writes", range(2, 46))
async def test_secrets_and_other_workloads_go_along_or_stay(
    tmp_path: Path, writes: int, action: Literal["resume", "undo"]
):
    old, new = (replace(FIRST, more=_more("v1")), replace(SECOND, more=f"{_more('v2')}---{_ADDED}"))
    async with house(tmp_path) as home:
        helm = Helm(home)
        await helm.upgrade(old, new)

        await killed_after(home, writes, RollbackApp(app="site"), mute=True)
        left = await recorded(home, "site")
        if left is not None:
            await home.run_if_any(ResumeOperation(operation_id=left.id, action=action))
            assert (await home.engine.world.story.record(left.id)).state not in UNFINISHED

        await home.box.settled()
        went = left is not None and action == "resume"
        version = "v1" if went else "v2"
        assert helm.statuses() == ["superseded", *(["superseded", "deployed"] if went else ["deployed"])]
        assert (home.image("site"), home.image("worker")) == (
            f"box.local/site:{version}",
            f"box.local/worker:{version}",
        )
        held = home.box.store.get("Secret", "site-login", "shop")["data"]["password"]
        assert base64.b64decode(held).decode() == f"of-{version}"
        there = [one["metadata"]["name"] for one in home.box.store.list("Deployment", "shop")]
        assert ("added" in there) is not went


_ADDED = WORKER.replace("worker", "added") % "v1"


def _more(version: str) -> str:
    return "---".join((SECRET % f"of-{version}", WORKER % version))
