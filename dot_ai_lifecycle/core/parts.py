"""Several apps in one plan: each step says whose part it is, and each part learns its own late values."""

from collections.abc import Iterable
from typing import Any

from dot_ai_lifecycle.core.filling import S, filled
from dot_ai_lifecycle.core.late import late
from dot_ai_lifecycle.core.record import Cause
from dot_ai_lifecycle.core.refs import Ref
from dot_ai_lifecycle.core.steps import Await, Observe, Step, Together

LEARNT = ("new-hash", "old-hash")
"""Late values that are another one for each app; all others (who, when, which operation) are the plan's."""


def called(app: Ref) -> str:
    """How an app is named in a plan of several: `deployment/web`."""
    return f"{app.kind.lower()}/{app.name}"


def as_part(step: S, part: str) -> S:
    """The step as one of that part of a plan, its way back included."""
    own = filled(step, {name: late(own_name(name, part)) for name in LEARNT})
    changed: dict[str, Any] = {"part": part}
    if learns := getattr(own, "learns", ""):
        changed["learns"] = own_name(learns, part)
    if own.back is not None:
        back = tuple(as_part(one, part) for one in own.back.steps)
        changed["back"] = own.back.model_copy(update={"steps": back})
    return own.model_copy(update=changed)


def own_name(name: str, part: str) -> str:
    """The name by which a part knows a late value; that of a plan of one app has no part in it."""
    return f"{name} of {part}" if part and name in LEARNT else name


def at_once(app: Ref, waits: Iterable[Await | Observe], why: str) -> tuple[Step, ...]:
    """Those waits at the same time; a single one is as it is, and none is no step."""
    several = tuple(waits)
    return several if len(several) < 2 else (Together(ref=app, steps=several, why=why),)


def blamed(cause: Cause, part: str) -> Cause:
    """The cause, with the part it was met in; what names one already keeps it."""
    if not part or cause.app:
        return cause
    return cause.model_copy(update={"app": part, "text": f"{part}: {cause.text}"})
