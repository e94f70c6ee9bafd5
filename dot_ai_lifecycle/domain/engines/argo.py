"""A change of a pod template that Argo Rollouts carries out: started, watched and taken back through its own fields.

Its own steps, pauses and analyses decide the pace. It never goes back by itself in the spec: an aborted Rollout serves
its stable version and is Degraded until the spec asks for that one again, so a way back says both.
"""

from dot_ai_lifecycle.core.conditions.argo import ENGINE, spoken
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.steps import Await, Steer, Step, WayBack
from dot_ai_lifecycle.core.workload import Manifest, Workload
from dot_ai_lifecycle.domain.engines.stable import returned
from dot_ai_lifecycle.domain.strategies.rollout import Rollout

SERVED = f"{ENGINE} delivers it by its own steps, and calls it Healthy"


def delivered(rollout: Rollout, asks: float) -> tuple[Step, ...]:
    """The steps of a change; `asks` is how many seconds each of its pauses waits for a person to promote.

    Until it is done, the way back is the engine's: abort, then the spec as it was. After that the spec alone.
    """
    back, proof = returned(rollout), _served(rollout, asks, "the stable version alone serves")
    abort = Steer(ref=rollout.workload.ref, word="abort", why="all traffic to the stable version, at once")
    begun = rollout.begun({}, {}, rollout.why)
    served = _served(rollout, asks, SERVED)
    return (
        begun.model_copy(update={"back": WayBack(steps=(abort, back, proof), whole=True)}),
        served.model_copy(update={"back": WayBack(steps=(back, proof), whole=True)}),
    )


def restarted(rollout: Rollout) -> tuple[Step, ...]:
    """The steps of a restart: Argo Rollouts evicts pods that are older than the moment, a few at a time."""
    return rollout.begun({}, {}, rollout.why), _served(rollout, 0, "every pod is younger than that moment, and serves")


def retried(scene: Scene, within: float, asks: float) -> tuple[Step, ...]:
    """The steps that try an aborted update again, as it stands in the spec."""
    ref = scene.workload.ref
    abort = Steer(ref=ref, word="abort", why="all traffic to the stable version, at once")
    again = Steer(ref=ref, word="retry", why="the update that was aborted", back=WayBack(steps=(abort,)))
    return again, Await(ref=ref, within=within, asks=asks, why=SERVED)


def _served(rollout: Rollout, asks: float, why: str) -> Await:
    return Await(ref=rollout.workload.ref, within=rollout.within, asks=asks, why=why)


def strategy_spoken(workload: Workload) -> str:
    """Its own strategy in a few words: `canary: 20 %, pause until promoted, 50 %, pause 5m`."""
    blue_green = workload.strategy.get("blueGreen")
    if blue_green is not None:
        asks = blue_green.get("autoPromotionEnabled") is False
        return f"blue-green{', the switch waits until promoted' if asks else ''}"
    steps = [_step_spoken(step) for step in _steps(workload)]
    return f"canary: {', '.join(steps)}" if steps else "canary without steps"


def _step_spoken(step: Manifest) -> str:
    if "setWeight" in step:
        return f"{step['setWeight']} %"
    if "pause" in step:
        lasts = (step["pause"] or {}).get("duration")
        return f"pause {spoken(lasts)}" if lasts else "pause until promoted"
    return next(iter(step), "a step")


def _steps(workload: Workload) -> list[Manifest]:
    return list((workload.strategy.get("canary") or {}).get("steps") or ())


def asks_somebody(workload: Workload) -> bool:
    """Whether its own steps wait for a person somewhere."""
    by_hand = [step for step in _steps(workload) if "pause" in step and not (step["pause"] or {}).get("duration")]
    blue_green = workload.strategy.get("blueGreen") or {}
    return bool(by_hand) or blue_green.get("autoPromotionEnabled") is False
