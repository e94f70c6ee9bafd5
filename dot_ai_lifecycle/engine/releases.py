"""Keeping a Helm release: its history and its own Secrets are read, changed and written here, and shown nowhere."""

from contextlib import suppress
from functools import partial

from dot_ai_lifecycle.core.errors import Conflict, Forbidden, Invalid, NotFound
from dot_ai_lifecycle.core.helm import RELEASES, copied, key_of, made_by, marked, opened, restated, status_in
from dot_ai_lifecycle.core.merging import edits_to, merged, said
from dot_ai_lifecycle.core.ports import Cluster
from dot_ai_lifecycle.core.record import Cause
from dot_ai_lifecycle.core.redaction import redact
from dot_ai_lifecycle.core.refs import Ref
from dot_ai_lifecycle.core.steps import Inscribe, Patch, Reissue
from dot_ai_lifecycle.core.workload import Manifest
from dot_ai_lifecycle.engine.means import Did, Failed
from dot_ai_lifecycle.engine.outages import outlived

TRIES = 5
"""Looks at a Secret that somebody else writes at the same time; nobody has a reason to do so twice."""


async def released(cluster: Cluster, step: Inscribe | Reissue) -> Did:
    """Do what keeps a release. Raises Failed."""
    return await (inscribed(cluster, step) if isinstance(step, Inscribe) else reissued(cluster, step))


async def reissued(cluster: Cluster, step: Reissue) -> Did:
    """Make the Secret what the revision says: three ways, as Helm does, so that others' keys stay. Raises Failed."""
    for _ in range(TRIES):
        try:
            return await outlived(partial(_reissued_once, cluster, step))
        except NotFound as error:
            text = f"{error.message} It is needed to know what {step.ref} is to hold."
            raise Failed(Cause(code="GONE", text=redact(text)), undoable=True) from error
        except (Invalid, Forbidden) as error:
            raise Failed(Cause(code="REFUSED_BY_CLUSTER", text=redact(error.message)), undoable=True) from error
        except Conflict:
            continue
    text = f"{step.ref} kept changing while it was written."
    raise Failed(Cause(code="CONFLICT", text=text), undoable=True)


async def _reissued_once(cluster: Cluster, step: Reissue) -> Did:
    now, then, live = await _said(cluster, step.now, step), await _said(cluster, step.then, step), None
    with suppress(NotFound):
        live = await cluster.read(step.ref)
    if then is None:
        if live is not None:
            await _deleted(cluster, step.ref, live)
        return Did(f"{step.ref} is gone")
    if live is None:
        await cluster.create(then)
        return Did(f"{step.ref} created")
    edits = edits_to(live, merged(now or {}, then, live))
    if edits:
        await cluster.patch(step.ref, Patch(ref=step.ref, edits=edits, why=step.why).operations())
    return Did(f"{step.ref} is what that revision says")


async def _said(cluster: Cluster, revision: Ref, step: Reissue) -> Manifest | None:
    """What a revision says of the Secret, as Helm writes it; None where it does not."""
    release = await cluster.get(RELEASES, revision.name, revision.namespace)
    wanted = ("", step.ref.kind, step.ref.namespace, step.ref.name)
    found = next((one for one in release.objects if key_of(one, release.namespace) == wanted), None)
    if found is None:
        return None
    plain = {key: value for key, value in said(found).items() if key != "stringData"}
    whole = {**plain, "type": plain.get("type", "Opaque"), "data": opened(found)}
    return marked(whole, release.name, release.namespace, step.ref.namespace)


async def inscribed(cluster: Cluster, step: Inscribe) -> Did:
    """Write the revision's status, once: what stands there already is not written again. Raises Failed.

    A revision that holds neither the status before nor the one after was written by somebody else, and is left.
    """
    for _ in range(TRIES):
        try:
            return await outlived(partial(_once, cluster, step))
        except (Invalid, Forbidden) as error:
            raise Failed(Cause(code="REFUSED_BY_CLUSTER", text=redact(error.message)), undoable=True) from error
        except Conflict:
            continue
    raise _foreign(step, "it kept changing")


async def _once(cluster: Cluster, step: Inscribe) -> Did:
    found = await _found(cluster, step)
    stands = status_in(found) if found else ""
    if found and not step.was and not made_by(found, step):
        raise _foreign(step, f"revision {step.number} was made by somebody else")
    if stands == step.status:
        return Did(f"revision {step.number} of the release is {step.status or 'not in its history'} already")
    if stands != step.was:
        raise _foreign(step, f"revision {step.number} is {stands or 'gone'}, not {step.was or 'to come'}")
    if not found:
        await cluster.create(copied(await _source(cluster, step), step, cluster.now()))
    elif step.status:
        await cluster.replace(restated(found, step.status, cluster.now()))
    else:
        await _deleted(cluster, step.ref, found)
    return Did(f"revision {step.number} of the release is {step.status or 'out of its history'}")


async def _found(cluster: Cluster, step: Inscribe) -> Manifest | None:
    try:
        return await cluster.read(step.ref)
    except NotFound:
        return None


async def _source(cluster: Cluster, step: Inscribe) -> Manifest:
    try:
        return await cluster.read(step.copy_of)
    except (NotFound, Conflict) as error:
        text = f"{step.copy_of}, the revision to go back to, was deleted meanwhile."
        raise Failed(Cause(code="GONE", text=text), undoable=True) from error


async def _deleted(cluster: Cluster, ref: Ref, found: Manifest) -> None:
    with suppress(NotFound):
        await cluster.delete(ref.model_copy(update={"uid": str(found["metadata"].get("uid", ""))}))


def _foreign(step: Inscribe, evidence: str) -> Failed:
    text = f"The history of the Helm release was changed by somebody else meanwhile ({step.ref}); it was left as it is."
    return Failed(Cause(code="FOREIGN_CHANGE", text=text, evidence=(evidence,)), undoable=False)
