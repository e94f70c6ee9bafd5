"""Do new pods stand beside the old ones, as a gated Deployment keeps them, or a set that is held half-way?

The controller's own count of available pods is no help there: behind the gate no new pod is ever available.
"""

from dot_ai_lifecycle.core.conditions.reading import Met, Reading, Waiting
from dot_ai_lifecycle.core.conditions.rollout import not_begun, steady_in
from dot_ai_lifecycle.core.conditions.sides import first_ordinal, is_active, new_pods, ordinal, wanted_hashes
from dot_ai_lifecycle.core.conditions.words import named, pods_in, state_of, version_of
from dot_ai_lifecycle.core.pods import Pod
from dot_ai_lifecycle.core.scene import Scene


def surged(scene: Scene, template: str, pods: int | None, ready_for: int) -> Reading:
    """Whether `pods` pods of the wanted revision (None: as many as are wanted) have been Ready for that many seconds.

    Of a StatefulSet, these are the pods with the highest ordinals: those that it replaces first.
    `template` is the digest of the pod template that must still be wanted (Foreign otherwise).
    """
    early = not_begun(scene, template)
    if early is not None:
        return early
    workload, version = scene.workload, version_of(scene.workload)
    total = workload.replicas if pods is None else min(pods, workload.replicas)
    if not wanted_hashes(scene):
        return Waiting(f"the {workload.kind} controller has not begun {version} yet", 0, total)
    active = [pod for pod in new_pods(scene) if is_active(pod)]
    if workload.kind != "Deployment" and len(active) > workload.updated_replicas:
        # Which revision is wanted and which pods are of it come from different watches; the status knows both.
        return Waiting(f"the {workload.kind} controller does not count all of {version} yet", 0, total)
    new = [pod for pod in active if _is_meant(scene, pod, total)]
    waits = {pod.name: steady_in(pod, ready_for, scene.now) for pod in new}
    done = sum(1 for wait in waits.values() if wait == 0)
    if done >= total:
        return Met(f"{pods_in(total)} of {version} ready", total)
    late = [pod for pod in new if waits[pod.name] != 0]
    words = f"{done} of {pods_in(total)} of {version} ready"
    if late:
        words += f"; waiting for {named(late)}{state_of(late[0])}"
    timed = [wait for wait in waits.values() if wait]
    return Waiting(words, done, total, check_in=min(timed, default=None))


def _is_meant(scene: Scene, pod: Pod, pods: int) -> bool:
    workload = scene.workload
    return workload.kind != "StatefulSet" or ordinal(pod) >= first_ordinal(workload) + workload.replicas - pods
