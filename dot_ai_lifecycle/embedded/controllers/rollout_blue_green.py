"""Blue-green by two Services, as Argo Rollouts does it: preview first, then the switch, then the old set retires."""

from dot_ai_lifecycle.embedded.controllers import rollout_sets as sets_of
from dot_ai_lifecycle.embedded.controllers.deployment_sets import annotations, size
from dot_ai_lifecycle.embedded.controllers.plane import Plane
from dot_ai_lifecycle.embedded.controllers.queue import Key
from dot_ai_lifecycle.embedded.controllers.rollout_sets import DEADLINE, HASH_LABEL, Sets, available, hash_of, replicas
from dot_ai_lifecycle.embedded.controllers.rollout_status import Status
from dot_ai_lifecycle.embedded.objects import Object

PAUSE = "BlueGreenPause"
DELAY = 30.0
"""Seconds an old or an aborted set stays, where the strategy says nothing."""


def reconcile(plane: Plane, rollout: Object, sets: Sets, status: Status) -> float | None:
    """Bring the new set up, switch when it may be, retire what is left; seconds until time alone changes something."""
    strategy, halted = rollout["spec"]["strategy"]["blueGreen"], rollout["spec"].get("paused")
    _send(plane, rollout, strategy.get("previewService"), hash_of(sets.new))
    if not halted:
        _sized(plane, rollout, sets, status)
    pause = None
    if status.get("abort") and sets.stable is not None:
        _send(plane, rollout, strategy["activeService"], hash_of(sets.stable))
    elif available(sets.new) >= replicas(rollout) and not halted:
        pause = _switched(plane, rollout, sets, status)
    active = _sent(plane, rollout, strategy["activeService"])
    preview = _sent(plane, rollout, strategy.get("previewService"))
    status["blueGreen"] = {k: v for k, v in (("activeSelector", active), ("previewSelector", preview)) if v}
    waits = [pause, *(_retired(plane, rollout, one, strategy) for one in sets.others)]
    if status.get("abort") and sets.beside is not None:
        waits.append(sets_of.retire(plane, rollout, sets.new, float(strategy.get("abortScaleDownDelaySeconds", DELAY))))
    return min((wait for wait in waits if wait is not None), default=None)


def _sized(plane: Plane, rollout: Object, sets: Sets, status: Status) -> None:
    if sets.beside is not None:
        sets_of.scale(plane, rollout, sets_of.annotated(plane, sets.beside, DEADLINE, None), replicas(rollout))
    if not status.get("abort") or sets.beside is None:
        sets_of.scale(plane, rollout, sets.new, replicas(rollout))


def _retired(plane: Plane, rollout: Object, one: Object, strategy: Object) -> float | None:
    return sets_of.retire(plane, rollout, one, float(strategy.get("scaleDownDelaySeconds", DELAY)))


def _switched(plane: Plane, rollout: Object, sets: Sets, status: Status) -> float | None:
    """Switch the active Service, or pause before that; seconds that a pause still lasts."""
    strategy = rollout["spec"]["strategy"]["blueGreen"]
    active = _sent(plane, rollout, strategy["activeService"])
    fast = status.get("promoteFull") or active in ("", hash_of(sets.new)) or DEADLINE in annotations(sets.new)
    left = 0.0 if fast else _paused(plane, strategy, status)
    if left is None or left > 0:
        return left
    status.pop("pauseConditions", None)
    _send(plane, rollout, strategy["activeService"], hash_of(sets.new))
    sets_of.annotated(plane, sets.new, DEADLINE, None)
    return None


def _paused(plane: Plane, strategy: Object, status: Status) -> float | None:
    after, by_itself = float(strategy.get("autoPromotionSeconds", 0)), strategy.get("autoPromotionEnabled", True)
    if by_itself and not after:
        return 0.0
    begun = next(iter(status.get("pauseConditions") or ()), None)
    if begun is None and status.get("controllerPause"):
        return 0.0
    if begun is None:
        begun = {"reason": PAUSE, "startTime": plane.stamp()}
        status["pauseConditions"], status["controllerPause"] = [begun], True
    return max(0.0, after - plane.since(begun["startTime"])) if by_itself else None


def _service(plane: Plane, rollout: Object, name: str | None) -> Object | None:
    return plane.get("Service", Key(rollout["metadata"]["namespace"], name)) if name else None


def _sent(plane: Plane, rollout: Object, name: str | None) -> str:
    service = _service(plane, rollout, name)
    return str((service["spec"].get("selector") or {}).get(HASH_LABEL, "")) if service else ""


def _send(plane: Plane, rollout: Object, name: str | None, to: str) -> None:
    service = _service(plane, rollout, name)
    if service is None or _sent(plane, rollout, name) == to:
        return

    def change(fresh: Object) -> None:
        fresh["spec"].setdefault("selector", {})[HASH_LABEL] = to

    plane.edit(service, change)


def promoted(sets: Sets, status: Status) -> bool:
    """Whether the switched set may be called stable."""
    return (status.get("blueGreen") or {}).get("activeSelector") == hash_of(sets.new) and size(sets.new) > 0
