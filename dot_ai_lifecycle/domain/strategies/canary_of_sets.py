"""Canary on a set: a few of its pods become new where they are, watched, then more; the rest follows at the end.

A StatefulSet is held half-way by its partition, which lets its highest ordinals go first; a DaemonSet by `OnDelete`,
under which only the pods that we delete come again as new. No pod is added: the share of the traffic is the share of
the pods, and going back replaces those few again. Whoever dies in between leaves a set that stays as it is.
"""

from dot_ai_lifecycle.core.late import NEW_HASH
from dot_ai_lifecycle.core.plan import Note
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.steps import Observe, Patch, Renew, Step, WayBack
from dot_ai_lifecycle.domain.rolling import autoscaled, resolved
from dot_ai_lifecycle.domain.strategies.canary import WINDOWS, Weights
from dot_ai_lifecycle.domain.strategies.rollout import Pace, Rollout
from dot_ai_lifecycle.domain.strategies.switching import marked, name_of, surged, unmarked

PARTITION = "/spec/updateStrategy/rollingUpdate/partition"
TYPE = "/spec/updateStrategy/type"


def canary_of_set(rollout: Rollout, old_hash: str, weights: Weights, *before_all: Step) -> tuple[Step, ...]:
    """The steps of a canary on a StatefulSet or DaemonSet; `old_hash` is what the pods that serve now carry.

    `before_all` comes when the last weight was watched. Weights that mean the same number of pods are one step.
    """
    counts = list(dict.fromkeys(pods_of(weight, rollout.workload.replicas) for weight in weights.percent))
    by_ordinal = rollout.workload.kind == "StatefulSet"
    moved = _by_ordinal(rollout, counts) if by_ordinal else _by_node(rollout, counts)
    watched = tuple(
        step
        for pods, steps in zip(counts, moved, strict=True)
        for step in (*steps, _watched(rollout, old_hash, weights, pods))
    )
    held = _partition(rollout, counts[-1]) if by_ordinal else _BY_HAND
    return (*watched, *before_all, *_ending(rollout, held))


def pods_of(weight: int, total: int) -> int:
    """How many of `total` pods take at least `weight` percent, one staying old: the least k with k/n ≥ w."""
    return min(total - 1, -(-total * weight // 100))


def notes_on_set(scene: Scene) -> tuple[Note, ...]:
    """What a person should know before a canary on a set is agreed to."""
    rolling, texts = scene.workload.strategy.get("rollingUpdate") or {}, list[str]()
    if scene.workload.kind == "DaemonSet" and rolling.get("maxSurge", 0) not in (0, "0%"):
        texts.append("On the canary's nodes a pod ends before the new one starts: maxSurge holds for the others only.")
    if scene.autoscaler is not None:
        texts.append(f"{autoscaled(scene.autoscaler)} removes the canary's pods first if it scales in meanwhile.")
    return tuple(Note(level="warning", text=text) for text in texts)


_BY_HAND: Pace = {TYPE: "OnDelete"}


def _partition(rollout: Rollout, pods: int) -> Pace:
    return {PARTITION: rollout.workload.replicas - pods}


def _by_ordinal(rollout: Rollout, counts: list[int]) -> list[tuple[Step, ...]]:
    """For each count of pods, the steps until so many of the highest ordinals are new."""
    moved: list[tuple[Step, ...]] = []
    before: Pace | None = None
    for pods in counts:
        after = _partition(rollout, pods)
        words = f"{_spoken(pods)} of the highest ordinals"
        if before is None:
            patch = _begun(rollout, after, f"for {words}")
        else:
            patch = _held(rollout, rollout.at_pace(before, after, f"for {words}"), after)
        moved.append((patch, surged(rollout, pods, NEW_HASH, f"{_spoken(pods)} proven")))
        before = after
    return moved


def _by_node(rollout: Rollout, counts: list[int]) -> list[tuple[Step, ...]]:
    """For each count of pods, the steps until so many nodes have a new one."""
    moved: list[tuple[Step, ...]] = [(_renew(rollout, pods),) for pods in counts]
    return [(_begun(rollout, _BY_HAND, "on nodes that are chosen"), *moved[0]), *moved[1:]]


def _renew(rollout: Rollout, pods: int) -> Renew:
    workload = rollout.workload
    missing = (workload.strategy.get("rollingUpdate") or {}).get("maxUnavailable", 1)
    return Renew(
        ref=workload.ref,
        pods=pods,
        at_once=max(1, resolved(missing, workload.replicas, up=True)),
        ready_for=workload.min_ready_seconds,
        learns=name_of(NEW_HASH),
        within=rollout.within,
        why=f"{_spoken(pods)} proven",
    )


def _begun(rollout: Rollout, held: Pace, words: str) -> Patch:
    patch = rollout.begun(rollout.own(*held), held, f"{rollout.why}, {words}", *marked())
    return _held(rollout, patch, held)


def _held(rollout: Rollout, patch: Patch, held: Pace) -> Patch:
    """The patch, taken back while the set is held half-way: template and pace return in one write."""
    back = rollout.returned(held, rollout.own(*held), "the pod template that was there before", *unmarked())
    return patch.model_copy(update={"back": WayBack(steps=(back,), whole=True)})


def _ending(rollout: Rollout, held: Pace) -> tuple[Step, ...]:
    own = rollout.own(*held)
    patch = rollout.at_pace(held, own, "the strategy is the app's own again: all other pods follow", *unmarked())
    back = rollout.returned(own, own, "the pod template that was there before")
    return patch.model_copy(update={"back": WayBack(steps=(back,), whole=True)}), rollout.served()


def _watched(rollout: Rollout, old_hash: str, weights: Weights, pods: int) -> Observe:
    share = round(100 * pods / rollout.workload.replicas)
    return Observe(
        ref=rollout.workload.ref,
        new=NEW_HASH,
        old=old_hash,
        seconds=weights.seconds / WINDOWS,
        windows=WINDOWS,
        why=f"{share} % of the pods are of the new version",
    )


def _spoken(pods: int) -> str:
    return "1 pod" if pods == 1 else f"{pods} pods"
