"""Law: whatever a process leaves that dies while a preview stands, another one ends clean, and no preview is left."""

from pathlib import Path
from typing import Literal

import pytest

from dot_ai_lifecycle.core.record import UNFINISHED
from dot_ai_lifecycle.operations.resume_operation import ResumeOperation
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.laws.test_crashes import killed_after, recorded
from tests.requirements import claims
from tests.support.house import BARE, house

pytestmark = pytest.mark.every_write

ERRING = {"ERROR_PERCENT": "100"}


@claims("update.resume")
@pytest.mark.parametrize("mute", [False, True], ids=["before the write", "after it, unanswered"])
@pytest.mark.parametrize("strategy", ["blue-green", "canary"])
@pytest.mark.parametrize(("version", "action"), [("v2", "resume"), ("v2", "undo"), ("v2-errs", "resume")])
@pytest.mark.parametrize("writes", range(2, 30))
async def test_no_preview_outlives_the_process_that_made_it_and_the_one_that_ends_its_work(
    tmp_path: Path, writes: int, version: str, action: Literal["resume", "undo"], strategy: str, mute: bool
):
    async with house(tmp_path, BARE) as home:
        home.box.behaviour.images["box.local/bare:v2-errs"] = ERRING
        flow = home.box.traffic.start("bare", "shop", rate=50)
        change = {"app": "bare", "strategy": strategy, "steps": [25], "interval": 4, "smoke": ["/healthz"]}
        await killed_after(home, writes, UpdateApp.model_validate({**change, "version": version}), mute=mute)
        left = await recorded(home, "bare")

        if left is not None:
            await home.run_if_any(ResumeOperation(operation_id=left.id, action=action))
            assert (await home.engine.world.story.record(left.id)).state not in UNFINISHED

        await home.box.settled()
        assert [s["metadata"]["name"] for s in home.box.store.list("Service", "shop")] == ["bare", "bare-admin", "web"]
        forward = action == "resume" and version == "v2" and left is not None
        assert home.is_as_at_first("bare", "box.local/bare:v2" if forward else "box.local/bare:v1")
        assert flow.failed == {}
        assert version == "v2" or set(flow.ok) == {"v1"}, "nobody met the version that does not answer"
