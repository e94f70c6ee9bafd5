"""What a Deployment says of itself: counts, and the conditions that clients wait for."""

from typing import Any

from dot_ai_lifecycle.embedded.controllers.arithmetic import MAX_INT32
from dot_ai_lifecycle.embedded.controllers.deployment_sets import Sets, count, limits
from dot_ai_lifecycle.embedded.controllers.plane import Plane
from dot_ai_lifecycle.embedded.objects import Object

DONE = "NewReplicaSetAvailable"
TIMED_OUT = "ProgressDeadlineExceeded"

Status = dict[str, Any]


def find(status: Status, type_: str) -> dict[str, Any] | None:
    return next((one for one in status.get("conditions") or () if one["type"] == type_), None)


def put(plane: Plane, status: Status, type_: str, truth: str, reason: str, message: str, *, since: str = "") -> None:
    """Set a condition; one of the same truth and reason is left as it is, one of the same truth keeps its time."""
    old = find(status, type_)
    if old and old["status"] == truth and old.get("reason") == reason and not since:
        return
    stamp = plane.stamp()
    kept = since or (old["lastTransitionTime"] if old and old["status"] == truth else stamp)
    fresh = {
        "type": type_,
        "status": truth,
        "lastUpdateTime": stamp,
        "lastTransitionTime": kept,
        "reason": reason,
        "message": message,
    }
    drop(status, type_)
    status["conditions"].append(fresh)


def drop(status: Status, type_: str) -> None:
    status["conditions"] = [one for one in status.get("conditions") or () if one["type"] != type_]


def has_deadline(deployment: Object) -> bool:
    return deployment["spec"].get("progressDeadlineSeconds") not in (None, MAX_INT32)


def counted(plane: Plane, deployment: Object, sets: Sets) -> Status:
    """The status of the Deployment by that of its ReplicaSets, with the conditions it has and `Available` anew."""
    before = deployment.get("status") or {}
    available = count(sets.all, "availableReplicas")
    status: Status = {
        "observedGeneration": deployment["metadata"]["generation"],
        "replicas": count(sets.all, "replicas"),
        "updatedReplicas": count([sets.new], "replicas") if sets.new else 0,
        "readyReplicas": count(sets.all, "readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(0, sets.total - available),
        "terminatingReplicas": count(sets.all, "terminatingReplicas"),
        "conditions": [dict(one) for one in before.get("conditions") or ()],
    }
    if before.get("collisionCount"):
        status["collisionCount"] = before["collisionCount"]
    if available >= limits(deployment).least:
        said = "Deployment has minimum availability."
        put(plane, status, "Available", "True", "MinimumReplicasAvailable", said)
    else:
        said = "Deployment does not have minimum availability."
        put(plane, status, "Available", "False", "MinimumReplicasUnavailable", said)
    return status


def complete(deployment: Object, status: Status) -> bool:
    """Whether all wanted replicas are new, available and alone."""
    wanted = deployment["spec"]["replicas"]
    return all(status.get(name, 0) == wanted for name in ("updatedReplicas", "replicas", "availableReplicas"))


def _progressing(before: Status, after: Status) -> bool:
    def old_ones(status: Status) -> int:
        return int(status.get("replicas", 0)) - int(status.get("updatedReplicas", 0))

    grew = any(
        after.get(name, 0) > before.get(name, 0) for name in ("updatedReplicas", "readyReplicas", "availableReplicas")
    )
    return grew or old_ones(after) < old_ones(before)


def _late(plane: Plane, deployment: Object, status: Status) -> bool:
    found = find(status, "Progressing")
    if found is None or found.get("reason") == DONE:
        return False
    if found.get("reason") == TIMED_OUT:
        return True
    return plane.since(found["lastUpdateTime"]) > float(deployment["spec"]["progressDeadlineSeconds"])


def progress(plane: Plane, deployment: Object, sets: Sets, status: Status) -> None:
    """Judge how the rollout goes: complete, progressing, or past its deadline; and why pods cannot be made."""
    if not has_deadline(deployment):
        drop(status, "Progressing")
    else:
        _judge(plane, deployment, sets, status)
    drop(status, "ReplicaFailure")
    failing = [find(one.get("status") or {}, "ReplicaFailure") for one in ([sets.new] if sets.new else []) + sets.old]
    found = next((one for one in failing if one), None)
    if found:
        old = find(deployment.get("status") or {}, "ReplicaFailure")
        same = old is not None and (old["status"], old.get("reason")) == (found["status"], found.get("reason"))
        fresh = old if same and old else {"lastUpdateTime": found["lastTransitionTime"]} | found
        status["conditions"].append(dict(fresh))


def _judge(plane: Plane, deployment: Object, sets: Sets, status: Status) -> None:
    now = find(status, "Progressing")
    if status["replicas"] == status["updatedReplicas"] and now and now.get("reason") == DONE:
        return
    named = f'Deployment "{deployment["metadata"]["name"]}"'
    if sets.new:
        named = f'ReplicaSet "{sets.new["metadata"]["name"]}"'
    if complete(deployment, status):
        put(plane, status, "Progressing", "True", DONE, f"{named} has successfully progressed.")
    elif _progressing(deployment.get("status") or {}, status):
        since = now["lastTransitionTime"] if now and now["status"] == "True" else plane.stamp()
        put(plane, status, "Progressing", "True", "ReplicaSetUpdated", f"{named} is progressing.", since=since)
    elif _late(plane, deployment, status):
        put(plane, status, "Progressing", "False", TIMED_OUT, f"{named} has timed out progressing.")


def deadline_in(plane: Plane, deployment: Object, status: Status) -> float | None:
    """Seconds until the rollout would be late; None when no clock runs."""
    found = find(status, "Progressing")
    if not has_deadline(deployment) or found is None or found.get("reason") in (DONE, TIMED_OUT, "DeploymentPaused"):
        return None
    if complete(deployment, status):
        return None
    allowed = float(deployment["spec"]["progressDeadlineSeconds"])
    return max(0.0, allowed - plane.since(found["lastUpdateTime"])) + 1.0
