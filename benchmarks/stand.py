"""An app of the matrix on the real cluster: its versions, the users that meet it, and how long its pods take."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import median

from benchmarks.cells import Shape, Version
from benchmarks.site import Real
from tests.real.cluster.errors import CommandFailed
from tests.real.traffic import Traffic
from tests.real.web import Web, WebSpec, deploy

DRAIN = 3
"""Seconds of preStop of an app that drains."""

_BAD = {
    "crashes": ("crash", {"CRASH": "cannot open database"}),
    "never ready": ("unready", {"NEVER_READY": "yes"}),
    "20 % errors": ("errors", {"ERROR_PERCENT": "20"}),
}
_GOOD = ("v1", "v2")
_CORES = 700
"""Millicores that all pods of an app may count on while it is twice its size: with the test application's own ten each,
a busy node would starve them, and what then fails is no update's doing."""

_BESIDE = 50
"""New connections a second to the app that nothing happens to."""


def load_versions(real: Real) -> None:
    """Make every version of the matrix available on the node."""
    for tag, env in _BAD.values():
        real.cluster.load_image(real.cluster.image(tag), {"VERSION": tag, **env})


def tag_of(version: Version) -> str:
    """What a bad version calls itself in its answers; empty for one that never answers."""
    return _BAD[version][0] if version in _BAD else ""


@dataclass
class Stand:
    """One app. It runs the good version `tag`, alone, whenever no cell is being measured."""

    web: Web
    calm: Web
    """An app beside it that nothing happens to: what fails there is the machine's doing, not the update's."""
    shape: Shape
    missing: str
    """An image that its registry does not have."""
    tag: str = _GOOD[0]
    one: float = 0.0
    """Seconds until one pod more serves; 0: not measured."""
    all: float = 0.0
    """Seconds until as many pods more serve as there are."""

    @property
    def other(self) -> str:
        """The good version that does not run."""
        return next(tag for tag in _GOOD if tag != self.tag)

    def image(self, version: Version) -> str:
        """The image of that version; a good one is the one that does not run."""
        if version == "image missing":
            return self.missing
        return self.web.cluster.image(self.other if version == "good" else tag_of(version))

    @property
    def scope(self) -> dict[str, str]:
        """The app, as every tool wants it named."""
        return {"app": self.web.name, "namespace": self.web.namespace}

    @asynccontextmanager
    async def users(self) -> AsyncIterator["Users"]:
        """200 new connections a second and 8 kept ones, and a few to the app beside."""
        users = Users(self.web.traffic(), self.calm.traffic(_BESIDE, keep_alive=0))
        both = (users.here, users.beside)
        for traffic in both:
            await asyncio.to_thread(traffic.__enter__)
        try:
            yield users
        finally:
            for traffic in both:
                await asyncio.to_thread(traffic.__exit__, None, None, None)

    async def kubectl(self, *words: str) -> bool:
        """Whether kubectl succeeded with those words."""
        try:
            await asyncio.to_thread(self.web.kubectl, *words)
        except CommandFailed:
            return False
        return True

    async def set_image(self, image: str) -> None:
        """Want that image, as a person with kubectl does."""
        await self.kubectl("set", "image", "deployment/web", f"web={image}")

    async def rolled_out(self, within: float) -> bool:
        """Whether kubectl calls the rollout done within that time."""
        return await self.kubectl("rollout", "status", "deployment/web", f"--timeout={within:.0f}s")

    async def alone(self) -> None:
        """Return when the revision that is wanted now serves and every pod of another one has ended."""
        await self.rolled_out(60)
        pods = await asyncio.to_thread(self.web.pods)
        hashes = [pod["metadata"]["labels"]["pod-template-hash"] for pod in pods if _stays(pod)]
        leaving = [f"pod/{pod['metadata']['name']}" for pod in pods if not _stays(pod)]
        if leaving:
            await self.kubectl("wait", "--for=delete", "--timeout=40s", *leaving)
        assert len(set(hashes)) == 1, hashes

    async def given_the_version(self, version: Version) -> None:
        """Put the app where a rollback is wanted: that version was set with kubectl, and stands as far as it can."""
        await self.set_image(self.image(version))
        if version in ("good", "20 % errors"):
            await self.alone()
        else:
            # A crash, an error of the registry: what there is to see comes within a few seconds.
            await self.rolled_out(6)

    async def looked_at(self) -> None:
        """Know which good version runs, where a rollback chose it."""
        template = await asyncio.to_thread(self.web.template)
        self.tag = template["spec"]["containers"][0]["image"].rpartition(":")[2]

    async def clocked(self, times: int = 3) -> None:
        """Measure how long one pod more, and as many again, take until the Deployment counts them: medians."""
        self.one = median([await self._grown_by(1) for _ in range(times)])
        most = self.shape.replicas
        self.all = self.one if most == 1 else median([await self._grown_by(most) for _ in range(times)])

    def pods_take(self, pods: int) -> float:
        """Seconds until that many pods, started at once, serve: between one and all it is taken to grow evenly."""
        most = self.shape.replicas
        return self.one if most == 1 else self.one + (self.all - self.one) * (pods - 1) / (most - 1)

    async def _grown_by(self, pods: int) -> float:
        now = self.shape.replicas
        began = time.monotonic()
        await self.kubectl("scale", "deployment/web", f"--replicas={now + pods}")
        await self.rolled_out(60)
        took = time.monotonic() - began
        await self.kubectl("scale", "deployment/web", f"--replicas={now}")
        await self.alone()
        return took


@dataclass(frozen=True)
class Users:
    """Those of the app, and those of the app beside it; their reports are there when their time is over."""

    here: Traffic
    beside: Traffic

    @property
    def disturbed(self) -> int:
        """What says that the machine was too busy to measure: requests that failed though nothing happened to their
        app, and whole seconds by which the users themselves came late."""
        return len(self.beside.report.failed) + int(self.here.report.late)


def _stays(pod: dict[str, object]) -> bool:
    metadata = pod["metadata"]
    assert isinstance(metadata, dict)
    return "deletionTimestamp" not in metadata


async def stood_up(real: Real, shape: Shape, missing: str) -> Stand:
    """The app of that shape, deployed and answering."""
    share = {"container": _resources(_CORES // (2 * shape.replicas))}
    spec = {"replicas": shape.replicas, "pre_stop": DRAIN if shape.drains else None, **share}
    web = await asyncio.to_thread(lambda: real.deployed(**spec))
    calm = await asyncio.to_thread(
        lambda: deploy(real.cluster, web.namespace, WebSpec(name="calm", replicas=1, **share))
    )
    return Stand(web, calm, shape, missing)


def _resources(millicores: int) -> dict[str, object]:
    requests = {"cpu": f"{millicores}m", "memory": "16Mi"}
    return {"resources": {"requests": requests, "limits": {"memory": "64Mi"}}}
