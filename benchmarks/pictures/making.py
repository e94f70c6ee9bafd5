"""`python -m benchmarks pictures [NAME…]`: take the pictures on a real cluster, and write them and their sentences."""

import asyncio
from collections.abc import Sequence

from benchmarks.measured import NotHere
from benchmarks.pictures.page import keep, write
from benchmarks.pictures.running import all_taken
from benchmarks.pictures.scenes import ALL, Scene
from benchmarks.site import Real, Site, tell


def make(names: Sequence[str]) -> int:
    """Take these scenes, or all of them.

    Returns 0 when all were taken and where there can be no cluster, 1 where one went wrong, 2 for an unknown name.
    """
    unknown = [name for name in names if name not in {scene.name for scene in ALL}]
    if unknown:
        tell(f"no picture is called {', '.join(unknown)}; there are {', '.join(scene.name for scene in ALL)}")
        return 2
    scenes = tuple(scene for scene in ALL if not names or scene.name in names)
    with Site() as site:
        try:
            kept = asyncio.run(_kept(site.real(), scenes))
        except NotHere as reason:
            tell(f"no pictures were taken: {reason}")
            return 0
    write()
    return 0 if kept == len(scenes) else 1


async def _kept(real: Real, scenes: tuple[Scene, ...]) -> int:
    """How many scenes were taken; each is kept at once."""
    kept = 0
    async for scene, taken in all_taken(real, scenes):
        keep(scene, taken)
        kept += 1
    return kept
