"""Which pods are whose, for many workloads at once: one pass over the pods, not one per workload."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from dot_ai_lifecycle.core.pods import Pod
from dot_ai_lifecycle.core.selectors import matches
from dot_ai_lifecycle.core.workload import ROLLOUTS_HASH_LABEL, Workload


def pods_by_workload(workloads: Iterable[Workload], pods: Iterable[Pod]) -> Mapping[str, tuple[Pod, ...]]:
    """The pods of each workload, by its uid.

    A Deployment's or Rollout's pods are told by the name of their ReplicaSet, the app's and the template's hash:
    listing ReplicaSets would bring a template for every revision of every app. Only where that finds none although it
    counts some (it adopted a ReplicaSet of another name) do its selector's pods count.
    """
    known = tuple(workloads)
    by_uid = {workload.uid for workload in known}
    by_name = {(w.kind, w.namespace, w.name): w for w in known if w.kind in ("Deployment", "Rollout")}
    found: dict[str, list[Pod]] = defaultdict(list)
    strays: dict[str, list[Pod]] = defaultdict(list)
    for pod in pods:
        if pod.owner is None:
            continue
        if pod.owner.uid in by_uid:
            found[pod.owner.uid].append(pod)
        elif pod.owner.kind == "ReplicaSet":
            owner = by_name.get(_owner_of(pod))
            if owner is not None and _selected(owner, pod):
                found[owner.uid].append(pod)
            else:
                strays[pod.namespace].append(pod)
    for workload in by_name.values():
        if workload.uid not in found and workload.status.get("replicas") and strays[workload.namespace]:
            found[workload.uid] = [pod for pod in strays[workload.namespace] if _selected(workload, pod)]
    return {uid: tuple(own) for uid, own in found.items()}


def _owner_of(pod: Pod) -> tuple[str, str, str]:
    name = pod.owner.name if pod.owner else ""
    kind = "Rollout" if ROLLOUTS_HASH_LABEL in pod.labels else "Deployment"
    return kind, pod.namespace, name.removesuffix(f"-{pod.revision}")


def _selected(workload: Workload, pod: Pod) -> bool:
    return matches(workload.spec.get("selector") or {}, pod.labels)
