"""How an app does, in one word with its reason; the worst that was seen comes first."""

from collections.abc import Iterable
from itertools import groupby
from typing import Literal

from msgspec import Struct

from dot_ai_lifecycle.core.conditions import flagger, kruise
from dot_ai_lifecycle.core.conditions.admission import refused
from dot_ai_lifecycle.core.conditions.argo import ENGINE, degraded, pause, place
from dot_ai_lifecycle.core.conditions.reading import Signal
from dot_ai_lifecycle.core.conditions.sides import is_active, left_over, wanted_hashes
from dot_ai_lifecycle.core.conditions.signals import signals_of
from dot_ai_lifecycle.core.conditions.status import behind_in_status
from dot_ai_lifecycle.core.conditions.traffic import behind_in_traffic
from dot_ai_lifecycle.core.conditions.words import named, pods_in, state_of
from dot_ai_lifecycle.core.driver import FLAGGER, KRUISE, Driver
from dot_ai_lifecycle.core.pods import Pod
from dot_ai_lifecycle.core.redaction import redact
from dot_ai_lifecycle.core.scene import Scene

HealthWord = Literal["healthy", "progressing", "degraded", "failing", "stopped", "paused", "unknown"]

LONGEST = 240
"""Characters of a reason: a line or two of a terminal."""


class Health(Struct, frozen=True):
    """The word and one sentence why.

    healthy: all pods serve. progressing: on its way, nothing wrong yet. degraded: something is wrong, some pods serve.
    failing: something is wrong and none serves. stopped: no pods are wanted. paused: updates are held back by hand.
    unknown: its controller says nothing.
    """

    word: HealthWord
    reason: str


def health(scene: Scene) -> Health:
    """How the workload of the scene does. Parts the scene lacks (revisions, events, Services) are not judged.

    The reason quotes the cluster's own words, secrets hidden.
    """
    found = _judged(scene)
    reason = redact(found.reason)  # before it is cut: half a secret does not look like one
    return Health(found.word, reason if len(reason) <= LONGEST else f"{reason[: LONGEST - 1]}…")


def standing(scene: Scene) -> tuple[Signal, ...]:
    """What speaks against any of its pods, old or new, for long enough to count."""
    return tuple(signal for signal in _heard(scene) if signal.counts(scene.now))


def _heard(scene: Scene) -> tuple[Signal, ...]:
    by_revision = sorted(scene.pods, key=lambda pod: pod.revision)
    found = [signal for _, pods in groupby(by_revision, lambda pod: pod.revision) for signal in signals_of(scene, pods)]
    if refusal := refused(scene):
        found.insert(0, refusal)
    return tuple(sorted(found, key=lambda signal: signal.patience))


def _judged(scene: Scene) -> Health:
    workload = scene.workload
    active = [pod for pod in scene.pods if is_active(pod)]
    serving = sum(1 for pod in active if pod.ready)
    if workload.deleting:
        return Health("progressing", f"it is being deleted; {pods_in(len(scene.pods))} left")
    if not workload.status.get("observedGeneration"):
        return Health("unknown", f"the {workload.kind} controller has not reported on it")
    if workload.engine == FLAGGER and workload.driver is not None and not workload.is_copy:
        return _of_canary(scene, workload.driver)
    if workload.replicas == 0 and not active:
        return Health("stopped", _why_stopped(workload.kind))
    ready = f"{serving} of {pods_in(workload.replicas)} ready"
    if found := standing(scene):
        return Health("degraded" if serving else "failing", f"{_told(found)}; {ready}")
    return _of_engine(scene, ready) or _on_its_way(scene, active, ready) or Health("healthy", ready)


def _of_canary(scene: Scene, driver: Driver) -> Health:
    """What Flagger's copy does, which serves, and after it what Flagger says of the last update."""
    if scene.primary is None:
        return Health("unknown", f"Flagger's copy of it is not to be seen ({driver.ref}: {flagger.phase_of(driver)})")
    serves = _judged(scene.primary)
    if serves.word != "healthy":
        return Health(serves.word, f"{scene.primary.workload.name}: {serves.reason}")
    ready, phase = f"{serves.reason} as {scene.primary.workload.name}", flagger.phase_of(driver)
    if held := flagger.pause(driver):
        return Health("paused", f"{held}; {ready}")
    if gave_up := flagger.failed(scene):
        words = " ".join((gave_up.words, "The version before it serves."))
        return Health("degraded", f"{words.rstrip('.')}; {ready}")
    if phase not in flagger.RESTING:
        return Health("progressing", f"Flagger is {phase or 'starting'}{flagger.progress(driver)}; {ready}")
    return Health("healthy", ready)


def _of_steps(scene: Scene, ready: str) -> Health:
    """Where OpenKruise is with an update."""
    workload = scene.workload
    if held := kruise.pause(workload):
        return Health("paused", f"{held.words}; {ready}")
    return Health("progressing", f"{KRUISE}{kruise.place(workload)}: {kruise.said(workload)}; {ready}")


def _of_engine(scene: Scene, ready: str) -> Health | None:
    """What whoever replaces its pods says of it; None where that says nothing against it."""
    workload = scene.workload
    if workload.kind == "Rollout":
        return _of_rollout(scene, ready)
    if workload.engine == KRUISE and kruise.under_way(workload):
        return _of_steps(scene, ready)
    return Health("paused", f"updates are paused until it is resumed; {ready}") if workload.paused else None


def _of_rollout(scene: Scene, ready: str) -> Health | None:
    """What Argo Rollouts says of it; None where it says nothing against it."""
    workload = scene.workload
    if held := pause(workload):
        return Health("paused", f"{held.words}; {ready}")
    if gave_up := degraded(scene):
        return Health("degraded", f"{' '.join((gave_up.words, *gave_up.evidence)).rstrip('.')}; {ready}")
    if workload.generation_seen and workload.status.get("phase") == "Progressing":
        said = workload.status.get("message") or "on its way"
        return Health("progressing", f"{ENGINE}{place(workload)}: {said}; {ready}")
    return None


def _on_its_way(scene: Scene, active: list[Pod], ready: str) -> Health | None:
    """What is still missing where nothing is known to be wrong."""
    workload = scene.workload
    if not workload.generation_seen:
        return Health("progressing", f"the {workload.kind} controller has not looked at the last change yet; {ready}")
    # A container that starts is "not ready" for a while, every time: no reason to say so.
    if early := [signal for signal in _heard(scene) if not signal.code.endswith("NOT_READY")]:
        return Health("progressing", f"{_told(early)}; {ready}")
    if old := left_over(scene) if wanted_hashes(scene) else ():
        if workload.strategy_type == "OnDelete":
            return Health("progressing", f"old version until deleted by hand (OnDelete): {named(old)}; {ready}")
        return Health("progressing", f"still to be replaced: {named(old)}; {ready}")
    if late := [pod for pod in active if not pod.ready]:
        return Health("progressing", f"waiting for {named(late)}{state_of(late[0])}; {ready}")
    if behind := behind_in_status(workload):
        return Health("progressing", f"{behind}; {ready}")
    if scene.slices and wanted_hashes(scene) and (behind := behind_in_traffic(scene)):
        return Health("degraded", f"{behind}; {ready}")
    return None


def _told(found: Iterable[Signal]) -> str:
    first, *more = found
    others = {signal.subject for signal in more} - {first.subject}
    also = f" and {len(others)} more" if others else ""
    return f"{first.words.rstrip('.')} ({first.subject}{also})"


def _why_stopped(kind: str) -> str:
    return "no node is meant to run it" if kind == "DaemonSet" else "it is scaled to 0"
