"""Replacing the pods of a DaemonSet on chosen nodes: whoever goes on after a crash counts what is new already."""

from collections.abc import Awaitable, Callable
from functools import partial

from dot_ai_lifecycle.core.conditions.sides import is_active, wanted_hashes
from dot_ai_lifecycle.core.errors import Conflict, Forbidden, Invalid, NotFound
from dot_ai_lifecycle.core.pods import Pod
from dot_ai_lifecycle.core.ports import Cluster
from dot_ai_lifecycle.core.record import Cause
from dot_ai_lifecycle.core.redaction import redact
from dot_ai_lifecycle.core.refs import POD, ref_to
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.steps import Await, Renew
from dot_ai_lifecycle.engine.means import Did, Failed
from dot_ai_lifecycle.engine.outages import outlived


async def renewed(cluster: Cluster, step: Renew, awaited: Callable[[Await], Awaitable[Did]]) -> Did:
    """Delete pods lot by lot until enough new ones are ready; `awaited` waits for new pods, failing early.

    Only once its controller has seen the new template is a pod deleted: before that the old one would come again.
    Raises Failed where the new pods do badly, or no more pods can be chosen.
    """
    begun = 0
    while True:
        did = await awaited(_ready(step, begun))
        scene = did.scene
        assert scene is not None, "what was waited for was seen"
        if (found := len(_begun(scene))) > begun:
            begun = found
            continue
        if begun >= step.pods:
            return did
        lot = _still_old(scene)[: min(step.at_once, step.pods - begun)]
        if not lot:
            text = f"{step.ref} has no more pods that are ready to be replaced: {begun} of {step.pods} were."
            raise Failed(Cause(code="NOT_READY", text=text), undoable=True)
        for pod in lot:
            await outlived(partial(_delete, cluster, pod))
        begun += len(lot)


def _ready(step: Renew, pods: int) -> Await:
    return Await(
        ref=step.ref,
        until="surged",
        pods=pods,
        ready_for=step.ready_for,
        learns=step.learns,
        within=step.within,
        why=step.why,
    )


def _begun(scene: Scene) -> set[str]:
    """The nodes whose pod is new, or on its way to be: whoever was killed after a deletion deletes no other instead."""
    new = wanted_hashes(scene)
    staying = {pod.node for pod in scene.pods if is_active(pod) and pod.revision not in new}
    return {pod.node for pod in scene.pods if pod.deleting or pod.revision in new} - staying


def _still_old(scene: Scene) -> list[Pod]:
    """The pods that may be replaced, by the names of their nodes; one that does not serve would prove nothing."""
    new = wanted_hashes(scene)
    old = [pod for pod in scene.pods if is_active(pod) and pod.ready and pod.revision not in new]
    return sorted(old, key=lambda pod: (pod.node, pod.name))


async def _delete(cluster: Cluster, pod: Pod) -> None:
    try:
        await cluster.delete(ref_to(POD, pod.name, pod.namespace, pod.uid))
    except (NotFound, Conflict):
        return
    except (Forbidden, Invalid) as error:
        raise Failed(Cause(code="REFUSED_BY_CLUSTER", text=redact(error.message)), undoable=True) from error
