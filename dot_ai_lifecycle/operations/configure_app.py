"""Configure: what an app's containers are told, and a change of it as an update like any other."""

import asyncio
from typing import Annotated, Any, ClassVar

from msgspec import Struct
from msgspec.structs import replace
from pydantic import Field, StringConstraints, model_validator

from dot_ai_lifecycle.core.configuration import Sources, readers_of, sources_named, sources_of
from dot_ai_lifecycle.core.finding import spelled
from dot_ai_lifecycle.core.operation import AppName, Change, Namespace, Question
from dot_ai_lifecycle.core.plan import Note, Plan
from dot_ai_lifecycle.core.scene import Scene, running_digests
from dot_ai_lifecycle.core.surroundings import Look, Sought
from dot_ai_lifecycle.core.workload import Workload
from dot_ai_lifecycle.core.world import World
from dot_ai_lifecycle.domain.belonging import around_of
from dot_ai_lifecycle.domain.configuration.changing import Changed, Wanted, changed
from dot_ai_lifecycle.domain.configuration.notes import notes_on_readers, notes_on_values
from dot_ai_lifecycle.domain.configuration.showing import (
    MOST,
    AppConfiguration,
    effective,
    file_lines,
    source_lines,
    variable_lines,
)
from dot_ai_lifecycle.domain.guards import notes_on_owner, refuse_if_owned
from dot_ai_lifecycle.domain.rolling import DEFAULT_TIMEOUT, refuse_if_stuck
from dot_ai_lifecycle.domain.strategies.replacing import replacing
from dot_ai_lifecycle.domain.strategies.rollout import Rollout

VariableName = Annotated[str, StringConstraints(max_length=250, pattern=r"^[-._a-zA-Z][-._a-zA-Z0-9]*$")]
Value = Annotated[str, StringConstraints(max_length=131_072, strip_whitespace=False)]


class ShowConfiguration(Question[AppConfiguration]):
    """The effective configuration of an app."""

    app: AppName
    namespace: Namespace | None = None
    container: str = ""

    async def answer(self, world: World) -> AppConfiguration:
        identity = await world.reader.identity()
        workload = await world.workload(self.app, self.namespace)
        sources = await _sources(world, workload)
        found, now = effective(workload.template, sources, self.container), world.reader.now()
        variables, files = found.variables[:MOST], found.files[:MOST]
        left_out = len(found.variables) + len(found.files) - len(variables) - len(files)
        there = [source for source in sources.found.values() if source.fate == "there"]
        return AppConfiguration(
            summary=(
                f"{spelled(workload)} in {workload.namespace} is told {len(found.variables)} variables and "
                f"{len(found.files)} files, by its template and {len(there)} ConfigMaps and Secrets"
            ),
            next_steps=_narrower(workload) if left_out else (),
            app=spelled(workload),
            namespace=workload.namespace,
            cluster=identity.context,
            problems=found.problems,
            variables=variable_lines(variables, sources, now),
            files=file_lines(files, sources, now),
            sources=source_lines(sources),
            left_out=left_out or None,
            unread=sources.unread,
        )


class Configuring(Struct, frozen=True):
    """An app, what it is told, what is to be different, and what is around it then."""

    scene: Scene
    sources: Sources
    changed: Changed
    look: Look | None


class ConfigureApp(Change[Configuring]):
    """Show an app's variables and files with their sources, or set and unset some as a proven update."""

    command: ClassVar[str] = "config"
    title: ClassVar[str] = "Configure app"

    app: AppName
    namespace: Namespace | None = None
    set_: dict[VariableName, Value] | None = Field(
        None,
        validation_alias="set",
        serialization_alias="set",
        max_length=100,
        description="New values of variables; each is changed where it is defined",
    )
    unset: list[VariableName] | None = Field(None, max_length=100, description="Variables to take out")
    container: str | None = Field(None, max_length=63, description="Container; default: main (all to show)")
    inline: bool = Field(False, description="Set in the template, not in a ConfigMap")
    timeout: int = Field(DEFAULT_TIMEOUT, ge=10, le=3600, description="Seconds until it has failed")

    @model_validator(mode="after")
    def _either(self) -> "ConfigureApp":
        if both := sorted(set(self.set_ or ()) & set(self.unset or ())):
            raise ValueError(f"{both[0]} is both set and unset")
        return self

    def question(self) -> Question[Any] | None:
        if self.set_ or self.unset:
            return None
        return ShowConfiguration(app=self.app, namespace=self.namespace, container=self.container or "")

    async def observe(self, world: World) -> Configuring:
        workload = await world.workload(self.app, self.namespace)
        scene, sources = await asyncio.gather(world.scene_to_change(workload), _sources(world, workload))
        change = changed(workload.ref, workload.template, sources, self._wanted())
        look = await world.look(scene, change.template) if change.edits else None
        return Configuring(scene, sources, change, _with_copies(look, change) if look else None)

    def _wanted(self) -> Wanted:
        values = {**(self.set_ or {}), **dict.fromkeys(self.unset or ())}
        return Wanted(self.container or "", values, self.inline)

    def decide(self, seen: Configuring) -> Plan:
        scene, change = seen.scene, seen.changed
        workload = scene.workload
        plan = Plan(operation=self.tool(), parameters=self.parameters(), app=workload.ref, summary="", steps=())
        if not change.edits:
            return plan.model_copy(update={"summary": f"{workload.ref} is told so already: nothing to do."})
        refuse_if_stuck(workload)
        words = f"{', '.join(change.before)} → {', '.join(change.after)}"
        refuse_if_owned(workload, ", ".join(change.after))
        rollout = Rollout(
            scene=scene,
            edits=change.edits,
            why=f"{', '.join(change.after)}",
            cause=f"{self.tool()}: {words}",
            within=self.timeout,
        )
        replaced = replacing(rollout, look=seen.look)
        return plan.model_copy(
            update={
                "summary": f"Configure {workload.ref}: {words}",
                "steps": (*change.copies, *replaced.steps),
                "facts": {"template": workload.template_digest},
                "before": ", ".join(change.before),
                "after": ", ".join(change.after),
                "images_before": running_digests(scene),
                "around": around_of(scene),
                "notes": (*self._notes(seen), *replaced.notes, *notes_on_owner(workload)),
                "risk": replaced.risk(),
            }
        )

    def _notes(self, seen: Configuring) -> tuple[Note, ...]:
        return (
            *notes_on_values(self.set_ or {}),
            *notes_on_readers(seen.sources, seen.changed.sources, seen.scene.workload),
        )


def _narrower(workload: Workload) -> tuple[str, ...]:
    """How to see what was left out."""
    tool = f"configure_app app={spelled(workload)} namespace={workload.namespace} container=NAME"
    return (f"{tool}  (dot-ai config {spelled(workload)} -n {workload.namespace} --container NAME)",)


async def _sources(world: World, workload: Workload) -> Sources:
    """What the app's template names, and who else in its namespace does."""
    if not sources_named(workload.template):
        return Sources({}, {})
    namespace = workload.namespace
    found, workloads = await asyncio.gather(
        sources_of(world.reader, world.marks, workload.template, namespace), world.workloads(namespace)
    )
    every = [(spelled(one), one.template) for one in workloads]
    readers, unread = await readers_of(world.reader, every, namespace)
    return Sources(found, readers, unread)


def _with_copies(look: Look, change: Changed) -> Look:
    """The look, copies that the plan makes being there, with the keys they will have."""

    def seen(one: Sought) -> Sought:
        keys = change.keys.get(one.need.name) if one.need.kind == "ConfigMap" else None
        if keys is None:
            return one
        return replace(one, fate="no key" if one.need.key and one.need.key not in keys else "there")

    return replace(look, around=replace(look.around, sought=tuple(map(seen, look.around.sought))))
