"""HorizontalPodAutoscalers: replicas by load, every 15 s, quick upwards and slow downwards.

Defaults are those of the controller manager: a tolerance of 10 %, at most doubling (or 4 more) per 15 s upwards, and
downwards the highest recommendation of the last 300 s.
"""

from collections import defaultdict, deque
from dataclasses import dataclass
from typing import Any, Protocol

from dot_ai_lifecycle.embedded.controllers.arithmetic import wanted_by_utilisation
from dot_ai_lifecycle.embedded.controllers.plane import Plane
from dot_ai_lifecycle.embedded.controllers.pods import active, condition, phase, ready
from dot_ai_lifecycle.embedded.controllers.queue import Key, Routine
from dot_ai_lifecycle.embedded.objects import Object
from dot_ai_lifecycle.embedded.quantities import bytes_of, millicores
from dot_ai_lifecycle.embedded.selectors import selector_test

SOURCE = "horizontal-pod-autoscaler"
PERIOD_S = 15.0
DOWN_WINDOW_S = 300
SCALABLE = ("Deployment", "StatefulSet", "ReplicaSet")


class Reads(Protocol):
    """Where the use of resources is read."""

    def of(self, pod: Object) -> dict[str, tuple[int, int]]:
        """Millicores and bytes by container."""
        ...


@dataclass(frozen=True, slots=True)
class Reading:
    """One metric over the pods that count, and the replicas the autoscaler makes of it."""

    replicas: int
    shown: dict[str, Any]
    reason: str


class Autoscaler:
    """Remembers recommendations, so that a short dip scales nothing down."""

    def __init__(self, usage: Reads) -> None:
        self._usage = usage
        self._recommended: dict[Key, deque[tuple[float, int]]] = defaultdict(deque)
        self._looks: dict[Key, float] = {}

    def reconcile(self, plane: Plane, key: Key) -> float | None:
        """One look at one autoscaler, every 15 s whatever changes meanwhile; the first one 15 s after it appeared."""
        mine, clock = plane.get("HorizontalPodAutoscaler", key), plane.clock()
        if mine is None:
            self._recommended.pop(key, None)
            self._looks.pop(key, None)
            return None
        due = self._looks.setdefault(key, clock + PERIOD_S)
        if due > clock:
            return Routine(due - clock)
        self._looks[key] = clock + PERIOD_S
        target = self._target(plane, mine)
        if target is None:
            self._report(plane, mine, 0, 0, [], _no_target(mine))
        else:
            self._look(plane, key, mine, target)
        return Routine(PERIOD_S)

    def _target(self, plane: Plane, mine: Object) -> Object | None:
        reference = mine["spec"]["scaleTargetRef"]
        if reference["kind"] not in SCALABLE:
            return None
        return plane.get(reference["kind"], Key(mine["metadata"]["namespace"], reference["name"]))

    def _look(self, plane: Plane, key: Key, mine: Object, target: Object) -> None:
        spec, now = mine["spec"], int(target["spec"].get("replicas", 1))
        least, most = spec.get("minReplicas", 1), spec["maxReplicas"]
        if now == 0:
            why = ("ScalingDisabled", "scaling is disabled since the replica count of the target is zero")
            self._report(plane, mine, 0, 0, [], {"ScalingActive": ("False", *why)})
            return
        pods = _pods(plane, target)
        readings = [found for metric in spec.get("metrics") or () if (found := self._measure(metric, pods, now))]
        says: dict[str, tuple[str, str, str]] = {}
        if not readings:
            text = "the HPA was unable to compute the replica count: failed to get cpu utilization: "
            text += "unable to get metrics for resource cpu: no metrics returned from resource metrics API"
            says["ScalingActive"] = ("False", "FailedGetResourceMetric", text)
            plane.events.warning(mine, "FailedGetResourceMetric", text.split(": ", 1)[1], source=SOURCE)
            self._report(plane, mine, now, now, [], says)
            return
        best = max(readings, key=lambda one: one.replicas)
        wanted = self._steady(plane, key, mine, now, best.replicas)
        bounded = max(least, min(most, wanted))
        text = "the HPA was able to successfully calculate a replica count"
        says["ScalingActive"] = ("True", "ValidMetricFound", text)
        says["ScalingLimited"] = _limited(wanted, least, most)
        says["AbleToScale"] = ("True", "ReadyForNewScale", "recommended size matches current size")
        if bounded != now:
            plane.set_replicas(target, bounded)
            reason = best.reason if bounded > now else "All metrics below target"
            plane.events.normal(mine, "SuccessfulRescale", f"New size: {bounded}; reason: {reason}", source=SOURCE)
            text = f"the HPA controller was able to update the target scale to {bounded}"
            says["AbleToScale"] = ("True", "SucceededRescale", text)
        self._report(plane, mine, now, bounded, [one.shown for one in readings], says)

    def _measure(self, metric: Object, pods: list[Object], now: int) -> Reading | None:
        """What one Resource metric asks for; None for metrics that cannot be read here."""
        if metric["type"] != "Resource":
            return None
        name, goal = metric["resource"]["name"], metric["resource"]["target"]
        part = 0 if name == "cpu" else 1
        counted = [pod for pod in pods if phase(pod) == "Running" and ready(pod)]
        uses = [sum(use[part] for use in self._usage.of(pod).values()) for pod in counted]
        if not uses:
            return None
        average = sum(uses) // len(uses)
        current: dict[str, Any] = {"averageValue": f"{average}m" if part == 0 else str(average)}
        if goal["type"] == "Utilization":
            asked = [_requested(pod, name) for pod in counted]
            if not all(asked):
                return None
            share = 100 * sum(uses) // sum(asked)
            current["averageUtilization"] = share
            ratio, what = share / goal["averageUtilization"], f"{name} resource utilization (percentage of request)"
        else:
            bound = millicores(goal["averageValue"]) if part == 0 else bytes_of(goal["averageValue"])
            ratio, what = average / bound, f"{name} resource"
        wanted = _damped(len(counted), len(pods) - len(counted), ratio)
        shown = {"type": "Resource", "resource": {"name": name, "current": current}}
        return Reading(now if wanted is None else wanted, shown, f"{what} above target")

    def _steady(self, plane: Plane, key: Key, mine: Object, now: int, wanted: int) -> int:
        """Bound the step upwards, and go down only as far as all recommendations of the window agree."""
        behaviour = mine["spec"].get("behavior") or {}
        window = (behaviour.get("scaleDown") or {}).get("stabilizationWindowSeconds", DOWN_WINDOW_S)
        at, recent = plane.clock(), self._recommended[key]
        recent.append((at, wanted))
        while recent and recent[0][0] < at - window:
            recent.popleft()
        if wanted > now:
            return min(wanted, max(2 * now, now + 4))
        return min(now, max(one for _, one in recent))

    def _report(
        self,
        plane: Plane,
        mine: Object,
        now: int,
        wanted: int,
        metrics: list[dict[str, Any]],
        says: dict[str, tuple[str, str, str]],
    ) -> None:
        before = mine.get("status") or {}
        status: dict[str, Any] = {"currentReplicas": now, "desiredReplicas": wanted, "currentMetrics": metrics or None}
        if wanted != now:
            status["lastScaleTime"] = plane.stamp()
        elif before.get("lastScaleTime"):
            status["lastScaleTime"] = before["lastScaleTime"]
        status["conditions"] = [_condition(plane, mine, type_, *one) for type_, one in sorted(says.items())]
        plane.write_status(mine, status)


def _pods(plane: Plane, target: Object) -> list[Object]:
    picks = selector_test(target["spec"]["selector"])
    found = plane.index.all("Pod", target["metadata"]["namespace"])
    return [pod for pod in found if active(pod) and picks(pod["metadata"].get("labels") or {})]


def _damped(ready_pods: int, others: int, ratio: float) -> int | None:
    """Pods that are not ready yet count as idle when the load asks for more, so that nothing is scaled up twice."""
    if ratio > 1 and others:
        return wanted_by_utilisation(ready_pods + others, max(1.0, ratio * ready_pods / (ready_pods + others)))
    return wanted_by_utilisation(ready_pods, ratio)


def _requested(pod: Object, name: str) -> int:
    read = millicores if name == "cpu" else bytes_of
    asked = [((one.get("resources") or {}).get("requests") or {}).get(name) for one in pod["spec"]["containers"]]
    return sum(read(one) for one in asked) if all(asked) else 0


def _limited(wanted: int, least: int, most: int) -> tuple[str, str, str]:
    if wanted > most:
        return "True", "TooManyReplicas", "the desired replica count is more than the maximum replica count"
    if wanted < least:
        return "True", "TooFewReplicas", "the desired replica count is less than the minimum replica count"
    return "False", "DesiredWithinRange", "the desired count is within the acceptable range"


def _no_target(mine: Object) -> dict[str, tuple[str, str, str]]:
    name = mine["spec"]["scaleTargetRef"]["name"]
    text = f'the HPA controller was unable to get the target\'s current scale: deployments.apps "{name}" not found'
    return {"AbleToScale": ("False", "FailedGetScale", text)}


def _condition(plane: Plane, mine: Object, type_: str, truth: str, reason: str, message: str) -> dict[str, Any]:
    old = condition(mine, type_)
    since = old["lastTransitionTime"] if old and old["status"] == truth else plane.stamp()
    return {"type": type_, "status": truth, "lastTransitionTime": since, "reason": reason, "message": message}
