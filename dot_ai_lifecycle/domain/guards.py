"""Whose app it is: what an owner would take back, or what fights an autoscaler, is refused with the way to go."""

from dot_ai_lifecycle.core.errors import Refused
from dot_ai_lifecycle.core.objects import Autoscaler
from dot_ai_lifecycle.core.plan import Note
from dot_ai_lifecycle.core.workload import Workload
from dot_ai_lifecycle.domain.ownership import Owner, owner
from dot_ai_lifecycle.domain.rolling import autoscaled

_WOULD_REVERT = ("argocd", "flux", "operator", "unknown")


def refuse_if_owned(workload: Workload, what: str) -> None:
    """Refuse a change that the app's owner would take back. Raises Refused with where to make it instead."""
    found = owner(workload.manifest)
    if found.kind in _WOULD_REVERT:
        raise Refused(
            f"{workload.ref} belongs to {_named(found)}, which would take the change back.",
            hint=f"{found.how_to_change} (wanted: {what})".strip(),
            details={"owner": found.kind, "owner_name": found.name},
        )


def refuse_if_autoscaled(workload: Workload, scaler: Autoscaler | None, replicas: int) -> None:
    """Refuse to fight an autoscaler over replicas. Raises Refused with the bound to move instead.

    To 0 and from 0 there is no fight: Kubernetes suspends autoscaling there.
    """
    if scaler is None or 0 in (replicas, workload.replicas):
        return
    bound = "minReplicas" if replicas >= scaler.current else "maxReplicas"
    raise Refused(
        f"{autoscaled(scaler)} decides the replicas of {workload.ref}: it would set them back within seconds.",
        hint=f"Change its bounds instead, for example {bound}: {replicas}.",
        details={"autoscaler": scaler.name, "minimum": scaler.minimum, "maximum": scaler.maximum},
    )


def notes_on_owner(workload: Workload) -> tuple[Note, ...]:
    """What a person should know of an owner that does not revert at once, but will at its next release."""
    found = owner(workload.manifest)
    if found.kind != "helm":
        return ()
    text = f"{_named(found)} owns it: its next upgrade sets the field back unless the chart's values say the same."
    return (Note(level="warning", text=text),)


def _named(found: Owner) -> str:
    words = {"argocd": "Argo CD", "flux": "Flux", "helm": "Helm release", "operator": "", "unknown": "unknown owner"}
    return f"{words.get(found.kind, '')} {found.name}".strip()
