"""Canary steps without traffic routing: the share of the traffic is the share of the pods, as Argo Rollouts counts."""

import math
import re

from dot_ai_lifecycle.embedded.controllers import rollout_sets as sets_of
from dot_ai_lifecycle.embedded.controllers.arithmetic import Limits
from dot_ai_lifecycle.embedded.controllers.deployment_sets import count, size
from dot_ai_lifecycle.embedded.controllers.plane import Plane
from dot_ai_lifecycle.embedded.controllers.rollout_sets import Sets, available, limits, replicas, steps
from dot_ai_lifecycle.embedded.controllers.rollout_status import Status
from dot_ai_lifecycle.embedded.objects import Object

PAUSE = "CanaryPauseStep"
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


def weight(rollout: Object, status: Status) -> int:
    """The percent that the new version should have now."""
    wanted, number = steps(rollout), status.get("currentStepIndex")
    if status.get("abort"):
        return 0
    if status.get("promoteFull") or number is None or number >= len(wanted):
        return 100
    return next((int(step["setWeight"]) for step in wanted[number::-1] if "setWeight" in step), 0)


def shares(wanted: int, percent: int, surge: int) -> tuple[int, int]:
    """How many canary and stable pods come closest to that percent of `wanted`, or with a surge of one more.

    From 1 to 99 % each side has at least one pod. Ties go to the larger canary.

    >>> shares(10, 30, 1), shares(4, 20, 1), shares(1, 5, 1)
    ((3, 7), (1, 4), (1, 1))
    """
    if wanted == 0:
        return 0, 0
    whole = percent in (0, 100) or (wanted == 1 and surge == 0)
    up, down = math.ceil(wanted * percent / 100), math.floor(wanted * percent / 100)
    options = [(up, wanted)] if up < wanted or whole else []
    totals = (wanted, wanted + 1) if surge else (wanted,)
    for total in totals:
        if total > wanted:
            options.append((up, total))
        if (down or whole) and (total * percent / 100) % 1 != 0.5:
            options.append((down, total))
    canary, total = min(options or [(0, wanted)], key=lambda option: abs(option[0] * 100 / option[1] - percent))
    return canary, total - canary


def sizes(sets: Sets, allowed: Limits, percent: int) -> tuple[int, int]:
    """The next sizes of the new and the stable set: as far towards their shares as the limits allow now."""
    beside = sets.beside
    new, stable = size(sets.new), size(beside) if beside else 0
    to_new, to_stable = shares(allowed.replicas, percent, allowed.surge) if beside else (allowed.replicas, 0)
    room = allowed.most - sets.total
    more_stable = max(0, min(room, to_stable - stable))
    more_new = max(0, min(room - more_stable, to_new - new))
    if any(size(one) for one in sets.others):
        return new + more_new, stable + more_stable
    growing = to_new >= new
    counted = _counted(sets.new, ignore=not growing) + _counted(beside, ignore=growing)
    fewer = max(0, counted - allowed.least)
    if growing:
        return new + more_new, max(min(stable, to_stable), stable - fewer) + more_stable
    return max(to_new, new - fewer), stable + more_stable


def _counted(replica_set: Object | None, *, ignore: bool) -> int:
    if replica_set is None:
        return 0
    return size(replica_set) if ignore else min(size(replica_set), available(replica_set))


def scaled(plane: Plane, rollout: Object, sets: Sets, status: Status) -> bool:
    """Move one set towards what is wanted; whether one was moved."""
    allowed = limits(rollout)
    new, stable = sizes(sets, allowed, weight(rollout, status))
    if sets.beside is not None and sets_of.scale(plane, rollout, sets.beside, stable):
        return True
    if sets_of.scale(plane, rollout, sets.new, new):
        return True
    spare = count(sets.all, "availableReplicas") - allowed.least
    for one in sets.others:
        gone = min(size(one), max(0, spare))
        if gone and sets_of.scale(plane, rollout, one, size(one) - gone):
            return True
    return False


def settled(rollout: Object, sets: Sets, status: Status) -> bool:
    """Whether both sets are as large as the weight wants them, and others gone."""
    canary, stable = shares(replicas(rollout), weight(rollout, status), limits(rollout).surge)
    beside = sets.beside
    if any(available(one) for one in sets.others):
        return False
    if beside is None:
        return available(sets.new) == replicas(rollout)
    return size(sets.new) == canary == available(sets.new) and size(beside) == stable


def step(plane: Plane, rollout: Object, sets: Sets, status: Status) -> float | None:
    """Go one step on where the present one is done; seconds until a pause ends by itself."""
    wanted, number = steps(rollout), status.get("currentStepIndex")
    if status.get("abort") or status.get("promoteFull") or number is None or number >= len(wanted):
        return None
    current = wanted[number]
    if "pause" in current:
        left = _paused(plane, current["pause"] or {}, status)
        if left is None or left > 0:
            return left
    elif not settled(rollout, sets, status):
        return None
    status["currentStepIndex"] = number + 1
    status.pop("pauseConditions", None)
    status.pop("controllerPause", None)
    return None


def _paused(plane: Plane, pause: Object, status: Status) -> float | None:
    """Seconds a pause has left; 0 when it is over, None when it waits for a person."""
    begun = next((one for one in status.get("pauseConditions") or () if one["reason"] == PAUSE), None)
    if begun is None and status.get("controllerPause"):
        return 0.0
    if begun is None:
        begun = {"reason": PAUSE, "startTime": plane.stamp()}
        status["pauseConditions"], status["controllerPause"] = [begun], True
    if "duration" not in pause:
        return None
    return max(0.0, seconds(pause["duration"]) - plane.since(begun["startTime"]))


def seconds(duration: int | str) -> float:
    """`30`, `"30"`, `"30s"`, `"5m"` or `"1h"` in seconds."""
    found = re.fullmatch(r"(\d+)([smh]?)", str(duration))
    return float(int(found[1]) * _UNITS[found[2]]) if found else 0.0
