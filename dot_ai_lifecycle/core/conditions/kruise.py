"""How OpenKruise Rollouts get on with an app: the phase of the Rollout, and whether the pods bear it out.

Its webhook marks a Deployment in the very write that changes the pod template, and its controller takes the mark away
when it is through; so the mark tells a Rollout that is Healthy from one that has not looked yet.
"""

from typing import Literal, NamedTuple

from dot_ai_lifecycle.core.conditions.reading import Met, Reading, Waiting
from dot_ai_lifecycle.core.conditions.rollout import rolled_out
from dot_ai_lifecycle.core.conditions.sides import is_active, new_pods
from dot_ai_lifecycle.core.conditions.words import pods_in, version_of
from dot_ai_lifecycle.core.driver import KRUISE as ENGINE
from dot_ai_lifecycle.core.driver import Driver
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.words_to_kruise import steps_of, sub_status
from dot_ai_lifecycle.core.workload import Workload

IN_PROGRESS = "rollouts.kruise.io/in-progressing"
"""The annotation of a workload that one of its Rollouts is at."""


def delivered(scene: Scene) -> Reading:
    """Whether the Rollout is through with the wanted template, and every pod of it serves; see `engines.delivered`."""
    workload = scene.workload
    total = workload.replicas
    if not under_way(workload):
        reading = rolled_out(scene)
        return Met(f"{reading.words}, and {ENGINE} calls it Healthy", total) if isinstance(reading, Met) else reading
    ready = sum(1 for pod in new_pods(scene) if is_active(pod) and pod.ready)
    count = f"{min(ready, total)} of {pods_in(total)} of {version_of(workload)} ready"
    held = pause(workload)
    if held is not None:
        return Waiting(f"{held.words}; {count}", min(ready, total), total, held=held.until)
    return Waiting(f"{ENGINE}{place(workload)}: {said(workload)}; {count}", min(ready, total), total)


def under_way(workload: Workload) -> bool:
    """Whether the Rollout is at an update, or has not yet looked at one."""
    driver = workload.driver
    seen = driver is not None and driver.status.get("phase") == "Healthy"
    return not seen or IN_PROGRESS in workload.annotations


class Pause(NamedTuple):
    """Why it pauses, in words, and until when: until a `person` promotes, or its `clock` goes on."""

    words: str
    until: Literal["person", "clock"]


def pause(workload: Workload) -> Pause | None:
    """The pause that an update is in; None where there is none."""
    driver = workload.driver
    if driver is None:
        return None
    if (driver.spec.get("strategy") or {}).get("paused"):
        return Pause(f"{ENGINE} is paused by hand (spec.strategy.paused) until somebody promotes", "person")
    _, status = sub_status(driver.manifest)
    if status.get("currentStepState") != "StepPaused":
        return None
    lasts = _lasts(driver, int(status.get("currentStepIndex") or 0))
    until = f"for {lasts} s" if lasts else "until somebody promotes"
    return Pause(f"{ENGINE}{place(workload)} pauses {until}", "clock" if lasts else "person")


def _lasts(driver: Driver, number: int) -> int:
    """Seconds that the pause of a step lasts; 0 where a person ends it."""
    steps = steps_of(driver.manifest)
    step = steps[number - 1] if 0 < number <= len(steps) else {}
    return int((step.get("pause") or {}).get("duration") or 0)


def place(workload: Workload) -> str:
    """At which of its steps an update is, in words; empty where that is not known."""
    if workload.driver is None:
        return ""
    _, status = sub_status(workload.driver.manifest)
    number, steps = status.get("currentStepIndex"), steps_of(workload.driver.manifest)
    return f" at step {number} of {len(steps)}" if number and steps else ""


def said(workload: Workload) -> str:
    """Its own words on what it does."""
    status = workload.driver.status if workload.driver is not None else {}
    return str(status.get("message") or "on its way")
