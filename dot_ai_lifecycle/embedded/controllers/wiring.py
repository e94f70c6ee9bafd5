"""Which controllers look when something changes: the one table of who watches what."""

from collections.abc import Callable, Iterator

from dot_ai_lifecycle.embedded.controllers import (
    cronjob,
    daemonset,
    deployment,
    endpointslice,
    httproute,
    job,
    namespace,
    pdb,
    replicaset,
    rollout,
    statefulset,
    volumes,
)
from dot_ai_lifecycle.embedded.controllers.index import Object, key_of, owner_of
from dot_ai_lifecycle.embedded.controllers.plane import Plane
from dot_ai_lifecycle.embedded.controllers.queue import Item, Key
from dot_ai_lifecycle.embedded.store import Change

CONTROLLERS = {
    "Deployment": deployment.reconcile,
    "ReplicaSet": replicaset.reconcile,
    "Service": endpointslice.reconcile,
    "Rollout": rollout.reconcile,
    "HTTPRoute": httproute.reconcile,
    "StatefulSet": statefulset.reconcile,
    "DaemonSet": daemonset.reconcile,
    "Job": job.reconcile,
    "CronJob": cronjob.reconcile,
    "Namespace": namespace.reconcile,
    "PodDisruptionBudget": pdb.reconcile,
    "PersistentVolumeClaim": volumes.reconcile,
    "PersistentVolume": volumes.reclaim,
}


def concerned(plane: Plane, change: Change) -> Iterator[Item]:
    """The items to look at after a change: the object itself, its owner, and what selects it."""
    thing, kind = change.object, change.object["kind"]
    key, gone = key_of(thing), change.type == "DELETED"
    if (kind in CONTROLLERS or kind == "HorizontalPodAutoscaler") and not gone:
        yield Item(kind, key)
    yield from _family(plane, thing, key, last=gone and kind == "Pod")
    if gone and key.namespace:
        yield Item("Namespace", Key("", key.namespace))
    if kind in _MORE:
        yield from _MORE[kind](plane, change)


def _family(plane: Plane, thing: Object, key: Key, *, last: bool) -> Iterator[Item]:
    owner = owner_of(thing)
    if owner and owner["kind"] in CONTROLLERS:
        above = Key(key.namespace, owner["name"])
        yield Item(owner["kind"], above)
        if last:
            yield from _grandparent(plane, above, owner["kind"])


def _pod(plane: Plane, change: Change) -> Iterator[Item]:
    key = key_of(change.object)
    yield Item("kubelet", key)
    if not change.object["spec"].get("nodeName"):
        yield Item("scheduler", key)
    near = plane.index.selecting(change.object)
    if change.old is not None and change.old["metadata"].get("labels") != change.object["metadata"].get("labels"):
        near += plane.index.selecting(change.old)
    yield from (Item("Service", key_of(service)) for service in near)
    for budget in plane.index.all("PodDisruptionBudget", key.namespace):
        yield Item("PodDisruptionBudget", key_of(budget))


def _node(plane: Plane, change: Change) -> Iterator[Item]:
    yield from (Item("DaemonSet", key_of(one)) for one in plane.index.everywhere("DaemonSet"))
    if change.type == "DELETED":
        name = change.object["metadata"]["name"]
        stranded = (pod for pod in plane.index.everywhere("Pod") if pod["spec"].get("nodeName") == name)
        yield from (Item("kubelet", key_of(pod)) for pod in stranded)


def _service(plane: Plane, change: Change) -> Iterator[Item]:
    if change.type != "MODIFIED":
        namespace = change.object["metadata"]["namespace"]
        yield from (Item("HTTPRoute", key_of(route)) for route in plane.index.all("HTTPRoute", namespace))


def _slice(plane: Plane, change: Change) -> Iterator[Item]:
    key = key_of(change.object)
    service = (change.object["metadata"].get("labels") or {}).get(endpointslice.SERVICE_LABEL)
    if service:
        yield Item("proxies", Key(key.namespace, service))


def _claim(plane: Plane, change: Change) -> Iterator[Item]:
    volume = change.object["spec"].get("volumeName")
    if change.type == "DELETED" and volume:
        yield Item("PersistentVolume", Key("", volume))


_MORE: dict[str, Callable[[Plane, Change], Iterator[Item]]] = {
    "Pod": _pod,
    "Node": _node,
    "PersistentVolumeClaim": _claim,
    "EndpointSlice": _slice,
    "Service": _service,
}


def _grandparent(plane: Plane, key: Key, kind: str) -> Iterator[Item]:
    """A Deployment that recreates waits for the last old pod to be gone, which its ReplicaSets do not show."""
    parent = plane.get(kind, key)
    owner = owner_of(parent) if parent else None
    if owner and owner["kind"] in CONTROLLERS:
        yield Item(owner["kind"], Key(key.namespace, owner["name"]))
