"""What controllers ask of pods: does it count, is it ready, since when, which one goes first."""

from typing import Any

from dot_ai_lifecycle.embedded.controllers.plane import Plane
from dot_ai_lifecycle.embedded.objects import Object, copied

_PHASE_ORDER = {"Pending": 0, "Unknown": 1, "Running": 2}
DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"


def phase(pod: Object) -> str:
    return str((pod.get("status") or {}).get("phase", "Pending"))


def terminating(pod: Object) -> bool:
    return "deletionTimestamp" in pod["metadata"]


def finished(pod: Object) -> bool:
    return phase(pod) in ("Succeeded", "Failed")


def active(pod: Object) -> bool:
    """Whether the pod counts for its controller: neither finished nor on its way out."""
    return not terminating(pod) and not finished(pod)


def condition(thing: Object, type_: str) -> dict[str, Any] | None:
    for one in (thing.get("status") or {}).get("conditions") or ():
        if one["type"] == type_:
            return dict(one)
    return None


def ready(pod: Object) -> bool:
    found = condition(pod, "Ready")
    return found is not None and found["status"] == "True"


def available(plane: Plane, pod: Object, min_ready_seconds: int) -> bool:
    """Whether the pod is ready and has been for `min_ready_seconds`."""
    return ready(pod) and available_in(plane, pod, min_ready_seconds) <= 0


def available_in(plane: Plane, pod: Object, min_ready_seconds: int) -> float:
    """Seconds until a ready pod counts as available (0 or less: it does)."""
    if not min_ready_seconds:
        return 0.0
    found = condition(pod, "Ready")
    if found is None or not found.get("lastTransitionTime"):
        return float(min_ready_seconds)
    return min_ready_seconds - plane.since(found["lastTransitionTime"])


def next_available(plane: Plane, pods: list[Object], min_ready_seconds: int) -> float | None:
    """Seconds until the next ready pod of these becomes available; None when time alone changes nothing."""
    if not min_ready_seconds:
        return None
    left = [available_in(plane, pod, min_ready_seconds) for pod in pods if ready(pod)]
    return min((seconds for seconds in left if seconds > 0), default=None)


def restarts(pod: Object) -> int:
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return max((status.get("restartCount", 0) for status in statuses), default=0)


def goes_first(pod: Object, crowd: int) -> tuple[Any, ...]:
    """Sort key for choosing victims: unscheduled, pending, not ready, cheap, crowded, lately ready, restarting, young.

    `crowd` is how many pods of the same workload share the pod's node. Upstream compares ages in powers of two; here
    the younger always goes first, which makes tests exact.
    """
    found = condition(pod, "Ready")
    cost = int((pod["metadata"].get("annotations") or {}).get(DELETION_COST, 0))
    since = (found or {}).get("lastTransitionTime", "") if ready(pod) else ""
    return (
        bool(pod["spec"].get("nodeName")),
        _PHASE_ORDER.get(phase(pod), 2),
        ready(pod),
        cost,
        -crowd,
        _later_first(since),
        -restarts(pod),
        _later_first(pod["metadata"]["creationTimestamp"]),
        pod["metadata"]["name"],
    )


def _later_first(stamp: str) -> int:
    return -int("".join(c for c in stamp if c.isdigit()) or 0)


def owner_reference(owner: Object) -> dict[str, Any]:
    """The reference by which an owner controls what it creates."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def from_template(owner: Object, template: Object, *, name: str = "", labels: dict[str, str] | None = None) -> Object:
    """A pod for its owner: of the given name, or of a generated one below the owner's."""
    meta = template.get("metadata") or {}
    fresh: dict[str, Any] = {
        "namespace": owner["metadata"]["namespace"],
        "labels": dict(meta.get("labels") or {}) | (labels or {}),
        "ownerReferences": [owner_reference(owner)],
    }
    if name:
        fresh["name"] = name
    else:
        fresh["generateName"] = owner["metadata"]["name"] + "-"
    if meta.get("annotations"):
        fresh["annotations"] = dict(meta["annotations"])
    if meta.get("finalizers"):
        fresh["finalizers"] = list(meta["finalizers"])
    return {"apiVersion": "v1", "kind": "Pod", "metadata": fresh, "spec": copied(template["spec"])}


def claimed(plane: Plane, owner: Object, kind: str, picks: Any) -> list[Object]:
    """What `owner` controls of a kind; matching objects that nobody controls are adopted first."""
    namespace, uid = owner["metadata"]["namespace"], owner["metadata"]["uid"]
    if not terminating(owner):
        for orphan in plane.index.loose(kind, namespace):
            if not terminating(orphan) and picks(orphan["metadata"].get("labels") or {}):
                _adopt(plane, owner, orphan)
    return plane.index.owned(kind, uid)


def _adopt(plane: Plane, owner: Object, orphan: Object) -> None:
    def change(fresh: Object) -> None:
        fresh["metadata"].setdefault("ownerReferences", []).append(owner_reference(owner))

    plane.edit(orphan, change)
