"""The story of an operation as a person or a program gets it: one shape for every face."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from dot_ai_lifecycle.core.operation import Answer
from dot_ai_lifecycle.core.parts import called
from dot_ai_lifecycle.core.record import Cause, Happening, Record
from dot_ai_lifecycle.core.showing import step_text


class StepTold(BaseModel):
    """One step of a run: what it was, how it went, when."""

    model_config = ConfigDict(frozen=True)

    step: str
    state: str
    at: datetime
    seconds: float | None = None
    phase: str = "do"


class Outcome(Answer):
    """How an operation stands or ended. `status` is running, done, undone, stuck or interrupted.

    `others` are the apps that it changes as one with `app`.
    """

    status: str
    operation_id: str
    operation: str
    app: str
    others: tuple[str, ...] = ()
    namespace: str
    cluster: str
    actor: str
    approved_by: str = ""
    started: datetime
    ended: datetime | None = None
    before: str = ""
    after: str = ""
    verdict: str = ""
    cause: Cause | None = None
    steps: tuple[StepTold, ...] = ()
    images_before: dict[str, str] = Field(default_factory=dict)
    images_after: dict[str, str] = Field(default_factory=dict)
    follows: str = ""
    closed_by: str = ""
    shared: bool = True


def told(record: Record, *, orphaned: bool = False) -> Outcome:
    """A record as an outcome. `orphaned` says that it is recorded as running, but no process holds the app for it."""
    plan = record.plan
    status = "interrupted" if orphaned else record.state
    verdict = "The process that ran it is gone." if orphaned else record.verdict
    return Outcome(
        status=status,
        summary=summary_of(record, status, verdict),
        operation_id=record.id,
        operation=plan.operation,
        app=called(plan.app),
        others=tuple(map(called, plan.others)),
        namespace=plan.app.namespace or "",
        cluster=record.context,
        actor=record.actor,
        approved_by=record.approved_by,
        started=record.started,
        ended=record.ended,
        before=plan.before,
        after=plan.after,
        verdict=verdict,
        cause=record.cause,
        steps=steps_told(record),
        images_before=record.images_before,
        images_after=record.images_after,
        follows=plan.follows,
        closed_by=record.closed_by,
        shared=record.shared,
        next_steps=next_steps(record, status),
    )


def summary_of(record: Record, status: str, verdict: str) -> str:
    """One line: what it was, how it stands, why."""
    words = {
        "running": "is running",
        "done": "is done",
        "undone": _undone(record),
        "stuck": "is stuck",
        "interrupted": "was interrupted",
    }
    latest = record.happenings[-1].text if record.happenings and status == "running" else verdict
    return f"{record.plan.summary} {words[status]}. {latest[:1].upper()}{latest[1:]}".strip()


def _undone(record: Record) -> str:
    """An operation that failed before it changed anything had nothing to take back."""
    taken_back = bool(record.closed_by) or any(happening.phase == "undo" for happening in record.happenings)
    if record.cause is None:
        return "was taken back"
    return "failed and was taken back" if taken_back else "failed"


def steps_told(record: Record) -> tuple[StepTold, ...]:
    """The steps that were begun, in order, with how long each took; those still to come as `planned`."""
    begun: dict[tuple[str, int], Happening] = {}
    steps: dict[tuple[str, int], StepTold] = {}
    for happening in record.happenings:
        key = (happening.phase, happening.step)
        if happening.what == "begun":
            begun[key] = happening
            steps[key] = StepTold(step=happening.text, state="begun", at=happening.at, phase=happening.phase)
        elif key in begun:
            seconds = round((happening.at - begun[key].at).total_seconds(), 2)
            words = begun[key].text
            says_more = happening.what == "done" and happening.text not in words
            text = f"{words} → {happening.text}" if says_more else words
            steps[key] = StepTold(
                step=text, state=happening.what, at=begun[key].at, seconds=seconds, phase=happening.phase
            )
    if record.state == "running":
        for number, step in enumerate(record.plan.steps):
            steps.setdefault(("do", number), StepTold(step=step_text(step), state="planned", at=record.started))
    return tuple(steps.values())


def next_steps(record: Record, status: str) -> tuple[str, ...]:
    """What may be done next, as tool and command."""
    where, name = record.plan.app.namespace, record.id
    if record.plan.relation == "order":
        spoken_to = record.plan.parameters.get("operation_id", "")
        look = f"get_operation operation_id={spoken_to} namespace={where}  (dot-ai operation {spoken_to})"
        return (look,) if status == "done" else ()
    match status:
        case "running":
            return (
                f"get_operation operation_id={name} namespace={where} wait=45  (dot-ai operation {name} --wait 45)",
            )
        case "interrupted" | "stuck":
            resume = f"resume_operation operation_id={name} namespace={where} action=resume  (dot-ai resume {name})"
            undo = f"resume_operation operation_id={name} namespace={where} action=undo  (dot-ai undo {name})"
            return (resume, undo) if status == "interrupted" else (undo,)
        case "done":
            return (f"resume_operation operation_id={name} namespace={where} action=undo  (dot-ai undo {name})",)
        case _:
            return ()
