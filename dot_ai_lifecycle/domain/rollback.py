"""Which revision a person means by "back": resolved from what is retained and recorded, never guessed."""

from msgspec import Struct

from dot_ai_lifecycle.core.errors import Ambiguous, NotFound
from dot_ai_lifecycle.core.objects import Revision
from dot_ai_lifecycle.core.record import Record
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.workload import digest_of
from dot_ai_lifecycle.domain.engines.stable import stable_revision
from dot_ai_lifecycle.domain.known_bad import failures
from dot_ai_lifecycle.domain.past_versions import MOST_LINES, as_it_was, how_they_differ, main_image, meant_by

PREVIOUS = (None, "", "previous")
"""How one says: the revision before this one."""


class NotRetained(NotFound):
    """No retained revision is of that version; the version itself may well exist."""


class Target(Struct, frozen=True):
    """The revision to go back to, and how it was found."""

    revision: Revision
    how: str


def target_of(scene: Scene, records: tuple[Record, ...], wanted: str | None) -> Target:
    """The revision that `wanted` means: nothing or `previous`, `#12`, an operation's id, a tag, a digest, or an image.

    Raises NotFound with what is retained, Ambiguous where the same version ran with different templates.
    """
    others = _others(scene)
    if wanted in PREVIOUS:
        return _previous(scene, others, records)
    assert wanted is not None
    if wanted.startswith("#"):
        return _numbered(scene, wanted)
    by_operation = _of_operation(scene, records, wanted)
    if by_operation:
        return by_operation
    found, how = meant_by(scene, records, wanted)
    if not found:
        raise NotRetained(
            f"{scene.workload.ref} has no retained revision of {wanted!r}.",
            hint=f"Retained: {_retained(scene)}. To have its code with the configuration of today, "
            "ask with roll_forward=true (`--roll-forward`).",
        )
    return _one(found, records, wanted, how)


def went_back_already(records: tuple[Record, ...], template: str) -> Record | None:
    """The rollback to the previous revision that left this very template running, if that was the last thing done.

    Asked again, by a client that lost the answer, "back" must not lead forward to what was left.
    """
    last = next((record for record in records if record.state == "done"), None)
    if last is None or last.plan.operation != "rollback_app" or last.template_after != template:
        return None
    return last if last.plan.parameters.get("to_version") in PREVIOUS else None


def _others(scene: Scene) -> list[Revision]:
    current = digest_of(scene.current.template) if scene.current else ""
    return [revision for revision in scene.revisions if digest_of(revision.template) != current]


def _previous(scene: Scene, others: list[Revision], records: tuple[Record, ...]) -> Target:
    stable = stable_revision(scene)
    if stable is not None and stable in others:
        return Target(stable, "the stable version, which serves now")
    failed = failures(records)
    good = [revision for revision in others if digest_of(revision.template) not in failed]
    if not good:
        raise NotFound(
            f"{scene.workload.ref} has no earlier revision{' that did not fail' if others else ''} to go back to.",
            hint=f"Retained: {_retained(scene)}. Name one with to_version='#NUMBER'." if others else "",
        )
    newest = max(good, key=lambda revision: revision.number)
    skipped = [revision for revision in others if revision.number > newest.number]
    how = "the revision before this one"
    if skipped:
        how = f"the newest revision that did not fail ({', '.join(f'#{r.number}' for r in skipped)} did)"
    return Target(newest, how)


def _numbered(scene: Scene, wanted: str) -> Target:
    for revision in scene.revisions:
        if f"#{revision.number}" == wanted:
            return Target(revision, f"revision {wanted}")
    raise NotFound(f"{scene.workload.ref} has no revision {wanted}.", hint=f"Retained: {_retained(scene)}.")


def _of_operation(scene: Scene, records: tuple[Record, ...], wanted: str) -> Target | None:
    record = next((record for record in records if record.id == wanted), None)
    if record is None:
        return None
    left = {record.template_after, *record.templates_left}
    for revision in scene.revisions:
        if digest_of(revision.template) in left:
            return Target(revision, f"what operation {wanted} left running")
    raise NotFound(
        f"The revision that operation {wanted} left running is no longer retained.",
        hint=f"Retained: {_retained(scene)}.",
    )


def _one(found: list[Revision], records: tuple[Record, ...], wanted: str, how: str) -> Target:
    if len({as_it_was(revision.template) for revision in found}) == 1:
        return Target(max(found, key=lambda revision: revision.number), how)
    worked = [record.template_after for record in records if record.state == "done"]
    good = [revision for revision in found if digest_of(revision.template) in worked]
    if len({as_it_was(revision.template) for revision in good}) == 1:
        return Target(good[-1], f"{how} and that an operation proved to work")
    raise _tied(found, wanted)


def _tied(found: list[Revision], wanted: str) -> Ambiguous:
    """Who has to choose is told how the candidates differ from the newest of them."""
    *others, newest = found
    lines = {revision.number: how_they_differ(newest, revision) for revision in others}
    told = "; ".join(f"#{number} has {_some(told)}" for number, told in lines.items())
    return Ambiguous(
        f"{wanted} ran with {len(found)} different templates: {', '.join(f'#{one.number}' for one in found)}.",
        hint=f"Name one as to_version='#NUMBER'. Beside #{newest.number}, {told}.",
        details={
            "candidates": [f"#{revision.number}" for revision in found],
            "differences": {f"#{number}": told for number, told in lines.items()},
        },
    )


def _some(lines: list[str]) -> str:
    more = f" and {len(lines) - MOST_LINES} more" if len(lines) > MOST_LINES else ""
    return ", ".join(lines[:MOST_LINES]) + more


def _retained(scene: Scene) -> str:
    newest = sorted(scene.revisions, key=lambda revision: revision.number, reverse=True)[:10]
    return ", ".join(f"#{revision.number} {main_image(scene, revision)}" for revision in newest) or "none"
