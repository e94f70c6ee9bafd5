"""What the composition root puts together, where no face shows it."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from dot_ai_lifecycle.composition import engine_for, engine_on
from dot_ai_lifecycle.core.registry import Credential, ImageSight
from dot_ai_lifecycle.core.workload import Workload
from dot_ai_lifecycle.settings import from_environment
from tests.support.house import house

APP = Workload({"kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}, "spec": {"template": {}}})


class Everything:
    """Registries that have every image."""

    async def look(
        self, image: str, credentials: Sequence[Credential] = (), *, platforms: frozenset[str] = frozenset()
    ) -> ImageSight:
        return ImageSight(image, "found", "There it is.")


async def test_an_engine_asks_the_registries_it_is_given(tmp_path: Path):
    settings = from_environment({"LIFECYCLE_STATE_DIR": str(tmp_path)})
    async with house(tmp_path) as home:
        asking = engine_on(home.client(), settings, Everything())
        silent = engine_on(home.client(), settings)

        assert (await asking.world.image("box.local/web:v2", APP)).found == "found"
        assert (await silent.world.image("box.local/web:v2", APP)).found == "unknown"


@pytest.mark.parametrize(("check", "off"), [("off", True), ("on", False)])
async def test_registries_are_left_out_where_the_settings_say_so(tmp_path: Path, check: str, off: bool):
    environment = {"LIFECYCLE_STATE_DIR": str(tmp_path), "LIFECYCLE_REGISTRY_CHECK": check}
    engine = engine_for(from_environment(environment))

    assert ("checks are off" in (await engine.world.image("NO reference", APP)).words) is off
