"""A plan in words and lines, secrets hidden: what a person reads before agreeing."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple, assert_never

from dot_ai_lifecycle.core.late import NOW, is_late
from dot_ai_lifecycle.core.plan import Plan
from dot_ai_lifecycle.core.redaction import redacted
from dot_ai_lifecycle.core.refs import Ref
from dot_ai_lifecycle.core.steps import (
    Approve,
    Await,
    Create,
    Delete,
    Edit,
    Inscribe,
    Observe,
    Patch,
    Reissue,
    Renew,
    Smoke,
    Steer,
    Step,
    Together,
    Unstick,
)


class DiffLine(NamedTuple):
    """One line of a plan's diff: `-` what is there, `+` what would be; `path` says where."""

    sign: Literal["-", "+"]
    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.sign} {self.path}: {self.text}"


_SPOKEN = {
    "promote": "go on to its next step",
    "full": "promote without further steps",
    "pause": "pause",
    "abort": "abort",
    "retry": "try again",
    "restore": "go by its own settings",
}


def step_text(step: Step) -> str:
    """One step in one line."""
    match step:
        case Await():
            return f"Wait up to {step.within:.0f} s {_awaited(step)}: {step.why}"
        case Steer():
            return f"Tell the engine of {step.ref} to {_SPOKEN[step.word]}: {step.why}"
        case Unstick():
            return f"Delete broken pods of {step.ref} that its controller would not replace: {step.why}"
        case Renew():
            where = "one node" if step.pods == 1 else f"{step.pods} nodes"
            return f"Replace the pods of {step.ref} on {where}, {step.at_once} at a time: {step.why}"
        case Patch() | Create() | Delete():
            return f"{'Change' if isinstance(step, Patch) else step.step.capitalize()} {step.ref}: {step.why}"
        case Inscribe() | Reissue():
            return _of_release(step)
        case Observe() | Smoke() | Approve() | Together():
            return f"{_judged(step)}: {step.why}"
        case _:
            assert_never(step)


def _judged(step: Observe | Smoke | Approve | Together) -> str:
    """By what a new version is judged."""
    if isinstance(step, Together):
        return f"At the same time, for {', '.join(str(one.ref) for one in step.steps)}"
    if isinstance(step, Smoke):
        return f"Ask {step.at.service} for {', '.join(map(str, step.checks))}"
    if isinstance(step, Approve):
        return f"Wait up to {step.within:.0f} s for somebody to promote"
    times = f"{step.windows} × " if step.windows > 1 else ""
    return f"Watch {step.ref} for {times}{step.seconds:.0f} s"


def _of_release(step: Inscribe | Reissue) -> str:
    if isinstance(step, Reissue):
        return f"Change {step.ref}, whose values stand nowhere else: {step.why}"
    stands = f"as {step.status}" if step.status else "out of the history"
    return f"Write revision {step.number} of the release {stands} ({step.ref}): {step.why}"


def _awaited(step: Await) -> str:
    """What is waited for."""
    match step.until:
        case "rolled_out":
            return f"until {step.ref} is rolled out"
        case "surged":
            pods = "every new pod" if step.pods is None else "1 new pod" if step.pods == 1 else f"{step.pods} new pods"
            return f"until {step.ref} has {pods} ready"
        case "followed":
            return f"until {step.ref} is followed"
        case "routed":
            return f"until {', '.join(step.services)} {'sends' if len(step.services) == 1 else 'send'} to one version"
        case _:
            assert_never(step.until)


def diff_lines(plan: Plan) -> tuple[DiffLine, ...]:
    """What is different once the plan is done, field by field; whole templates are compared leaf by leaf.

    Fields of another object than the app have its kind and name before them. What is set for the time of the operation
    only is told by its steps.
    """
    changed = tuple(
        line
        for ref, edit in _in_the_end(plan.steps)
        for line in differences(_placed(ref, edit, plan.app), edit.old, edit.new)
    )
    return (*changed, *(line for step in plan.steps for line in _made_or_gone(step)))


def _made_or_gone(step: Step) -> tuple[DiffLine, ...]:
    """An object that comes for good, or goes; what is ours for the time of the operation is told by its step."""
    match step:
        case Create(manifest={"kind": "ConfigMap"}) if step.like or "data" in step.manifest:
            return _of_copy(step)
        case Create(manifest=held) | Delete(was=held) if _is_of_a_release(held):
            body = {key: value for key, value in held.items() if key not in ("apiVersion", "kind", "metadata")}
            sides: tuple[Any, Any] = ({}, body) if isinstance(step, Create) else (body, {})
            where = f"{step.ref.kind}/{step.ref.name}"
            return tuple(
                line for key in body for line in differences(f"{where} {key}", *(side.get(key, {}) for side in sides))
            )
        case _:
            return ()


def _of_copy(step: Create) -> tuple[DiffLine, ...]:
    """What a copy of a ConfigMap says otherwise than the original."""
    base = step.like.name if step.like else step.ref.name
    edits = step.edits or tuple(Edit(path=f"/data/{key}", new=value) for key, value in step.manifest["data"].items())
    return tuple(
        line for edit in edits for line in differences(f"ConfigMap/{base} {_dotted(edit.path)}", edit.old, edit.new)
    )


def _is_of_a_release(manifest: Mapping[str, Any]) -> bool:
    return bool((manifest.get("metadata", {}).get("labels") or {}).get("app.kubernetes.io/managed-by") == "Helm")


def _placed(ref: Ref, edit: Edit, app: Ref) -> str:
    path = _dotted(edit.path)
    return path if (ref.kind, ref.name) == (app.kind, app.name) else f"{ref.kind}/{ref.name} {path}"


def differences(path: str, old: Any, new: Any) -> tuple[DiffLine, ...]:
    """How two values differ, leaf by leaf, secrets hidden; `path` is where both stand, with dots."""
    return tuple(_differences(path, _Side.of(old, path), _Side.of(new, path)))


def _in_the_end(steps: Iterable[Step]) -> Iterator[tuple[Ref, Edit]]:
    """One edit a field: from what is there now to what the last of the steps leaves there."""
    ends: dict[tuple[str, str], tuple[Ref, Edit]] = {}
    for step in steps:
        for edit in step.edits if isinstance(step, Patch) else ():
            place = (str(step.ref), edit.path)
            first = ends[place][1].old if place in ends else edit.old
            if not edit.scaffold:
                ends[place] = step.ref, Edit(path=edit.path, old=first, new=edit.new)
    yield from (end for end in ends.values() if end[1].old != end[1].new)


class _Side(NamedTuple):
    """One side of a difference: the value to compare, and the same as it may be shown."""

    value: Any
    shown: Any

    @classmethod
    def of(cls, value: Any, path: str) -> "_Side":
        return cls(value, redacted(value, path))

    def parts(self) -> "dict[str, _Side]":
        """What is in it by key; of a list by its items' names where they have some, as Kubernetes merges its lists."""
        if isinstance(self.value, Mapping):
            return {key: _Side(value, self.shown[key]) for key, value in self.value.items()}
        both = enumerate(zip(self.value, self.shown, strict=True))
        return {_key_of(shown, place): _Side(value, shown) for place, (value, shown) in both}


_ABSENT = _Side(None, None)


def _differences(path: str, old: _Side, new: _Side) -> Iterator[DiffLine]:
    if old.value == new.value:
        return
    if _nested(old.value) and _nested(new.value):
        left, right = old.parts(), new.parts()
        for key in sorted({*left, *right}):
            yield from _differences(f"{path}.{key}", left.get(key, _ABSENT), right.get(key, _ABSENT))
    elif isinstance(old.value, list) and isinstance(new.value, list):
        left, right = old.parts(), new.parts()
        for key in dict.fromkeys((*left, *right)):
            yield from _differences(f"{path}[{key}]", left.get(key, _ABSENT), right.get(key, _ABSENT))
    else:
        # Two secrets of one length look alike, and that they differ is what has to be agreed to.
        another = " (another)" if old.shown == new.shown else ""
        for sign, shown in _sides(old.shown, new.shown):
            yield DiffLine(sign, path, _text(shown) + (another if sign == "+" else ""))


def _nested(value: Any) -> bool:
    return isinstance(value, Mapping) and not is_late(value)


def _sides(old: Any, new: Any) -> Iterator[tuple[Literal["-", "+"], Any]]:
    if old is not None:
        yield "-", old
    if new is not None:
        yield "+", new


def _key_of(item: Any, place: int) -> str:
    return str(item["name"]) if isinstance(item, Mapping) and "name" in item else str(place)


def _dotted(pointer: str) -> str:
    """A JSON Pointer as people write paths."""
    return ".".join(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


def _text(value: Any) -> str:
    if value == NOW:
        return "(the moment it is done)"
    if is_late(value):
        return f"({value['late'].replace('-', ' ')}, known then)"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={_text(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return "[" + ", ".join(map(_text, value)) + "]"
    return str(value)
