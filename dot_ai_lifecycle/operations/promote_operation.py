"""Promote: a word to an operation that waits or watches, said through the cluster."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from msgspec import Struct
from pydantic import Field, model_validator

from dot_ai_lifecycle.core.errors import Refused
from dot_ai_lifecycle.core.operation import Change, Namespace
from dot_ai_lifecycle.core.orders import Word, order_manifest
from dot_ai_lifecycle.core.plan import Plan, Risk
from dot_ai_lifecycle.core.ports import Story
from dot_ai_lifecycle.core.record import Record
from dot_ai_lifecycle.core.refs import CONFIG_MAP, ROLLOUT, Ref, ref_to
from dot_ai_lifecycle.core.showing import step_text
from dot_ai_lifecycle.core.steering import said, unsayable
from dot_ai_lifecycle.core.steps import Approve, Await, Create, Observe, Step, Together
from dot_ai_lifecycle.core.world import World


class Heard(Struct, frozen=True):
    """The operation that is spoken to, and whether a process is there to hear it.

    `workload` is what the engine that delivers the app, and would be told, hears words in, as it stands.
    """

    record: Record
    alive: bool
    workload: Mapping[str, Any] | None = None


class PromoteOperation(Change[Heard]):
    """Tell a running operation to go on past what it waits for or watches, or to stop and take itself back."""

    command: ClassVar[str] = "promote"
    title: ClassVar[str] = "Promote or abort operation"
    positional: ClassVar[tuple[str, ...]] = ("operation_id",)

    operation_id: str = Field(pattern=r"^[a-z0-9]{4,32}$", description="The operation's id")
    action: Literal["promote", "pause", "abort"] = Field("promote", description="Go on, hold, or take it back")
    full: bool = Field(default=False, description="Promote: skip the engine's steps")
    namespace: Namespace | None = None

    @model_validator(mode="after")
    def _full_promotion(self) -> "PromoteOperation":
        if self.full and self.action != "promote":
            raise ValueError("full goes with promote only")
        return self

    @property
    def _word(self) -> Word:
        return "full" if self.full else self.action

    async def observe(self, world: World) -> Heard:
        record = await carried_on(world.story, await world.story.record(self.operation_id, self.namespace))
        alive = record.state == "running" and await world.is_alive(record)
        _, step = at_step(record)
        spoken_to = _engine_of(step) if alive else None
        return Heard(record, alive, await world.reader.read(spoken_to) if spoken_to else None)

    def decide(self, seen: Heard) -> Plan:
        record, (_, step) = seen.record, at_step(seen.record)
        plan = Plan(operation=self.tool(), parameters=self.parameters(), app=record.plan.app, summary="", steps=())
        if record.state != "running":
            words = f"Operation {record.id} has ended ({record.state}): nothing to {self.action}."
            return plan.model_copy(update={"summary": words})
        if not seen.alive:
            raise Refused(
                f"No process carries out operation {record.id} any more: nobody would hear it.",
                hint="Go on with it or take it back with `resume_operation` (`dot-ai resume` or `dot-ai undo`).",
            )
        if self._changes_nothing(seen, step):
            return plan.model_copy(update={"summary": f"Operation {record.id} waits for nobody: nothing to do."})
        return plan.model_copy(update=self._said(record))

    def _changes_nothing(self, seen: Heard, step: Step) -> bool:
        """Whether the word would not change what goes on. Raises Refused for what only another engine understands."""
        if self.action == "abort":
            return False
        engine = _engine_of(step)
        if seen.workload is not None and engine is not None:
            if no := unsayable(engine, seen.workload, self._word):
                raise Refused(no.text, hint=no.hint)
            return not said(engine, seen.workload, self._word)
        if self._word == "full":
            raise Refused(
                f"{seen.record.plan.app} is delivered by no other engine: only an engine understands full.",
                hint="Promote or abort the operation.",
            )
        waits = step.steps if isinstance(step, Together) else (step,)
        if self._word == "pause" and not any(isinstance(one, Approve | Observe) for one in waits):
            raise Refused(
                f"Operation {seen.record.id} cannot be held now, only while new pods are watched.",
                hint="Pause it at its next such step, or abort it.",
            )
        heard = Observe if self._word == "pause" else Approve | Observe
        return not any(isinstance(one, heard) for one in waits)

    def _said(self, record: Record) -> dict[str, object]:
        number, step = at_step(record)
        manifest = order_manifest(record.id, record.plan.app.namespace, self._word, number)
        ref = ref_to(CONFIG_MAP, manifest["metadata"]["name"], record.plan.app.namespace)
        verb = self.action.capitalize() + (" in full" if self._word == "full" else "")
        return {
            "summary": f"{verb} operation {record.id} ({record.plan.summary})",
            "steps": (Create(ref=ref, manifest=manifest, why=f"{self._word}, while it does this: {step_text(step)}"),),
            "relation": "order",
            "risk": Risk(level="medium"),
            "before": step_text(step),
            "after": self._word,
        }


async def carried_on(story: Story, record: Record) -> Record:
    """The operation that goes on with this one now, where it was cut short and some process resumed it; else itself."""
    app = record.plan.app
    if record.state == "running":
        return record
    followers = {
        later.plan.follows: later
        for later in await story.records(app.namespace, app=app.name, kind=app.kind)
        if later.plan.relation == "resume"
    }
    while record.id in followers:
        record = followers[record.id]
    return record


def _engine_of(step: Step) -> Ref | None:
    """The object in which an engine that delivers the app hears words; None where none delivers it."""
    if not isinstance(step, Await):
        return None
    return step.by or (step.ref if step.ref.kind == ROLLOUT.name else None)


def at_step(record: Record) -> tuple[int, Step]:
    """The step the operation is at, and its number."""
    begun = [happening.step for happening in record.happenings if happening.phase == "do"]
    number = max(begun, default=0)
    return number, record.plan.steps[number]
