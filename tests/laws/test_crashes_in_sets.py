"""Law: a set serves on whatever a process leaves that dies in the middle of a canary, and another process ends it."""

from pathlib import Path
from typing import Literal

import pytest

from dot_ai_lifecycle.core.record import UNFINISHED
from dot_ai_lifecycle.operations.resume_operation import ResumeOperation
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.laws.cases import KINDS, MANIFESTS
from tests.laws.test_crashes import killed_after, recorded
from tests.requirements import claims
from tests.support.house import house

pytestmark = pytest.mark.every_write

CANARY = {"strategy": "canary", "steps": [10, 50], "interval": 4}
LAST = 17
"""Writes of the longer of both canaries: after so many it has ended."""


@claims("update.resume")
@pytest.mark.parametrize(
    ("version", "action", "mute"),
    [("v2", "resume", True), ("v2", "undo", False), ("v2-crash", "resume", False), ("v2-crash", "undo", True)],
)
@pytest.mark.parametrize("writes", range(2, LAST + 1))
@pytest.mark.parametrize("app", ["db", "agent"])
async def test_no_write_of_a_canary_on_a_set_is_one_after_which_a_process_may_not_die(
    tmp_path: Path, app: str, writes: int, version: str, action: Literal["resume", "undo"], mute: bool
):
    kind = KINDS[app]
    async with house(tmp_path, *MANIFESTS[app]) as home:
        await killed_after(home, writes, UpdateApp(app=app, version=version, **CANARY), mute=mute)
        left = await recorded(home, app, kind)

        if left is not None:
            await home.run_if_any(ResumeOperation(operation_id=left.id, action=action))
            assert (await home.engine.world.story.record(left.id)).state not in UNFINISHED

        await home.box.settled()
        stands = action == "resume" and version == "v2" and left is not None
        assert home.is_as_at_first(app, f"box.local/{app}:{'v2' if stands else 'v1'}", kind)
