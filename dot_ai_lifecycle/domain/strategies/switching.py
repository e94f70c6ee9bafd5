"""Traffic before pods: a gated Deployment keeps two whole revisions, and its Services say which of them is asked.

The gate is a `minReadySeconds` that never passes: new pods serve, but never count as available, so the controller
neither removes old pods nor goes on. All of it stands in the objects themselves: whoever dies in between leaves an app
that serves, and anybody can go on. A pod leaves its Services before it ends, so a missing drain hook costs nothing.
"""

from dot_ai_lifecycle.core.late import NEW_HASH, OPERATION, late
from dot_ai_lifecycle.core.objects import Service
from dot_ai_lifecycle.core.pointers import pointer
from dot_ai_lifecycle.core.refs import SERVICE, ref_to
from dot_ai_lifecycle.core.steps import Await, Edit, Patch, Step, WayBack
from dot_ai_lifecycle.core.workload import HASH_LABEL
from dot_ai_lifecycle.domain.strategies.rollout import DEADLINE, MARK, MIN_READY, SURGE, UNAVAILABLE, Pace, Rollout

NEVER = 2147483646
"""Seconds of `minReadySeconds` that never pass: the greatest value that leaves room for a deadline above it."""

OLD_HASH = late("old-hash")
"""The hash of the revision that a way back brought up again."""

PINNED = pointer("spec", "selector", HASH_LABEL)
WHOLE = "100%"

SETTLES = 30.0
"""Seconds for endpoints to follow a selector; they do in one or two."""

PROXIES = 5.0
"""Seconds for every node's proxy to follow the endpoints, before a pod that they left may end: they are reprogrammed
once a second at most, and 3 s were enough in every run measured."""


def gate(surge: int | str) -> Pace:
    """The pace that holds `surge` new pods beside all old ones."""
    return {MIN_READY: NEVER, DEADLINE: NEVER + 1, SURGE: surge, UNAVAILABLE: 0}


def own_pace(rollout: Rollout) -> Pace:
    """The app's own values of the fields that a gate sets."""
    return rollout.own(MIN_READY, DEADLINE, SURGE, UNAVAILABLE)


def marked() -> tuple[Edit, ...]:
    """The annotation that says whose the pace is for a time."""
    return (Edit(path=MARK, new=OPERATION),)


def unmarked() -> tuple[Edit, ...]:
    return (Edit(path=MARK, old=OPERATION),)


def beside(rollout: Rollout, surge: int | str, why: str) -> Patch:
    """The template changed behind a gate for so many new pods, which no Service sends to: taken back, they just end."""
    begun = rollout.begun(own_pace(rollout), gate(surge), why, *marked())
    back = begun.inverse("the old version alone is wanted: new pods end")
    return begun.model_copy(update={"back": WayBack(steps=(back, rollout.served("the old version alone serves")))})


def sending(rollout: Rollout) -> tuple[Service, ...]:
    """The Services that send traffic to the app's pods."""
    return tuple(s for s in rollout.scene.services if s.selector and s.type != "ExternalName")


def pinned(rollout: Rollout, before: object, after: object, why: str) -> tuple[Patch, ...]:
    """Every Service from one revision to another; None is any revision."""
    return tuple(
        Patch(
            ref=ref_to(SERVICE, service.name, service.namespace, service.uid),
            edits=(Edit(path=PINNED, old=before, new=after),),
            why=f"{service.name} {why}",
        )
        for service in sending(rollout)
    )


def led_back(patches: tuple[Patch, ...], *proof: Step) -> tuple[Patch, ...]:
    """Patches of Services whose way back ends in that proof once the first of them, the last to go back, is undone."""
    if not patches:
        return ()
    first = patches[0]
    back = WayBack(steps=(first.inverse("send where it sent before"), *proof))
    return (first.model_copy(update={"back": back}), *patches[1:])


def routed(rollout: Rollout, to: object, why: str, settle: float = 0) -> tuple[Step, ...]:
    """Wait until every Service sends to that revision alone, and the proxies know; no step where there is none."""
    names = tuple(service.name for service in sending(rollout))
    if not names:
        return ()
    ref = rollout.workload.ref
    within = SETTLES + settle
    return (Await(ref=ref, until="routed", services=names, to=to, settle=settle, within=within, why=why),)


def surged(rollout: Rollout, pods: int | None, learns: object, why: str) -> Await:
    """Wait until so many new pods (None: all) are proven; their revision's hash is known as `learns` from then on."""
    return Await(
        ref=rollout.workload.ref,
        until="surged",
        pods=pods,
        ready_for=rollout.workload.min_ready_seconds,
        learns=name_of(learns),
        within=rollout.within,
        why=why,
    )


def name_of(value: object) -> str:
    """The name of a late value."""
    return str(value["late"]) if isinstance(value, dict) else ""


def committed(rollout: Rollout, surge: int | str) -> tuple[Step, ...]:
    """The ending: the Services, pinned to the new revision, lose the old one, and are unpinned.

    The way back from there brings the old revision up beside the new one first.
    """
    commit = rollout.at_pace(
        gate(surge), own_pace(rollout), "the strategy is the app's own again: old pods end", *unmarked()
    )
    return (
        commit.model_copy(update={"back": WayBack(steps=brought_back(rollout), whole=True)}),
        rollout.served(),
        *pinned(rollout, NEW_HASH, None, "sends to every pod of the app again"),
        rollout.served("it serves through its own Services"),
    )


def brought_back(rollout: Rollout) -> tuple[Step, ...]:
    """The way back once old pods may have ended, with the Services pinned to the new revision."""
    own = own_pace(rollout)
    up_again = "the old version comes up beside the new one"
    return (
        rollout.returned(own, gate(WHOLE), "the pod template that was there before", *marked()),
        surged(rollout, None, OLD_HASH, up_again),
        *pinned(rollout, NEW_HASH, OLD_HASH, "sends to the old version again"),
        *routed(rollout, OLD_HASH, "the old version alone is asked", PROXIES),
        rollout.at_old_pace(gate(WHOLE), own, "the strategy is the app's own again", *unmarked()),
        rollout.served("the old version alone serves"),
        *pinned(rollout, OLD_HASH, None, "sends to every pod of the app again"),
        rollout.served("the old version serves through its own Services"),
    )


def aborted(rollout: Rollout, old_hash: str, surge: int | str) -> tuple[Step, ...]:
    """The way back while every old pod stands and serves: new pods leave the Services before they end."""
    back = rollout.returned(
        gate(surge), own_pace(rollout), "the old version alone is wanted: new pods end", *unmarked()
    )
    return (
        *pinned(rollout, None, old_hash, "sends to the old version alone"),
        *routed(rollout, old_hash, "the new pods are asked no more", PROXIES),
        back,
        rollout.served("the old version alone serves"),
        *pinned(rollout, old_hash, None, "sends to every pod of the app again"),
        rollout.served("the old version serves through its own Services"),
    )
