"""A live scene: several watches of one workload's surroundings, kept in one place."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from msgspec.structs import replace

from dot_ai_lifecycle.core.driver import Driver
from dot_ai_lifecycle.core.errors import Forbidden, LifecycleError, NotFound
from dot_ai_lifecycle.core.objects import (
    CANARIES,
    DEPLOYMENTS,
    ENDPOINT_SLICES,
    EVENTS,
    KRUISE_ROLLOUTS,
    PODS,
    REPLICA_SETS,
    REVISIONS,
    ROLLOUTS,
    SERVICES,
    WORKLOADS,
    Service,
    View,
)
from dot_ai_lifecycle.core.ports import Cluster
from dot_ai_lifecycle.core.refs import Ref
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.scenery import scene_of
from dot_ai_lifecycle.core.workload import Workload
from dot_ai_lifecycle.engine.outages import outlived

T = TypeVar("T")

_BY_KIND = {view.kind.name: view for view in (*WORKLOADS, ROLLOUTS)}
_DRIVERS = {view.kind.api_version: view for view in (CANARIES, KRUISE_ROLLOUTS)}


@dataclass
class Watched:
    """What one watch has told so far, by uid."""

    items: dict[Hashable, Any] = field(default_factory=dict)
    told: set[Hashable] = field(default_factory=set)
    synced: bool = False


class Stage:
    """Watches a workload, its pods, revisions and endpoints, and gives the scene they make at any moment.

    `changed` is set at every change. A watch that fails for good leaves its error in `failure`. What was seen before
    the generation `at_least` is older than a write of ours, and is no scene yet.
    """

    def __init__(self, cluster: Cluster, ref: Ref) -> None:
        self._cluster = cluster
        self.ref = ref
        self._watched: dict[str, Watched] = {}
        self._services: tuple[Service, ...] = ()
        self._tasks: list[asyncio.Task[None]] = []
        self.changed = asyncio.Event()
        self._failure: LifecycleError | None = None
        self.gone = False
        self.at_least = 0
        self._copy: Stage | None = None

    async def open(self, known: Workload | None = None, by: Ref | None = None) -> None:
        """Begin to watch, from what is `known` of the workload on, and what another engine delivers it `by`.

        Raises LifecycleError where it cannot be read.
        """
        ref, namespace = self.ref, self.ref.namespace
        first = known
        if first is None:
            first = await outlived(partial(self._cluster.get, _BY_KIND[ref.kind], ref.name, namespace))
        self.ref = ref.model_copy(update={"uid": first.uid})  # what this run made has none that was known beforehand
        self._watched["workload"] = Watched({first.uid: first}, synced=True)
        await self.look_again()
        alone = f"metadata.name={ref.name}"
        self._follow("workload", _BY_KIND[ref.kind], fields=alone, since=first.resource_version)
        self._follow("pods", PODS, labels=first.selector)
        self._follow("revisions", REVISIONS[ref.kind], labels=first.selector)
        if any(service.selects(first.pod_labels) for service in self._services):
            self._follow("slices", ENDPOINT_SLICES)
        # Where there are ReplicaSets, their conditions tell what fails; of the other kinds only events do.
        about = "involvedObject.kind=Pod," if REVISIONS[ref.kind] is REPLICA_SETS else ""
        self._follow("events", EVENTS, fields=f"{about}type=Warning")
        if by is not None:
            await self._open_driver(by)

    async def _open_driver(self, by: Ref) -> None:
        self._follow("driver", _DRIVERS[by.api_version], fields=f"metadata.name={by.name}")
        copied = Driver(await outlived(partial(self._cluster.read, by))).primary_name
        if not copied:
            return
        try:
            primary = await outlived(partial(self._cluster.get, DEPLOYMENTS, copied, self.ref.namespace))
        except NotFound:
            return
        self._copy = Stage(self._cluster, primary.ref)
        self._copy.changed = self.changed
        await self._copy.open(primary)

    async def look_again(self) -> None:
        """See which Services there are, where that has changed."""
        self._services = await outlived(self._services_seen)
        if self._copy is not None:
            await self._copy.look_again()

    async def _services_seen(self) -> tuple[Service, ...]:
        try:
            return (await self._cluster.list(SERVICES, self.ref.namespace)).items
        except Forbidden:
            return ()

    async def close(self) -> None:
        """Stop watching."""
        if self._copy is not None:
            await self._copy.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _follow(self, name: str, view: View[Any], *, labels: str = "", fields: str = "", since: str = "") -> None:
        watched = self._watched.setdefault(name, Watched())

        async def follow() -> None:
            try:
                async with self._cluster.watch(
                    view, self.ref.namespace, labels=labels, fields=fields, since=since
                ) as seen:
                    async for one in seen:
                        self._take(name, watched, one.type, one.item)
            except Forbidden as error:
                self._do_without(name, watched, error)
            except LifecycleError as error:
                self._failure = error
                self.changed.set()

        self._tasks.append(asyncio.create_task(follow(), name=f"watch {name} of {self.ref}"))

    def _do_without(self, name: str, watched: Watched, error: Forbidden) -> None:
        """Events and endpoints sharpen the verdict; who may not see them gets one without, not none."""
        if name not in ("events", "slices"):
            self._failure = error
        elif name == "slices":
            self._services = ()
        watched.synced = True
        self.changed.set()

    def _take(self, name: str, watched: Watched, happened: str, item: Any) -> None:
        if happened == "synced":
            watched.synced = True
            # A watch that lost its place lists anew, and cannot say that what it never told is missing there.
            self.gone = self.gone or (name == "workload" and self.ref.uid not in watched.told)
        elif happened == "deleted":
            watched.items.pop(item.uid, None)
            self.gone = self.gone or (name == "workload" and item.uid == self.ref.uid)
        else:
            watched.items[item.uid] = item
            watched.told.add(item.uid)
        self.changed.set()

    @property
    def failure(self) -> LifecycleError | None:
        """The error of a watch that failed for good."""
        return self._failure or (self._copy.failure if self._copy is not None else None)

    @property
    def synced(self) -> bool:
        """Whether every watch has told what exists, our own last write to the workload included."""
        workload: Workload | None = self._watched["workload"].items.get(self.ref.uid)
        recent = workload is None or workload.generation >= self.at_least
        copied = self._copy is None or self._copy.synced
        return recent and copied and all(watched.synced for watched in self._watched.values())

    def _all(self, name: str) -> tuple[Any, ...]:
        watched = self._watched.get(name)
        return tuple(watched.items.values()) if watched else ()

    def scene(self) -> Scene | None:
        """What is seen now; None where the very workload is gone."""
        workload: Workload | None = self._watched["workload"].items.get(self.ref.uid)
        if workload is None or self.gone:
            return None
        seen = scene_of(
            workload,
            self._cluster.now(),
            revisions=self._all("revisions"),
            pods=self._all("pods"),
            services=self._services,
            slices=self._all("slices"),
            events=self._all("events"),
        )
        return self._driven(seen)

    def _driven(self, seen: Scene) -> Scene:
        """The scene with what another engine delivers the workload by, and with the copy that it lets serve."""
        primary = self._copy.scene() if self._copy is not None else None
        for driver in self._all("driver"):
            whole = Driver(driver.manifest, primary.workload.manifest if primary else None)
            return replace(seen, workload=Workload(seen.workload.manifest, whole), primary=primary)
        return seen

    async def next_change(self, within: float | None) -> None:
        """Return at the next change, or after that many seconds."""
        try:
            async with asyncio.timeout(within):
                await self.changed.wait()
        except TimeoutError:
            return
        self.changed.clear()


class Stages:
    """The stages of one run: one a workload, watched from its first use to the run's end."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._open: dict[str, Stage] = {}
        self._at_least: dict[str, int] = {}
        self._written: dict[str, Workload] = {}
        self._other_services: set[str] = set()

    async def of(self, ref: Ref, by: Ref | None = None) -> Stage:
        """The stage of a workload, and of what an engine delivers it `by`. Raises LifecycleError where it cannot be."""
        key = ref.uid or str(ref)
        stage = self._open.get(key)
        if stage is None or stage.failure is not None:
            await self._closed(key)
            stage = Stage(self._cluster, ref)
            await stage.open(self._written.pop(key, None), by)
            self._open[key] = stage
        elif key in self._other_services:
            await stage.look_again()
        self._other_services.discard(key)
        stage.at_least = self._at_least.get(key, 0)
        return stage

    def seen(self, ref: Ref) -> Scene | None:
        """The last sight of a workload that is being watched; None where it is not."""
        stage = self._open.get(ref.uid or str(ref))
        return stage.scene() if stage is not None else None

    def wrote(self, workload: Workload) -> None:
        """Note that we wrote this: an older sight of it says nothing any more."""
        self._at_least[workload.uid] = workload.generation
        if workload.uid not in self._open:
            self._written[workload.uid] = workload

    def must_look_again(self) -> None:
        """Note that we created or deleted something: which Services there are is seen anew before the next sight."""
        self._other_services = set(self._open)

    async def _closed(self, uid: str) -> None:
        stage = self._open.pop(uid, None)
        if stage is not None:
            await stage.close()

    async def close(self) -> None:
        """Stop watching everything."""
        for uid in tuple(self._open):
            await self._closed(uid)


Told = Callable[[str, int, int], Awaitable[None]]
"""Takes what is seen on the way, in words, with how many of how many pods are where they should be (0 of 0: none)."""
