"""Which pods run the revision that is wanted now, and which are left from before.

Deployments are told by the ReplicaSet whose template equals the wanted one, Rollouts by the hash that Argo Rollouts
names. ControllerRevisions are kept as raw patches and never see later API defaults, so for StatefulSets and DaemonSets
the controller's own word comes first.
"""

from dot_ai_lifecycle.core.objects import Revision
from dot_ai_lifecycle.core.pods import Pod
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.workload import Workload

ENDED_PHASES = ("Failed", "Succeeded")


def wanted_revision(scene: Scene) -> Revision | None:
    """The retained revision the controller is rolling out; None where none is known yet."""
    workload = scene.workload
    if workload.kind in ("Deployment", "Rollout") or not workload.generation_seen:
        return scene.current
    if workload.kind == "DaemonSet":
        return max(scene.revisions, key=lambda revision: revision.number, default=None)
    named = str(workload.status.get("updateRevision", ""))
    return next((revision for revision in scene.revisions if named in (revision.name, revision.hash)), scene.current)


def wanted_hashes(scene: Scene) -> frozenset[str]:
    """The labels by which pods of the wanted revision are told; empty where none is known yet.

    A StatefulSet's pods carry the ControllerRevision's name, a DaemonSet's its hash.
    """
    workload, revision = scene.workload, wanted_revision(scene)
    known = {revision.hash, revision.name} if revision is not None else set()
    if workload.kind == "StatefulSet" and workload.generation_seen:
        known.add(str(workload.status.get("updateRevision", "")))
    if workload.kind == "Rollout" and workload.generation_seen:
        known.add(str(workload.status.get("currentPodHash", "")))
    return frozenset(known - {""})


def wanted_hash(scene: Scene) -> str:
    """What pods of the wanted revision carry as its hash; empty where it is not known yet."""
    if scene.workload.kind == "StatefulSet" and scene.workload.generation_seen:
        return str(scene.workload.status.get("updateRevision", ""))
    revision = wanted_revision(scene)
    return revision.hash if revision is not None else ""


def is_active(pod: Pod) -> bool:
    """Whether the pod still counts for its controller: neither ended (evicted, completed) nor asked to end."""
    return not pod.deleting and pod.phase not in ENDED_PHASES


def new_pods(scene: Scene) -> tuple[Pod, ...]:
    """The pods of the wanted revision, in whatever state."""
    hashes = wanted_hashes(scene)
    return tuple(pod for pod in scene.pods if pod.revision in hashes)


def ordinal(pod: Pod) -> int:
    """A StatefulSet pod's number; -1 where its name has none."""
    last = pod.name.rpartition("-")[2]
    return int(last) if last.isdecimal() else -1


def first_ordinal(workload: Workload) -> int:
    """The number of a StatefulSet's first pod."""
    return int((workload.spec.get("ordinals") or {}).get("start", 0))


def may_stay_old(scene: Scene, pod: Pod) -> bool:
    """Whether a pod of the old revision is wanted as it is: its ordinal is below the StatefulSet's partition."""
    workload = scene.workload
    if workload.kind != "StatefulSet" or workload.strategy_type != "RollingUpdate":
        return False
    return 0 <= ordinal(pod) < first_ordinal(workload) + workload.partition


def rightful(scene: Scene) -> tuple[Pod, ...]:
    """Active pods of the revision they should be of."""
    hashes = wanted_hashes(scene)
    return tuple(pod for pod in scene.pods if is_active(pod) and (pod.revision in hashes or may_stay_old(scene, pod)))


def left_over(scene: Scene) -> tuple[Pod, ...]:
    """Active pods of a revision that should be gone."""
    right = {pod.name for pod in rightful(scene)}
    return tuple(pod for pod in scene.pods if is_active(pod) and pod.name not in right)
