"""What runs: every app of a namespace or the cluster in one row, from one look at workloads and pods."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from dot_ai_lifecycle.core.errors import BadInput, Forbidden
from dot_ai_lifecycle.core.finding import spelled
from dot_ai_lifecycle.core.objects import CONFIG_MAPS
from dot_ai_lifecycle.core.operation import Answer, Namespace, Question
from dot_ai_lifecycle.core.pods import Pod
from dot_ai_lifecycle.core.record import OPERATION_LABEL, STATE_LABEL, UNFINISHED, Record, from_config_map
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.workload import Workload
from dot_ai_lifecycle.core.world import World
from dot_ai_lifecycle.domain.grouping import pods_by_workload
from dot_ai_lifecycle.domain.health import Health, HealthWord, health
from dot_ai_lifecycle.domain.ownership import owner
from dot_ai_lifecycle.domain.versions import version

ROOM = 36_000
"""Characters of JSON the rows of one page may take: 40,000 are sure to reach a model, the rest is the frame."""

MOST_TOLD = 5
"""Names in the summary's list of what does not do well."""


class AppLine(BaseModel):
    """One app. `version` is tag and short digest; `operations` are the unfinished ones."""

    model_config = ConfigDict(frozen=True)

    app: str
    namespace: str
    health: HealthWord
    ready: int
    wanted: int
    version: str
    reason: str
    owner: str
    operations: tuple[str, ...] = ()


class Apps(Answer):
    """Apps in the order of their names; `page` is the token of the next page, if there is one."""

    cluster: str
    total: int
    apps: tuple[AppLine, ...] = ()
    page: str | None = None


class ListApps(Question[Apps]):
    """Apps with health and its reason, replicas, version, owner and unfinished operations. Start here."""

    command: ClassVar[str] = "list"
    title: ClassVar[str] = "List apps"
    positional: ClassVar[tuple[str, ...]] = ("name",)

    name: str = Field("", max_length=253, description="Part of the app's name")
    namespace: Namespace | None = None
    all_namespaces: bool = Field(default=False, description="Look in all namespaces")
    labels: str = Field("", max_length=500, description="Label selector, as for kubectl -l")
    health: HealthWord | None = Field(None, description="Only apps of this health")
    limit: int = Field(50, ge=1, le=200, description="Rows per page")
    page: str = Field("", max_length=400, description="Token of the page before")

    async def answer(self, world: World) -> Apps:
        if self.all_namespaces and self.namespace:
            raise BadInput(
                f"Both namespace {self.namespace!r} and all namespaces were asked for.", hint="Leave one of them out."
            )
        identity = await world.reader.identity()
        namespace = None if self.all_namespaces else self.namespace or identity.default_namespace
        workloads, pods, unfinished = await asyncio.gather(
            world.workloads(namespace, self.labels), world.pods(namespace), _unfinished(world, namespace)
        )
        if not workloads and namespace:
            await world.demand_namespace(namespace)
        rows = self._rows(world, [w for w in workloads if self.name in w.name], pods, unfinished)
        where = f"namespace {namespace}" if namespace else "all namespaces"
        shown, following = self._paged(rows)
        return Apps(
            summary=_summary(rows, where, len(shown)),
            cluster=identity.context,
            total=len(rows),
            apps=shown,
            page=following,
            next_steps=_next_steps(rows),
        )

    def _rows(
        self, world: World, workloads: list[Workload], pods: Iterable[Pod], unfinished: tuple[Record, ...]
    ) -> list[AppLine]:
        now, own = world.reader.now(), pods_by_workload(_and_copies(workloads), pods)
        open_ones: dict[tuple[str | None, str, str], list[str]] = {}
        for record in unfinished:
            for app in (record.plan.app, *record.plan.others):
                open_ones.setdefault((app.namespace, app.kind, app.name), []).append(f"{record.id} {record.state}")
        rows = []
        for workload in workloads:
            scene = _seen(workload, now, own)
            found = health(scene)
            if self.health in (None, found.word):
                key = (workload.namespace, workload.kind, workload.name)
                rows.append(_row(scene, found, tuple(open_ones.get(key, ())[:3])))
        return sorted(rows, key=_place)

    def _paged(self, rows: list[AppLine]) -> tuple[tuple[AppLine, ...], str | None]:
        """The rows after the token, as many as wanted and as have room; and the token of what follows."""
        after = [row for row in rows if not self.page or _place(row) > _placed(self.page)]
        shown: list[AppLine] = []
        room = ROOM
        for row in after[: self.limit]:
            room -= len(row.model_dump_json()) + 1
            if room < 0:
                break
            shown.append(row)
        last = shown[-1] if shown and len(shown) < len(after) else None
        return tuple(shown), f"{last.namespace}/{last.app}" if last else None


def _and_copies(workloads: list[Workload]) -> list[Workload]:
    return [*workloads, *(one.serving for one in workloads if one.serving is not one)]


def _seen(workload: Workload, now: datetime, own: Mapping[str, tuple[Pod, ...]]) -> Scene:
    """The app with its pods, and the copy that Flagger lets serve with its own."""
    serving = workload.serving
    primary = Scene(serving, now, pods=own.get(serving.uid, ())) if serving is not workload else None
    return Scene(workload, now, pods=own.get(workload.uid, ()), primary=primary)


def _placed(token: str) -> tuple[str, ...]:
    parts = token.split("/")
    if len(parts) != 3:
        raise BadInput(f"{token!r} is not the token of a page.", hint="Pass on `page` as the answer before gave it.")
    return parts[0], parts[2], parts[1]


def _place(row: AppLine) -> tuple[str, ...]:
    kind, _, name = row.app.partition("/")
    return row.namespace, name, kind


def _row(scene: Scene, found: Health, operations: tuple[str, ...]) -> AppLine:
    workload, held, serving = scene.workload, owner(scene.workload.manifest), scene.primary or scene
    return AppLine(
        app=spelled(workload),
        namespace=workload.namespace,
        health=found.word,
        ready=sum(1 for pod in serving.pods if pod.ready and not pod.deleting),
        wanted=serving.workload.replicas,
        version=str(version(serving.workload, serving.pods))[:150],
        reason=found.reason,
        owner=f"{held.kind} {held.name}".strip()[:100],
        operations=operations,
    )


async def _unfinished(world: World, namespace: str | None) -> tuple[Record, ...]:
    """The operations that have not ended, found by label; none where ConfigMaps may not be read."""
    states = ",".join(UNFINISHED)
    try:
        found = await world.reader.list(CONFIG_MAPS, namespace, labels=f"{OPERATION_LABEL},{STATE_LABEL} in ({states})")
    except Forbidden:
        return ()
    records = [record for record in map(from_config_map, found.items) if record is not None]
    return tuple(record for record in records if not record.closed_by)


def _summary(rows: list[AppLine], where: str, shown: int) -> str:
    if not rows:
        return f"No apps in {where} that fit."
    counted = Counter(row.health for row in rows)
    words = ", ".join(f"{number} {word}" for word, number in counted.most_common())
    told = f"{len(rows)} {'app' if len(rows) == 1 else 'apps'} in {where}: {words}"
    if bad := [row.app.partition("/")[2] for row in rows if row.health in ("failing", "degraded")]:
        told += f" ({', '.join(bad[:MOST_TOLD])}{', …' if len(bad) > MOST_TOLD else ''})"
    return f"{told}." if shown == len(rows) else f"{told}; {shown} shown here."


def _next_steps(rows: list[AppLine]) -> tuple[str, ...]:
    for row in rows:
        if row.health in ("failing", "degraded"):
            return (
                f"inspect_app app={row.app} namespace={row.namespace}  (dot-ai inspect {row.app} -n {row.namespace})",
            )
    return ()
