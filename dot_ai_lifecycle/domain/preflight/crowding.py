"""Room that other apps take: what is left for one where new pods of others come at the same time."""

from collections.abc import Iterable
from decimal import Decimal
from types import MappingProxyType

from msgspec.structs import replace

from dot_ai_lifecycle.core.capacity import Booking, Quota
from dot_ai_lifecycle.core.surroundings import Surroundings
from dot_ai_lifecycle.domain.preflight.case import Case
from dot_ai_lifecycle.domain.preflight.fitting import usable
from dot_ai_lifecycle.domain.preflight.room import counting, free_on, usage_of

Newcomers = tuple[Surroundings, int]
"""What was seen around another app, and how many new pods of it come beside its old ones."""


def crowded(seen: Surroundings, others: Iterable[Newcomers]) -> Surroundings:
    """The surroundings once new pods of those other apps have come, spread over the freest nodes that take them."""
    for other, pods in others:
        seen = replace(seen, quotas=_used(seen, other, pods), bookings=_booked(seen, other, pods))
    return seen


def _used(seen: Surroundings, other: Surroundings, pods: int) -> tuple[Quota, ...] | None:
    if seen.quotas is None:
        return None
    case = Case(replace(other, quotas=seen.quotas), "rolling", {})
    usage, counted = usage_of(case), {quota.name for quota in counting(case)}
    return tuple(_more(quota, usage, pods) if quota.name in counted else quota for quota in seen.quotas)


def _more(quota: Quota, usage: dict[str, Decimal], pods: int) -> Quota:
    used = {name: quota.used.get(name, Decimal(0)) + pods * usage.get(name, Decimal(0)) for name in quota.hard}
    return replace(quota, used=used)


def _booked(seen: Surroundings, other: Surroundings, pods: int) -> tuple[Booking, ...] | None:
    if seen.bookings is None:
        return None
    case, workload = Case(other, "rolling", {}), other.scene.workload
    wanted = {**case.demand, "pods": Decimal(1)}
    nodes = [node for node in seen.nodes or () if usable(node, case.spec)]
    free = {node.name: free_on(Case(seen, "rolling", {}), node) for node in nodes}
    booked = list(seen.bookings)
    for number in range(pods):
        fits = {
            name: min(left.get(resource, Decimal(0)) / each for resource, each in wanted.items() if each > 0)
            for name, left in free.items()
        }
        node = max(fits, key=lambda name: fits[name], default="")
        if not node or fits[node] < 1:
            break
        free[node] = {resource: value - wanted.get(resource, Decimal(0)) for resource, value in free[node].items()}
        name, labels = f"{workload.name}-new-{number}", MappingProxyType(dict(workload.pod_labels))
        booked.append(Booking(name, workload.namespace, name, node, labels, case.demand))
    return tuple(booked)
