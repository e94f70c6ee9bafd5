"""Law: whoever dies while Flagger or OpenKruise deliver leaves an app that any other brings on, or back, whole."""

import asyncio
import copy
from pathlib import Path
from typing import Any, Literal

import pytest

from dot_ai_lifecycle.core.record import UNFINISHED
from dot_ai_lifecycle.core.set_for_a_time import NOTE
from dot_ai_lifecycle.operations.resume_operation import ResumeOperation
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.laws.test_crashes import killed_after, recorded
from tests.support.flagger import app, flagger
from tests.support.house import House, house
from tests.support.kruise import APP, kruise

pytestmark = pytest.mark.every_write

TIMED = APP.replace("pause: {}", "pause: {duration: 2}")

every_death = pytest.mark.parametrize("mute", [False, True], ids=["before the write", "after it, unanswered"])
every_action = pytest.mark.parametrize("action", ["resume", "undo"])
every_version = pytest.mark.parametrize("version", ["v2", "missing"])
every_write = pytest.mark.parametrize("writes", range(1, 16))
Action = Literal["resume", "undo"]


async def died_and_taken_over(home: House, writes: int, version: str, action: Action, *, mute: bool) -> str:
    """Somebody dies, somebody else goes on or back; the image that has to be there in the end."""
    await killed_after(home, writes, UpdateApp(app="api", version=version), mute=mute)
    left = await recorded(home, "api")
    if left is not None:
        await home.run_if_any(ResumeOperation(operation_id=left.id, action=action))
        assert (await home.engine.world.story.record(left.id)).state not in UNFINISHED
    goes_on = action == "resume" and version == "v2" and left is not None and left.state != "undone"
    return "box.local/api:v2" if goes_on else "box.local/api:v1"


def wanted(found: dict[str, Any]) -> dict[str, Any]:
    """What an object wants, but for the pod template."""
    return copy.deepcopy({key: value for key, value in found["spec"].items() if key != "template"})


@every_death
@every_action
@every_version
@every_write
async def test_the_copy_of_flagger_serves_the_right_version_and_its_canary_is_as_it_was(
    tmp_path: Path, writes: int, version: str, action: Action, mute: bool
):
    async with house(tmp_path, app()) as home, flagger(home.box) as controller:
        first = wanted(controller.canary), wanted(home.deployment("api"))

        image = await died_and_taken_over(home, writes, version, action, mute=mute)

        await asyncio.sleep(60)
        await home.box.settled()
        assert (home.image("api"), controller.image) == (image, image)
        assert (wanted(controller.canary), wanted(home.deployment("api"))) == first
        assert NOTE not in (controller.canary["metadata"].get("annotations") or {})
        assert controller.target("-primary")["status"]["readyReplicas"] == 3


@every_death
@every_action
@every_version
@every_write
async def test_the_deployment_under_kruise_is_whole_and_its_rollout_is_as_it_was(
    tmp_path: Path, writes: int, version: str, action: Action, mute: bool
):
    async with house(tmp_path, TIMED) as home, kruise(home.box) as controller:
        await asyncio.sleep(2)
        first = wanted(controller.rollout), wanted(home.deployment("api"))

        image = await died_and_taken_over(home, writes, version, action, mute=mute)

        await asyncio.sleep(60)
        await home.box.settled()
        assert home.image("api") == image
        assert (wanted(controller.rollout), wanted(home.deployment("api"))) == first
        assert NOTE not in (controller.rollout["metadata"].get("annotations") or {})
        assert home.deployment("api")["status"]["readyReplicas"] == 4
        assert controller.phase == "Healthy"
