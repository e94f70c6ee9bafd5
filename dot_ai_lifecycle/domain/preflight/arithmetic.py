"""How many pods a workload's own strategy adds and lets go at once, reckoned as its controller reckons."""

from typing import NamedTuple

from dot_ai_lifecycle.core.workload import Workload
from dot_ai_lifecycle.domain.rolling import resolved


class Pace(NamedTuple):
    """Pods beyond those wanted, and pods that may be missing, at the same time."""

    surge: int
    unavailable: int


def own_pace(workload: Workload) -> Pace:
    """The pace of the strategy as it is set. For `Recreate`, and `OnDelete`, nothing of it is kept: all may be missing.

    Deployment: surge rounds up, unavailable down; both 0 means unavailable 1 (`ResolveFenceposts`), and no more can be
    missing than there are. DaemonSet: both round up. StatefulSet: no surge, unavailable rounds down and is at least 1.
    The sources are Kubernetes' deployment/util, daemon/util and statefulset controllers, 1.34.
    """
    wanted = workload.replicas
    if workload.strategy_type != "RollingUpdate":
        return Pace(0, wanted)
    fields = workload.strategy.get("rollingUpdate") or {}
    match workload.kind:
        case "Deployment":
            surge = resolved(fields.get("maxSurge", "25%"), wanted, up=True)
            missing = resolved(fields.get("maxUnavailable", "25%"), wanted, up=False)
        case "DaemonSet":
            surge = resolved(fields.get("maxSurge", 0), wanted, up=True)
            missing = resolved(fields.get("maxUnavailable", 1), wanted, up=True)
        case _:
            return Pace(0, min(wanted, max(1, resolved(fields.get("maxUnavailable", 1), wanted, up=False))))
    return Pace(surge, min(wanted, missing if surge or missing else 1))
