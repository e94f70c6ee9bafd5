"""Rolling: one new pod is proven first, then as many as may come at once, and no old pod goes before a new one serves.

As fast as the default of 25 % each way without its dip in capacity, and twice as fast as 25 % and 0.
"""

from dot_ai_lifecycle.core.late import NEW_HASH
from dot_ai_lifecycle.core.steps import Await, Patch, Step, WayBack
from dot_ai_lifecycle.domain.rolling import resolved, rolling_steps
from dot_ai_lifecycle.domain.strategies.rollout import SURGE, UNAVAILABLE, Pace, Rollout, paced
from dot_ai_lifecycle.domain.strategies.switching import beside, gate, own_pace, surged, unmarked

_OWN = "it serves at its own pace"


def rolling(rollout: Rollout, most: int | None = None) -> tuple[Step, ...]:
    """The steps of a rolling change; `most` is how many pods may be added at once (None: as many as there are).

    What Kubernetes paces in its own way (sets, Recreate), and what is at its best already, keeps the app's own pace.
    """
    workload = rollout.workload
    wanted = workload.replicas
    at_once = wanted if most is None else min(wanted, most)
    if workload.kind != "Deployment" or workload.strategy_type != "RollingUpdate" or wanted == 0:
        return rolling_steps(workload, rollout.edits, why=rollout.why, cause=rollout.cause, within=rollout.within)
    if at_once == 0:
        return _without_room(rollout)
    if _best(rollout) and at_once == wanted:
        return rolling_steps(workload, rollout.edits, why=rollout.why, cause=rollout.cause, within=rollout.within)
    return _in_bursts(rollout, at_once)


def _without_room(rollout: Rollout) -> tuple[Step, ...]:
    """No pod more fits: one old pod makes room for a new one at a time."""
    own, one = rollout.own(SURGE, UNAVAILABLE), {SURGE: 0, UNAVAILABLE: 1}
    begun = rollout.begun(own, one, f"{rollout.why}, one pod at a time: there is no room for another")
    restored = _restored(rollout, one, own)
    return _takes_back(rollout, begun, one, one), rollout.served(), restored, rollout.served(_OWN)


def _best(rollout: Rollout) -> bool:
    """Whether the app's own pace loses nothing and takes one round."""
    own, wanted = rollout.own(SURGE, UNAVAILABLE), rollout.workload.replicas
    surge = resolved(_bound(own[SURGE]), wanted, up=True)
    return surge >= wanted and resolved(_bound(own[UNAVAILABLE]), wanted, up=False) == 0


def _bound(value: object) -> int | str:
    return value if isinstance(value, int | str) else "25%"


def _in_bursts(rollout: Rollout, at_once: int) -> tuple[Step, ...]:
    own = rollout.own(SURGE, UNAVAILABLE)
    one: Pace = {SURGE: 1, UNAVAILABLE: 0}
    many: Pace = {SURGE: at_once, UNAVAILABLE: 0}
    first = Await(
        ref=rollout.workload.ref,
        until="surged",
        pods=1,
        ready_for=rollout.workload.min_ready_seconds,
        within=rollout.within,
        why="one pod of the new revision proves itself before the others come",
    )
    begun = _takes_back(rollout, rollout.begun(own, one, rollout.why), one, many)
    if at_once == 1:
        return begun, rollout.served(), _restored(rollout, one, own), rollout.served(_OWN)
    return (
        begun,
        first,
        _takes_back(rollout, rollout.at_pace(one, many, f"up to {at_once} new pods at once"), many, many),
        rollout.served(),
        _restored(rollout, many, own),
        rollout.served(_OWN),
    )


def probe(rollout: Rollout) -> tuple[Patch, Await]:
    """One pod of the new revision beside all old ones, held there by a gate, and its proof."""
    begun = beside(rollout, 1, f"{rollout.why}, one pod beside the old ones")
    return begun, surged(rollout, 1, NEW_HASH, "one pod of the new revision proves itself")


def burst(rollout: Rollout, most: int | None = None) -> tuple[Step, ...]:
    """What follows a `probe`: all other pods, at most `most` at once."""
    wanted = rollout.workload.replicas
    at_once = wanted if most is None else max(1, min(wanted, most))
    own = own_pace(rollout)
    many = {**own, SURGE: at_once, UNAVAILABLE: 0}
    opened = rollout.at_pace(gate(1), many, f"the gate is opened: up to {at_once} new pods at once", *unmarked())
    rolled = (_takes_back(rollout, opened, many, many), rollout.served())
    return (*rolled, _restored(rollout, many, own), rollout.served(_OWN)) if paced(many, own) else rolled


def _takes_back(rollout: Rollout, patch: Patch, now: Pace, many: Pace) -> Patch:
    """The patch, taken back as it was made: old pods return before new ones go."""
    return patch.model_copy(update={"back": WayBack(steps=_way_back(rollout, now, many), whole=True)})


def _restored(rollout: Rollout, now: Pace, own: Pace) -> Patch:
    patch = rollout.at_pace(now, own, "the strategy is the app's own again")
    return patch.model_copy(update={"back": WayBack(steps=_way_back(rollout, own, now), whole=True)})


def _way_back(rollout: Rollout, now: Pace, many: Pace) -> tuple[Step, ...]:
    own = rollout.own(SURGE, UNAVAILABLE)
    return (
        rollout.returned(now, many, "the pod template that was there before"),
        rollout.served("the old version serves again"),
        rollout.at_old_pace(many, own, "the strategy is the app's own again"),
        rollout.served("the old version serves at its own pace"),
    )
