"""Law: an app serves on whatever a process leaves that dies while a route divides its traffic; the route comes back."""

from pathlib import Path
from typing import Literal

import pytest

from dot_ai_lifecycle.core.record import UNFINISHED
from dot_ai_lifecycle.operations.resume_operation import ResumeOperation
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.laws.test_crashes import killed_after, recorded
from tests.requirements import claims
from tests.support.gateway import DEFINITION, ROUTE
from tests.support.house import BARE, house

pytestmark = pytest.mark.every_write

CANARY = {"strategy": "canary", "steps": [20, 50], "interval": 4, "header": "x-canary=yes"}


DEATHS = [("v2", writes) for writes in range(2, 53)] + [("v2-crash", writes) for writes in range(2, 21)]
"""A whole update has 51 writes, one that fails 19."""


@claims("update.resume")
@pytest.mark.parametrize("action", ["resume", "undo"])
@pytest.mark.parametrize(("version", "writes"), DEATHS)
async def test_no_write_of_a_canary_by_weight_is_one_after_which_a_process_may_not_die(
    tmp_path: Path, version: str, writes: int, action: Literal["resume", "undo"]
):
    async with house(tmp_path, DEFINITION, BARE, ROUTE) as home:
        rules = home.box.store.get("HTTPRoute", "bare", "shop")["spec"]["rules"]
        flow = home.box.traffic.start("bare", "shop", rate=50)
        await killed_after(home, writes, UpdateApp(app="bare", version=version, **CANARY), mute=True)
        left = await recorded(home, "bare")
        assert left is not None

        await home.run_if_any(ResumeOperation(operation_id=left.id, action=action))

        await home.box.settled()
        assert (await home.engine.world.story.record(left.id)).state not in UNFINISHED
        stands = action == "resume" and version == "v2"
        assert home.box.store.find("Service", "bare-canary", "shop") is None
        assert home.box.store.get("HTTPRoute", "bare", "shop")["spec"]["rules"] == rules
        assert home.is_as_at_first("bare", f"box.local/bare:{'v2' if stands else 'v1'}")
        assert flow.failed == {}
