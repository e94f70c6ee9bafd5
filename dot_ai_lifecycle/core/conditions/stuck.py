"""Which pods keep an ordered StatefulSet from ever reaching the revision it wants (kubernetes#67250).

Its controller goes through the pods in order and stops at the first that is not ready, before it replaces any.
"""

from msgspec import Struct

from dot_ai_lifecycle.core.conditions.sides import left_over, ordinal, wanted_hashes
from dot_ai_lifecycle.core.conditions.signals import signals_of
from dot_ai_lifecycle.core.pods import Pod
from dot_ai_lifecycle.core.scene import Scene

_OF_THE_VOLUME = ("VOLUME_IN_USE", "VOLUME_ELSEWHERE", "VOLUME_UNBOUND")


class Stuck(Struct, frozen=True):
    """Broken pods of a revision that should be gone, lowest ordinal first.

    Deleting those in `free` brings pods of the wanted revision; those in `held` would come back as broken as they are.
    """

    free: tuple[Pod, ...] = ()
    held: tuple[Pod, ...] = ()


def stuck(scene: Scene) -> Stuck:
    """The pods that nobody would replace, once the controller knows which revision is wanted; none before.

    A pod deleted earlier would come back of the bad revision. One with finalizers is somebody else's to let go.
    """
    workload = scene.workload
    ordered = workload.kind == "StatefulSet" and workload.spec.get("podManagementPolicy") != "Parallel"
    if not ordered or not workload.generation_seen or not wanted_hashes(scene):
        return Stuck()
    broken = sorted((pod for pod in left_over(scene) if not pod.ready and not pod.finalizers), key=ordinal)
    held = tuple(pod for pod in broken if _held(scene, pod))
    return Stuck(tuple(pod for pod in broken if pod not in held), held)


def _held(scene: Scene, pod: Pod) -> bool:
    """Whether its node or its own volume is the cause, which the next pod of that name meets again."""
    if pod.reason == "NodeLost":
        return True
    own_volumes = bool(scene.workload.spec.get("volumeClaimTemplates"))
    return own_volumes and any(signal.code in _OF_THE_VOLUME for signal in signals_of(scene, (pod,)))
