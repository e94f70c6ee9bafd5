"""A tag that somebody pushed anew: going back to it means what ran then, not what it means today."""

from collections.abc import Sequence
from pathlib import Path

from dot_ai_lifecycle.core.registry import Credential, ImageSight
from dot_ai_lifecycle.core.world import World
from dot_ai_lifecycle.operations.rollback_app import RollbackApp
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.support.house import House, house

NOW = "sha256:" + "2b" * 32


class Pushed:
    """Registries in which every tag has been pushed anew."""

    async def look(
        self, image: str, credentials: Sequence[Credential] = (), *, platforms: frozenset[str] = frozenset()
    ) -> ImageSight:
        return ImageSight(image, "found", "It is there.", image.partition("@")[2] or NOW)


def ask_registries(home: House) -> None:
    home.engine.world = World(home.engine.world.reader, home.engine.world.story, home.engine.world.marks, Pushed())


async def test_the_image_that_ran_is_pinned_and_going_there_again_has_nothing_to_do(tmp_path: Path):
    async with house(tmp_path) as home:
        ask_registries(home)
        ran = (await home.run(UpdateApp(app="web", version="v2"))).images_before["web"].partition("@")[2]

        record = await home.run(RollbackApp(app="web", to_version="v1"))
        again = await home.engine.propose(RollbackApp(app="web", to_version="v1"))

        assert (record.state, home.image()) == ("done", f"box.local/web:v1@{ran}")
        assert any("pinned by its digest" in note.text for note in record.plan.notes)
        assert again.plan.steps == ()


async def test_without_registries_the_tag_is_taken_as_it_is(tmp_path: Path):
    async with house(tmp_path) as home:
        await home.run(UpdateApp(app="web", version="v2"))

        record = await home.run(RollbackApp(app="web", to_version="v1"))

        assert (record.state, home.image()) == ("done", "box.local/web:v1")
