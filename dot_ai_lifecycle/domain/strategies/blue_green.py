"""Blue-green on one Deployment: a whole new set beside the old one, then the Services switch, then the old set ends."""

from dot_ai_lifecycle.core.late import NEW_HASH
from dot_ai_lifecycle.core.steps import Await, Step
from dot_ai_lifecycle.domain.strategies.rollout import Rollout
from dot_ai_lifecycle.domain.strategies.switching import (
    PROXIES,
    WHOLE,
    beside,
    committed,
    led_back,
    pinned,
    routed,
    surged,
)


def blue_green(
    rollout: Rollout, old_hash: str, *before_switch: Step, after_switch: tuple[Step, ...] = ()
) -> tuple[Step, ...]:
    """The steps of a blue-green change; `old_hash` is the pod-template-hash of the revision that serves now.

    `before_switch` are checks of the new set while nobody is served by it, `after_switch` while the old one still
    stands. Until the switch a failure costs nothing; until the end of `after_switch` the way back takes seconds.
    """
    return (
        *prepared(rollout, old_hash),
        proven(rollout),
        *before_switch,
        *switched(rollout, old_hash),
        *after_switch,
        *committed(rollout, WHOLE),
    )


def prepared(rollout: Rollout, old_hash: str) -> tuple[Step, ...]:
    """The Services pinned to the old pods, and a whole new set asked for beside them."""
    return (
        *led_back(
            pinned(rollout, None, old_hash, "sends to the old version alone"),
            rollout.served("it serves through its own Services"),
        ),
        *routed(rollout, old_hash, "the old version alone is asked"),
        beside(rollout, WHOLE, f"{rollout.why}, beside the old pods"),
    )


def proven(rollout: Rollout) -> Await:
    """Wait until the whole new set is ready."""
    return surged(rollout, None, NEW_HASH, "a whole new set is proven beside the old one")


def switched(rollout: Rollout, old_hash: str) -> tuple[Step, ...]:
    """All traffic from the old pods to the new ones."""
    return (
        *led_back(
            pinned(rollout, old_hash, NEW_HASH, "sends to the new version"),
            *routed(rollout, old_hash, "the old version alone is asked", PROXIES),
        ),
        *routed(rollout, NEW_HASH, "the new version alone is asked", PROXIES),
    )
