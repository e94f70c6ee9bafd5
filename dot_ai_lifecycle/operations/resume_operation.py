"""Resume: go on with what an earlier process left, or take back what was done."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from msgspec import Struct
from pydantic import Field

from dot_ai_lifecycle.core.errors import NotFound, Refused
from dot_ai_lifecycle.core.operation import Change, Namespace
from dot_ai_lifecycle.core.plan import Plan
from dot_ai_lifecycle.core.progress import was_going_back
from dot_ai_lifecycle.core.record import UNFINISHED, Record
from dot_ai_lifecycle.core.steps import Patch, Step
from dot_ai_lifecycle.core.world import World
from dot_ai_lifecycle.domain.resuming import back_from, left_at, remaining, risk_left


class Left(Struct, frozen=True):
    """An operation's record, and the objects it touches as they are now."""

    record: Record
    objects: Mapping[str, Mapping[str, Any]]


class ResumeOperation(Change[Left]):
    """Continue an operation that was interrupted, or undo one: restore what was there before it, with proof."""

    command: ClassVar[str] = "resume"
    title: ClassVar[str] = "Resume or undo operation"
    positional: ClassVar[tuple[str, ...]] = ("operation_id",)

    operation_id: str = Field(pattern=r"^[a-z0-9]{4,32}$", description="The operation's id")
    action: Literal["resume", "undo"] = Field("resume", description="Go on, or take it back")
    namespace: Namespace | None = None

    async def observe(self, world: World) -> Left:
        record = await world.story.record(self.operation_id, self.namespace)
        objects = {}
        for step in (*record.plan.already, *record.plan.steps, *record.back):
            if isinstance(step, Patch) and str(step.ref) not in objects:
                objects[str(step.ref)] = await self._read(world, step)
        return Left(record, objects)

    async def _read(self, world: World, step: Patch) -> Mapping[str, Any]:
        try:
            return await world.reader.read(step.ref)
        except NotFound as error:
            raise Refused(
                f"{step.ref}, which operation {self.operation_id} changed, is gone.", hint="There is nothing to resume."
            ) from error

    def decide(self, seen: Left) -> Plan:
        record = seen.record
        back = self.action == "undo"
        if not back and record.state not in UNFINISHED:
            return self._plan(record, f"Operation {record.id} has ended ({record.state}): nothing to resume.", ())
        if back and record.state == "undone":
            return self._plan(record, f"Operation {record.id} was undone already: nothing to do.", ())
        steps = back_from(record, seen.objects) if back else remaining(record, seen.objects)
        word = "Undo" if back else "Resume"
        already = () if back or was_going_back(record) else left_at(record, seen.objects).done
        return self._plan(record, f"{word} operation {record.id} ({record.plan.summary})", steps, already)

    def _plan(self, record: Record, summary: str, steps: tuple[Step, ...], already: tuple[Step, ...] = ()) -> Plan:
        old, back = record.plan, self.action == "undo" or was_going_back(record)
        return Plan(
            operation=self.tool(),
            parameters=self.parameters(),
            app=old.app,
            others=old.others,
            summary=summary,
            steps=steps,
            on_failure="hold" if back and record.cause else old.on_failure,  # what failed is not put back
            facts={"state": record.state, "template": record.template_after if back else record.template_before},
            before=old.after if back else old.before,
            after=old.before if back else old.after,
            risk=risk_left(old.risk, steps),
            follows=record.id,
            relation="undo" if back else "resume",
            already=already,
        )
