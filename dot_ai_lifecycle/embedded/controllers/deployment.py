"""Deployments: bring the wanted template up and the others down, within what the strategy allows."""

from collections.abc import Callable

from dot_ai_lifecycle.embedded.controllers import deployment_sets as sets_of
from dot_ai_lifecycle.embedded.controllers import deployment_status as say
from dot_ai_lifecycle.embedded.controllers.arithmetic import Share, new_set_size, proportional, removable
from dot_ai_lifecycle.embedded.controllers.deployment_sets import DESIRED, MOST, Sets, annotations, count, limits, size
from dot_ai_lifecycle.embedded.controllers.plane import Plane
from dot_ai_lifecycle.embedded.controllers.pods import claimed, finished, terminating
from dot_ai_lifecycle.embedded.controllers.queue import Key, Routine
from dot_ai_lifecycle.embedded.objects import Object
from dot_ai_lifecycle.embedded.selectors import selector_test
from dot_ai_lifecycle.embedded.store import Rejected


def reconcile(plane: Plane, key: Key) -> float | None:
    """One look at one Deployment; the seconds until its progress deadline, if one runs."""
    deployment = plane.get("Deployment", key)
    if deployment is None:
        return None
    picks = selector_test(deployment["spec"]["selector"])
    sets = Sets.sorted(deployment, claimed(plane, deployment, "ReplicaSet", picks))
    status = say.counted(plane, deployment, sets)
    if not terminating(deployment):
        _pausing(plane, deployment, status)
        _advance(plane, deployment, sets, status)
    _report(plane, key, status)
    latest = plane.get("Deployment", key)
    wait = say.deadline_in(plane, latest, latest.get("status") or {}) if latest else None
    return None if wait is None else Routine(wait)


def _advance(plane: Plane, deployment: Object, sets: Sets, status: say.Status) -> None:
    paused = bool(deployment["spec"].get("paused"))
    if paused or _scaled_meanwhile(deployment, sets):
        sets = _with_new(plane, deployment, sets, status, create=False)
        _rescale(plane, deployment, sets)
        if paused:
            _clear(plane, deployment, sets)
    elif deployment["spec"]["strategy"]["type"] == "Recreate":
        _recreate(plane, deployment, sets, status)
    else:
        _roll(plane, deployment, sets, status)


def _report(plane: Plane, key: Key, status: say.Status) -> None:
    deployment = plane.get("Deployment", key)
    if deployment is None:
        return
    sets = Sets.sorted(deployment, plane.index.owned("ReplicaSet", deployment["metadata"]["uid"]))
    carried = {**(deployment.get("status") or {}), "conditions": status["conditions"]}
    fresh = say.counted(plane, {**deployment, "status": carried}, sets)
    if not terminating(deployment) and not deployment["spec"].get("paused"):
        say.progress(plane, deployment, sets, fresh)
    plane.write_status(deployment, {name: value for name, value in fresh.items() if value != 0})


def _pausing(plane: Plane, deployment: Object, status: say.Status) -> None:
    if not say.has_deadline(deployment):
        return
    found, paused = say.find(status, "Progressing"), bool(deployment["spec"].get("paused"))
    if found and found.get("reason") == say.TIMED_OUT:
        return
    was = bool(found and found.get("reason") == "DeploymentPaused")
    if paused and not was:
        say.put(plane, status, "Progressing", "Unknown", "DeploymentPaused", "Deployment is paused")
    elif was and not paused:
        say.put(plane, status, "Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed")


def _scaled_meanwhile(deployment: Object, sets: Sets) -> bool:
    wanted = str(deployment["spec"]["replicas"])
    return any(annotations(one).get(DESIRED, wanted) != wanted for one in sets.active)


def _with_new(plane: Plane, deployment: Object, sets: Sets, status: say.Status, *, create: bool) -> Sets:
    """The sets with the newest one numbered and refreshed, and created if asked for."""
    number = max((sets_of.revision(one) for one in sets.old), default=0) + 1
    if sets.new is not None:
        new = sets_of.refresh(plane, deployment, sets.new, number)
        sets_of.number_deployment(plane, deployment, max(number, sets_of.revision(new)))
        if say.has_deadline(deployment) and say.find(status, "Progressing") is None:
            said = f'Found new replica set "{new["metadata"]["name"]}"'
            say.put(plane, status, "Progressing", "True", "FoundNewReplicaSet", said)
        return Sets(new, sets.old)
    if not create:
        return sets
    return Sets(_created(plane, deployment, sets, status, number), sets.old)


def _created(plane: Plane, deployment: Object, sets: Sets, status: say.Status, number: int) -> Object:
    rolling = deployment["spec"]["strategy"]["type"] == "RollingUpdate"
    wanted = deployment["spec"]["replicas"]
    replicas = new_set_size(limits(deployment), new=0, total=sets.total) if rolling else wanted
    try:
        new = sets_of.create(plane, deployment, number, replicas)
    except Rejected as refused:
        if say.has_deadline(deployment):
            said = f"Failed to create new replica set: {refused.message}"
            say.put(plane, status, "Progressing", "False", "ReplicaSetCreateError", said)
            plane.write_status(deployment, status)
        raise
    if say.has_deadline(deployment):
        said = f'Created new replica set "{new["metadata"]["name"]}"'
        say.put(plane, status, "Progressing", "True", "NewReplicaSetCreated", said)
    sets_of.number_deployment(plane, deployment, number)
    return new


def _rescale(plane: Plane, deployment: Object, sets: Sets) -> None:
    """Follow a changed `replicas`: the one set that has pods, or all of them by their shares."""
    wanted = deployment["spec"]["replicas"]
    if len(sets.active) <= 1:
        only = sets.active[0] if sets.active else (sets.new or (sets.old[-1] if sets.old else None))
        if only is not None:
            sets_of.scale(plane, deployment, only, wanted)
        return
    if sets.new and _saturated(sets.new, wanted):
        for one in sets.old:
            if size(one):
                sets_of.scale(plane, deployment, one, 0)
        return
    if deployment["spec"]["strategy"]["type"] == "RollingUpdate":
        _share_out(plane, deployment, sets)


def _saturated(replica_set: Object, wanted: int) -> bool:
    desired = annotations(replica_set).get(DESIRED, "")
    return (
        size(replica_set) == wanted and desired == str(wanted) and count([replica_set], "availableReplicas") == wanted
    )


def _share_out(plane: Plane, deployment: Object, sets: Sets) -> None:
    allowed = limits(deployment)
    growing = (allowed.most if allowed.replicas else 0) > sets.total
    by_age = sorted(sets.active, key=lambda one: one["metadata"]["creationTimestamp"], reverse=growing)
    ordered = sorted(by_age, key=size, reverse=True)
    fallback = int((deployment.get("status") or {}).get("replicas", 0))
    shares = [Share(one["metadata"]["name"], size(one), int(annotations(one).get(MOST, fallback))) for one in ordered]
    sizes = proportional(shares, allowed)
    for one in ordered:
        sets_of.scale(plane, deployment, one, sizes[one["metadata"]["name"]])


def _roll(plane: Plane, deployment: Object, sets: Sets, status: say.Status) -> None:
    sets = _with_new(plane, deployment, sets, status, create=True)
    if sets.new is None:
        return
    wanted = new_set_size(limits(deployment), new=size(sets.new), total=sets.total)
    if sets_of.scale(plane, deployment, sets.new, wanted):
        return
    if not _shrink_old(plane, deployment, sets):
        _clear(plane, deployment, sets)


def _shrink_old(plane: Plane, deployment: Object, sets: Sets) -> bool:
    """Take away old pods: first those that do not serve anyway, then as many as the floor allows."""
    new, allowed = sets.new, limits(deployment)
    if new is None or not any(size(one) for one in sets.old):
        return False
    free = removable(allowed, total=sets.total, new=size(new), new_available=count([new], "availableReplicas"))
    if free <= 0:
        return False
    smaller, broken = _without(plane, deployment, sets.old, free, _unavailable)
    floor = count([*smaller, new], "availableReplicas") - allowed.least
    _, healthy = _without(plane, deployment, smaller, max(0, floor), size)
    return broken + healthy > 0


def _unavailable(replica_set: Object) -> int:
    return max(0, size(replica_set) - count([replica_set], "availableReplicas"))


def _without(
    plane: Plane, deployment: Object, old: list[Object], most: int, removable_of: Callable[[Object], int]
) -> tuple[list[Object], int]:
    """Shrink old sets, oldest first, by at most `most` pods together; the sets as they are now, and how many went."""
    gone, left = 0, []
    for one in old:
        take = min(removable_of(one), most - gone)
        if take > 0:
            sets_of.scale(plane, deployment, one, size(one) - take)
            gone += take
        meta = one["metadata"]
        left.append(plane.get("ReplicaSet", Key(meta["namespace"], meta["name"])) or one)
    return left, gone


def _recreate(plane: Plane, deployment: Object, sets: Sets, status: say.Status) -> None:
    sets = _with_new(plane, deployment, sets, status, create=False)
    scaled = [sets_of.scale(plane, deployment, one, 0) for one in sets.old if size(one)]
    if any(scaled) or _old_pods_live(plane, sets):
        return
    sets = _with_new(plane, deployment, sets, status, create=True)
    if sets.new is not None:
        sets_of.scale(plane, deployment, sets.new, deployment["spec"]["replicas"])
    _clear(plane, deployment, sets)


def _old_pods_live(plane: Plane, sets: Sets) -> bool:
    pods = [pod for one in sets.old for pod in plane.index.owned("Pod", one["metadata"]["uid"])]
    return any(not finished(pod) for pod in pods)


def _clear(plane: Plane, deployment: Object, sets: Sets) -> None:
    if deployment["spec"].get("paused") or say.complete(deployment, say.counted(plane, deployment, sets)):
        sets_of.clear_away(plane, deployment, sets.old)
