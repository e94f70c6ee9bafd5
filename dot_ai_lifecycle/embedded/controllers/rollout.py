"""Rollouts of Argo Rollouts, where their definition is installed: canary steps and blue-green, pauses, abort, restart.

Analyses, experiments and traffic routers are left out. What is here agrees with the real controller as far as the
contract suite asks both (tests/contract/test_argo_rollouts.py).
"""

from dot_ai_lifecycle.embedded.controllers import rollout_blue_green as blue_green
from dot_ai_lifecycle.embedded.controllers import rollout_canary as canary
from dot_ai_lifecycle.embedded.controllers import rollout_sets as sets_of
from dot_ai_lifecycle.embedded.controllers import rollout_status as say
from dot_ai_lifecycle.embedded.controllers.deployment_sets import count
from dot_ai_lifecycle.embedded.controllers.plane import Plane
from dot_ai_lifecycle.embedded.controllers.pods import active, terminating
from dot_ai_lifecycle.embedded.controllers.queue import Key, Routine
from dot_ai_lifecycle.embedded.controllers.rollout_sets import Sets, available, hash_of, limits, replicas, steps
from dot_ai_lifecycle.embedded.controllers.rollout_status import Status
from dot_ai_lifecycle.embedded.objects import Object


def reconcile(plane: Plane, key: Key) -> float | None:
    """One look at one Rollout; seconds until time alone changes something."""
    rollout = plane.get("Rollout", key)
    if rollout is None or terminating(rollout) or "template" not in rollout["spec"]:
        return None
    before = rollout.get("status") or {}
    sets = Sets.of(plane, rollout)
    sets_of.annotated(plane, rollout, sets_of.REVISION, str(sets_of.revision(sets.new)))
    rollout = plane.get("Rollout", key) or rollout
    status, wait = say.base(rollout, sets), None
    if (before.get("currentPodHash"), before.get("currentStepHash")) != (hash_of(sets.new), say.step_hash(rollout)):
        say.reset(rollout, status)
    elif not _restarting(plane, rollout, sets, status):
        wait = _advanced(plane, rollout, sets, status)
        sets_of.limit_history(plane, rollout, sets.others)
    late = say.conditions(plane, rollout, sets, status)
    say.persist(plane, rollout, status)
    return wait if wait is not None else None if late is None else Routine(late)


def _advanced(plane: Plane, rollout: Object, sets: Sets, status: Status) -> float | None:
    wait = None
    if status.get("abort"):
        _aborted(plane, rollout, status)
    if "blueGreen" in rollout["spec"]["strategy"]:
        wait = blue_green.reconcile(plane, rollout, sets, status)
        done = blue_green.promoted(sets, status) and not status.get("abort")
    else:
        halted = bool(rollout["spec"].get("paused"))
        if not halted and not canary.scaled(plane, rollout, sets, status):
            wait = canary.step(plane, rollout, sets, status)
        done = _all_steps(rollout, sets, status)
    if done or (sets.stable is None and available(sets.new) == replicas(rollout)):
        _promoted(rollout, status)
    return wait


def _all_steps(rollout: Object, sets: Sets, status: Status) -> bool:
    over = status.get("promoteFull") or status.get("currentStepIndex", len(steps(rollout))) == len(steps(rollout))
    return bool(over) and not status.get("abort") and available(sets.new) == replicas(rollout)


def _aborted(plane: Plane, rollout: Object, status: Status) -> None:
    for name in ("pauseConditions", "controllerPause"):
        status.pop(name, None)
    status.setdefault("abortedAt", plane.stamp())
    if many := len(steps(rollout)):
        status["currentStepIndex"] = many if status.get("stableRS") == status["currentPodHash"] else 0


def _promoted(rollout: Object, status: Status) -> None:
    for name in ("pauseConditions", "controllerPause", "promoteFull", "abort", "abortedAt"):
        status.pop(name, None)
    status["stableRS"] = status["currentPodHash"]
    if many := len(steps(rollout)):
        status["currentStepIndex"] = many


def _restarting(plane: Plane, rollout: Object, sets: Sets, status: Status) -> bool:
    """Evict pods older than `restartAt`, as few at once as may be missing; whether any was, so that counts are old."""
    wanted = rollout["spec"].get("restartAt")
    if not wanted or status.get("restartedAt") == wanted or plane.since(wanted) < 0:
        return False
    pods = [pod for one in sets.all for pod in plane.index.owned("Pod", one["metadata"]["uid"])]
    old = [pod for pod in pods if active(pod) and pod["metadata"]["creationTimestamp"] < wanted]
    if not old:
        status["restartedAt"] = wanted
        return False
    at_once = max(1, limits(rollout).unavailable)
    spare = count(sets.all, "availableReplicas") - (max(replicas(rollout), sets.total) - at_once)
    for pod in old[: max(0, spare)]:
        meta = pod["metadata"]
        plane.store.delete("Pod", meta["name"], meta["namespace"], uid=meta["uid"])
    return spare > 0
