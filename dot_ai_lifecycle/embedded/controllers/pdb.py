"""PodDisruptionBudgets: how many pods of a group may be evicted at this moment."""

from typing import Any

from dot_ai_lifecycle.embedded.controllers.arithmetic import scaled
from dot_ai_lifecycle.embedded.controllers.index import owner_of
from dot_ai_lifecycle.embedded.controllers.plane import Plane
from dot_ai_lifecycle.embedded.controllers.pods import condition, finished, ready, terminating
from dot_ai_lifecycle.embedded.controllers.queue import Key
from dot_ai_lifecycle.embedded.objects import Object
from dot_ai_lifecycle.embedded.selectors import selector_test


def reconcile(plane: Plane, key: Key) -> float | None:
    """Count healthy pods against the budget."""
    mine = plane.get("PodDisruptionBudget", key)
    if mine is None:
        return None
    picks = selector_test(mine["spec"].get("selector"))
    pods = [
        pod
        for pod in plane.index.all("Pod", key.namespace)
        if picks(pod["metadata"].get("labels") or {}) and not finished(pod)
    ]
    healthy = sum(ready(pod) and not terminating(pod) for pod in pods)
    expected, wanted = _expected(plane, mine, pods)
    allowed = max(0, healthy - wanted) if expected else 0
    status: dict[str, Any] = {
        "currentHealthy": healthy,
        "desiredHealthy": wanted,
        "disruptionsAllowed": allowed,
        "expectedPods": expected,
        "observedGeneration": mine["metadata"]["generation"],
        "conditions": [_allowed(plane, mine, allowed=bool(allowed))],
    }
    plane.write_status(mine, status)
    return None


def _allowed(plane: Plane, mine: Object, *, allowed: bool) -> dict[str, Any]:
    old = condition(mine, "DisruptionAllowed")
    truth = "True" if allowed else "False"
    return {
        "type": "DisruptionAllowed",
        "status": truth,
        "reason": "SufficientPods" if allowed else "InsufficientPods",
        "message": "",
        "lastTransitionTime": old["lastTransitionTime"] if old and old["status"] == truth else plane.stamp(),
        "observedGeneration": mine["metadata"]["generation"],
    }


def _expected(plane: Plane, mine: Object, pods: list[Object]) -> tuple[int, int]:
    """How many pods there should be, and how many of them have to be healthy."""
    spec = mine["spec"]
    if "maxUnavailable" in spec:
        expected = _scale(plane, pods)
        return expected, max(0, expected - scaled(spec["maxUnavailable"], expected, up=True))
    least = spec.get("minAvailable", 1)
    if isinstance(least, int):
        return len(pods), least
    expected = _scale(plane, pods)
    return expected, scaled(least, expected, up=True)


def _scale(plane: Plane, pods: list[Object]) -> int:
    """The replicas that the controllers of these pods want, each controller once."""
    wanted: dict[str, int] = {}
    for pod in pods:
        top = _controller(plane, pod)
        if top is not None and "replicas" in top["spec"]:
            wanted[top["metadata"]["uid"]] = int(top["spec"]["replicas"])
    return sum(wanted.values())


def _controller(plane: Plane, pod: Object) -> Object | None:
    """The object at whose `replicas` the number of pods is set: a Deployment above its ReplicaSet."""
    found, owner = None, owner_of(pod)
    while owner:
        above = plane.get(owner["kind"], Key(pod["metadata"]["namespace"], owner["name"]))
        if above is None:
            break
        found, owner = above, owner_of(above)
    return found
