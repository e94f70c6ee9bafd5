"""Words to OpenKruise Rollouts: a pause is approved in the status, a step is jumped to there, and the spec holds all.

They are the fields its own documentation and command line name (rollouts.kruise.io/v1beta1, `kubectl kruise rollout`).
It has no field for an abort: a Deployment that asks for its stable pod template again is one.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from dot_ai_lifecycle.core.set_for_a_time import given_back, held
from dot_ai_lifecycle.core.steps import Edit

Manifest = Mapping[str, Any]

_PAUSED = "/spec/strategy/paused"


def words(rollout: Manifest, word: str) -> tuple[Edit, ...]:
    """What says that word to a Rollout as it stands now; nothing where it does so already, or has no such word."""
    match word:
        case "pause":
            return held(rollout, {_PAUSED: True})
        case "promote":
            return (*held(rollout, {_PAUSED: False}), *_approved(rollout))
        case "full":
            return (*held(rollout, {_PAUSED: False}), *(tuple(_jumped(rollout)) or tuple(_approved(rollout))))
        case "abort":
            return held(rollout, {_PAUSED: False})
        case "restore":
            return given_back(rollout, (_PAUSED,))
        case _:
            return ()


def of_this_update(rollout: Manifest) -> Edit:
    """What has to hold still for a word to reach the update it was meant for."""
    key, status = sub_status(rollout)
    name = "updatedRevision" if key == "blueGreenStatus" else "canaryRevision"
    seen = status.get(name) or None
    return Edit(path=f"/status/{key}/{name}", old=seen, new=seen)


def sub_status(rollout: Manifest) -> tuple[str, Manifest]:
    """The part of the status that its style of rollout writes: its name, and what is in it."""
    status = rollout.get("status") or {}
    key = "blueGreenStatus" if status.get("blueGreenStatus") else "canaryStatus"
    return key, status.get(key) or {}


def steps_of(rollout: Manifest) -> list[Manifest]:
    """The steps of its strategy, whatever its style."""
    strategy = (rollout.get("spec") or {}).get("strategy") or {}
    return list((strategy.get("blueGreen") or strategy.get("canary") or {}).get("steps") or ())


def _approved(rollout: Manifest) -> Iterator[Edit]:
    key, status = sub_status(rollout)
    if status.get("currentStepState") == "StepPaused":
        yield Edit(path=f"/status/{key}/currentStepState", old="StepPaused", new="StepReady")


def _jumped(rollout: Manifest) -> Iterator[Edit]:
    """To the last step, where that is not the next one anyway: what follows it is left to the engine."""
    key, status = sub_status(rollout)
    now, following, last = status.get("currentStepIndex") or 0, status.get("nextStepIndex"), len(steps_of(rollout))
    under_way = (rollout.get("status") or {}).get("phase") == "Progressing"
    if under_way and 0 < now < last - 1 and following != last:
        yield Edit(path=f"/status/{key}/nextStepIndex", old=following, new=last)
