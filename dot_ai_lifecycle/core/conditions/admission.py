"""The pod is not even made: quota, policies, webhooks, limits.

A ReplicaSet says so in its ReplicaFailure condition; StatefulSets and DaemonSets only in events.
"""

from datetime import datetime, timedelta

from dot_ai_lifecycle.core.conditions.reading import Signal
from dot_ai_lifecycle.core.conditions.rules import Rule, judged
from dot_ai_lifecycle.core.conditions.sides import is_active, wanted_revision
from dot_ai_lifecycle.core.conditions.words import shortened
from dot_ai_lifecycle.core.objects import Event
from dot_ai_lifecycle.core.scene import Scene

RECENT = timedelta(minutes=5)
"""How long a controller's refusal may be ago: its retries back off to at most this (1000 s only after 17 tries)."""

ROOM_COMES = 30.0
"""Seconds in which ending old pods may free the quota that the new one needs."""

_RULES = (
    Rule(
        "WEBHOOK_UNAVAILABLE",
        r"failed calling webhook \"(?P<name>[^\"]+)\"",
        "Admission webhook {name} does not answer, so no pod can be created.",
        120,
    ),
    Rule(
        "QUOTA_NEEDS_LIMITS",
        r"failed quota: (?P<name>[^:]+): must specify (?P<what>[^;]+?)( for: .*)?$",
        "Quota {name} wants every container to say {what}.",
        0,
    ),
    Rule(
        "QUOTA_EXCEEDED",
        r"exceeded quota: (?P<name>[^,]+),",
        "Quota {name} of the namespace is used up.",
        0,
    ),
    Rule(
        "POD_SECURITY_DENIED",
        r"violates PodSecurity \"(?P<name>[^\"]+)\"",
        "The namespace's pod security level {name} forbids this pod.",
        0,
    ),
    Rule(
        "ADMISSION_DENIED",
        r"admission webhook \"(?P<name>[^\"]+)\" denied",
        "Admission webhook {name} forbids this pod.",
        0,
    ),
    Rule(
        "ADMISSION_DENIED",
        r"ValidatingAdmissionPolicy '(?P<name>[^']+)'",
        "The cluster's policy {name} forbids this pod.",
        0,
    ),
    Rule(
        "LIMIT_RANGE_VIOLATED",
        r"(?P<what>(maximum|minimum) \S{1,60} usage per \w+|\S{1,60} max limit to request ratio per \w+)",
        "The namespace's LimitRange forbids it: {what}.",
        0,
    ),
    Rule(
        "SERVICE_ACCOUNT_MISSING",
        r"serviceaccount \"(?P<name>[^\"]+)\" not found",
        "ServiceAccount {name} does not exist.",
        4,
    ),
    Rule(
        "PRIORITY_CLASS_MISSING",
        r"no PriorityClass with name (?P<name>\S+)",
        "PriorityClass {name} does not exist.",
        4,
    ),
    Rule("NAMESPACE_TERMINATING", r"being terminated", "The namespace is being deleted.", 0),
    Rule("POD_INVALID", r"is invalid:", "The API server refuses the pod as invalid.", 0),
    Rule("POD_NOT_CREATED", "", "The cluster refuses to create the pod.", 30),
)


def refused(scene: Scene) -> Signal | None:
    """Why the controller cannot create pods of the wanted revision; None where it can."""
    revision = wanted_revision(scene)
    if scene.workload.kind in ("Deployment", "Rollout"):
        subject, failure = (revision.name, revision.failure) if revision else _failure_told(scene)
        return _signal(scene, subject, failure, None) if failure else None
    told = [event for event in scene.events if _speaks_of_now(scene, event)]
    if not told or sum(1 for pod in scene.pods if is_active(pod)) >= scene.workload.replicas:
        return None
    latest = max(told, key=lambda event: event.last or scene.now)
    return _signal(scene, scene.workload.name, latest.message, latest.last)


def _failure_told(scene: Scene) -> tuple[str, str]:
    """What the Deployment repeats of its ReplicaSets; not heard where those were seen, as it may be an old one's."""
    condition = {} if scene.revisions else scene.workload.condition("ReplicaFailure")
    failed = condition.get("status") == "True"
    return scene.workload.name, str(condition.get("message", "")) if failed else ""


def _signal(scene: Scene, subject: str, message: str, since: datetime | None) -> Signal:
    found = judged(_RULES, message)
    patience = ROOM_COMES if found.code == "QUOTA_EXCEEDED" and _frees_room(scene) else found.patience
    return Signal(
        found.code,
        subject,
        found.words,
        evidence=tuple(filter(None, (shortened(message),))),
        patience=patience,
        since=since,
    )


def _frees_room(scene: Scene) -> bool:
    """Whether pods are on their way out, or may be taken out before the new one stands."""
    if any(pod.deleting for pod in scene.pods):
        return True
    allowed = str((scene.workload.strategy.get("rollingUpdate") or {}).get("maxUnavailable", "25%"))
    share = int(allowed.rstrip("%") or 0)
    count = scene.workload.replicas * share // 100 if allowed.endswith("%") else share
    return scene.workload.strategy_type == "RollingUpdate" and count > 0


def _speaks_of_now(scene: Scene, event: Event) -> bool:
    """Whether it is a refusal for the wanted revision: recent, and later than the last change of the spec.

    Times of events and of managed fields have whole seconds, so a refusal in the second of the change is left out: the
    controller tries again soon, and an undo must not be judged by what it undoes.
    """
    if event.about_uid != scene.workload.uid or event.reason != "FailedCreate" or event.last is None:
        return False
    changed = changed_at(scene)
    return scene.now - event.last <= RECENT and (changed is None or event.last > changed)


def changed_at(scene: Scene) -> datetime | None:
    """When the workload's spec was last written, by its managed fields; None where they do not tell."""
    fields = scene.workload.manifest["metadata"].get("managedFields") or ()
    times = [entry["time"] for entry in fields if entry.get("time") and not entry.get("subresource")]
    return max((datetime.fromisoformat(time) for time in times), default=None)
