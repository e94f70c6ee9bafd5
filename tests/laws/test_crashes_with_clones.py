"""Law: whatever a process leaves that dies while a clone serves, another one ends clean, and no clone is left."""

from pathlib import Path
from typing import Literal

import pytest

from dot_ai_lifecycle.core.record import UNFINISHED
from dot_ai_lifecycle.operations.resume_operation import ResumeOperation
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.laws.test_crashes import killed_after, recorded
from tests.requirements import claims
from tests.support.house import STOPS, house

pytestmark = pytest.mark.every_write


@claims("update.resume")
@pytest.mark.parametrize("mute", [False, True], ids=["before the write", "after it, unanswered"])
@pytest.mark.parametrize(("version", "action"), [("v2", "resume"), ("v2", "undo"), ("v2-crash", "resume")])
@pytest.mark.parametrize("writes", range(2, 34))
async def test_no_clone_outlives_the_process_that_made_it_and_the_one_that_ends_its_work(
    tmp_path: Path, writes: int, version: str, action: Literal["resume", "undo"], mute: bool
):
    async with house(tmp_path, STOPS) as home:
        flow = home.box.traffic.start("bare", "shop", rate=50)
        change = UpdateApp(app="bare", version=version, strategy="blue-green", standby=2)
        await killed_after(home, writes, change, mute=mute)
        left = await recorded(home, "bare")

        if left is not None:
            await home.run_if_any(ResumeOperation(operation_id=left.id, action=action))
            assert (await home.engine.world.story.record(left.id)).state not in UNFINISHED

        await home.box.settled()
        assert {found["metadata"]["name"] for found in home.box.store.list("Deployment", "shop")} == {"bare", "web"}
        assert left is not None or writes < 4, "the lease and the record come first"
        forward = action == "resume" and version == "v2" and left is not None
        assert home.is_as_at_first("bare", "box.local/bare:v2" if forward else "box.local/bare:v1")
        assert flow.failed == {}
        assert version == "v2" or set(flow.ok) == {"v1"}, "nobody met the version that crashes"
