"""What the workload's own status still lacks, by the rules `kubectl rollout status` goes by, and a little more.

Beyond kubectl: StatefulSets must be available (not only ready) and, without a partition, on one revision.
"""

from dot_ai_lifecycle.core.conditions.words import pods_in
from dot_ai_lifecycle.core.workload import Workload


def behind_in_status(workload: Workload) -> str:
    """What the controller's status does not confirm yet, in words; empty where it confirms everything."""
    match workload.kind:
        case "Deployment":
            return _deployment(workload)
        case "StatefulSet":
            return _stateful_set(workload)
        case "Rollout":  # its own phase says it, and counts the old pods it keeps on purpose
            return ""
        case _:
            return _daemon_set(workload)


def _deployment(workload: Workload) -> str:
    wanted, updated = workload.replicas, workload.updated_replicas
    counted = int(workload.status.get("replicas", 0))
    if updated < wanted:
        return f"its status counts {updated} of {wanted} as updated"
    if counted > updated:
        return f"its status still counts {pods_in(counted - updated)} of the old"
    if workload.available_replicas < updated:
        return f"its status counts {workload.available_replicas} of {updated} as available"
    return ""


def _stateful_set(workload: Workload) -> str:
    wanted, by_hand = workload.replicas, workload.strategy_type == "OnDelete"
    moved = wanted if by_hand else max(0, wanted - workload.partition)
    if workload.updated_replicas < moved:
        return f"its status counts {workload.updated_replicas} of {moved} as updated"
    if workload.available_replicas < wanted:
        return f"its status counts {workload.available_replicas} of {wanted} as available"
    current, update = workload.status.get("currentRevision"), workload.status.get("updateRevision")
    # With a partition both revisions stay; under OnDelete the controller never moves currentRevision.
    if not by_hand and workload.partition == 0 and current and update and current != update:
        return f"its status still names {current} as the current revision"
    return ""


def _daemon_set(workload: Workload) -> str:
    wanted = workload.replicas
    if workload.updated_replicas < wanted:
        return f"its status counts {workload.updated_replicas} of {wanted} nodes as updated"
    if workload.available_replicas < wanted:
        return f"its status counts {workload.available_replicas} of {wanted} nodes as available"
    return ""
