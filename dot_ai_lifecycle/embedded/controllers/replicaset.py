"""ReplicaSets: as many pods as asked for, made a few at a time, taken away the least useful first."""

from collections import Counter
from typing import Any

from dot_ai_lifecycle.embedded.controllers.plane import Plane
from dot_ai_lifecycle.embedded.controllers.pods import (
    active,
    available,
    claimed,
    condition,
    from_template,
    goes_first,
    next_available,
    ready,
    terminating,
)
from dot_ai_lifecycle.embedded.controllers.queue import Key
from dot_ai_lifecycle.embedded.objects import Object
from dot_ai_lifecycle.embedded.selectors import selector_test
from dot_ai_lifecycle.embedded.store import Rejected

SOURCE = "replicaset-controller"
BURST = 500


def reconcile(plane: Plane, key: Key) -> float | None:
    """One look at a ReplicaSet; seconds until a ready pod is available. Raises `Rejected` when pods cannot be made."""
    mine = plane.get("ReplicaSet", key)
    if mine is None:
        return None
    pods = claimed(plane, mine, "Pod", selector_test(mine["spec"]["selector"]))
    live = [pod for pod in pods if active(pod)]
    refused = None
    if not terminating(mine):
        refused = _level(plane, mine, live)
    pods = plane.index.owned("Pod", mine["metadata"]["uid"])
    latest = plane.get("ReplicaSet", key)
    if latest is not None:
        plane.write_status(latest, _status(plane, latest, pods, len(live), refused))
    if refused is not None:
        raise refused
    return next_available(plane, [pod for pod in pods if active(pod)], mine["spec"].get("minReadySeconds", 0))


def _level(plane: Plane, mine: Object, live: list[Object]) -> Rejected | None:
    """Create or delete pods; what the API said when it would not."""
    missing = mine["spec"]["replicas"] - len(live)
    if missing > 0:
        return _create(plane, mine, min(missing, BURST))
    if missing < 0:
        for pod in victims(plane, mine, live, min(-missing, BURST)):
            name = pod["metadata"]["name"]
            plane.store.delete("Pod", name, pod["metadata"]["namespace"], uid=pod["metadata"]["uid"])
            plane.events.normal(mine, "SuccessfulDelete", f"Deleted pod: {name}", source=SOURCE)
    return None


def _create(plane: Plane, mine: Object, missing: int) -> Rejected | None:
    """Make pods in batches of 1, 2, 4 …, so that one refusal does not become hundreds."""
    batch = 1
    while missing > 0:
        refusals = [_create_one(plane, mine) for _ in range(min(batch, missing))]
        missing -= len(refusals)
        refused = next((one for one in refusals if one is not None), None)
        if refused is not None:
            return refused
        batch *= 2
    return None


def _create_one(plane: Plane, mine: Object) -> Rejected | None:
    try:
        made = plane.store.create(from_template(mine, mine["spec"]["template"]))
    except Rejected as refused:
        plane.events.warning(mine, "FailedCreate", f"Error creating: {refused.message}", source=SOURCE)
        return refused
    plane.events.normal(mine, "SuccessfulCreate", f"Created pod: {made['metadata']['name']}", source=SOURCE)
    return None


def victims(plane: Plane, mine: Object, live: list[Object], number: int) -> list[Object]:
    """The pods that go when `number` must, in the order in which the real controller chooses."""
    crowd = Counter(pod["spec"].get("nodeName", "") for pod in _relatives(plane, mine))
    ordered = sorted(live, key=lambda pod: goes_first(pod, crowd[pod["spec"].get("nodeName", "")]))
    return ordered[:number]


def _relatives(plane: Plane, mine: Object) -> list[Object]:
    """The running pods of all ReplicaSets of the same Deployment: crowding counts over revisions."""
    owner = next((one for one in mine["metadata"].get("ownerReferences") or () if one.get("controller")), None)
    family = plane.index.owned("ReplicaSet", owner["uid"]) if owner else [mine]
    pods = [pod for one in family for pod in plane.index.owned("Pod", one["metadata"]["uid"])]
    return [pod for pod in pods if active(pod)]


def _status(plane: Plane, mine: Object, pods: list[Object], seen: int, refused: Rejected | None) -> dict[str, Any]:
    live = [pod for pod in pods if active(pod)]
    wanted = (mine["spec"]["template"].get("metadata") or {}).get("labels") or {}
    seconds = mine["spec"].get("minReadySeconds", 0)
    counts = {
        "fullyLabeledReplicas": sum(wanted.items() <= (pod["metadata"].get("labels") or {}).items() for pod in live),
        "readyReplicas": sum(ready(pod) for pod in live),
        "availableReplicas": sum(available(plane, pod, seconds) for pod in live),
        "terminatingReplicas": sum(terminating(pod) for pod in pods),
    }
    status: dict[str, Any] = {"replicas": len(live), "observedGeneration": mine["metadata"]["generation"]}
    status |= {name: number for name, number in counts.items() if number}
    if refused is not None:
        old = condition(mine, "ReplicaFailure")
        reason = "FailedCreate" if mine["spec"]["replicas"] > seen else "FailedDelete"
        fresh = {
            "type": "ReplicaFailure",
            "status": "True",
            "lastTransitionTime": plane.stamp(),
            "reason": reason,
            "message": refused.message,
        }
        status["conditions"] = [old or fresh]
    return status
