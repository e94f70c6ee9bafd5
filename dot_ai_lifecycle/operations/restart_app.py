"""Restart: replace every pod of an app, a few at a time."""

from typing import ClassVar, NamedTuple

from pydantic import Field

from dot_ai_lifecycle.core.conditions.words import pods_in
from dot_ai_lifecycle.core.late import NOW
from dot_ai_lifecycle.core.operation import AppName, Change, Namespace
from dot_ai_lifecycle.core.plan import Plan
from dot_ai_lifecycle.core.pointers import pointer
from dot_ai_lifecycle.core.scene import Scene, running_digests
from dot_ai_lifecycle.core.steps import Edit
from dot_ai_lifecycle.core.surroundings import Look
from dot_ai_lifecycle.core.workload import Workload
from dot_ai_lifecycle.core.world import World
from dot_ai_lifecycle.domain.belonging import around_of
from dot_ai_lifecycle.domain.engines.argo import restarted
from dot_ai_lifecycle.domain.engines.state import is_engines
from dot_ai_lifecycle.domain.guards import notes_on_owner
from dot_ai_lifecycle.domain.rolling import DEFAULT_TIMEOUT, refuse_if_stuck
from dot_ai_lifecycle.domain.strategies.choice import left_to_engine
from dot_ai_lifecycle.domain.strategies.replacing import Replaced, replacing
from dot_ai_lifecycle.domain.strategies.rollout import Rollout

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"


class Restarting(NamedTuple):
    """An app, and what is around the pods of it that serve."""

    scene: Scene
    look: Look


class RestartApp(Change[Restarting]):
    """Replace every pod of an app by a rolling restart, and prove that the new pods serve."""

    command: ClassVar[str] = "restart"
    title: ClassVar[str] = "Restart app"
    idempotent: ClassVar[bool] = False

    app: AppName
    namespace: Namespace | None = None
    reason: str = Field("", max_length=300, description="Why, for the history")
    timeout: int = Field(DEFAULT_TIMEOUT, ge=10, le=3600, description="Seconds until it has failed")

    async def observe(self, world: World) -> Restarting:
        scene = await world.scene_to_change(await world.workload(self.app, self.namespace))
        return Restarting(scene, await world.look(scene, scene.workload.template))

    def decide(self, seen: Restarting) -> Plan:
        scene = seen.scene
        workload, why = scene.workload, f": {self.reason}" if self.reason else ""
        plan = Plan(operation=self.tool(), parameters=self.parameters(), app=workload.ref, summary="", steps=())
        if workload.serving.replicas == 0:
            return plan.model_copy(update={"summary": f"{workload.ref} has no pods to restart: it is scaled to 0."})
        refuse_if_stuck(workload)
        rollout = Rollout(
            scene=scene,
            edits=_restarted(workload),
            why="restartAt is now" if is_engines(workload) else "a new restartedAt in the template",
            cause=f"{self.tool()}{why}",
            within=self.timeout,
        )
        if is_engines(workload):
            replaced = Replaced(scene, left_to_engine(workload), restarted(rollout))
        else:
            replaced = replacing(rollout, look=seen.look)
        return plan.model_copy(
            update={
                "summary": f"Restart {workload.ref}, {pods_in(workload.serving.replicas)}{why}",
                "steps": replaced.steps,
                "facts": {"template": workload.template_digest},
                "before": workload.template.get("metadata", {}).get("annotations", {}).get(RESTARTED_AT, ""),
                "after": "restarted",
                "images_before": running_digests(scene),
                "around": around_of(scene),
                "notes": (*replaced.notes, *notes_on_owner(workload)),
                "risk": replaced.risk(),
            }
        )


def _restarted(workload: Workload) -> tuple[Edit, ...]:
    """The one annotation `kubectl rollout restart` sets too; Argo Rollouts has a field of its own."""
    if is_engines(workload):
        return (Edit(path="/spec/restartAt", old=workload.spec.get("restartAt"), new=NOW),)
    meta = workload.template.get("metadata") or {}
    annotations = meta.get("annotations")
    parent = () if annotations else (Edit(path="/spec/template/metadata/annotations", new={}, scaffold=True),)
    path = pointer("spec", "template", "metadata", "annotations", RESTARTED_AT)
    return (*parent, Edit(path=path, old=(annotations or {}).get(RESTARTED_AT), new=NOW))
