"""Is the wanted version the one that serves, everywhere, and alone?

kubectl's own rules, and beyond them: every pod of the new revision Ready for `minReadySeconds`, no pod of an old one
that nobody asked to end, and every Service sending to the new pods only. kubectl returns while Services still point at
old pods and counts a pod as good that has just come back from a crash.
"""

from datetime import datetime

from dot_ai_lifecycle.core.conditions.reading import Foreign, Gone, Met, Reading, Waiting
from dot_ai_lifecycle.core.conditions.sides import left_over, rightful, wanted_hashes
from dot_ai_lifecycle.core.conditions.status import behind_in_status
from dot_ai_lifecycle.core.conditions.traffic import behind_in_traffic
from dot_ai_lifecycle.core.conditions.words import named, pods_in, state_of, version_of
from dot_ai_lifecycle.core.pods import Pod
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.workload import Workload, digest_of, without_hash

RECOVERED_AFTER = 10.0
"""Seconds a container that has crashed must run before its Ready is believed: the kubelet's first back-off."""


def rolled_out(scene: Scene, template: str = "") -> Reading:
    """Whether the wanted template serves and nothing else of this workload does.

    `template` is the digest of the pod template that must still be wanted (Foreign otherwise); without one, whatever is
    wanted now. The scene must hold revisions, pods, Services and their slices.
    """
    workload = scene.workload
    early = not_begun(scene, template)
    if early is not None:
        return early
    reading = _stopped(scene) if workload.replicas == 0 else _running(scene)
    if isinstance(reading, Waiting) and workload.paused:
        words = f"the Deployment is paused, no pod is replaced until it is resumed; {reading.words}"
        return Waiting(words, reading.done, reading.total)
    return reading


def not_begun(scene: Scene, template: str) -> Reading | None:
    """What there is to say before pods are looked at: gone, somebody else's now, not yet seen by its controller."""
    workload = scene.workload
    if workload.deleting:
        return Gone(f"{workload.ref} is being deleted.")
    if template and workload.template_digest != template:
        return Foreign(_changed(scene, template))
    if not workload.generation_seen:
        return Waiting(f"the {workload.kind} controller has not looked at the change yet", 0, workload.replicas)
    return None


def _stopped(scene: Scene) -> Reading:
    kept = [pod for pod in scene.pods if not pod.deleting and pod.phase not in ("Failed", "Succeeded")]
    if kept:
        return Waiting(f"still to be stopped: {named(kept)}")
    counted = int(scene.workload.status.get("replicas", 0)) if scene.workload.kind != "DaemonSet" else 0
    if counted:
        return Waiting(f"the {scene.workload.kind} controller still counts {pods_in(counted)}")
    return Met("no pods are wanted, and none serves" + _draining(scene))


def _running(scene: Scene) -> Reading:
    workload, total, version = scene.workload, scene.workload.replicas, version_of(scene.workload)
    if not wanted_hashes(scene):
        return Waiting(f"the {workload.kind} controller has not begun {version} yet", 0, total)
    right = rightful(scene)
    waits = {pod.name: steady_in(pod, workload.min_ready_seconds, scene.now) for pod in right}
    done = sum(1 for wait in waits.values() if wait == 0)
    late = [pod for pod in right if waits[pod.name] != 0]
    if done < total or late:
        timed = [wait for wait in waits.values() if wait]
        return Waiting(_unready(scene, done, late), done, total, check_in=min(timed, default=None))
    if len(right) > total:
        return Waiting(f"{len(right) - total} of {len(right)} pods of {version} still to be stopped", total, total)
    if old := left_over(scene):
        return Waiting(_old_ones(workload, old, version), done, total)
    if behind := behind_in_status(workload) or behind_in_traffic(scene):
        return Waiting(f"{_all(total)} of {version} ready; {behind}", done, total)
    return Met(f"{_serving(scene, right, version)}{_draining(scene)}", total)


def _serving(scene: Scene, right: tuple[Pod, ...], version: str) -> str:
    total, hashes = len(right), wanted_hashes(scene)
    new = sum(1 for pod in right if pod.revision in hashes)
    if new < total:
        serve = "serves" if new == 1 else "serve"
        return f"{new} of {pods_in(total)} {serve} {version}, the {total - new} below the partition keep their version"
    return f"{_all(total)} of {version} serve{'s' if total == 1 else ''}"


def steady_in(pod: Pod, ready_for: int, now: datetime) -> float | None:
    """Seconds until a pod is believed to be Ready for good; 0 where it is, None where only an event can tell."""
    if not pod.ready:
        return None
    waits = [0.0]
    if ready_for > 0:
        waits.append(_left(pod.ready_since, ready_for, now))
    waits += [
        _left(container.since, RECOVERED_AFTER, now)
        for container in pod.containers
        if container.restarts and container.phase == "running" and not container.init and container.since is not None
    ]
    return max(waits)


def _left(since: datetime | None, seconds: float, now: datetime) -> float:
    return seconds if since is None else max(0.0, seconds - (now - since).total_seconds())


def _unready(scene: Scene, done: int, late: list[Pod]) -> str:
    workload = scene.workload
    missing = workload.replicas - done - len(late)
    steady = [pod for pod in late if pod.ready]
    starting = [pod for pod in late if not pod.ready]
    parts = [f"{done} of {pods_in(workload.replicas)} of {version_of(workload)} ready"]
    if starting:
        parts.append(f"waiting for {named(starting)}{state_of(starting[0])}")
    if steady:
        parts.append(f"{named(steady)} must stay ready a little longer")
    if missing > 0:
        parts.append(_missing(scene, missing))
    return "; ".join(parts)


def _missing(scene: Scene, missing: int) -> str:
    old = left_over(scene)
    if scene.workload.strategy_type == "OnDelete" and old:
        return _old_ones(scene.workload, old, version_of(scene.workload))
    return f"{missing} still to come"


def _old_ones(workload: Workload, old: tuple[Pod, ...], version: str) -> str:
    if workload.strategy_type == "OnDelete":
        return f"its updateStrategy is OnDelete, so {named(old)} will run {version} only after being deleted by hand"
    return f"{_all(workload.replicas)} of {version} ready; still to be replaced: {named(old)}"


def _draining(scene: Scene) -> str:
    leaving = sum(1 for pod in scene.pods if pod.deleting)
    return f" ({pods_in(leaving)} still ending)" if leaving else ""


def _all(total: int) -> str:
    return "the one pod" if total == 1 else f"all {total} pods"


def _changed(scene: Scene, template: str) -> str:
    workload = scene.workload
    ours = next((one.template for one in scene.revisions if digest_of(without_hash(one.template)) == template), None)
    if ours is None:
        now = ", ".join(f"{name}={image}" for name, image in workload.images.items())
        return f"Somebody changed the pod template of {workload.ref}; it now wants {now}."
    meant = {c["name"]: c.get("image", "") for c in (ours.get("spec") or {}).get("containers") or ()}
    differ = [
        f"{name}: {meant.get(name, 'none')} became {workload.images.get(name, 'none')}"
        for name in dict.fromkeys([*meant, *workload.images])
        if meant.get(name) != workload.images.get(name)
    ]
    what = "; ".join(differ) if differ else "the images are the same, other fields differ"
    return f"Somebody changed the pod template of {workload.ref} ({what})."
