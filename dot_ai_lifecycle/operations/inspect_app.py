"""One app, looked at closely: what it is, how it does and why, what surrounds it, what was done to it."""

import asyncio
from typing import ClassVar, Literal

from pydantic import Field

from dot_ai_lifecycle.core.finding import spelled
from dot_ai_lifecycle.core.operation import AppName, Namespace, Question
from dot_ai_lifecycle.core.record import UNFINISHED, Record
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.world import World
from dot_ai_lifecycle.domain.health import Health, health, standing
from dot_ai_lifecycle.domain.ownership import owner
from dot_ai_lifecycle.domain.portrait import (
    AppPortrait,
    autoscaler_of,
    budgets_of,
    containers_of,
    events_of,
    operations_of,
    pods_of,
    problems_of,
    references_of,
    revisions_of,
    services_of,
    strategy_of,
)
from dot_ai_lifecycle.domain.versions import version


class InspectApp(Question[AppPortrait]):
    """One app closely: health, pods, Services, autoscaler, configuration names, revisions, events, operations."""

    command: ClassVar[str] = "inspect"
    title: ClassVar[str] = "Inspect app"

    app: AppName
    namespace: Namespace | None = None
    detail: Literal["brief", "full"] = Field("brief", description="How much: brief, or full")

    async def answer(self, world: World) -> AppPortrait:
        identity = await world.reader.identity()
        workload = await world.workload(self.app, self.namespace)
        full = self.detail == "full"
        scene, records = await asyncio.gather(
            world.scene(workload, around=True),
            world.story.records(workload.namespace, app=workload.name, kind=workload.kind, limit=10 if full else 3),
        )
        serving = scene.primary or scene
        found, held = health(scene), owner(workload.manifest)
        running = version(serving.workload, serving.pods)
        copies = pods_of(serving, most=40 if full else 10) if scene.primary else ()
        return AppPortrait(
            summary=_summary(scene, found, str(running)),
            app=spelled(workload),
            namespace=workload.namespace,
            cluster=identity.context,
            health=found.word,
            reason=found.reason,
            ready=serving.workload.ready_replicas,
            wanted=serving.workload.replicas,
            version=str(running),
            owner=f"{held.kind} {held.name}".strip(),
            owner_evidence=held.evidence,
            how_to_change=held.how_to_change,
            strategy=strategy_of(workload),
            autoscaler=autoscaler_of(serving),
            disruption_budgets=budgets_of(serving),
            configuration=references_of(workload, most=60 if full else 20),
            problems=problems_of(standing(scene), most=10 if full else 3),
            containers=containers_of(workload, serving.pods),
            pods=pods_of(scene, most=40 if full else 10) + copies,
            services=services_of(scene) + (services_of(serving) if scene.primary else ()),
            revisions=revisions_of(scene, most=15 if full else 4),
            events=events_of(scene, most=10 if full else 5),
            operations=operations_of(records),
            unread=scene.unread,
            next_steps=_next_steps(scene, found, records),
        )


def _summary(scene: Scene, found: Health, running: str) -> str:
    workload = scene.workload
    return f"{spelled(workload)} in {workload.namespace} is {found.word} at {running}: {found.reason}"


def _next_steps(scene: Scene, found: Health, records: tuple[Record, ...]) -> tuple[str, ...]:
    workload = scene.workload
    where, on = (
        f"app={spelled(workload)} namespace={workload.namespace}",
        f"{spelled(workload)} -n {workload.namespace}",
    )
    steps = [
        f"get_operation operation_id={record.id} namespace={workload.namespace}  (dot-ai operation {record.id})"
        for record in records
        if record.state in UNFINISHED and not record.closed_by
    ]
    if found.word in ("failing", "degraded") and len(scene.revisions) > 1:
        steps.append(f"rollback_app {where}  (dot-ai rollback {on})")
    return tuple(steps[:3])
