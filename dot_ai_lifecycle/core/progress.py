"""How far an operation got: by its record, and by how the objects stand where the record cannot know."""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from dot_ai_lifecycle.core.filling import filled
from dot_ai_lifecycle.core.late import is_late
from dot_ai_lifecycle.core.pointers import value_at
from dot_ai_lifecycle.core.record import Record
from dot_ai_lifecycle.core.steps import Create, Delete, Inscribe, Patch, Reissue, Steer, Step

Objects = Mapping[str, Mapping[str, Any]]
Phase = Literal["do", "undo"]

OF_ONE_STEP = ("template",)
"""Late values that belong to the step that recorded them; all others are known by name from then on."""


class Reached(Struct, frozen=True):
    """Where an operation was left: the steps that took effect, with the values they left, and those still to come.

    `rest` is what is left of the phase it was in. `strayed` names an object that no longer holds what it was left with.
    """

    done: tuple[Step, ...]
    rest: tuple[Step, ...]
    strayed: str = ""


def was_going_back(record: Record) -> bool:
    """Whether the operation had begun to take itself back."""
    return any(happening.phase == "undo" for happening in record.happenings)


def steps_back_done(record: Record) -> int:
    """How many steps of its way back an operation is known to have done."""
    return _done(record, "undo")


def reached(record: Record, objects: Objects) -> Reached:
    """How far an operation got. A step recorded as begun and not as done is looked up in the objects it changes.

    `objects` holds every object the operation changes, by its reference in words.
    """
    forward = _recorded(record, record.plan.steps)
    if not was_going_back(record):
        return _looked_up((*record.plan.already, *forward[: _done(record, "do")]), forward, record, "do", objects)
    before = (*record.plan.already, *forward[: _done(record, "do")])
    back = _recorded(record, record.back)
    return _looked_up((*before, *back[: _done(record, "undo")]), back, record, "undo", objects)


def _looked_up(
    done: tuple[Step, ...], steps: tuple[Step, ...], record: Record, phase: Phase, objects: Objects
) -> Reached:
    place = _done(record, phase)
    rest = steps[place:]
    doubtful = rest[0] if rest and _begun(record, phase, place) else None
    if isinstance(
        doubtful, Create | Delete | Inscribe | Reissue | Steer
    ):  # harmless to do twice, and to take back where it was not done
        done = (*done, doubtful)
    if not isinstance(doubtful, Patch):
        return Reached(done, rest, _strayed(done, objects))
    manifest = objects[str(doubtful.ref)]
    match doubtful.stands(manifest):
        case "after":
            # A process that died right after writing a late value could not record it.
            known = {edit.new["late"]: value_at(manifest, edit.path) for edit in doubtful.edits if is_late(edit.new)}
            done = (*done, filled(doubtful, known))
            return Reached(done, tuple(filled(step, known) for step in rest[1:]), _strayed(done, objects))
        case "before":
            return Reached(done, rest, _strayed(done, objects))
        case _:
            return Reached(done, rest, str(doubtful.ref))


def _strayed(done: tuple[Step, ...], objects: Objects) -> str:
    """The first object that does not hold what those steps left it with; empty where all do."""
    left: dict[tuple[str, str], Any] = {}
    for step in done:
        for edit in step.edits if isinstance(step, Patch) else ():
            if not edit.scaffold:
                # Of a field and one within it, the later edit alone tells what was left.
                left = {place: value for place, value in left.items() if not _overlap(place, str(step.ref), edit.path)}
                left[str(step.ref), edit.path] = edit.new
    for (ref, path), value in left.items():
        if not is_late(value) and value_at(objects[ref], path) != value:
            return ref
    return ""


def _overlap(place: tuple[str, str], ref: str, path: str) -> bool:
    known = place[1]
    return place[0] == ref and (known.startswith(f"{path}/") or path.startswith(f"{known}/"))


def _recorded(record: Record, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The steps of a phase with every late value that was recorded."""
    known = {"operation": record.id}
    for happening in record.happenings:
        known |= {name: value for name, value in happening.late.items() if name not in OF_ONE_STEP}
    return tuple(filled(step, known) for step in steps)


def _done(record: Record, phase: Phase) -> int:
    """How many steps of a phase are known to be done: the number of the first that is not."""
    return max((h.step + 1 for h in record.happenings if h.phase == phase and h.what == "done"), default=0)


def _begun(record: Record, phase: Phase, place: int) -> bool:
    return any(h.phase == phase and h.what == "begun" and h.step == place for h in record.happenings)
