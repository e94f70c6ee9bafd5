"""How a pod ends: preStop, SIGTERM, the application's own drain, and SIGKILL when the grace is over."""

import random
from collections.abc import Callable
from datetime import datetime

from dot_ai_lifecycle.embedded.containers import Container
from dot_ai_lifecycle.embedded.controllers.plane import Plane
from dot_ai_lifecycle.embedded.podrun import PodRun, field_path


def pre_stop_seconds(container: dict[str, object]) -> float:
    """How long the preStop hook takes: its `sleep`, or the seconds of a `sleep` command; 0 for any other hook."""
    hook = (container.get("lifecycle") or {}).get("preStop") or {}  # type: ignore[attr-defined]
    if "sleep" in hook:
        return float(hook["sleep"]["seconds"])
    words = " ".join((hook.get("exec") or {}).get("command") or ()).split()
    if "sleep" in words[:-1]:
        after = words[words.index("sleep") + 1].rstrip("s;&'\"")
        return float(after) if after.replace(".", "", 1).isdigit() else 0.0
    return 0.0


class Stopping:
    """Stops pods that are marked for deletion."""

    def __init__(self, plane: Plane, chance: random.Random) -> None:
        self._plane = plane
        self._random = chance

    def begin(self, run: PodRun, now: float) -> None:
        """Take notice of the deletion: hooks start, and the grace period runs. A shortened grace counts, too."""
        meta = run.pod["metadata"]
        if "deletionTimestamp" in meta:
            left = (datetime.fromisoformat(meta["deletionTimestamp"]) - self._plane.now()).total_seconds()
            grace = float(meta.get("deletionGracePeriodSeconds") or 0)
            deadline = now + min(grace, max(0.0, left + 1) if run.stopping else grace)
            run.deadline = min(run.deadline, deadline) if run.stopping else deadline
        if run.stopping:
            return
        run.stopping, run.sandbox_due = True, None
        for one in run.containers:
            if one.state == "running":
                self._plane.events.normal(
                    run.pod,
                    "Killing",
                    f"Stopping container {one.name}",
                    source="kubelet",
                    host=run.node,
                    path=field_path(one),
                )
                if one.role != "sidecar":
                    one.kill_at = min(run.deadline, now + pre_stop_seconds(one.spec))
            else:
                one.due = None

    def due(self, run: PodRun, now: float) -> Callable[[], None] | None:
        """The next act that is due in a stopping pod, or None."""
        running = [one for one in run.containers if one.state == "running"]
        if not running:
            if run.gone_at is None:
                return lambda: self._gone(run, now)
            return None
        for one in running:
            if run.deadline <= now:
                return lambda one=one: self._end(one, 137, "Error", now)  # type: ignore[misc]
            if one.kill_at is not None and one.kill_at <= now:
                return lambda one=one: self._terminate(run, one, now)  # type: ignore[misc]
        sidecars = [one for one in running if one.role == "sidecar" and one.kill_at is None and not one.draining]
        if sidecars and len(sidecars) == len(running):
            return lambda: self._end(sidecars[-1], 0, "Completed", now)
        return None

    def _gone(self, run: PodRun, now: float) -> None:
        run.gone_at = now + (self._random.uniform(0.02, 0.2) if run.deadline > now else 0.0)

    def _terminate(self, run: PodRun, one: Container, now: float) -> None:
        """SIGTERM: most programs are gone at once, a draining one goes on for a while."""
        drain = one.app.drains_for if one.app and not one.draining else 0.0
        if drain <= 0:
            self._end(one, 0, "Completed", now)
            return
        one.draining, one.kill_at = True, min(run.deadline, now + drain)
        readiness = one.probing.get("readiness")
        if readiness is not None and readiness.due is None:
            readiness.due = now + self._random.uniform(0, readiness.period)

    def _end(self, one: Container, code: int, reason: str, now: float) -> None:
        one.end(code, reason, now=now, stamp=self._plane.stamp())
        one.stage, one.due, one.kill_at = "done", None, None
