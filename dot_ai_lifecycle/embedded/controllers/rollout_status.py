"""What a Rollout says of itself: counts, conditions and the phase, by the rules of Argo Rollouts (1.8)."""

import json
from typing import Any

from dot_ai_lifecycle.embedded.controllers.deployment_sets import count, template_hash
from dot_ai_lifecycle.embedded.controllers.deployment_status import find, put
from dot_ai_lifecycle.embedded.controllers.plane import Plane
from dot_ai_lifecycle.embedded.controllers.rollout_sets import Sets, hash_of, replicas, revision, steps
from dot_ai_lifecycle.embedded.objects import Object, copied

Status = dict[str, Any]

ABORTED = "RolloutAborted"
TIMED_OUT = "ProgressDeadlineExceeded"
DONE = "NewReplicaSetAvailable"


def base(rollout: Object, sets: Sets) -> Status:
    """The status so far, with counts by that of the ReplicaSets."""
    status: Status = copied(rollout.get("status") or {})
    active = (status.get("blueGreen") or {}).get("activeSelector")
    counted = [one for one in sets.all if hash_of(one) == active] if active else sets.all
    status |= {
        "replicas": count(sets.all, "replicas"),
        "updatedReplicas": count([sets.new], "replicas"),
        "readyReplicas": count(counted, "readyReplicas"),
        "availableReplicas": count(counted, "availableReplicas"),
        "HPAReplicas": count(counted, "replicas"),
        "currentPodHash": hash_of(sets.new),
        "currentStepHash": step_hash(rollout),
        "selector": ",".join(f"{k}={v}" for k, v in sorted(rollout["spec"]["selector"]["matchLabels"].items())),
    }
    return status


def step_hash(rollout: Object) -> str:
    return template_hash(json.loads(json.dumps({"steps": steps(rollout)})))


def reset(rollout: Object, status: Status) -> None:
    """Begin an update anew; going back to the stable version has no steps."""
    for name in ("pauseConditions", "controllerPause", "abort", "abortedAt", "promoteFull"):
        status.pop(name, None)
    if "restartAt" in rollout["spec"]:
        status["restartedAt"] = rollout["spec"]["restartAt"]
    if many := len(steps(rollout)):
        status["currentStepIndex"] = many if status.get("stableRS") == status["currentPodHash"] else 0


def conditions(plane: Plane, rollout: Object, sets: Sets, status: Status) -> float | None:
    """Judge how the update goes; seconds until it would be late, None where no clock runs."""
    status.setdefault("conditions", [])
    _invalid(plane, rollout, status)
    if status.get("abort"):
        text = f"Rollout aborted update to revision {revision(sets.new)}"
        put(plane, status, "Progressing", "False", ABORTED, text)
        return None
    name = f'ReplicaSet "{sets.new["metadata"]["name"]}"'
    if phase(rollout, status | {"conditions": []})[0] == "Healthy":
        put(plane, status, "Progressing", "True", DONE, f"{name} has successfully progressed.")
        return None
    now = find(status, "Progressing")
    if _moved(rollout.get("status") or {}, status) or now is None or now["reason"] in (ABORTED, DONE):
        put(plane, status, "Progressing", "True", "ReplicaSetUpdated", f"{name} is progressing.", since=plane.stamp())
        now = find(status, "Progressing")
    return _deadline(plane, rollout, status, now or {}, name)


def _moved(before: Status, after: Status) -> bool:
    counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "currentPodHash")
    return any(before.get(name) != after.get(name) for name in (*counts, "currentStepIndex", "pauseConditions"))


def _deadline(plane: Plane, rollout: Object, status: Status, now: Status, name: str) -> float | None:
    number, canary = status.get("currentStepIndex"), steps(rollout)
    waits = number is not None and number < len(canary) and "pause" in canary[number]
    if waits or status.get("pauseConditions") or rollout["spec"].get("paused") or now.get("reason") == TIMED_OUT:
        return None
    left = float(rollout["spec"].get("progressDeadlineSeconds", 600)) - plane.since(now["lastUpdateTime"])
    if left > 0:
        return left + 1
    put(plane, status, "Progressing", "False", TIMED_OUT, f"{name} has timed out progressing.")
    if rollout["spec"].get("progressDeadlineAbort"):
        status["abort"], status["abortedAt"] = True, plane.stamp()
    return None


def _invalid(plane: Plane, rollout: Object, status: Status) -> None:
    """The one mistake people make most: pods that the selector does not select."""
    wanted = rollout["spec"]["selector"].get("matchLabels") or {}
    labels = (rollout["spec"]["template"].get("metadata") or {}).get("labels") or {}
    status["conditions"] = [one for one in status["conditions"] if one["type"] != "InvalidSpec"]
    if not wanted.items() <= labels.items():
        text = f'The Rollout "{rollout["metadata"]["name"]}" is invalid: `selector` does not match template `labels`'
        put(plane, status, "InvalidSpec", "True", "InvalidSpec", text)


def phase(rollout: Object, status: Status) -> tuple[str, str]:
    """Phase and message; the first rule that fits decides."""
    for one in status.get("conditions") or ():
        if one["type"] == "InvalidSpec":
            return "Degraded", f"InvalidSpec: {one['message']}"
        if one["reason"] in (ABORTED, TIMED_OUT):
            return "Degraded", f"{one['reason']}: {one['message']}"
    if rollout["spec"].get("paused"):
        return "Paused", "manually paused"
    for one in status.get("pauseConditions") or ():
        return "Paused", str(one["reason"])
    if rollout["spec"].get("restartAt") != status.get("restartedAt") and rollout["spec"].get("restartAt"):
        return "Progressing", "rollout is restarting"
    missing = _missing(rollout, status)
    return ("Progressing", missing) if missing else ("Healthy", "")


def _missing(rollout: Object, status: Status) -> str:
    if status.get("updatedReplicas", 0) < replicas(rollout):
        return "more replicas need to be updated"
    if status.get("availableReplicas", 0) < status.get("updatedReplicas", 0):
        return "updated replicas are still becoming available"
    promoted = status.get("stableRS") == status.get("currentPodHash")
    if "blueGreen" in rollout["spec"]["strategy"]:
        if (status.get("blueGreen") or {}).get("activeSelector") != status.get("currentPodHash"):
            return "active service cutover pending"
        return "" if promoted else "waiting for post-promotion verification to complete"
    if status.get("replicas", 0) > status.get("updatedReplicas", 0):
        return "old replicas are pending termination"
    return "" if promoted else "waiting for all steps to complete"


def persist(plane: Plane, rollout: Object, status: Status) -> None:
    """Write the status where it differs; empty fields are left out, as Go leaves them out."""
    status["phase"], status["message"] = phase(rollout, status)
    status["observedGeneration"] = str(rollout["metadata"]["generation"])
    kept = ("currentStepIndex", "canary", "blueGreen")
    plane.write_status(rollout, {k: v for k, v in status.items() if k in kept or v not in (None, False, 0, "", [])})
