"""Law: what goes back together with a template is never left apart by a process that dies, and users notice nothing."""

from pathlib import Path
from typing import Any, Literal

import pytest

from dot_ai_lifecycle.core.record import UNFINISHED
from dot_ai_lifecycle.operations.resume_operation import ResumeOperation
from dot_ai_lifecycle.operations.rollback_app import RollbackApp
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.laws.test_crashes import killed_after, recorded
from tests.requirements import claims
from tests.support.house import BARE, House, house

pytestmark = pytest.mark.every_write

ROLLED = [("web", writes) for writes in range(2, 16)]
SWITCHED = [("bare", writes) for writes in range(2, 30, 2)]


def _new(app: str) -> dict[str, str]:
    return {"app": app, "generation": "three"}


async def _move_on(home: House, app: str) -> None:
    """Somebody deploys v3 with a label of its own, another pace, and a Service that selects that label."""

    def change(workload: dict[str, Any]) -> None:
        workload["spec"]["template"]["metadata"]["labels"] = _new(app)
        workload["spec"]["template"]["spec"]["containers"][0]["image"] = f"box.local/{app}:v3"
        workload["spec"]["minReadySeconds"] = 1

    def follow(service: dict[str, Any]) -> None:
        service["spec"]["selector"] = _new(app)

    home.edit(change, app)
    await home.box.settled()
    home.box.store.edit("Service", app, "shop", follow, field_manager="a-stranger")
    await home.box.settled()


@claims("update.resume")
@pytest.mark.parametrize("action", ["resume", "undo"])
@pytest.mark.parametrize(("app", "writes"), [*ROLLED, *SWITCHED])
async def test_services_and_pace_go_along_or_stay(
    tmp_path: Path, app: str, writes: int, action: Literal["resume", "undo"]
):
    async with house(tmp_path, BARE) as home:
        await home.run(UpdateApp(app=app, version="v2"))
        await _move_on(home, app)
        flow = home.box.traffic.start(app, "shop", rate=50)

        await killed_after(home, writes, RollbackApp(app=app, to_version="v1"), mute=True)
        left = await recorded(home, app)
        if left is not None:
            await home.run_if_any(ResumeOperation(operation_id=left.id, action=action))
            assert (await home.engine.world.story.record(left.id)).state not in UNFINISHED

        await home.box.settled()
        went = left is not None and action == "resume"
        assert home.image(app) == f"box.local/{app}:{'v1' if went else 'v3'}"
        assert home.selector(app) == ({"app": app} if went else _new(app))
        assert home.deployment(app)["spec"].get("minReadySeconds", 0) == (0 if went else 1)
        assert home.deployment(app)["status"]["readyReplicas"] == home.deployment(app)["status"]["updatedReplicas"] == 4
        assert flow.failed == {}
