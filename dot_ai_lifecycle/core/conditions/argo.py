"""How Argo Rollouts gets on with an app that it owns: its own word, and whether the pods bear it out.

Its phase counts only where it has seen the newest spec, and is not just being unpaused: `status.phase` is of the last
look of its controller (argo-rollouts 1.8, utils/rollout).
"""

from typing import Literal, NamedTuple

from dot_ai_lifecycle.core.conditions.reading import Met, Reading, Signal, Waiting
from dot_ai_lifecycle.core.conditions.rollout import not_begun, steady_in
from dot_ai_lifecycle.core.conditions.sides import is_active, new_pods
from dot_ai_lifecycle.core.conditions.traffic import behind_in_traffic
from dot_ai_lifecycle.core.conditions.words import named, pods_in, shortened, state_of, version_of
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.workload import Manifest, Workload

ENGINE = "Argo Rollouts"

BELIEVED = 3.0
"""Seconds that it must call an update degraded: in the first moments of a new one it may still speak of the last."""


def delivered(scene: Scene, template: str = "") -> Reading:
    """Whether Argo Rollouts calls the app Healthy, and every wanted pod of the new revision serves.

    `template` is the digest of the pod template that must still be wanted (Foreign otherwise).
    """
    early = not_begun(scene, template)
    if early is not None:
        return early
    workload, version = scene.workload, version_of(scene.workload)
    ready = [pod for pod in new_pods(scene) if is_active(pod) and pod.ready]
    total, done = workload.replicas, min(len(ready), workload.replicas)
    held = pause(workload)
    if held is not None:
        return Waiting(f"{held.words}; {done} of {pods_in(total)} of {version} ready", done, total, held=held.until)
    if workload.status.get("phase") != "Healthy" or unpausing(workload):
        return Waiting(_on_its_way(scene, done), done, total)
    return _borne_out(scene, done)


def _borne_out(scene: Scene, done: int) -> Reading:
    """Its status may be a moment older than the pods."""
    version, total = version_of(scene.workload), scene.workload.replicas
    if done < total:
        return Waiting(_on_its_way(scene, done), done, total)
    waits = [steady_in(pod, 0, scene.now) for pod in new_pods(scene) if is_active(pod)]
    if timed := [wait for wait in waits if wait]:
        return Waiting("a pod that has crashed must stay ready a little longer", done, total, check_in=min(timed))
    if total and (behind := behind_in_traffic(scene)):
        return Waiting(f"{pods_in(total)} of {version} ready; {behind}", done, total)
    serves = "serves" if total == 1 else "serve"
    return Met(f"{pods_in(total)} of {version} {serves}, and {ENGINE} calls it Healthy", total)


def _on_its_way(scene: Scene, done: int) -> str:
    workload = scene.workload
    late = [pod for pod in new_pods(scene) if is_active(pod) and not pod.ready]
    waits = f"; waiting for {named(late)}{state_of(late[0])}" if late else ""
    words = shortened(str(workload.status.get("message") or "on its way"))
    return f"{ENGINE}{place(workload)}: {words}; {done} of {pods_in(workload.replicas)} ready{waits}"


class Pause(NamedTuple):
    """Why it pauses, in words, and until when: until a `person` promotes, or its `clock` goes on."""

    words: str
    until: Literal["person", "clock"]


def pause(workload: Workload) -> Pause | None:
    """The pause that an update is in; None where there is none."""
    if not workload.generation_seen:
        return None
    if workload.paused:
        return Pause(f"{ENGINE} is paused by hand (spec.paused) until somebody promotes", "person")
    reasons = [str(one.get("reason")) for one in workload.status.get("pauseConditions") or ()]
    if not reasons:
        return None
    if "InconclusiveAnalysisRun" in reasons:
        return Pause(f"an analysis of {ENGINE} told nothing clear: somebody has to promote or abort", "person")
    return _step_pause(workload) if "CanaryPauseStep" in reasons else _switch_pause(workload)


def _step_pause(workload: Workload) -> Pause:
    number = int(workload.status.get("currentStepIndex") or 0)
    steps = _steps(workload)
    lasts = (steps[number].get("pause") or {}).get("duration") if number < len(steps) else None
    until = f"for {spoken(lasts)}" if lasts else "until somebody promotes"
    return Pause(f"{ENGINE}{place(workload)} pauses {until}", "clock" if lasts else "person")


def _switch_pause(workload: Workload) -> Pause:
    blue_green = workload.strategy.get("blueGreen") or {}
    seconds = blue_green.get("autoPromotionSeconds")
    by_clock = bool(seconds) and blue_green.get("autoPromotionEnabled", True)
    until = f"for {seconds} s" if by_clock else "until somebody promotes"
    return Pause(f"{ENGINE} waits with the switch {until}", "clock" if by_clock else "person")


def spoken(duration: object) -> str:
    """A duration of a step as people say it: a bare number is seconds."""
    text = str(duration)
    return f"{text} s" if text.isdecimal() else text


def place(workload: Workload) -> str:
    """At which of its steps an update is, in words; empty where there are none."""
    steps, number = _steps(workload), workload.status.get("currentStepIndex")
    if not steps or number is None or int(number) >= len(steps):
        return ""
    return f" at step {int(number) + 1} of {len(steps)}"


def _steps(workload: Workload) -> list[Manifest]:
    return list((workload.strategy.get("canary") or {}).get("steps") or ())


def unpausing(workload: Workload) -> bool:
    """Whether somebody ended a pause, and the controller has not looked yet."""
    return bool(workload.status.get("controllerPause")) and not workload.status.get("pauseConditions")


def degraded(scene: Scene) -> Signal | None:
    """That Argo Rollouts itself gave the update up; None where it did not, or speaks of an older one."""
    workload = scene.workload
    if workload.kind != "Rollout" or not workload.generation_seen or workload.status.get("phase") != "Degraded":
        return None
    message = shortened(str(workload.status.get("message", "")))
    code, words = "ENGINE_DEGRADED", f"{ENGINE} calls the update degraded."
    if workload.status.get("abort"):
        code, words = "ENGINE_ABORTED", f"{ENGINE} aborted the update."
    elif message.startswith("InvalidSpec"):
        code, words = "ENGINE_REFUSED", f"{ENGINE} refuses the Rollout's spec."
    return Signal(code, workload.name, words, evidence=tuple(filter(None, (message,))), patience=BELIEVED)
