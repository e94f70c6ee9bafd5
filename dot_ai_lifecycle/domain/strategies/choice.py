"""Which strategy an app wants as it is, and why: the one that loses no request with the pods that run now."""

from typing import Literal

from msgspec import Struct

from dot_ai_lifecycle.core.conditions.sides import is_active, wanted_revision
from dot_ai_lifecycle.core.errors import Refused
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.workload import Workload
from dot_ai_lifecycle.domain.engines.by_engine import strategy_spoken
from dot_ai_lifecycle.domain.rolling import drains

Strategy = Literal["rolling", "blue-green", "canary", "its own"]
Wanted = Literal["auto", "rolling", "blue-green", "canary"]

_FEWEST = 2


class Chosen(Struct, frozen=True):
    """A strategy, and in one sentence why it."""

    strategy: Strategy
    why: str


def chosen(scene: Scene, wanted: Wanted) -> Chosen:
    """The strategy for a change of this app. Raises Refused where the one that is wanted cannot be carried out."""
    unfit = unfit_for_switching(scene)
    if wanted == "rolling":
        return Chosen("rolling", "as asked")
    if wanted != "auto":
        unfit = _unfit_for(wanted, scene)
        if unfit:
            hint = f"{_LATER} {_INSTEAD}" if unfit == _unsteady(scene) else _INSTEAD
            raise Refused(f"A {wanted} change of {scene.workload.ref} is not possible: {unfit}.", hint=hint)
        return Chosen(wanted, "as asked")
    if unfit:
        return Chosen("rolling", unfit)
    if not scene.services:
        return Chosen("rolling", "no Service sends traffic to it")
    if undrained := [c["name"] for c in scene.workload.containers if c.get("ports") and not drains(c)]:
        why = f"{', '.join(undrained)} has no preStop hook: pods leave the Services before they end"
        return Chosen("blue-green", why)
    return Chosen("rolling", "its pods drain before they end")


def recreates(workload: Workload) -> bool:
    """Whether it is a Deployment that ends all its pods before new ones start: only a clone can serve meanwhile."""
    return workload.kind == "Deployment" and not workload.engine and workload.strategy_type == "Recreate"


def _unfit_for(wanted: Wanted, scene: Scene) -> str:
    """Why the strategy that somebody asks for cannot be carried out; empty where it can."""
    if wanted == "canary" and scene.workload.kind != "Deployment":
        return _unfit_for_turns(scene)
    if wanted == "blue-green" and recreates(scene.workload):
        return _unfit_for_a_clone(scene)
    return unfit_for_switching(scene)


def _unfit_for_a_clone(scene: Scene) -> str:
    """Why no second Deployment can serve while the app itself changes; empty where one can."""
    if scene.workload.replicas == 0:
        return _OFF
    if scene.autoscaler is not None:
        return f"its autoscaler {scene.autoscaler.name} would count the pods of a clone as its own"
    if not scene.services:
        return "no Service sends traffic to it, so there is nothing that a clone could take over"
    return _unsteady(scene) or out_of_reach(scene)


def left_to_engine(workload: Workload, wanted: Wanted = "auto") -> Chosen:
    """The way of the engine that owns the app. Raises Refused where another one is wanted."""
    words = strategy_spoken(workload)
    if wanted != "auto":
        raise Refused(f"{workload.engine} replaces the pods of {workload.ref} in its own way ({words}).", hint=_INSTEAD)
    return Chosen(
        "its own", f"{workload.engine} {'owns' if workload.kind == 'Rollout' else 'delivers'} the app ({words})"
    )


_LATER = "Try again once it is steady (`inspect_app`, `dot-ai inspect`)."
_INSTEAD = "Leave the strategy out: the one that fits is chosen by itself."


def unfit_for_switching(scene: Scene) -> str:
    """Why the Services cannot be switched from one whole revision to another; empty where they can."""
    return unfit_to_stand_beside(scene) or out_of_reach(scene)


def unfit_to_stand_beside(scene: Scene) -> str:
    """Why new pods cannot stand beside all the old ones, held back by a gate; empty where they can."""
    workload = scene.workload
    if workload.engine:
        return f"{workload.engine} decides how its pods are replaced"
    if workload.kind != "Deployment":
        return _ONE_PLACE[workload.kind]
    if workload.strategy_type != "RollingUpdate":
        return f"its strategy is {workload.strategy_type}"
    if workload.replicas == 0:
        return _OFF
    return _unsteady(scene)


_OFF = "it is scaled to 0"
_ONE_PLACE = {
    "StatefulSet": "each pod of a StatefulSet has a name of its own, so no second set can stand beside them",
    "DaemonSet": "a DaemonSet has one pod on each node, so no second set can stand beside them",
}


def _unfit_for_turns(scene: Scene) -> str:
    """Why a set cannot be held half-way between two revisions; empty where it can."""
    workload = scene.workload
    if workload.partition:
        return f"its updateStrategy has the partition {workload.partition}: somebody divides its versions by hand"
    if workload.replicas < _FEWEST:
        return "it takes two pods to have one of each version" if workload.replicas else "no pods of it are wanted"
    return _unsteady(scene)


def _unsteady(scene: Scene) -> str:
    """Whether anything but one whole revision runs now."""
    workload, current = scene.workload, wanted_revision(scene)
    if current is None or not workload.generation_seen:
        return "its controller has not looked at its last change yet"
    active = [pod for pod in scene.pods if is_active(pod)]
    if any(pod.revision != current.hash for pod in active):
        return "an earlier change is still rolling out"
    if sum(1 for pod in active if pod.ready) < workload.replicas:
        return "not all of its pods are ready"
    pinned = [service.name for service in scene.services if service.pinned_to]
    return f"{pinned[0]} is pinned to one revision by an operation that was left" if pinned else ""


def out_of_reach(scene: Scene) -> str:
    """Why the Services are not ours to see or to switch; empty where they are."""
    if "services" in scene.unread:
        return "you may not list services here"
    if scene.shared:
        return f"Service {scene.shared[0]} sends traffic to pods of other apps too, and would leave them out"
    return "you may not patch services here" if scene.services and "services" in scene.unwritable else ""
