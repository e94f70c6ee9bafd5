"""What is left of an operation, and the way back from it: decided from its record and from how the objects stand."""

from dot_ai_lifecycle.core.edited import grounded
from dot_ai_lifecycle.core.errors import Refused
from dot_ai_lifecycle.core.parts import called
from dot_ai_lifecycle.core.plan import Risk
from dot_ai_lifecycle.core.progress import Objects, Reached, reached, was_going_back
from dot_ai_lifecycle.core.record import Record
from dot_ai_lifecycle.core.refs import Ref
from dot_ai_lifecycle.core.steps import Await, Patch, Step
from dot_ai_lifecycle.core.way_back import WITHIN, way_back
from dot_ai_lifecycle.domain.sizing import REPLICAS, STOPS


def left_at(record: Record, objects: Objects) -> Reached:
    """How far the operation got. Raises Refused where somebody else changed what it left."""
    found = reached(record, objects)
    if found.strayed:
        raise Refused(
            f"{found.strayed} has changed since operation {record.id}: it does not hold what that operation left.",
            hint="Undo what came later first (`list_operations`), or roll back to a named revision.",
        )
    return found


def remaining(record: Record, objects: Objects) -> tuple[Step, ...]:
    """The steps still to be done; an operation that was on its way back goes on going back. Raises Refused."""
    rest = left_at(record, objects).rest
    return rest or _proof(record)


def back_from(record: Record, objects: Objects) -> tuple[Step, ...]:
    """The steps that restore what was there before the operation; the proof alone where nothing of it stands.

    Whoever died may have died right after the last patch back: that all is as before is seen, that it serves is not.
    Raises Refused where somebody else changed the objects since.
    """
    found = left_at(record, objects)
    back = found.rest if was_going_back(record) else way_back(found.done, record.plan.app)
    return tuple(_rooted(step, objects) for step in back) or _proof(record)


def _rooted(step: Step, objects: Objects) -> Step:
    return grounded(step, objects[str(step.ref)]) if isinstance(step, Patch) else step


def _proof(record: Record) -> tuple[Step, ...]:
    return tuple(_proof_of(app, record) for app in (*record.plan.others, record.plan.app))


def _proof_of(app: Ref, record: Record) -> Await:
    own = (step for step in record.plan.steps if step.part in ("", called(app)))
    by = next((step.by for step in own if isinstance(step, Await) and step.by), None)
    return Await(ref=app, within=WITHIN, by=by, why="prove that it serves as it stands")


def risk_left(old: Risk, steps: tuple[Step, ...]) -> Risk:
    """How much what is left, or the way back, may hurt: as the operation did, but judged by its own replicas."""
    edits = [edit for step in steps if isinstance(step, Patch) for edit in step.edits]
    stops = any(edit.path == REPLICAS and edit.new == 0 for edit in edits)
    reasons = tuple(reason for reason in old.reasons if reason != STOPS) + ((STOPS,) if stops else ())
    level = old.level if reasons == old.reasons else "high" if reasons else "medium"
    return Risk(level=level, reasons=reasons)
