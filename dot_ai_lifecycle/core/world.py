"""The world as operations may see it: readers only. Changing the cluster while planning is a type error."""

import asyncio
from collections.abc import Collection
from datetime import datetime
from typing import TypeVar

from msgspec.structs import replace

from dot_ai_lifecycle.core.borrowing import source_of
from dot_ai_lifecycle.core.conditions.sides import is_active
from dot_ai_lifecycle.core.driver import Driver
from dot_ai_lifecycle.core.driving import as_served, drivers, joined
from dot_ai_lifecycle.core.errors import Forbidden, NotFound
from dot_ai_lifecycle.core.finding import parsed, the_one
from dot_ai_lifecycle.core.leases import held, lease_of
from dot_ai_lifecycle.core.looking import Looking
from dot_ai_lifecycle.core.marks import Marks
from dot_ai_lifecycle.core.nodes import Nodes
from dot_ai_lifecycle.core.objects import (
    AUTOSCALERS,
    DISRUPTION_BUDGETS,
    ENDPOINT_SLICES,
    EVENTS,
    PODS,
    REVISIONS,
    ROLLOUTS,
    SERVICES,
    WORKLOADS,
    Revision,
    Service,
    View,
)
from dot_ai_lifecycle.core.pods import Pod
from dot_ai_lifecycle.core.ports import Reader, Story
from dot_ai_lifecycle.core.pulling import Pulling
from dot_ai_lifecycle.core.record import Record
from dot_ai_lifecycle.core.refs import NAMESPACE, ROLLOUT, SERVICE, ref_to
from dot_ai_lifecycle.core.registry import ImageSight, Registry
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.scenery import scene_of
from dot_ai_lifecycle.core.surroundings import Depth, Look, Surroundings
from dot_ai_lifecycle.core.trial import Trial, tried
from dot_ai_lifecycle.core.workload import Manifest, Workload

T = TypeVar("T")

REMEMBERED = 30.0
"""Seconds for which it is remembered whether Services may be patched; a write that may not be is refused anyway."""


class World:
    """Everything an operation may look at: the cluster's objects, the records of operations, and registries.

    `measures` says whether there is a provider of metrics for what is watched later.
    """

    def __init__(
        self, reader: Reader, story: Story, marks: Marks, registry: Registry | None = None, *, measures: bool = False
    ) -> None:
        self.reader = reader
        self.story = story
        self.marks = marks
        self.measures = measures
        self._switching: dict[str, tuple[datetime, bool]] = {}
        self._nodes = Nodes(reader)
        self._pulling = Pulling(reader, registry, self._nodes)
        self._hidden: dict[str | None, tuple[str, ...]] = {}

    async def workload(self, app: str, namespace: str | None = None) -> Workload:
        """The workload an app's name means: in the namespace given; without one in the context's, then anywhere.

        Costs three reads where the name is exact, and one more for each engine that is installed. Raises NotFound with
        near names, Ambiguous with the candidates.
        """
        identity, _ = await asyncio.gather(self.reader.identity(), self.reader.serves(ROLLOUT))
        home = namespace or identity.default_namespace
        exact = await self._named(app, home)
        if len(exact) == 1:
            return exact[0]
        if exact:
            return the_one(app, f"in namespace {home}", exact)
        try:
            return the_one(app, f"in namespace {home}", await self.workloads(home))
        except NotFound as missing:
            if namespace:
                await self.demand_namespace(namespace)
                raise
            everywhere = await self.workloads(None)
            if not everywhere:
                raise missing from None
            return the_one(app, f"in any namespace of {identity.context}", everywhere)

    async def demand_namespace(self, namespace: str) -> None:
        """Raise NotFound where the namespace itself does not exist; who may not look at namespaces is let through."""
        try:
            await self.reader.read(ref_to(NAMESPACE, namespace))
        except Forbidden:
            return
        except NotFound as missing:
            raise NotFound(
                f"There is no namespace {namespace!r} in {(await self.reader.identity()).context}.",
                hint="Look in all namespaces with `list_apps` (`dot-ai list --all-namespaces`).",
            ) from missing

    async def is_alive(self, record: Record) -> bool:
        """Whether some process still holds the app for this operation."""
        try:
            holding = held(await self.reader.read(lease_of(record.plan.app)))
        except (NotFound, Forbidden):
            return False
        return holding is not None and holding.operation == record.id and holding.expires_in(self.reader.now()) > 0

    async def _named(self, app: str, namespace: str) -> list[Workload]:
        kind, name = parsed(app)
        views = [view for view in WORKLOADS if kind in (None, view.kind.name)]

        async def one(view: View[Workload]) -> Workload | Forbidden | None:
            try:
                return await self.reader.get(view, name, namespace)
            except NotFound:
                return None
            except Forbidden as unread:
                return unread

        rollouts, engines, seen = await asyncio.gather(
            self._rollouts(namespace, ""), self._drivers(namespace), asyncio.gather(*map(one, views))
        )
        found = [workload for workload in seen if isinstance(workload, Workload)]
        for unread in seen:
            if isinstance(unread, Forbidden) and not found:
                raise unread
        return [*await self._of_rollouts(name, kind, found, rollouts, engines)]

    async def _of_rollouts(
        self,
        name: str,
        kind: str | None,
        found: list[Workload],
        rollouts: tuple[Workload, ...],
        engines: tuple[Driver, ...],
    ) -> tuple[Workload, ...]:
        """Those found and the Rollouts that are meant too: by their name, or by a Deployment whose pods they run."""
        sources = {workload.name for workload in found if workload.kind == "Deployment"}
        meant = [
            rollout
            for rollout in rollouts
            if (rollout.name == name and kind in (None, "Rollout")) or source_of(rollout) in sources
        ]
        return await joined(self.reader, (*found, *meant), engines)

    async def workloads(self, namespace: str | None, labels: str = "") -> tuple[Workload, ...]:
        """All Deployments, StatefulSets, DaemonSets and Rollouts of a namespace, or of the cluster.

        A copy that Flagger made of one of them is not another app.
        """
        rollouts, engines, found = await asyncio.gather(
            self._rollouts(namespace, labels),
            self._drivers(namespace),
            asyncio.gather(*(self._all(view, namespace, labels) for view in WORKLOADS)),
        )
        every = await joined(self.reader, tuple(one for kind in (*found, rollouts) for one in kind), engines)
        copies = {(one.namespace, one.serving.name) for one in every if one.serving is not one}
        return tuple(one for one in every if (one.namespace, one.name) not in copies)

    async def _drivers(self, namespace: str | None) -> tuple[Driver, ...]:
        """What other engines deliver workloads by; what we may not list of it is told with what is seen of an app."""
        seen = await drivers(self.reader, namespace)
        self._hidden[namespace] = seen.unread
        return seen.found

    async def _rollouts(self, namespace: str | None, labels: str) -> tuple[Workload, ...]:
        """The Rollouts; none where Argo Rollouts is not there, or is none of our user's business."""
        try:
            return await self._all(ROLLOUTS, namespace, labels) if await self.reader.serves(ROLLOUT) else ()
        except Forbidden:
            return ()

    async def pods(self, namespace: str | None, labels: str = "") -> tuple[Pod, ...]:
        """All pods of a namespace, or of the cluster."""
        return await self._all(PODS, namespace, labels)

    async def image(self, image: str, workload: Workload) -> ImageSight:
        """Whether the workload's nodes could pull that image with its logins, as far as can be told before they try.

        `missing`, `denied` and `wrong-platform` are certain; whatever is not is `unknown`, with the reason in words.
        """
        return await self._pulling.look(image, workload)

    async def surroundings(self, scene: Scene, template: Manifest, *, depth: Depth = "planning") -> Surroundings:
        """What is around an app that shall get this pod template; see `core.looking` for what it costs.

        What may not be seen is left out and named. Changes nothing: the pod it tries is a dry run.
        """
        return await Looking(self.reader, self._nodes, scene, template, depth).surroundings()

    async def look(
        self, scene: Scene, template: Manifest, images: Collection[str] = (), *, depth: Depth = "planning"
    ) -> Look:
        """The surroundings, and those images as registries know them.

        Around the pods that serve and will be replaced: of a copy, where an engine keeps one.
        """
        serving = scene.workload.serving
        seen = scene if serving is scene.workload else await self.scene(serving)
        around, sights = await asyncio.gather(
            self.surroundings(seen, as_served(scene.workload, template), depth=depth),
            asyncio.gather(*(self.image(image, scene.workload) for image in images)),
        )
        return Look(around, dict(zip(images, sights, strict=True)))

    async def would_admit(self, scene: Scene, template: Manifest) -> Trial:
        """Whether the cluster would take a pod of that template for the app, by a dry run."""
        return await tried(self.reader, scene, template)

    async def scene_to_change(self, workload: Workload, *, around: bool = False) -> Scene:
        """The scene, and whether the Services that lead to the app may be patched and lead to it alone.

        One review more, and one read for each Service whose selector asks for less than the app's own.
        """
        scene, may = await asyncio.gather(self.scene(workload, around=around), self._may_switch(workload.namespace))
        found = await asyncio.gather(*(self._is_shared(service, scene) for service in scene.services))
        shared = tuple(service.name for service, is_shared in zip(scene.services, found, strict=True) if is_shared)
        return replace(scene, unwritable=() if may else (SERVICE.plural,), shared=shared)

    async def _may_switch(self, namespace: str) -> bool:
        """Whether Services may be patched there; remembered so long that a plan runs in the way it was shown."""
        now = self.reader.now()
        if namespace in self._switching and (now - self._switching[namespace][0]).total_seconds() < REMEMBERED:
            return self._switching[namespace][1]
        may = await self.reader.allowed("patch", SERVICE, namespace)
        self._switching[namespace] = now, may
        return may

    async def _is_shared(self, service: Service, scene: Scene) -> bool:
        """Whether pods that are not the app's are behind the Service too."""
        workload, wanted = scene.workload, service.lasting_selector
        if workload.kind != "Deployment":
            return False
        if any(service.selects(pod.labels) and is_active(pod) for pod in scene.strangers):
            return True
        own = (workload.spec.get("selector") or {}).get("matchLabels") or {}
        if all(wanted.get(key) == value for key, value in own.items()):
            return False
        labels = ",".join(f"{key}={value}" for key, value in sorted(wanted.items()))
        behind, ours = await self._all(PODS, workload.namespace, labels), {pod.uid for pod in scene.pods}
        return any(pod.uid not in ours and is_active(pod) for pod in behind)

    async def scene(self, workload: Workload, *, around: bool = False) -> Scene:
        """One app at this moment; with `around` also endpoints, events and disruption budgets.

        Four reads, seven with `around`, and as many again for the copy that Flagger lets serve.
        """
        seen = await self._scene(workload, around=around)
        if not around or workload.serving is workload:
            return seen
        return replace(seen, primary=await self._scene(workload.serving, around=True))

    async def _scene(self, workload: Workload, *, around: bool) -> Scene:
        namespace, selector = workload.namespace, workload.selector
        unread = list(self._hidden.get(namespace, ()))

        async def if_allowed(view: View[T], *, wanted: bool = True) -> tuple[T, ...]:
            try:
                return await self._all(view, namespace) if wanted else ()
            except Forbidden:
                unread.append(view.kind.plural)
                return ()

        (revisions, pods), services, scalers, slices, events, budgets = await asyncio.gather(
            self._own(workload, namespace, selector),
            if_allowed(SERVICES),
            if_allowed(AUTOSCALERS),
            if_allowed(ENDPOINT_SLICES, wanted=around),
            if_allowed(EVENTS, wanted=around),
            if_allowed(DISRUPTION_BUDGETS, wanted=around),
        )
        return scene_of(
            workload,
            self.reader.now(),
            revisions=revisions,
            pods=pods,
            services=services,
            slices=slices,
            events=events,
            scalers=scalers,
            budgets=budgets,
            unread=tuple(unread),
        )

    async def _own(
        self, workload: Workload, namespace: str, selector: str
    ) -> tuple[tuple[Revision, ...], tuple[Pod, ...]]:
        revisions, pods = await asyncio.gather(
            self._all(REVISIONS[workload.kind], namespace, selector), self._all(PODS, namespace, selector)
        )
        return revisions, pods

    async def _all(self, view: View[T], namespace: str | None, labels: str = "") -> tuple[T, ...]:
        return (await self.reader.list(view, namespace, labels=labels)).items
