"""Law: whoever dies while an engine delivers leaves an app that any other process brings on, or back, whole."""

from pathlib import Path
from typing import Any, Literal

import pytest

from dot_ai_lifecycle.core.record import UNFINISHED
from dot_ai_lifecycle.operations.resume_operation import ResumeOperation
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.laws.test_crashes import killed_after, recorded
from tests.support.house import House, house
from tests.support.rollouts import DEFINITION, rollout, service

pytestmark = pytest.mark.every_write

STEPS = "{canary: {steps: [{setWeight: 50}, {pause: {duration: 2s}}]}}"
APP = "---".join((DEFINITION, rollout("api", STEPS), service("api", "api")))


def spec(home: House) -> dict[str, Any]:
    """What the Rollout wants, but for the image."""
    wanted = {**home.deployment("api", "Rollout")["spec"]}
    return {**wanted, "template": {**wanted["template"], "spec": None}}


@pytest.mark.parametrize("mute", [False, True], ids=["before the write", "after it, unanswered"])
@pytest.mark.parametrize("action", ["resume", "undo"])
@pytest.mark.parametrize("version", ["v2", "missing"])
@pytest.mark.parametrize("writes", range(1, 10))
async def test_the_app_is_healthy_and_whole_whoever_died_when(
    tmp_path: Path, writes: int, version: str, action: Literal["resume", "undo"], mute: bool
):
    async with house(tmp_path, APP) as home:
        first = spec(home)
        await killed_after(home, writes, UpdateApp(app="api", version=version), mute=mute)
        left = await recorded(home, "api", "Rollout")

        if left is not None:
            await home.run_if_any(ResumeOperation(operation_id=left.id, action=action))
            assert (await home.engine.world.story.record(left.id)).state not in UNFINISHED

        await home.box.settled()
        goes_on = action == "resume" and version == "v2" and left is not None and left.state != "undone"
        found = home.deployment("api", "Rollout")
        assert home.image("api", "Rollout") == ("box.local/api:v2" if goes_on else "box.local/api:v1")
        assert spec(home) == first
        assert (found["status"]["phase"], found["status"]["readyReplicas"]) == ("Healthy", 4)
        assert not found["status"].get("abort")
