"""How Flagger gets on with an app: the phase of its Canary, and whether the copy that serves bears it out.

What it delivers is the target's pod template, given to a copy of its own. `lastAppliedSpec` says which spec it saw
last, in a hash that only Flagger can compute; whether the copy has that template is seen from the two Deployments.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dot_ai_lifecycle.core.conditions.reading import Met, Reading, Signal, Waiting
from dot_ai_lifecycle.core.conditions.rollout import rolled_out
from dot_ai_lifecycle.core.conditions.sides import is_active
from dot_ai_lifecycle.core.conditions.words import pods_in, shortened, version_of
from dot_ai_lifecycle.core.driver import FLAGGER as ENGINE
from dot_ai_lifecycle.core.driver import PRIMARY, Driver
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.workload import Manifest, Workload

RESTING = ("Initialized", "Succeeded", "Failed")
"""Phases in which it waits for the next change."""

STARTING = ("", "Initializing")
"""Phases before its copy serves."""

BELIEVED = 3.0
"""Seconds a failure must stand: for a moment, a new change is told beside the phase that the last one left."""

STEPS = 3
"""Intervals of its analysis, after which an analysis that has written nothing no longer goes on by itself."""

SLACK = 30.0
"""Seconds on top: its tick waits for the webhooks and the queries before it."""

_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0}
_INTERVAL = 60.0  # its default


def delivered(scene: Scene, since: str, to: str) -> Reading:
    """Whether Flagger has promoted the wanted template, and its copy serves it; see `engines.delivered`."""
    driver = _driver(scene)
    phase, total = phase_of(driver), scene.workload.serving.replicas
    idle = not any(is_active(pod) for pod in scene.pods)
    if (phase in RESTING or (phase == "Waiting" and idle)) and carried(scene.workload):
        return _borne_out(scene, phase) if (left := _unquiet(scene, driver, to)) <= 0 else _may_look(scene, left)
    held = pause(driver)
    if held is not None:
        return Waiting(held, 0, total, held="person")
    if phase in RESTING and (phase != "Failed" or driver.status.get("lastAppliedSpec") == since):
        return Waiting(f"{ENGINE} has not looked at the change yet", 0, total)
    return _on_its_way(scene, driver)


def _unquiet(scene: Scene, driver: Driver, to: str) -> float:
    """Seconds in which Flagger may yet take the template that its copy has for a new one; 0 where it will not.

    A template that is taken back in the middle of an analysis is promoted under the name of the one before it, and
    analysed once more at the next look: only its own name for it, or a look that changed nothing, says that it rests.
    """
    return 0.0 if to in ("", driver.status.get("lastAppliedSpec")) else _left(scene, driver, steps=1)


def _may_look(scene: Scene, left: float) -> Waiting:
    copied = scene.workload.serving
    words = f"{copied.name} has it, and {ENGINE} may look at it once more"
    return Waiting(words, copied.ready_replicas, copied.replicas, check_in=left)


def phase_of(driver: Driver) -> str:
    """The phase of the Canary; empty where Flagger has not seen it."""
    return str(driver.status.get("phase") or "")


def pause(driver: Driver) -> str | None:
    """What a person has to let go on, in words; None where nothing waits for one."""
    phase = phase_of(driver)
    if driver.spec.get("suspend"):
        return f"{ENGINE} is suspended by hand (spec.suspend) until somebody promotes"
    if phase == "Waiting":
        return f"{ENGINE} waits at its gate before it starts (confirm-rollout)"
    if phase == "WaitingPromotion":
        return f"{ENGINE} waits at its gate before it promotes (confirm-promotion)"
    return None


def failed(scene: Scene, since: str = "") -> Signal | None:
    """That Flagger gave the update up and sent all traffic back; None where it did not, or speaks of an older one."""
    driver = _driver(scene)
    if phase_of(driver) != "Failed" or driver.status.get("lastAppliedSpec") == since or carried(scene.workload):
        return None
    said = [shortened(str(one["message"])) for one in driver.status.get("conditions") or () if one.get("message")]
    words = f"{ENGINE} gave the update up: its analysis failed."
    return Signal("ENGINE_ABORTED", driver.name, words, evidence=tuple(said), patience=BELIEVED)


def carried(workload: Workload) -> bool:
    """Whether Flagger's copy has the pod template that the target asks for."""
    copied = workload.serving
    return copied is not workload and same_template(workload.template, copied.template)


def same_template(target: Manifest, primary: Manifest) -> bool:
    """Whether a copy's pod template is that of its target: Flagger adds a suffix to names in it, and an annotation."""
    wanted, found = target.get("metadata") or {}, primary.get("metadata") or {}
    notes: Mapping[str, str] = wanted.get("annotations") or {}
    return (
        _plain(target.get("spec")) == _plain(primary.get("spec"))
        and _plain(wanted.get("labels")) == _plain(found.get("labels"))
        and notes.items() <= (found.get("annotations") or {}).items()
    )


def _plain(value: Any) -> Any:
    """The value without Flagger's suffix on any of its texts."""
    match value:
        case str():
            return value.removesuffix(PRIMARY)
        case list():
            return [_plain(one) for one in value]
        case dict():
            return {key: _plain(one) for key, one in value.items()}
        case _:
            return value


def _borne_out(scene: Scene, phase: str) -> Reading:
    if scene.primary is None:
        return Waiting(f"{ENGINE}'s copy is not to be seen", 0, scene.workload.serving.replicas)
    reading = rolled_out(scene.primary)
    if isinstance(reading, Met):
        version, name = version_of(scene.workload), scene.primary.workload.name
        serves = "serves" if reading.total == 1 else "serve"
        words = f"{pods_in(reading.total)} of {version} {serves} as {name}, and {ENGINE} calls it {phase}"
        return Met(words, reading.total)
    return reading


def _on_its_way(scene: Scene, driver: Driver) -> Waiting:
    phase, copied = phase_of(driver), scene.workload.serving
    if phase != "Progressing":
        words = {
            "Promoting": f"{ENGINE} gives it to {copied.name}",
            "Finalising": f"{ENGINE} leads all traffic to {copied.name}",
            "Failed": f"{ENGINE} calls it Failed",
        }.get(phase, f"{ENGINE} is {phase or 'starting'}")
        return Waiting(words, copied.ready_replicas, copied.replicas)
    wanted = scene.workload.replicas
    ready = sum(1 for pod in scene.pods if is_active(pod) and pod.ready)
    words = (
        f"{ENGINE} analyses it{progress(driver)}; {ready} of {pods_in(wanted)} of {version_of(scene.workload)} ready"
    )
    left = _left(scene, driver)
    if wanted and ready >= wanted and left > 0:
        return Waiting(words, ready, wanted, check_in=left, held="clock")
    return Waiting(words, ready, wanted)


def progress(driver: Driver) -> str:
    """How far its analysis is, in words with a colon before them; empty where it says nothing."""
    status, parts = driver.status, []
    if status.get("canaryWeight"):
        parts.append(f"{status['canaryWeight']} % of traffic")
    if status.get("iterations"):
        parts.append(f"{status['iterations']} of {_analysis(driver).get('iterations', '?')} iterations")
    if status.get("failedChecks"):
        parts.append(f"{status['failedChecks']} of {_analysis(driver).get('threshold', 1)} checks failed")
    return f": {', '.join(parts)}" if parts else ""


def _left(scene: Scene, driver: Driver, steps: int = STEPS) -> float:
    """Seconds for which the analysis still counts as going on by itself, after what it wrote last."""
    moved = str(driver.status.get("lastTransitionTime") or "")
    if not moved:
        return 0.0
    return steps * interval(driver) + SLACK - (scene.now - datetime.fromisoformat(moved)).total_seconds()


def interval(driver: Driver) -> float:
    """Seconds between two looks of its analysis, as Go writes durations: `1m30s`."""
    found = re.findall(r"(\d+(?:\.\d+)?)([hms])", str(_analysis(driver).get("interval", "")))
    return sum(float(number) * _SECONDS[unit] for number, unit in found) or _INTERVAL


def _analysis(driver: Driver) -> Manifest:
    return driver.spec.get("analysis") or {}


def _driver(scene: Scene) -> Driver:
    driver = scene.workload.driver
    if driver is None:
        raise AssertionError("Flagger is asked about only where a Canary was found")
    return driver
