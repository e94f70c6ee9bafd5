"""Freeing an ordered StatefulSet from broken pods that its controller would never replace."""

import asyncio
from contextlib import suppress

from dot_ai_lifecycle.core.conditions.stuck import stuck
from dot_ai_lifecycle.core.errors import Conflict, Forbidden, LifecycleError, NotFound
from dot_ai_lifecycle.core.pods import Pod
from dot_ai_lifecycle.core.ports import Cluster
from dot_ai_lifecycle.core.refs import POD, ref_to
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.steps import Unstick
from dot_ai_lifecycle.engine.means import Did, Means
from dot_ai_lifecycle.engine.stage import Stage

BEGINS = 30.0
"""Seconds a controller gets to look at a change; it mostly takes less than one."""


async def unstick(means: Means, step: Unstick) -> Did:
    """Delete the pods that are stuck now; those that get stuck later go while the result is awaited.

    Waits until the controller knows the wanted revision. Raises LifecycleError where the set cannot be watched.
    """
    scene = await _begun(await means.stages.of(step.ref))
    if scene is None:
        return Did("its controller has not looked at the change yet: no pod was deleted")
    if scene.workload.spec.get("podManagementPolicy") == "Parallel":
        return Did("pods are replaced in parallel; none is stuck")
    means.freeing.add(step.ref.uid)
    found = stuck(scene)
    left = f"; {_names(found.held)} would meet the same node or volume again and was left" if found.held else ""
    try:
        await _delete(means.cluster, found.free)
    except Forbidden:
        names = _names(found.free)
        return Did(f"you may not delete pods: where their controller does not replace {names}, delete them by hand")
    return Did((f"deleted the broken {_names(found.free)}" if found.free else "no pod is stuck") + left)


async def free_in_passing(cluster: Cluster, scene: Scene) -> None:
    """Delete what got stuck meanwhile. Who may not, or cannot now, is told by the result that does not come."""
    with suppress(LifecycleError):
        await _delete(cluster, stuck(scene).free)


async def _begun(stage: Stage) -> Scene | None:
    """What is seen once the controller has looked at our change; None where it does not, or the set is gone."""
    loop = asyncio.get_running_loop()
    end = loop.time() + BEGINS
    while True:
        if stage.failure is not None:
            raise stage.failure
        scene = stage.scene()
        if scene is not None and stage.synced and scene.workload.generation_seen:
            return scene
        if stage.gone or loop.time() >= end:
            return None
        await stage.next_change(end - loop.time())


async def _delete(cluster: Cluster, pods: tuple[Pod, ...]) -> None:
    for pod in pods:
        with suppress(NotFound, Conflict):
            await cluster.delete(ref_to(POD, pod.name, pod.namespace, pod.uid))


def _names(pods: tuple[Pod, ...]) -> str:
    return ", ".join(pod.name for pod in pods)
