"""Rollback: an earlier revision's exact template, proven to serve."""

import asyncio
from typing import Any, ClassVar

from msgspec import Struct
from msgspec.structs import replace
from pydantic import Field

from dot_ai_lifecycle.core.around import Around
from dot_ai_lifecycle.core.errors import Forbidden, NotFound
from dot_ai_lifecycle.core.objects import SERVICES, Service
from dot_ai_lifecycle.core.operation import AppName, Change, Namespace
from dot_ai_lifecycle.core.plan import Plan
from dot_ai_lifecycle.core.record import Record
from dot_ai_lifecycle.core.release_sight import history, standing
from dot_ai_lifecycle.core.scene import Scene, running_digests
from dot_ai_lifecycle.core.steps import Patch
from dot_ai_lifecycle.core.surroundings import Look
from dot_ai_lifecycle.core.workload import Workload
from dot_ai_lifecycle.core.world import World
from dot_ai_lifecycle.domain.belonging import around_of, recorded_around, restored, surrounded
from dot_ai_lifecycle.domain.going_back import Goal, goal_of, refuse_if_absent
from dot_ai_lifecycle.domain.guards import notes_on_owner, refuse_if_owned
from dot_ai_lifecycle.domain.helm.going_back import going_back
from dot_ai_lifecycle.domain.helm.reinstating import ReleaseAhead, brought
from dot_ai_lifecycle.domain.helm.target import aim_of, release_went_back
from dot_ai_lifecycle.domain.helm.telling import refuse_if_borrowed
from dot_ai_lifecycle.domain.helm.wishes import Wish, refs_of, stored, wishes
from dot_ai_lifecycle.domain.ownership import release_of
from dot_ai_lifecycle.domain.past_versions import main_image
from dot_ai_lifecycle.domain.pinning import pinned, to_ask_about
from dot_ai_lifecycle.domain.preflight.needed import images_of
from dot_ai_lifecycle.domain.rollback import PREVIOUS, went_back_already
from dot_ai_lifecycle.domain.rolling import DEFAULT_TIMEOUT, raised, refuse_if_stuck, risk_of
from dot_ai_lifecycle.domain.strategies.freeing import freed
from dot_ai_lifecycle.domain.strategies.replacing import replacing
from dot_ai_lifecycle.domain.strategies.rollout import Rollout


class WayAhead(Struct, frozen=True):
    """An app, where its rollback goes, and the earlier rollback that went there already (then there is no goal)."""

    scene: Scene
    goal: Goal | None
    already: Record | None = None
    look: Look | None = None
    around: Around | None = None
    strays: tuple[Service, ...] = ()


class RollbackApp(Change[WayAhead | ReleaseAhead]):
    """Bring back an earlier revision of an app, its exact pod template, and prove that it serves.

    An app of a Helm release goes back with the release.
    """

    command: ClassVar[str] = "rollback"
    title: ClassVar[str] = "Roll back app"

    app: AppName
    namespace: Namespace | None = None
    to_version: str | None = Field(
        None, max_length=300, description="Tag, digest, #revision or operation id; default: previous"
    )
    roll_forward: bool = Field(False, description="If not retained: that image in today's template")
    template_only: bool = Field(False, description="Leave Services, autoscaler and strategy as they are")
    timeout: int = Field(DEFAULT_TIMEOUT, ge=10, le=3600, description="Seconds until it has failed")

    async def observe(self, world: World) -> WayAhead | ReleaseAhead:
        workload = await world.workload(self.app, self.namespace)
        release, home = release_of(workload.manifest)
        if release and not (self.template_only or self.roll_forward):
            return await self._of_release(world, workload, release, home)
        return await self._of_app(world, workload)

    async def _of_app(self, world: World, workload: Workload) -> WayAhead:
        scene, records = await asyncio.gather(
            world.scene_to_change(workload),
            world.story.records(workload.namespace, app=workload.name, kind=workload.kind),
        )
        last = went_back_already(records, workload.template_digest) if self.to_version in PREVIOUS else None
        if last is not None:
            return WayAhead(scene, None, last)
        goal = goal_of(scene, records, self.to_version, roll_forward=self.roll_forward)
        if goal.runs_in(workload):
            return WayAhead(scene, goal)
        around = None if self.template_only else recorded_around(records, goal.origin)
        goal, strays = await asyncio.gather(self._pinned(world, workload, goal), self._strays(world, scene, around))
        images = tuple(dict.fromkeys(images_of(goal.template)))
        look = await world.look(scene, goal.template, images, depth="going back")
        return WayAhead(scene, goal, look=look, around=around, strays=strays)

    async def _of_release(self, world: World, workload: Workload, name: str, home: str) -> ReleaseAhead:
        scene, records, revisions = await asyncio.gather(
            world.scene(workload),
            world.story.records(workload.namespace, app=workload.name, kind=workload.kind),
            history(world.reader, name, home),
        )
        last = release_went_back(revisions, records) if self.to_version in PREVIOUS else None
        if last is not None:
            return ReleaseAhead(scene, None, last)
        aim = aim_of(revisions, records, self.to_version, workload)
        if aim.is_there:
            return ReleaseAhead(scene, aim)
        found = await standing(world.reader, refs_of(aim))
        autoscaled = (f"{workload.kind} {workload.name}",) if scene.autoscaler else ()
        wanted = wishes(aim, found, autoscaled=autoscaled)
        kept = tuple(await asyncio.gather(*(self._stored(world, wish) for wish in wanted)))
        unread = tuple(str(ref) for ref, one in found.items() if isinstance(one, Forbidden))
        return await self._around(world, ReleaseAhead(scene, aim, wishes=kept, unread=unread))

    async def _stored(self, world: World, wish: Wish) -> Wish:
        """The wish as the API server would fulfil it, with its defaults: compared with that, nothing seems changed.

        Who may not patch is told so by the engine, which knows of all the rights that the plan wants.
        """
        if not wish.edits:
            return wish
        patch = Patch(ref=wish.ref, edits=wish.edits, why="")
        try:
            return stored(wish, await world.reader.would_patch(wish.ref, patch.operations()))
        except Forbidden:
            return wish

    async def _around(self, world: World, seen: ReleaseAhead) -> ReleaseAhead:
        """With the workloads that get another template, and all that is around them."""
        changed = [wish for wish in seen.wishes if wish.is_workload and wish.edits]
        found = await asyncio.gather(*(self._looked(world, seen, wish) for wish in changed))
        return replace(seen, scenes={str(wish.ref): one for wish, one in zip(changed, found, strict=True)})

    async def _looked(self, world: World, seen: ReleaseAhead, wish: Wish) -> tuple[Scene, Look]:
        """A workload and its surroundings; what the plan itself brings is not missing."""
        assert wish.wanted is not None
        workload = await world.workload(f"{wish.ref.kind}/{wish.ref.name}", wish.ref.namespace)
        refuse_if_borrowed(workload, wish)
        scene = await world.scene_to_change(workload)
        template = wish.wanted["spec"]["template"]
        look = await world.look(scene, template, tuple(dict.fromkeys(images_of(template))), depth="going back")
        own = brought(seen)
        sought = tuple(one for one in look.around.sought if (one.need.kind, one.need.name) not in own)
        return scene, replace(look, around=replace(look.around, sought=sought))

    async def _pinned(self, world: World, workload: Workload, goal: Goal) -> Goal:
        """The goal in the light of what registries say of its images today."""
        images = to_ask_about(goal, workload)
        there = goal.reached_by(workload)
        sights = await asyncio.gather(*(world.image(image, there) for image in images))
        return pinned(goal, dict(zip(images, sights, strict=True)))

    async def _strays(self, world: World, scene: Scene, around: Around | None) -> tuple[Service, ...]:
        """The Services that sent to the app when that version last ran, and do not now."""
        behind = {service.name for service in scene.services}
        names = [sender.name for sender in around.senders if sender.name not in behind] if around else []
        found = await asyncio.gather(*(self._service(world, name, scene.workload.namespace) for name in names))
        return tuple(service for service in found if service is not None)

    async def _service(self, world: World, name: str, namespace: str) -> Service | None:
        try:
            return await world.reader.get(SERVICES, name, namespace)
        except (NotFound, Forbidden):
            return None

    def decide(self, seen: WayAhead | ReleaseAhead) -> Plan:
        workload = seen.scene.workload
        plan = Plan(operation=self.tool(), parameters=self.parameters(), app=workload.ref, summary="", steps=())
        if seen.already is not None:
            said = f"was rolled back already (operation {seen.already.id}): nothing to do. Name a version."
            return plan.model_copy(update={"summary": f"{workload.ref} {said}"})
        if isinstance(seen, ReleaseAhead):
            return plan.model_copy(update=going_back(seen, self.timeout))
        goal = seen.goal
        assert goal is not None
        if goal.runs_in(workload):
            words = f"{workload.ref} already runs {goal.name} ({goal.how}): nothing to do."
            return plan.model_copy(update={"summary": words})
        if not goal.to_stable:
            refuse_if_stuck(workload)
        refuse_if_owned(workload, goal.why)
        if seen.look is not None:
            refuse_if_absent(goal, workload, seen.look.around.absent)
        return plan.model_copy(update=self._there(seen, goal))

    def _there(self, seen: WayAhead, goal: Goal) -> dict[str, Any]:
        scene, workload = seen.scene, seen.scene.workload
        before = main_image(scene, scene.current) if scene.current else ", ".join(workload.images.values())
        around = restored(scene, goal.template, seen.around, seen.strays)
        rollout = Rollout(
            scene=around.scene,
            edits=goal.edits(workload),
            why=goal.why,
            cause=f"{self.tool()}: {before} → {goal.name}",
            within=self.timeout,
        )
        replaced = replacing(rollout, look=seen.look)
        proof = rollout.served("it serves with everything as it was then")
        direction = "back" if goal.origin else "forward"
        return {
            "summary": f"Roll {direction} {workload.ref}: {before} → {goal.name}, {goal.how}",
            "steps": surrounded(freed(replaced), around, proof),
            "facts": {"template": workload.template_digest, "target": goal.origin},
            "before": before,
            "after": goal.name,
            "images_before": running_digests(scene),
            "around": around_of(scene),
            "notes": (*goal.notes, *around.notes, *replaced.notes, *notes_on_owner(workload)),
            "risk": raised(risk_of(scene), around.gaps),
        }
