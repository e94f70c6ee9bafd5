"""Law: of several apps that are updated as one, none is left behind by a process that dies."""

from pathlib import Path
from typing import Literal

import pytest

from dot_ai_lifecycle.core.leases import held
from dot_ai_lifecycle.core.record import UNFINISHED
from dot_ai_lifecycle.operations.resume_operation import ResumeOperation
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.laws.test_crashes import killed_after, recorded
from tests.requirements import claims
from tests.support.house import house
from tests.support.several import API, WORKER

pytestmark = pytest.mark.every_write

ALL = ("worker", "api", "web")


@claims("update.resume")
@pytest.mark.parametrize(
    ("api", "action", "mute"),
    [("v2", "resume", True), ("v2", "undo", False), ("v2-crash", "resume", False), ("v2-crash", "undo", True)],
)
@pytest.mark.parametrize("writes", range(1, 47))
async def test_no_write_is_one_after_which_a_process_may_not_die(
    tmp_path: Path, writes: int, api: str, action: Literal["resume", "undo"], mute: bool
):
    async with house(tmp_path, API, WORKER) as home:
        flows = [home.box.traffic.start(name, "shop", rate=50) for name in ("api", "web")]
        asked = UpdateApp.model_validate({"app": "web", "version": "v2", "with": ["worker", f"api={api}"]})
        await killed_after(home, writes, asked, mute=mute)
        left = await recorded(home)

        if left is not None:
            await home.run_if_any(ResumeOperation(operation_id=left.id, action=action))
            assert (await home.engine.world.story.record(left.id)).state not in UNFINISHED

        await home.box.settled()
        forward = action == "resume" and api == "v2" and left is not None and left.state != "undone"
        for name in ALL:
            assert home.is_as_at_first(name, f"box.local/{name}:{'v2' if forward else 'v1'}")
        assert [flow.failed for flow in flows] == [{}, {}]
        if left is not None and left.state in UNFINISHED:
            assert [held(lease) for lease in home.box.store.list("Lease", "shop")] == [None, None, None]
