"""Scale: how many pods, and how large each is."""

from typing import Annotated, ClassVar

from msgspec import Struct
from pydantic import Field, model_validator

from dot_ai_lifecycle.core.edited import with_edits
from dot_ai_lifecycle.core.errors import BadInput
from dot_ai_lifecycle.core.operation import AppName, Change, Namespace
from dot_ai_lifecycle.core.plan import Note, Plan, Risk
from dot_ai_lifecycle.core.scene import Scene, running_digests
from dot_ai_lifecycle.core.steps import Await, Edit, Patch, Step
from dot_ai_lifecycle.core.surroundings import Look
from dot_ai_lifecycle.core.workload import CHANGE_CAUSE, Workload
from dot_ai_lifecycle.core.world import World
from dot_ai_lifecycle.domain.belonging import around_of
from dot_ai_lifecycle.domain.guards import notes_on_owner, refuse_if_autoscaled, refuse_if_owned
from dot_ai_lifecycle.domain.rolling import (
    DEFAULT_TIMEOUT,
    annotation,
    notes_on,
    notes_on_sight,
    refuse_if_stuck,
    risk_of,
)
from dot_ai_lifecycle.domain.sizing import (
    REPLICAS,
    STOPS,
    refuse_if_uneven,
    replicas_spoken,
    resource_edits,
    resources_spoken,
    spoken,
)
from dot_ai_lifecycle.domain.strategies.replacing import Replaced, replacing
from dot_ai_lifecycle.domain.strategies.rollout import Rollout

Size = Annotated[str, Field(max_length=40, pattern=r"^[0-9.]+[A-Za-z]*(:[0-9.]+[A-Za-z]*)?$")]


class Sized(Struct, frozen=True):
    """An app, and what is around it where its pods shall get another size."""

    scene: Scene
    look: Look | None


class ScaleApp(Change[Sized]):
    """Change how many pods an app runs, or the CPU and memory each gets, and prove that they serve."""

    command: ClassVar[str] = "scale"
    title: ClassVar[str] = "Scale app"

    app: AppName
    namespace: Namespace | None = None
    replicas: int | None = Field(None, ge=0, le=10_000, description="How many pods")
    cpu: Size | None = Field(None, description="CPU request or request:limit, e.g. 500m:1")
    memory: Size | None = Field(None, description="Memory request or request:limit, e.g. 512Mi")
    container: str | None = Field(None, max_length=63, description="Container for cpu and memory; default: main")
    timeout: int = Field(DEFAULT_TIMEOUT, ge=10, le=3600, description="Seconds until it has failed")

    @model_validator(mode="after")
    def _something(self) -> "ScaleApp":
        if self.replicas is None and self.cpu is None and self.memory is None:
            raise ValueError("give replicas, cpu or memory")
        return self

    async def observe(self, world: World) -> Sized:
        scene = await world.scene_to_change(await world.workload(self.app, self.namespace))
        edits = self._size_edits(scene.workload)
        if not edits or self._with_their_number(scene):
            return Sized(scene, None)
        resized = with_edits(scene.workload.manifest, edits)
        return Sized(scene, await world.look(scene, resized["spec"]["template"]))

    def decide(self, seen: Sized) -> Plan:
        scene = seen.scene
        workload = scene.workload
        edits = (*self._replica_edits(scene), *self._size_edits(workload))
        plan = Plan(operation=self.tool(), parameters=self.parameters(), app=workload.ref, summary="", steps=())
        if not edits:
            return plan.model_copy(update={"summary": f"{workload.ref} already has that size: nothing to do."})
        before, after = self._spoken(workload, edits)
        if self._resizes(edits):
            refuse_if_stuck(workload)
        else:
            refuse_if_uneven(scene)
        refuse_if_owned(workload, after)
        resized = self._resized(seen, edits, f"{before} → {after}")
        return plan.model_copy(
            update={
                "summary": f"Scale {workload.ref}: {before} → {after}",
                "steps": resized.steps if resized else self._steps(workload, edits, f"{before} → {after}"),
                "facts": {"template": workload.template_digest},
                "before": before,
                "after": after,
                "images_before": running_digests(scene),
                "around": around_of(scene),
                "notes": (*notes_on_owner(workload), *(resized.notes if resized else self._notes(scene))),
                "risk": resized.risk() if resized else self._risk(scene),
            }
        )

    def _replica_edits(self, seen: Scene) -> tuple[Edit, ...]:
        workload = seen.workload
        if self.replicas is None:
            return ()
        if workload.kind == "DaemonSet":
            raise BadInput(
                f"{workload.ref} runs one pod on each node it selects: it has no replicas.",
                hint="Change its nodeSelector, or cpu and memory.",
            )
        if self.replicas == workload.replicas:
            return ()
        refuse_if_autoscaled(workload, seen.autoscaler, self.replicas)
        return (Edit(path=REPLICAS, old=workload.spec.get("replicas"), new=self.replicas),)

    def _size_edits(self, workload: Workload) -> tuple[Edit, ...]:
        if self.cpu is None and self.memory is None:
            return ()
        return resource_edits(workload, cpu=self.cpu, memory=self.memory, container=self.container)

    def _with_their_number(self, scene: Scene) -> bool:
        return self.replicas is not None or scene.workload.serving.replicas == 0

    def _resized(self, seen: Sized, edits: tuple[Edit, ...], words: str) -> Replaced | None:
        """The new size of the pods alone goes the app's best way; together with their number it is one patch."""
        if self._with_their_number(seen.scene):
            return None
        cause = f"{self.tool()}: {words}"
        rollout = Rollout(scene=seen.scene, edits=edits, why=words, cause=cause, within=self.timeout)
        return replacing(rollout, look=seen.look)

    def _steps(self, workload: Workload, edits: tuple[Edit, ...], words: str) -> tuple[Step, ...]:
        cause = annotation(workload, CHANGE_CAUSE, f"{self.tool()}: {words}") if self._resizes(edits) else ()
        patch = Patch(ref=workload.ref, edits=(*edits, *cause), why=words)
        return patch, Await(ref=workload.ref, within=self.timeout, why="every wanted pod serves, no other is left")

    def _spoken(self, workload: Workload, edits: tuple[Edit, ...]) -> tuple[str, str]:
        before, after = [], []
        for edit in edits:
            if edit.path == REPLICAS:
                before.append(replicas_spoken(workload.replicas))
                after.append(replicas_spoken(edit.new))
            else:
                before.append(resources_spoken(workload, self.container))
                after.append(spoken(edit.new))
        return "; ".join(before), "; ".join(after)

    def _resizes(self, edits: tuple[Edit, ...]) -> bool:
        return any(edit.path != REPLICAS for edit in edits)

    def _notes(self, seen: Scene) -> tuple[Note, ...]:
        resizing = self.cpu is not None or self.memory is not None
        return notes_on(seen) if resizing else notes_on_sight(seen)

    def _risk(self, seen: Scene) -> Risk:
        if self.replicas == 0 and seen.workload.replicas > 0:
            return Risk(level="high", reasons=(STOPS,))
        resizing = self.cpu is not None or self.memory is not None
        return risk_of(seen) if resizing else Risk(level="medium")
