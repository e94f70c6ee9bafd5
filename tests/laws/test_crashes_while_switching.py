"""Law: an app serves on whatever a process leaves that dies while traffic is switched, and another process ends it."""

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

CANARY = {"strategy": "canary", "steps": [20, 50], "interval": 4}


@claims("update.resume")
@pytest.mark.parametrize(
    ("version", "action", "mute"),
    [("v2", "resume", True), ("v2", "undo", False), ("v2-crash", "resume", False), ("v2-crash", "undo", True)],
)
@pytest.mark.parametrize("writes", range(2, 26))
async def test_no_write_is_one_after_which_a_process_may_not_die(
    tmp_path: Path, writes: int, version: str, action: Literal["resume", "undo"], mute: bool
):
    async with house(tmp_path, BARE) as home:
        flow = home.box.traffic.start("bare", "shop", rate=50)
        await killed_after(home, writes, UpdateApp(app="bare", version=version), mute=mute)
        left = await recorded(home, "bare")

        if left is not None:
            await home.run_if_any(ResumeOperation(operation_id=left.id, action=action))
            assert (await home.engine.world.story.record(left.id)).state not in UNFINISHED

        await home.box.settled()
        forward = action == "resume" and version == "v2" and left is not None and left.state != "undone"
        done = left is not None and left.state == "done" and action == "resume"
        assert home.is_as_at_first("bare", "box.local/bare:v2" if forward or done else "box.local/bare:v1")
        assert flow.failed == {}


@claims("update.resume")
@pytest.mark.parametrize(("version", "action"), [("v2", "resume"), ("v2", "undo"), ("v2-crash", "undo")])
@pytest.mark.parametrize("writes", range(2, 32, 2))
async def test_nor_is_there_one_in_a_canary(
    tmp_path: Path, writes: int, version: str, action: Literal["resume", "undo"]
):
    async with house(tmp_path, BARE) as home:
        flow = home.box.traffic.start("bare", "shop", rate=50)
        await killed_after(home, writes, UpdateApp(app="bare", version=version, **CANARY), mute=True)
        left = await recorded(home, "bare")
        assert left is not None

        await home.run_if_any(ResumeOperation(operation_id=left.id, action=action))

        await home.box.settled()
        assert (await home.engine.world.story.record(left.id)).state not in UNFINISHED
        forward = action == "resume" and version == "v2"
        assert home.is_as_at_first("bare", "box.local/bare:v2" if forward else "box.local/bare:v1")
        assert flow.failed == {}
