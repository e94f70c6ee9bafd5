"""CronJobs: a Job at every moment its schedule names."""

from datetime import datetime
from typing import Any

from dot_ai_lifecycle.embedded.controllers.job import from_cron, over
from dot_ai_lifecycle.embedded.controllers.plane import Plane
from dot_ai_lifecycle.embedded.controllers.pods import terminating
from dot_ai_lifecycle.embedded.controllers.queue import Key, Routine
from dot_ai_lifecycle.embedded.objects import Object
from dot_ai_lifecycle.embedded.schedule import Schedule
from dot_ai_lifecycle.embedded.store import Rejected

SOURCE = "cronjob-controller"


def reconcile(plane: Plane, key: Key) -> float | None:
    """One look at one CronJob; seconds until its next moment."""
    mine = plane.get("CronJob", key)
    if mine is None or terminating(mine):
        return None
    jobs = plane.index.owned("Job", mine["metadata"]["uid"])
    _clear_away(plane, mine, jobs)
    schedule, now = Schedule.parse(mine["spec"]["schedule"]), plane.now()
    last = datetime.fromisoformat(
        (mine.get("status") or {}).get("lastScheduleTime") or mine["metadata"]["creationTimestamp"]
    )
    due = schedule.after(last)
    status = dict(mine.get("status") or {})
    if due is not None and due <= now and not mine["spec"].get("suspend"):
        due = _latest(schedule, due, now)
        if _launch(plane, mine, jobs, due):
            status["lastScheduleTime"] = due.strftime("%Y-%m-%dT%H:%M:%SZ")
    _write(plane, mine, status)
    following = schedule.after(now)
    return None if following is None else Routine((following - now).total_seconds() + 0.01)


def _latest(schedule: Schedule, due: datetime, now: datetime) -> datetime:
    """Of several missed moments only the last counts."""
    while (later := schedule.after(due)) is not None and later <= now:
        due = later
    return due


def _launch(plane: Plane, mine: Object, jobs: list[Object], due: datetime) -> bool:
    running = [one for one in jobs if over(one) is None]
    policy = mine["spec"].get("concurrencyPolicy", "Allow")
    if running and policy == "Forbid":
        said = "Not starting job because prior execution is running and concurrency policy is Forbid"
        plane.events.normal(mine, "JobAlreadyActive", said, source=SOURCE)
        return False
    if policy == "Replace":
        for one in running:
            plane.store.delete("Job", one["metadata"]["name"], one["metadata"]["namespace"])
    try:
        made = plane.store.create(from_cron(mine, due))
    except Rejected as refused:
        if refused.reason == "AlreadyExists":
            return True
        plane.events.warning(mine, "FailedCreate", f"Error creating job: {refused.message}", source=SOURCE)
        raise
    plane.events.normal(mine, "SuccessfulCreate", f"Created job {made['metadata']['name']}", source=SOURCE)
    return True


def _clear_away(plane: Plane, mine: Object, jobs: list[Object]) -> None:
    for how, limit in (("Complete", "successfulJobsHistoryLimit"), ("Failed", "failedJobsHistoryLimit")):
        keep = mine["spec"].get(limit, 3 if how == "Complete" else 1)
        done = sorted(
            (one for one in jobs if (over(one) or {}).get("type") == how),
            key=lambda one: str(one["metadata"]["creationTimestamp"]),
        )
        for one in done[: max(0, len(done) - keep)]:
            plane.store.delete("Job", one["metadata"]["name"], one["metadata"]["namespace"])


def _write(plane: Plane, mine: Object, status: dict[str, Any]) -> None:
    jobs = plane.index.owned("Job", mine["metadata"]["uid"])
    running = [one for one in jobs if over(one) is None]
    status["active"] = [
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "namespace": one["metadata"]["namespace"],
            "name": one["metadata"]["name"],
            "uid": one["metadata"]["uid"],
        }
        for one in running
    ]
    succeeded = [(one.get("status") or {}).get("completionTime", "") for one in jobs]
    if latest := max(succeeded, default=""):
        status["lastSuccessfulTime"] = latest
    if not status["active"]:
        del status["active"]
    plane.write_status(mine, status)
