"""Performing one step on the cluster: the only place where a plan becomes writes."""

from collections.abc import Mapping
from functools import partial
from typing import Any, assert_never

from dot_ai_lifecycle.core.conditions.reading import Foreign, Gone, Met, Signal
from dot_ai_lifecycle.core.conditions.sides import wanted_hash
from dot_ai_lifecycle.core.edited import grounded
from dot_ai_lifecycle.core.errors import (
    ClusterFailure,
    Conflict,
    Forbidden,
    Invalid,
    LifecycleError,
    NotFound,
    Unreachable,
)
from dot_ai_lifecycle.core.late import NOW, is_late
from dot_ai_lifecycle.core.ports import Cluster
from dot_ai_lifecycle.core.record import Cause
from dot_ai_lifecycle.core.redaction import redact
from dot_ai_lifecycle.core.refs import ROLLOUT, WORKLOAD_KINDS
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.steps import (
    Approve,
    Await,
    Create,
    Delete,
    Inscribe,
    Lasting,
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
from dot_ai_lifecycle.core.workload import Manifest, Workload, digest_of
from dot_ai_lifecycle.engine.making import OURS, created_or_deleted, would_create
from dot_ai_lifecycle.engine.means import Did, Failed, Means
from dot_ai_lifecycle.engine.observe import approved, observed, while_ours
from dot_ai_lifecycle.engine.outages import outlived
from dot_ai_lifecycle.engine.releases import released
from dot_ai_lifecycle.engine.renewing import renewed
from dot_ai_lifecycle.engine.routes import followed
from dot_ai_lifecycle.engine.smoke import smoked
from dot_ai_lifecycle.engine.stage import Stages, Told
from dot_ai_lifecycle.engine.steer import delivered, steered
from dot_ai_lifecycle.engine.together import together
from dot_ai_lifecycle.engine.unstick import free_in_passing, unstick
from dot_ai_lifecycle.engine.watch import Doomed, TimedOut, Verdict, log_lines_of, verdict_on

_WORKLOADS = tuple(kind.name for kind in WORKLOAD_KINDS)


async def dry_run(cluster: Cluster, steps: tuple[Step, ...]) -> None:
    """Ask the API server whether it would take the plan's writes; only the first patch of an object can be asked.

    What is not known yet is given by its name. Raises what the cluster answers.
    """
    asked: set[str] = set()
    for step in steps:
        if isinstance(step, Patch) and str(step.ref) not in asked:
            asked.add(str(step.ref))
            unknown = {edit.new["late"] for edit in step.edits if is_late(edit.new)}
            known = {name: name for name in unknown} | {"now": _stamp(cluster)}
            await cluster.patch(step.ref, _operations(step, known), dry_run=True)
        if isinstance(step, Create):
            await would_create(cluster, step)


async def rooted(cluster: Cluster, step: Step) -> Step:
    """The step, with parents for the fields it puts back that are gone: the API server drops a map with its last key.

    Costs one read where a patch adds something.
    """
    if not isinstance(step, Patch) or all(edit.old is not None for edit in step.edits):
        return step
    try:
        found = await outlived(partial(cluster.read, step.ref))
    except (NotFound, Conflict):
        return step
    return grounded(step, found)


async def perform(means: Means, step: Step, number: int, template: str, told: Told) -> Did:
    """Do step `number`. `template` is the digest an earlier one left on the workload. Raises Failed, LifecycleError."""
    cluster = means.cluster
    match step:
        case Patch():
            return await _patch(cluster, means.stages, step, template)
        case Steer():
            return await steered(cluster, step)
        case Unstick():
            return await outlived(partial(unstick, means, step))
        case Inscribe() | Reissue():
            return await released(cluster, step)
        case Create() | Delete():
            return await outlived(partial(created_or_deleted, means, step))
        case Await() | Renew() | Observe() | Approve() | Smoke() | Together():
            return await _waited(means, step, number, template, told)
        case _:
            assert_never(step)


async def _one_of_several(means: Means, number: int, step: Await | Observe, told: Told) -> Did:
    return await _waited(means, step, number, means.templates.get(str(step.ref), ""), told)


async def _waited(means: Means, step: Lasting, number: int, template: str, told: Told) -> Did:
    waiting = _waited_alone(means, step, number, template, told)
    if step.keeps is None:
        return await waiting
    return await while_ours(means, step.keeps.ref, step.keeps.template, waiting)


async def _waited_alone(means: Means, step: Lasting, number: int, template: str, told: Told) -> Did:
    match step:
        case Await(until="followed"):
            return await followed(means.cluster, step, told)
        case Await():
            return await _await(means, step, number, template, told)
        case Renew():
            wait = partial(_await, means, number=number, template=template, told=told)
            return await renewed(means.cluster, step, wait)
        case Observe():
            return await observed(means, step, number, template, told)
        case Approve():
            return await while_ours(means, step.ref, template, approved(means, step, number))
        case Smoke():
            return await while_ours(means, step.ref, template, smoked(means.cluster, step, told))
        case Together():
            return await together(step, told, partial(_one_of_several, means, number))
        case _:
            assert_never(step)


def _stamp(cluster: Cluster) -> str:
    return cluster.now().strftime("%Y-%m-%dT%H:%M:%SZ")


def _operations(step: Patch, known: Mapping[str, str]) -> list[dict[str, Any]]:
    edits = tuple(edit.filled(known) for edit in step.edits)
    return step.model_copy(update={"edits": edits}).operations()


async def _patch(cluster: Cluster, stages: Stages, step: Patch, template: str) -> Did:
    now = _stamp(cluster)
    try:
        answer = await _written(cluster, step, now)
    except (Conflict, NotFound) as error:
        raise await _not_ours(cluster, step, error) from error
    except (Invalid, Forbidden) as error:
        raise Failed(Cause(code="REFUSED_BY_CLUSTER", text=redact(error.message)), undoable=True) from error
    late = {"now": now} if any(edit.new == NOW for edit in step.edits) else {}
    if step.ref.kind in _WORKLOADS:
        late["template"] = digest_of(answer["spec"]["template"])
        stages.wrote(Workload(answer))
        if template not in ("", late["template"]) and not any(e.path.startswith("/spec/template") for e in step.edits):
            raise _foreign(step, answer, "It has another pod template now.")
    return Did(step.why, late)


async def _written(cluster: Cluster, step: Patch, now: str) -> Manifest:
    try:
        return await cluster.patch(step.ref, _operations(step, {"now": now}))
    except (Unreachable, ClusterFailure):
        return await outlived(partial(_after_doubt, cluster, step, now))


async def _after_doubt(cluster: Cluster, step: Patch, now: str) -> Manifest:
    """The connection broke while writing: look whether it took effect, and write again only where it did not."""
    found = await cluster.read(step.ref)
    match step.stands(found):
        case "after":
            return found
        case "before":
            return await cluster.patch(step.ref, _operations(step, {"now": now}))
        case _:
            raise await _not_ours(cluster, step, Conflict("it holds neither the old nor the new values"))


async def _not_ours(cluster: Cluster, step: Patch, error: LifecycleError) -> Failed:
    """What to say where the object is not what was seen."""
    try:
        found = await cluster.read(step.ref.model_copy(update={"uid": ""}))
    except NotFound:
        return Failed(Cause(code="GONE", text=f"{step.ref} was deleted meanwhile."), undoable=False)
    return _foreign(step, found, error.message)


def _foreign(step: Patch, found: Manifest, evidence: str) -> Failed:
    text = f"{step.ref} was changed by {_last_writer(found)} meanwhile; their change was left as it is."
    return Failed(Cause(code="FOREIGN_CHANGE", text=text, evidence=(redact(evidence)[:300],)), undoable=False)


def _last_writer(manifest: Manifest) -> str:
    """Who wrote last, and when. Managed fields know whole seconds: of two in the same one, the other is meant."""
    entries = [e for e in manifest["metadata"].get("managedFields") or () if not e.get("subresource") and e.get("time")]
    latest = max(entries, key=lambda entry: (str(entry["time"]), entry["manager"] != OURS), default=None)
    return f"{latest['manager']!r} at {latest['time']}" if latest else "somebody"


async def _await(means: Means, step: Await, number: int, template: str, told: Told) -> Did:
    cluster = means.cluster
    in_passing = partial(free_in_passing, cluster) if step.ref.uid in means.freeing else None
    try:
        if step.ref.kind == ROLLOUT.name or step.by is not None:
            verdict = await delivered(means, step, number, template, told)
        else:
            verdict = await verdict_on(await means.stages.of(step.ref), step, template, told, in_passing)
    except NotFound as error:
        raise Failed(Cause(code="GONE", text=f"{step.ref} was deleted meanwhile."), undoable=False) from error
    match verdict.result:
        case Met():
            return Did(verdict.result.words, _learned(step, verdict.scene), verdict.scene)
        case Foreign():
            who = _last_writer(verdict.scene.workload.manifest) if verdict.scene else "somebody"
            text = f"{step.ref} was changed by {who} while it was rolling out; nothing of theirs was touched."
            raise Failed(Cause(code="FOREIGN_CHANGE", text=text, evidence=(verdict.result.words,)), undoable=False)
        case Gone():
            raise Failed(Cause(code="GONE", text=f"{step.ref}: {verdict.result.words}."), undoable=False)
        case Doomed():
            raise Failed(await _cause(cluster, verdict, verdict.result.signals[0]), undoable=True)
        case TimedOut():
            raise Failed(await _late_cause(cluster, verdict, verdict.result, step), undoable=True)
        case _:
            assert_never(verdict.result)


def _learned(step: Await, scene: Scene | None) -> dict[str, str]:
    """What only now is known: the hash of the revision whose pods came up."""
    known = wanted_hash(scene) if scene is not None and step.learns else ""
    return {step.learns: known} if known else {}


async def _cause(cluster: Cluster, verdict: Verdict, signal: Signal) -> Cause:
    """The deciding signal with its evidence; logs are fetched now, before the pods go."""
    lines = await log_lines_of(cluster, verdict.scene, signal) if verdict.scene else ()
    logs = redact("\n".join(lines)).split("\n") if lines else ()  # as one text: a key may span several lines
    last_words = f' It last said "{logs[-1].strip()[:200]}".' if logs else ""
    return Cause(
        code=signal.code,
        text=redact(f"{signal.words}{last_words}"),
        subject=signal.subject,
        container=signal.container,
        evidence=tuple(redact(line)[:300] for line in signal.evidence[:5]),
        logs=tuple(line[:300] for line in logs),
    )


async def _late_cause(cluster: Cluster, verdict: Verdict, late: TimedOut, step: Await) -> Cause:
    if late.unpromoted:
        return Cause(code="NOT_PROMOTED", text=f"{late.waiting}. Nobody promoted it within {step.asks:.0f} s.")
    if late.signals:
        return await _cause(cluster, verdict, late.signals[0])
    text = f"It was not rolled out within {step.within:.0f} s: {late.waiting}."
    return Cause(code="TIMEOUT", text=text)
