"""Steps whose late values have become known."""

from collections.abc import Mapping
from typing import Any, TypeVar

from dot_ai_lifecycle.core.late import known_in
from dot_ai_lifecycle.core.steps import Await, BaseStep, Create, Inscribe, Observe, Patch, Together

S = TypeVar("S", bound=BaseStep)


def filled(step: S, known: Mapping[str, Any]) -> S:
    """The step, its way back included, with those late values in place that are known by name."""
    changed: dict[str, Any] = {}
    if isinstance(step, Patch):
        changed["edits"] = tuple(edit.filled(known) for edit in step.edits)
    elif isinstance(step, Await | Observe):
        field = "to" if isinstance(step, Await) else "new"
        changed[field] = known_in(getattr(step, field), known)
    elif isinstance(step, Inscribe):
        changed["maker"] = known_in(step.maker, known)
    elif isinstance(step, Create):
        changed["manifest"] = known_in(step.manifest, known)
    elif isinstance(step, Together):
        changed["steps"] = tuple(filled(one, known) for one in step.steps)
    if step.back is not None:
        steps = tuple(filled(one, known) for one in step.back.steps)
        changed["back"] = step.back.model_copy(update={"steps": steps})
    return step.model_copy(update=changed) if changed else step
