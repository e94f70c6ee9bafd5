"""A version that failed here is not deployed a second time by mistake."""

from pathlib import Path

import pytest

from dot_ai_lifecycle.core.errors import Refused
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.requirements import claims
from tests.support.house import house


@claims("update.recovery")
async def test_a_version_that_crashed_is_refused_until_it_is_forced(tmp_path: Path):
    async with house(tmp_path) as home:
        failed = await home.run(UpdateApp(app="web", version="v2-crash"))

        with pytest.raises(Refused, match=f"failed: operation {failed.id} on .*crashing") as caught:
            await home.engine.propose(UpdateApp(app="web", version="v2-crash"))
        forced = await home.engine.propose(UpdateApp(app="web", version="v2-crash", force=True))

        assert caught.value.details["operation_id"] == failed.id
        assert forced.plan.steps
        assert any(failed.id in note.text for note in forced.plan.notes)


async def test_a_colleague_is_told_as_well_and_other_versions_go_on(tmp_path: Path):
    async with house(tmp_path) as home:
        await home.run(UpdateApp(app="web", version="v2-crash"))
        colleague = home.another_engine()

        with pytest.raises(Refused):
            await colleague.propose(UpdateApp(app="web", version="v2-crash"))

        assert (await colleague.propose(UpdateApp(app="web", version="v3"))).plan.steps


async def test_an_image_that_was_not_there_may_be_tried_again_once_it_is_pushed(tmp_path: Path):
    async with house(tmp_path) as home:
        await home.run(UpdateApp(app="web", version="missing"))

        assert (await home.engine.propose(UpdateApp(app="web", version="missing"))).plan.steps
