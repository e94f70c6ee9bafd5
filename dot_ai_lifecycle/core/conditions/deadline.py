"""The own deadline of a Deployment or Rollout: what the controller says when nothing more telling was seen."""

from datetime import datetime

from dot_ai_lifecycle.core.conditions.reading import Signal
from dot_ai_lifecycle.core.conditions.words import shortened
from dot_ai_lifecycle.core.scene import Scene

PATIENCE = 5.0
"""Seconds for the condition to be taken back: right after a change it may still speak of the rollout before."""


def overdue(scene: Scene) -> Signal | None:
    """That the Deployment made no progress for its `progressDeadlineSeconds`; None where it did or sets none."""
    workload = scene.workload
    condition = workload.condition("Progressing")
    if not workload.generation_seen or condition.get("reason") != "ProgressDeadlineExceeded":
        return None
    seconds = workload.spec.get("progressDeadlineSeconds", 600)
    since = condition.get("lastUpdateTime")
    return Signal(
        "PROGRESS_DEADLINE_EXCEEDED",
        workload.name,
        f"The {workload.kind} made no progress for {seconds} seconds.",
        evidence=tuple(filter(None, (shortened(str(condition.get("message", ""))),))),
        patience=PATIENCE,
        since=datetime.fromisoformat(since) if since else None,
    )
