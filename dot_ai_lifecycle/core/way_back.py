"""The way back from what was done: each step's own, last first, ending in proof."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from dot_ai_lifecycle.core.pointers import pointer, value_at
from dot_ai_lifecycle.core.refs import WORKLOAD_KINDS, Ref
from dot_ai_lifecycle.core.steps import Await, Create, Delete, Edit, Inscribe, Patch, Reissue, Steer, Step, Unstick

WITHIN = 600.0
"""Seconds the way back may take: a Deployment's default progress deadline."""

GATED_BY = "lifecycle.dot-ai/gated-by"
"""The annotation of a workload whose strategy fields are ours for the time of an operation, which it names."""

_OURS_FOR_A_TIME = (
    "/spec/strategy/",
    "/spec/updateStrategy/",
    "/spec/minReadySeconds",
    "/spec/progressDeadlineSeconds",
    "/spec/selector/",
    "/spec/rules",
    pointer("metadata", "annotations", GATED_BY),
)
"""Fields that an operation sets for its own time only: never left behind, whoever changes the rest."""

_MANAGED_BY = pointer("metadata", "labels", "app.kubernetes.io/managed-by")

_WORKLOADS = tuple(kind.name for kind in WORKLOAD_KINDS)


def way_back(done: tuple[Step, ...], app: Ref, within: float = WITHIN) -> tuple[Step, ...]:
    """The way back from those steps, last first, ending in the proof that the old state serves again.

    A step that says how it is taken back is taken at its word, a patch is inverted, what was only waited for needs no
    way back. A StatefulSet's broken pods are freed after its template is restored. Of several apps each is proven.
    """
    back = list(taken_back(done))
    touched = [step.ref for step in back if isinstance(step, Patch)]
    workloads = list({ref.uid or str(ref): ref for ref in touched if ref.kind in _WORKLOADS}.values())
    back += [
        Unstick(ref=ref, why="free pods the bad revision left broken") for ref in workloads if ref.kind == "StatefulSet"
    ]
    unproven = (workloads or [app]) if touched and not _ends_in_proof(back) else _unproven(back, workloads)
    parts = {str(step.ref): step.part for step in done}
    back += [_proof(ref, done, parts.get(str(ref), ""), app, within) for ref in unproven]
    return tuple(step.model_copy(update={"part": parts.get(str(step.ref), step.part)}) for step in back)


def _proof(ref: Ref, done: tuple[Step, ...], part: str, app: Ref, within: float) -> Await:
    """The proof that a workload serves again, by the word of the engine that delivers it where one does."""
    own = tuple(step for step in done if step.part == part)
    by = _engine_of(own, ref if part else app)
    return Await(ref=ref, within=within, by=by, why="prove that the old version serves again")


def _engine_of(done: tuple[Step, ...], app: Ref) -> Ref | None:
    """The object by which another engine delivers the app, where those steps spoke to it or waited for it."""
    spoken = (step.by if isinstance(step, Await) else step.ref for step in done if isinstance(step, Await | Steer))
    return next((ref for ref in spoken if ref is not None and ref.uid != app.uid), None)


def taken_back(done: tuple[Step, ...]) -> Iterable[Step]:
    """What takes those steps back, last first, without a proof of its own."""
    wholly: set[str] = set()
    for step in reversed(done):
        if step.part in wholly or (isinstance(step, Create) and step.lasts):
            continue
        if step.back is not None:
            yield from step.back.steps
            wholly |= {step.part} if step.back.whole else set()
        elif isinstance(step, Patch | Create | Delete | Inscribe | Reissue):
            yield step.inverse("restore what was there before")


def _ends_in_proof(steps: list[Step]) -> bool:
    last = steps[-1]
    return isinstance(last, Await) and last.until == "rolled_out"


def _unproven(steps: list[Step], workloads: list[Ref]) -> list[Ref]:
    """The workloads that were patched and not looked at again since."""
    return [ref for ref in workloads if not _ends_in_proof([step for step in steps if str(step.ref) == str(ref)])]


def release(done: tuple[Step, ...], objects: Mapping[str, Mapping[str, Any]]) -> tuple[Patch | Delete | Inscribe, ...]:
    """The steps that give back what was ours for a time, where somebody else changed the app meanwhile.

    Services come first: unpinned, they send to every ready pod, whatever becomes of the revisions. Fields that no
    longer hold what we left are not ours any more. What was created goes last, unless somebody's route names it.
    A revision of a Helm release that is still under way is told to have failed, as Helm would. `objects` are those that
    were changed, by their reference in words.
    """
    edits: dict[str, dict[str, Edit]] = {}
    refs = {str(step.ref): step.ref for step in done if isinstance(step, Patch)}
    for step in done:
        for edit in step.edits if isinstance(step, Patch) else ():
            if edit.path.startswith(_OURS_FOR_A_TIME) and not edit.scaffold:
                known = edits.setdefault(str(step.ref), {})
                first = known[edit.path].new if edit.path in known else edit.old
                known[edit.path] = Edit(path=edit.path, old=edit.new, new=first)
    standing = {
        name: tuple(e for e in paths.values() if e.old != e.new and value_at(objects.get(name, {}), e.path) == e.old)
        for name, paths in edits.items()
    }
    given_back = tuple(
        Patch(ref=refs[name], edits=standing[name], why="give back what was set for this operation only")
        for name in sorted(standing, key=lambda name: refs[name].kind in _WORKLOADS)
        if standing[name]
    )
    ours = {str(patch.ref) for patch in given_back}
    left = _left_over(done, [found for name, found in objects.items() if name not in ours])
    return (*given_back, *left, *_failed(done))


def _left_over(done: tuple[Step, ...], others: Iterable[Mapping[str, Any]]) -> tuple[Delete, ...]:
    """The deletion of what was created for the time of the operation and is there yet; `others` may need it.

    What belongs to a Helm release is the release's, and no means of ours.
    """
    standing: dict[str, Create | None] = {}
    for step in done:
        if isinstance(step, Delete) or (isinstance(step, Create) and not step.lasts):
            standing[str(step.ref)] = step if isinstance(step, Create) else None
    rules = json.dumps([value_at(found, "/spec/rules") for found in others])
    return tuple(
        step.inverse("nothing of the operation is left")
        for step in standing.values()
        if step is not None and f'"{step.ref.name}"' not in rules and value_at(step.manifest, _MANAGED_BY) != "Helm"
    )


def _failed(done: tuple[Step, ...]) -> tuple[Inscribe, ...]:
    stands = {step.number: step for step in done if isinstance(step, Inscribe)}
    why = "somebody else changed the app: this rollback did not come to its end"
    return tuple(
        step.model_copy(update={"was": step.status, "status": "failed", "why": why})
        for step in stands.values()
        if step.status.startswith("pending-")
    )
