"""How many pods beyond those that run would fit: into the quotas, onto the nodes, beside each other."""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from dot_ai_lifecycle.core.capacity import Quota, asked
from dot_ai_lifecycle.core.objects import Machine
from dot_ai_lifecycle.domain.preflight.case import Case
from dot_ai_lifecycle.domain.preflight.fitting import usable

GROWS = ("karpenter.sh/nodepool", "karpenter.sh/provisioner-name")
"""Labels of nodes that are added when pods need them."""


class Room(NamedTuple):
    """How many extra pods fit: None is unbounded, or not known (`known` tells); `why` names what bounds it."""

    pods: int | None
    why: str = ""
    known: bool = True


def quota_room(case: Case) -> Room:
    """What the namespace's quotas leave for pods like the new one."""
    if case.seen.quotas is None:
        return _told_by_the_trial(case)
    rooms = []
    for quota in counting(case):
        usage = usage_of(case)
        for resource in quota.hard:
            each = usage.get(resource, Decimal(0))
            if each > 0:
                pods = max(0, int(quota.left(resource) // each))
                rooms.append(Room(pods, f"quota {quota.name} leaves {spelled(resource, quota.left(resource))}"))
    return min(rooms, key=lambda room: room.pods or 0, default=Room(None))


def _told_by_the_trial(case: Case) -> Room:
    trial = case.seen.trial
    if trial.outcome == "refused" and trial.by == "quota":
        return Room(0, "the namespace's quota is used up")
    return Room(None, known=False)


def replaceable(case: Case) -> str:
    """Why not even a pod in the place of an old one fits into the quotas; empty where it does, or nothing is known."""
    old = usage_of(case, running=True)
    for quota in counting(case):
        for resource in quota.hard:
            needed = usage_of(case).get(resource, Decimal(0))
            free = quota.left(resource) + old.get(resource, Decimal(0))
            if needed > free:
                return (
                    f"quota {quota.name} leaves {spelled(resource, max(Decimal(0), free))} once an old pod is gone, "
                    f"and a new pod needs {spelled(resource, needed)}"
                )
    return ""


def counting(case: Case) -> tuple[Quota, ...]:
    """The quotas that count pods like the new one."""
    return tuple(quota for quota in case.seen.quotas or () if _counts(quota, case))


def _counts(quota: Quota, case: Case) -> bool:
    spec = case.seen.trial.spec or case.spec
    best_effort, ends = not case.demand and not case.limits, "activeDeadlineSeconds" in spec
    scopes = {
        "BestEffort": best_effort,
        "NotBestEffort": not best_effort,
        "Terminating": ends,
        "NotTerminating": not ends,
    }
    return all(scopes.get(scope, False) for scope in quota.scopes) and all(
        _selected(rule, str(spec.get("priorityClassName", "")), scopes) for rule in quota.selector
    )


def _selected(rule: Mapping[str, object], priority: str, scopes: Mapping[str, bool]) -> bool:
    """One rule of a scope selector; of those with an operator only priorities are judged, by name."""
    if rule.get("scopeName") != "PriorityClass":
        return scopes.get(str(rule.get("scopeName")), False)
    values = rule.get("values") or ()
    named = isinstance(values, list | tuple) and priority in values
    match rule.get("operator"):
        case "In":
            return named
        case "NotIn":
            return not named
        case "Exists":
            return bool(priority)
        case _:
            return not priority


def usage_of(case: Case, *, running: bool = False) -> dict[str, Decimal]:
    """What one new pod (or one of those that run) counts for, by the names quotas use."""
    if running:
        spec = case.workload.template.get("spec") or {}
        requests, limits = asked(spec), asked(spec, "limits")
    else:
        requests, limits = dict(case.demand), dict(case.limits)
    usage = {"pods": Decimal(1), "count/pods": Decimal(1)}
    for resource, value in requests.items():
        usage[resource] = usage[f"requests.{resource}"] = value
    return usage | {f"limits.{resource}": value for resource, value in limits.items()}


def node_room(case: Case) -> Room:
    """What the nodes have free for pods like the new one; their own growing is not foreseen, except where it shows."""
    nodes, bookings = case.seen.nodes, case.seen.bookings
    if nodes is None or bookings is None:
        return Room(None, known=False)
    fit = [node for node in nodes if usable(node, case.spec)]
    if any(label in node.labels for node in nodes for label in GROWS):
        return Room(None, "nodes are added when pods need them")
    total = sum(fits_on(case, node) for node in fit)
    nodes_have = "the one node for such pods has" if len(fit) == 1 else f"the {len(fit)} nodes for such pods have"
    return Room(total, f"{nodes_have} room for {total} more")


def fits_on(case: Case, node: Machine) -> int:
    """How many more such pods one node takes, by what is requested on it."""
    free = free_on(case, node)
    wanted = {**case.demand, "pods": Decimal(1)}
    rooms = [int(free.get(resource, Decimal(0)) // each) for resource, each in wanted.items() if each > 0]
    return max(0, min(rooms))


def free_on(case: Case, node: Machine) -> dict[str, Decimal]:
    """What is left of a node after all that is booked on it."""
    booked = case.booked.get(node.name, {})
    return {resource: value - booked.get(resource, Decimal(0)) for resource, value in node.allocatable.items()}


def spelled(resource: str, value: Decimal) -> str:
    """An amount for people: `500m of cpu`, `2 pods`, `512Mi of memory`."""
    name = resource.removeprefix("requests.").removeprefix("limits.")
    if name in ("pods", "count/pods"):
        return f"{int(value)} {'pod' if value == 1 else 'pods'}"
    word = f"{name} limits" if resource.startswith("limits.") else name
    if name in ("memory", "ephemeral-storage"):
        return f"{int(value / (1024 * 1024))}Mi of {word}"
    return f"{int(value * 1000)}m of {word}" if value % 1 else f"{int(value)} of {word}"
