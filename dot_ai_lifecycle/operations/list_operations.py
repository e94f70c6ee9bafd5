"""What was done: the operations on an app or a namespace, newest first."""

import asyncio
from datetime import datetime
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from dot_ai_lifecycle.core.errors import NotFound
from dot_ai_lifecycle.core.finding import parsed
from dot_ai_lifecycle.core.operation import Answer, AppName, Namespace, Question
from dot_ai_lifecycle.core.record import Record
from dot_ai_lifecycle.core.world import World


class OperationLine(BaseModel):
    """One operation in one line of history; `operation` is the tool, or what it resumed or undid."""

    model_config = ConfigDict(frozen=True)

    operation_id: str
    operation: str
    app: str
    namespace: str
    status: str
    by: str
    started: datetime
    seconds: float | None = None
    before: str = ""
    after: str = ""
    verdict: str = ""
    closed_by: str = ""


class History(Answer):
    """Operations, newest first."""

    operations: tuple[OperationLine, ...] = ()


class ListOperations(Question[History]):
    """What was done to an app or in a namespace: by whom, from what to what, when, and how it ended."""

    command: ClassVar[str] = "history"
    title: ClassVar[str] = "List operations"

    app: AppName | None = None
    namespace: Namespace | None = None
    limit: int = Field(20, ge=1, le=100, description="How many at most")

    async def answer(self, world: World) -> History:
        where, records = await self._found(world)
        running = [record for record in records if record.state == "running"]
        alive = await asyncio.gather(*map(world.is_alive, running))
        orphaned = {record.id for record, lives in zip(running, alive, strict=True) if not lives}
        lines = tuple(_line(record, orphaned=record.id in orphaned) for record in records)
        counted = "1 operation" if len(lines) == 1 else f"{len(lines)} operations"
        return History(summary=f"{counted} on {where}.", operations=lines)

    async def _found(self, world: World) -> tuple[str, tuple[Record, ...]]:
        """Whose history it is, in words, and the records. An app that is gone still has one.

        Raises Ambiguous, and NotFound where nothing was ever done to an app of that name.
        """
        home = self.namespace or (await world.reader.identity()).default_namespace
        if self.app is None:
            return f"namespace {home}", await world.story.records(home, limit=self.limit)
        try:
            app = (await world.workload(self.app, self.namespace)).ref
        except NotFound:
            kind, name = parsed(self.app)
            records = await world.story.records(home, app=name, kind=kind or "", limit=self.limit)
            if not records:
                raise
            return f"{self.app} in {home}, which is not there any more", records
        records = await world.story.records(app.namespace, app=app.name, kind=app.kind, limit=self.limit)
        return f"{app.kind} {app.name} in {app.namespace}", records


def _line(record: Record, *, orphaned: bool) -> OperationLine:
    plan, ended = record.plan, record.ended
    return OperationLine(
        operation_id=record.id,
        operation=f"{plan.relation} {plan.follows}" if plan.relation else plan.operation,
        app=f"{plan.app.kind.lower()}/{plan.app.name}",
        namespace=plan.app.namespace or "",
        status="interrupted" if orphaned else record.state,
        by=record.actor,
        started=record.started,
        seconds=round((ended - record.started).total_seconds(), 1) if ended else None,
        before=plan.before,
        after=plan.after,
        verdict=record.verdict[:300],
        closed_by=record.closed_by,
    )
