"""Making and deleting objects: ours, and those of a release that goes back; a stranger's of the same name is left."""

import asyncio
from contextlib import suppress

from dot_ai_lifecycle.core.copies import copied
from dot_ai_lifecycle.core.edited import with_edits
from dot_ai_lifecycle.core.errors import Conflict, Forbidden, Invalid, NotFound
from dot_ai_lifecycle.core.filling import filled
from dot_ai_lifecycle.core.objects import DEPLOYMENTS
from dot_ai_lifecycle.core.parts import own_name
from dot_ai_lifecycle.core.ports import Cluster
from dot_ai_lifecycle.core.record import Cause
from dot_ai_lifecycle.core.redaction import redact
from dot_ai_lifecycle.core.refs import CONFIG_MAP, Ref
from dot_ai_lifecycle.core.steps import Create, Delete
from dot_ai_lifecycle.core.workload import Manifest
from dot_ai_lifecycle.engine.means import Did, Failed, Means

OURS = "dot-ai-lifecycle"
"""The field manager under which our own writes are known, and the label of what is ours."""


async def would_create(cluster: Cluster, step: Create) -> None:
    """Ask the API server whether it would take the object. Raises what it answers."""
    known = {"actor": "somebody", own_name("new-hash", step.part): "new-hash"}
    manifest = await _whole(cluster, filled(step, known))
    try:
        await cluster.create(manifest, dry_run=True)
    except Conflict:
        if not _is_the_one(await cluster.read(step.ref), manifest):
            raise


def _is_ours(manifest: Manifest) -> bool:
    return bool((manifest["metadata"].get("labels") or {}).get("app.kubernetes.io/managed-by") == OURS)


def _is_the_one(found: Manifest, wanted: Manifest) -> bool:
    """Whether what is there already is ours, or what a way back would make anew: it has all marks that one has.

    What cannot be changed has to hold the same besides.
    """
    if wanted.get("immutable") and any(found.get(part) != wanted.get(part) for part in ("data", "binaryData")):
        return False
    has, marks = ({key: one["metadata"].get(key) or {} for key in ("labels", "annotations")} for one in (found, wanted))
    alike = any(marks.values()) and all(marks[key].items() <= has[key].items() for key in marks)
    return alike or _is_ours(found)


async def created_or_deleted(means: Means, step: Create | Delete) -> Did:
    """Create or delete the object; what is there, or gone, already will do. Raises Failed."""
    did = await (_create(means.cluster, step) if isinstance(step, Create) else _delete(means.cluster, step))
    means.stages.must_look_again()
    return did


async def _whole(cluster: Cluster, step: Create) -> Manifest:
    """What is to be created, its pod template or its data included.

    Raises NotFound where what it shall be like is gone, Conflict where that is another by now.
    """
    if step.like is None:
        return step.manifest
    found = await cluster.read(step.like)
    if step.like.kind == CONFIG_MAP.name:
        try:
            return copied(step, found)
        except ValueError as changed:
            raise Conflict(str(changed)) from changed
    spec = with_edits(found, step.edits)["spec"]
    return {**step.manifest, "spec": {**step.manifest["spec"], "template": spec["template"]}}


async def _create(cluster: Cluster, step: Create) -> Did:
    try:
        manifest = await _whole(cluster, step)
    except (NotFound, Conflict) as gone:
        copying = step.like is not None and step.like.kind == CONFIG_MAP.name
        text = f"{step.like} was {'changed or ' if copying else ''}deleted meanwhile."
        raise Failed(Cause(code="GONE", text=text), undoable=copying) from gone
    try:
        await cluster.create(manifest)
    except Conflict as taken:
        if not _is_the_one(await cluster.read(step.ref), manifest):
            text = f"{step.ref} exists already, and is not ours: it was left as it is."
            raise Failed(Cause(code="NAME_TAKEN", text=text), undoable=True) from taken
        return Did(f"{step.ref} is there already")
    except (Invalid, Forbidden) as error:
        raise Failed(Cause(code="REFUSED_BY_CLUSTER", text=redact(error.message)), undoable=True) from error
    return Did(f"{step.ref} created")


async def _delete(cluster: Cluster, step: Delete) -> Did:
    try:
        found = await cluster.read(step.ref)
        if not _is_the_one(found, step.was):
            return Did(f"{step.ref} is not ours: it was left as it is")
        ref = step.ref.model_copy(update={"uid": found["metadata"]["uid"]})
        await cluster.delete(ref, foreground=step.within > 0)
    except (NotFound, Conflict):
        return Did(f"{step.ref} is gone already")
    if step.within:
        with suppress(TimeoutError):
            async with asyncio.timeout(step.within):
                await _gone(cluster, ref)
    return Did(f"{step.ref} deleted")


async def _gone(cluster: Cluster, ref: Ref) -> None:
    """Wait until a Deployment is gone, by watch: deleted in the foreground, it goes after its last pod."""
    known = False
    async with cluster.watch(DEPLOYMENTS, ref.namespace, fields=f"metadata.name={ref.name}") as story:
        async for seen in story:
            if seen.type == "added":
                known = True
            if seen.type == "deleted" or (seen.type == "synced" and not known):
                return
