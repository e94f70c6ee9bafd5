"""Canary on one Deployment: a few new pods beside all old ones, watched, then more; the Services switch at the end.

The share of the traffic is the share of the pods, as the Services spread requests evenly over both. Old pods stay whole
all the while, so that going back takes seconds and no pod has to start.
"""

from msgspec import Struct

from dot_ai_lifecycle.core.late import NEW_HASH
from dot_ai_lifecycle.core.steps import Await, Observe, Patch, Step, WayBack
from dot_ai_lifecycle.domain.strategies.rollout import Rollout
from dot_ai_lifecycle.domain.strategies.switching import (
    PROXIES,
    WHOLE,
    aborted,
    beside,
    committed,
    gate,
    led_back,
    marked,
    own_pace,
    pinned,
    routed,
    surged,
)

WINDOWS = 2
"""Looks in one step: what two of them agree on condemns a version, one alone does not."""


class Weights(Struct, frozen=True):
    """Shares of the traffic in percent, each above the one before and at most 50, and seconds to watch each."""

    percent: tuple[int, ...] = (10, 25, 50)
    seconds: float = 60


def pods_for(weight: int, replicas: int) -> int:
    """How many new pods beside `replicas` old ones take at least `weight` percent: the least k with k/(n+k) ≥ w."""
    return min(replicas, -(-replicas * weight // (100 - weight)))


def canary(
    rollout: Rollout, old_hash: str, weights: Weights, *before_switch: Step, unseen: tuple[Step, ...] = ()
) -> tuple[Step, ...]:
    """The steps of a canary; `old_hash` is the pod-template-hash of the revision that serves now.

    `before_switch` comes when the last weight was watched, `unseen` while the first new pods stand and nobody is served
    by them yet. Weights that mean the same number of pods are one step.
    """
    counts = dict.fromkeys(pods_for(weight, rollout.workload.replicas) for weight in weights.percent)
    steps: list[Step] = []
    before: int | str | None = None
    for pods in counts:
        first = unseen and before is None
        steps += _apart(rollout, old_hash, pods, unseen) if first else [_widened(rollout, old_hash, before, pods)]
        steps += _watched(rollout, old_hash, weights, pods)
        before = pods
    return (*steps, *before_switch, *_ending(rollout, old_hash, before))


def _apart(rollout: Rollout, old_hash: str, pods: int, unseen: tuple[Step, ...]) -> tuple[Step, ...]:
    """The first new pods, which the Services send to only once all that is `unseen` is done."""
    return (
        *led_back(
            pinned(rollout, None, old_hash, "sends to the old version alone"),
            rollout.served("it serves through its own Services"),
        ),
        *routed(rollout, old_hash, "the old version alone is asked"),
        beside(rollout, pods, f"{rollout.why}, {_spoken(pods)} beside the old ones"),
        surged(rollout, pods, NEW_HASH, f"{_spoken(pods)} proven"),
        *unseen,
        *led_back(
            pinned(rollout, old_hash, None, "sends to the new pods too"),
            *routed(rollout, old_hash, "the old version alone is asked", PROXIES),
        ),
    )


def _ending(rollout: Rollout, old_hash: str, before: int | str | None) -> tuple[Step, ...]:
    return (
        _widened(rollout, old_hash, before, WHOLE),
        surged(rollout, None, NEW_HASH, "a whole new set is proven beside the old one"),
        *pinned(rollout, None, NEW_HASH, "sends to the new version alone"),
        *routed(rollout, NEW_HASH, "the new version alone is asked", PROXIES),
        *committed(rollout, WHOLE),
    )


def _widened(rollout: Rollout, old_hash: str, before: int | str | None, after: int | str) -> Patch:
    """The gate opened for so many new pods; the first time the template changes with it."""
    if before is None:
        why = f"{rollout.why}, {_spoken(after)} beside the old ones"
        patch = rollout.begun(own_pace(rollout), gate(after), why, *marked())
    else:
        patch = rollout.at_pace(gate(before), gate(after), f"{_spoken(after)} beside the old ones")
    back = WayBack(steps=aborted(rollout, old_hash, after), whole=True)
    return patch.model_copy(update={"back": back})


def _spoken(pods: int | str) -> str:
    return "a whole new set" if pods == WHOLE else "1 new pod" if pods == 1 else f"{pods} new pods"


def _watched(rollout: Rollout, old_hash: str, weights: Weights, pods: int) -> tuple[Await, Observe]:
    share = round(100 * pods / (rollout.workload.replicas + pods))
    return (
        surged(rollout, pods, NEW_HASH, f"{_spoken(pods)} proven"),
        Observe(
            ref=rollout.workload.ref,
            new=NEW_HASH,
            old=old_hash,
            seconds=weights.seconds / WINDOWS,
            windows=WINDOWS,
            why=f"{share} % of the traffic meets the new version",
        ),
    )
