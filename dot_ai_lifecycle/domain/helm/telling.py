"""What a person should know before a Helm release goes back: its values, its objects, and what is not done."""

from collections.abc import Iterator
from itertools import groupby

from dot_ai_lifecycle.core.errors import Refused
from dot_ai_lifecycle.core.needs import needs
from dot_ai_lifecycle.core.plan import Note
from dot_ai_lifecycle.core.showing import DiffLine, differences
from dot_ai_lifecycle.core.workload import Workload
from dot_ai_lifecycle.domain.helm.reinstating import ReleaseAhead
from dot_ai_lifecycle.domain.helm.target import Aim, told
from dot_ai_lifecycle.domain.helm.wishes import Wish, names_of, the_wish_of
from dot_ai_lifecycle.domain.past_versions import MOST_LINES

_ROLLBACK_HOOKS = ("pre-rollback", "post-rollback")


def refuse_without_app(seen: ReleaseAhead, aim: Aim) -> None:
    """Refuse to go to a revision in which the app is not. Raises Refused."""
    workload = seen.scene.workload
    found = the_wish_of(seen.wishes, workload.manifest)
    if found is None or found.wanted is None:
        raise Refused(
            f"{told(aim.target)} of Helm release {aim.newest.name} has no {workload.kind} {workload.name}: going back "
            "would delete the app.",
            hint=f"If that is meant: helm rollback {aim.newest.name} {aim.target.number} -n {aim.newest.namespace}",
        )


def refuse_if_borrowed(workload: Workload, wish: Wish) -> None:
    """Refuse to change a Deployment whose pods another object runs: nothing would happen. Raises Refused."""
    if (workload.kind, workload.name) != (wish.ref.kind, wish.ref.name):
        raise Refused(
            f"The pods of {wish.ref} are run by {workload.ref}: a release of both is not rolled back from here.",
            hint="Use `helm rollback`; or bring back the pod template alone: template_only (`--template-only`).",
        )


def hooks_left_out(aim: Aim) -> tuple[str, ...]:
    """Why a person has to look first: what the chart wants done around a rollback, and this does not do."""
    hooks = [hook for hook in aim.target.hooks if any(event in _ROLLBACK_HOOKS for event in hook.events)]
    names = ", ".join(f"{hook.kind} {hook.name}" for hook in hooks)
    return (f"the chart's rollback hooks are not run ({names})",) if hooks else ()


def notes_on_release(seen: ReleaseAhead, aim: Aim) -> tuple[Note, ...]:
    """What going back means for the release, secrets hidden."""
    return tuple(_notes(seen, aim))


def _notes(seen: ReleaseAhead, aim: Aim) -> Iterator[Note]:
    becomes = f"Helm release {aim.newest.name} becomes revision {aim.number}, with the chart, values and manifest of "
    yield _plainly(f"{becomes}{told(aim.target)}; now it is {told(aim.newest)}, {aim.newest.status}.")
    yield _plainly(_values(aim))
    if aim.target.hooks:
        yield _warning("Hooks of the chart are not run; of these nothing is changed.")
    for wish in seen.wishes:
        if wish.kept:
            yield _warning(f"{names_of((wish,))} stays, though that revision does not have it: {wish.kept}.")
    if seen.unread:
        yield _warning(
            f"{', '.join(seen.unread)} may not be looked at and is left as it is; the revisions agree on it."
        )
    if aim.newest.applied == "ssa":
        yield _plainly("Helm wrote this release by server-side apply: its next upgrade may ask for --force-conflicts.")
    if configured := _only_configured(seen):
        yield _warning(f"{configured} changes, the pod template does not: pods that read it at start need a restart.")


def _values(aim: Aim) -> str:
    lines = differences("", aim.newest.values, aim.target.values)
    changes = [_change(path, list(sides)) for path, sides in groupby(lines, key=lambda line: line.path)]
    if not changes:
        return "Its values are the same in both."
    more = f"; and {len(changes) - MOST_LINES} more" if len(changes) > MOST_LINES else ""
    return f"Values: {'; '.join(changes[:MOST_LINES])}{more}."


def _change(path: str, sides: list[DiffLine]) -> str:
    said = {side.sign: side.text for side in sides}
    return f"{path.removeprefix('.')} {said.get('-', '(not set)')} → {said.get('+', '(not set)')}"


def _only_configured(seen: ReleaseAhead) -> str:
    """The ConfigMaps that change under an app whose pods are not replaced for it."""
    own = the_wish_of(seen.wishes, seen.scene.workload.manifest)
    if own is None or any(edit.path.startswith("/spec/template") for edit in own.edits):
        return ""
    read = {need.name for need in needs(seen.scene.workload.template) if need.kind == "ConfigMap"}
    return names_of(w for w in seen.wishes if w.ref.kind == "ConfigMap" and w.edits and w.ref.name in read)


def _plainly(text: str) -> Note:
    return Note(level="info", text=text)


def _warning(text: str) -> Note:
    return Note(level="warning", text=text)
