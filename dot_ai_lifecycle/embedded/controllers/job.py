"""Jobs: pods that run to their end, as often as wanted, and not forever when they fail."""

from datetime import datetime
from typing import Any

from dot_ai_lifecycle.embedded.controllers.plane import Plane
from dot_ai_lifecycle.embedded.controllers.pods import (
    active,
    finished,
    from_template,
    owner_reference,
    phase,
    ready,
    restarts,
    terminating,
)
from dot_ai_lifecycle.embedded.controllers.queue import Key, Routine
from dot_ai_lifecycle.embedded.objects import Object, copied, timestamp
from dot_ai_lifecycle.embedded.store import Rejected

SOURCE = "job-controller"
FIRST_BACKOFF_S = 10.0
LONGEST_BACKOFF_S = 360.0
_LABELS = ("batch.kubernetes.io/controller-uid", "controller-uid", "batch.kubernetes.io/job-name", "job-name")


def over(job: Object) -> dict[str, Any] | None:
    """The condition that ended the Job, if it has ended."""
    for one in (job.get("status") or {}).get("conditions") or ():
        if one["type"] in ("Complete", "Failed") and one["status"] == "True":
            return dict(one)
    return None


def reconcile(plane: Plane, key: Key) -> float | None:
    """One look at one Job; seconds until its backoff, deadline or time to live is over."""
    mine = plane.get("Job", key)
    if mine is None or terminating(mine):
        return None
    if ended := over(mine):
        return _outlive(plane, mine, ended)
    pods = plane.index.owned("Pod", mine["metadata"]["uid"])
    status, spec = _status(plane, mine, pods), mine["spec"]
    why = _doomed(plane, mine, pods, status)
    wait: float | None = None
    if why:
        _end(plane, mine, pods, status, "Failed", *why)
    elif status.get("succeeded", 0) >= spec.get("completions", 1):
        said = "Reached expected number of succeeded pods"
        _end(plane, mine, pods, status, "Complete", "CompletionsReached", said)
    elif spec.get("suspend"):
        _stop(plane, pods)
    else:
        wait = _start(plane, mine, pods, status)
        status = _status(plane, mine, plane.index.owned("Pod", mine["metadata"]["uid"]))
    plane.write_status(plane.get("Job", key) or mine, status)
    deadline = _deadline_in(plane, mine, status)
    return min((one for one in (wait, deadline) if one is not None), default=None)


def _status(plane: Plane, mine: Object, pods: list[Object]) -> dict[str, Any]:
    before = mine.get("status") or {}
    live = [pod for pod in pods if active(pod)]
    status: dict[str, Any] = {
        "ready": sum(ready(pod) for pod in live),
        "terminating": sum(terminating(pod) and not finished(pod) for pod in pods),
        "uncountedTerminatedPods": {},
        "startTime": before.get("startTime") or plane.stamp(),
    }
    counts = {
        "active": len(live),
        "succeeded": sum(phase(pod) == "Succeeded" for pod in pods),
        "failed": sum(phase(pod) == "Failed" for pod in pods),
    }
    status |= {name: number for name, number in counts.items() if number}
    return status | ({"conditions": before["conditions"]} if before.get("conditions") else {})


def _doomed(plane: Plane, mine: Object, pods: list[Object], status: dict[str, Any]) -> tuple[str, str] | None:
    spec = mine["spec"]
    failures = status.get("failed", 0)
    if spec["template"]["spec"].get("restartPolicy") == "OnFailure":
        failures += sum(restarts(pod) for pod in pods)
    if failures > spec.get("backoffLimit", 6):
        return "BackoffLimitExceeded", "Job has reached the specified backoff limit"
    allowed = spec.get("activeDeadlineSeconds")
    if allowed is not None and plane.since(status["startTime"]) >= allowed:
        return "DeadlineExceeded", "Job was active longer than specified deadline"
    return None


def _deadline_in(plane: Plane, mine: Object, status: dict[str, Any]) -> float | None:
    allowed = mine["spec"].get("activeDeadlineSeconds")
    if allowed is None or status.get("completionTime"):
        return None
    return Routine(max(0.1, allowed - plane.since(status["startTime"])))


def _start(plane: Plane, mine: Object, pods: list[Object], status: dict[str, Any]) -> float | None:
    """Make the pods that are missing; seconds to wait first when the last ones failed."""
    spec = mine["spec"]
    left = spec.get("completions", spec.get("parallelism", 1)) - status.get("succeeded", 0)
    missing = min(spec.get("parallelism", 1), left) - status.get("active", 0)
    if missing <= 0:
        return None
    if failures := status.get("failed", 0):
        ended = max(_ended(pod) for pod in pods if phase(pod) == "Failed")
        wait = min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * float(2 ** min(failures - 1, 10))) - plane.since(ended)
        if wait > 0:
            return wait
    labels = _labels(mine)
    for _ in range(missing):
        try:
            made = plane.store.create(from_template(mine, spec["template"], labels=labels))
        except Rejected as refused:
            plane.events.warning(mine, "FailedCreate", f"Error creating: {refused.message}", source=SOURCE)
            raise
        plane.events.normal(mine, "SuccessfulCreate", f"Created pod: {made['metadata']['name']}", source=SOURCE)
    return None


def _labels(mine: Object) -> dict[str, str]:
    uid, name = mine["metadata"]["uid"], mine["metadata"]["name"]
    return dict(zip(_LABELS, (uid, uid, name, name), strict=True))


def _ended(pod: Object) -> str:
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    ends = [one["state"].get("terminated", {}).get("finishedAt", "") for one in statuses]
    return max(ends, default="") or str(pod["metadata"]["creationTimestamp"])


def _stop(plane: Plane, pods: list[Object]) -> None:
    for pod in pods:
        if active(pod):
            plane.store.delete("Pod", pod["metadata"]["name"], pod["metadata"]["namespace"])


def _end(
    plane: Plane, mine: Object, pods: list[Object], status: dict[str, Any], how: str, reason: str, message: str
) -> None:
    _stop(plane, pods)
    stamp = plane.stamp()
    first = "SuccessCriteriaMet" if how == "Complete" else "FailureTarget"
    status["conditions"] = [
        {
            "type": type_,
            "status": "True",
            "lastProbeTime": stamp,
            "lastTransitionTime": stamp,
            "reason": reason,
            "message": message,
        }
        for type_ in (first, how)
    ]
    status.pop("active", None)
    if how == "Complete":
        status["completionTime"] = stamp
        plane.events.normal(mine, "Completed", "Job completed", source=SOURCE)
    else:
        plane.events.warning(mine, reason, message, source=SOURCE)


def _outlive(plane: Plane, mine: Object, ended: dict[str, Any]) -> float | None:
    """An ended Job is deleted when its ttlSecondsAfterFinished is over."""
    alive = mine["spec"].get("ttlSecondsAfterFinished")
    if alive is None:
        return None
    left = float(alive) - plane.since(ended["lastTransitionTime"])
    if left > 0:
        return Routine(left)
    plane.store.delete("Job", mine["metadata"]["name"], mine["metadata"]["namespace"])
    return None


def from_cron(cron: Object, scheduled: datetime) -> Object:
    """The Job a CronJob makes for one moment; its name is unique for that moment."""
    template, meta = cron["spec"]["jobTemplate"], cron["metadata"]
    labels = (template.get("metadata") or {}).get("labels") or {}
    stamp = {"batch.kubernetes.io/cronjob-scheduled-timestamp": timestamp(scheduled)}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": f"{meta['name']}-{int(scheduled.timestamp()) // 60}",
            "namespace": meta["namespace"],
            "labels": dict(labels),
            "annotations": stamp,
            "ownerReferences": [owner_reference(cron)],
        },
        "spec": copied(template["spec"]),
    }
