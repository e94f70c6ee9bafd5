"""What of a namespace belongs to one app: its revisions, its pods, and what sends to it, scales it or guards it."""

from datetime import datetime

from dot_ai_lifecycle.core.objects import Autoscaler, DisruptionBudget, EndpointSlice, Event, Revision, Service
from dot_ai_lifecycle.core.pods import Pod
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.selectors import matches
from dot_ai_lifecycle.core.workload import Workload


def scene_of(
    workload: Workload,
    now: datetime,
    *,
    revisions: tuple[Revision, ...],
    pods: tuple[Pod, ...],
    services: tuple[Service, ...] = (),
    slices: tuple[EndpointSlice, ...] = (),
    events: tuple[Event, ...] = (),
    scalers: tuple[Autoscaler, ...] = (),
    budgets: tuple[DisruptionBudget, ...] = (),
    unread: tuple[str, ...] = (),
) -> Scene:
    """The scene of one app, out of what its namespace has: only what belongs to it is kept, of events all."""
    behind = tuple(service for service in services if service.selects(workload.pod_labels))
    names = {service.name for service in behind}
    own = owned_pods(workload, pods, revisions)
    return Scene(
        workload=workload,
        now=now,
        revisions=owned_revisions(workload, revisions),
        pods=own,
        strangers=tuple(pod for pod in pods if pod not in own),
        services=behind,
        slices=tuple(piece for piece in slices if piece.service in names),
        events=events,
        autoscaler=next((scaler for scaler in scalers if scales(scaler, workload)), None),
        budgets=tuple(budget for budget in budgets if matches(budget.selector, workload.pod_labels)),
        unread=unread,
    )


def owned_revisions(workload: Workload, revisions: tuple[Revision, ...]) -> tuple[Revision, ...]:
    """Those revisions that belong to this very workload, oldest first."""
    own = [revision for revision in revisions if revision.owner is not None and revision.owner.uid == workload.uid]
    return tuple(sorted(own, key=lambda revision: revision.number))


def owned_pods(workload: Workload, pods: tuple[Pod, ...], revisions: tuple[Revision, ...]) -> tuple[Pod, ...]:
    """Those pods that belong to this very workload: directly, or through one of its ReplicaSets."""
    owners = {workload.uid} | {r.uid for r in revisions if r.owner is not None and r.owner.uid == workload.uid}
    return tuple(pod for pod in pods if pod.owner is not None and pod.owner.uid in owners)


def scales(scaler: Autoscaler, workload: Workload) -> bool:
    """Whether an autoscaler targets this workload."""
    return (scaler.target_kind, scaler.target_name) == (workload.kind, workload.name)
