"""The pace of the update: Z01, Z02, Z05, Z09, Z17, Z27."""

from dot_ai_lifecycle.core.steps import Edit
from dot_ai_lifecycle.core.workload import Workload
from dot_ai_lifecycle.domain.preflight.arithmetic import own_pace
from dot_ai_lifecycle.domain.preflight.case import Case
from dot_ai_lifecycle.domain.preflight.finding import Finding, Fix, fails, loses, ok, told, warned
from dot_ai_lifecycle.domain.preflight.headroom import headroom
from dot_ai_lifecycle.domain.preflight.volumes import volume_room

CALM = 5
"""Seconds a pod should stay ready before it counts: most early crashes come sooner (updates guide of Argo Rollouts)."""

SLOW_FACTOR = 3
"""A deadline below three times of what a start took calls a slow start a failure."""

KEEPS = 3
"""Revisions to keep, so that the one before the last good one can still be gone back to."""


def z01(case: Case) -> Finding:
    """Pods are replaced a few at a time."""
    workload = case.workload
    if unfit := _unfit(case):
        fix = Fix("Let the update roll instead.")
        return fails("Z01", f"A {case.strategy} update is not possible: {unfit}.", fix=fix)
    match workload.strategy_type:
        case "OnDelete":
            edit = Edit(path="/spec/updateStrategy/type", old="OnDelete", new="RollingUpdate")
            fix = Fix("Set updateStrategy.type to RollingUpdate.", "edits", (edit,))
            return fails("Z01", "Its strategy is OnDelete: pods change only when somebody deletes them.", fix=fix)
        case "Recreate" if workload.replicas and case.strategy == "blue-green":
            return warned("Z01", _BY_CLONE)
        case "Recreate" if workload.replicas:
            return _recreated(case)
        case found:
            return ok("Z01", f"Its pods are replaced by the strategy {found}.")


_BY_CLONE = (
    "Its strategy is Recreate: a clone serves while its own pods are replaced. Two versions run side by side then, "
    "so make sure they can."
)


def _unfit(case: Case) -> str:
    """Why two whole revisions cannot stand side by side; empty where they can, or need not."""
    if engine := case.workload.engine:
        return "" if case.strategy == "rolling" else f"{engine} decides how its pods are replaced"
    if case.strategy == "blue-green" and case.workload.kind != "Deployment":
        return f"a {case.workload.kind} keeps no second set of pods"
    return "its strategy is Recreate" if case.strategy == "canary" and case.workload.strategy_type == "Recreate" else ""


def _recreated(case: Case) -> Finding:
    seconds = case.start_seconds
    lasts = f"for about {max(1, round(seconds))} s, as long as its pods took to start" if seconds is not None else ""
    words = f"Its strategy Recreate ends every pod before the first new one starts: it is down {lasts}".rstrip() + "."
    room = volume_room(case)
    if room.pods == 0:
        fix = Fix(f"There is a reason for it, {room.why}: plan for the downtime, or use a volume that pods can share.")
    else:
        edit = Edit(path="/spec/strategy/type", old="Recreate", new="RollingUpdate")
        fix = Fix("Set strategy.type to RollingUpdate, if two versions may run side by side.", "edits", (edit,))
    return loses("Z01", words, fix=fix) if case.served is not False else warned("Z01", words, fix=fix)


def z02(case: Case) -> Finding:
    """No pod is missing while the update runs."""
    workload, wanted, pace = case.workload, case.replicas, own_pace(case.workload)
    if workload.engine:
        return ok("Z02", f"{workload.engine} decides how many pods come and go at once{_style(workload)}.")
    if not wanted:
        return ok("Z02", "It is scaled to 0, so no pod can be missing.")
    if workload.strategy_type != "RollingUpdate":
        return ok("Z02", f"The strategy {workload.strategy_type} has no pace of its own.")
    if workload.kind != "Deployment":
        return _in_place(case, pace.surge, pace.unavailable)
    room = headroom(case)
    if room.pods == 0:
        return _without_room(case, room.why)
    evidence = f"maxSurge and maxUnavailable of {wanted} replicas: {pace.surge} more, {pace.unavailable} missing"
    if not pace.unavailable:
        return ok("Z02", "No pod ends before a new one serves.", evidence)
    words = f"Its own strategy lets {_of(pace.unavailable, wanted)} be missing while pods are replaced."
    fix = Fix("No pod is let go before a new one serves: the update sets that for its own time.", "strategy")
    return loses("Z02", words, evidence, fix=fix)


def _style(workload: Workload) -> str:
    return f" ({workload.strategy_type})" if workload.kind == "Rollout" else ""


def _without_room(case: Case, why: str) -> Finding:
    wanted = case.replicas
    what = "it is down while its only pod is replaced" if wanted == 1 else f"1 of {wanted} pods is missing at a time"
    words = f"There is no room for an extra pod, so {what}: {why}."
    return _by_traffic(case, words, Fix("Make room for one more pod, then no pod has to go first."))


def _in_place(case: Case, surge: int, missing: int) -> Finding:
    workload, wanted = case.workload, case.replicas
    if surge:
        return ok("Z02", f"On each node a new pod serves before the old one ends ({surge} at once).")
    if workload.kind == "DaemonSet":
        words = f"On each node the pod is missing while it is replaced, on {_of(missing, wanted, 'nodes')} at a time."
        edit = Edit(path="/spec/updateStrategy/rollingUpdate/maxSurge", old=_surge(case), new=1)
        return _by_traffic(case, words, _surging_daemons(case, edit))
    if wanted == 1:
        words = "A StatefulSet replaces a pod in its place, and this is its only one: it is down meanwhile."
        return _by_traffic(case, words, Fix("Run 2 replicas or more, if the application can."))
    words = f"A StatefulSet replaces pods in their place: {_of(missing, wanted)} is missing at a time."
    return _by_traffic(case, words, None)


def _surge(case: Case) -> object:
    return (case.workload.strategy.get("rollingUpdate") or {}).get("maxSurge")


def _surging_daemons(case: Case, edit: Edit) -> Fix | None:
    """maxSurge 1 and maxUnavailable 0 belong together; a port of the host cannot be had twice."""
    from_now = (case.workload.strategy.get("rollingUpdate") or {}).get("maxUnavailable", 1)
    ports = any(port.get("hostPort") for one in case.spec.get("containers") or () for port in one.get("ports") or ())
    if ports or case.spec.get("hostNetwork"):
        return None
    path = "/spec/updateStrategy/rollingUpdate/maxUnavailable"
    return Fix("Set maxSurge 1 and maxUnavailable 0.", "edits", (edit, Edit(path=path, old=from_now, new=0)))


def _by_traffic(case: Case, words: str, fix: Fix | None) -> Finding:
    """Where nobody sends requests, none is lost."""
    return warned("Z02", words, fix=fix) if case.served is False else loses("Z02", words, fix=fix)


def _of(some: int, all_: int, what: str = "pods") -> str:
    return f"{some} of {all_} {what}"


def z05(case: Case) -> Finding:
    """A pod has to stay ready for a moment before it counts."""
    seconds = case.workload.min_ready_seconds
    if seconds >= CALM:
        return ok("Z05", f"A new pod counts only after {seconds} s of being ready.")
    words = (
        f"A new pod counts after {seconds} s of being ready: one that fails right after that is not noticed in time."
    )
    edit = Edit(path="/spec/minReadySeconds", old=case.workload.spec.get("minReadySeconds"), new=CALM)
    fix = Fix(f"Set minReadySeconds to {CALM}; each round of the update then takes as much longer.", "edits", (edit,))
    return told("Z05", words, fix=fix)


def z09(case: Case) -> Finding:
    """More than one pod serves."""
    if case.replicas > 1:
        return ok("Z09", f"{case.replicas} pods serve.")
    if case.replicas == 0:
        return told("Z09", "It is scaled to 0: the update is made, but no pod proves that the version works.")
    words = "It has one pod: an update can be lossless, but it is down whenever its node fails or is drained."
    return told("Z09", words, fix=Fix("Run 2 replicas or more."))


def z17(case: Case) -> Finding:
    """The progress deadline leaves time for a normal start."""
    workload = case.workload
    deadline, start = workload.spec.get("progressDeadlineSeconds"), case.start_seconds
    if workload.kind != "Deployment" or deadline is None:
        return ok("Z17", "Kubernetes sets no deadline here; the update has its own.")
    if start is None:
        return ok("Z17", f"Kubernetes calls the update late after {deadline} s without progress.")
    least = round(SLOW_FACTOR * start) + workload.min_ready_seconds
    if deadline > least:
        return ok("Z17", f"Kubernetes calls the update late after {deadline} s; its pods took about {start:.0f} s.")
    words = f"Kubernetes calls the update late after {deadline} s, and its pods took about {start:.0f} s to start."
    edit = Edit(path="/spec/progressDeadlineSeconds", old=deadline, new=max(600, 2 * least))
    return warned("Z17", words, fix=Fix(f"Set progressDeadlineSeconds to {edit.new}.", "edits", (edit,)))


def z27(case: Case) -> Finding:
    """Earlier revisions are kept, to go back to."""
    kept = case.workload.spec.get("revisionHistoryLimit", 10)
    if kept >= 2:
        return ok("Z27", f"{kept} earlier revisions are kept.")
    words = "No earlier revision is kept" if kept == 0 else "Only one earlier revision is kept"
    edit = Edit(path="/spec/revisionHistoryLimit", old=kept, new=KEEPS)
    fix = Fix(f"Set revisionHistoryLimit to {KEEPS} or more.", "edits", (edit,))
    return warned("Z27", f"{words}: what an update replaces can hardly be gone back to.", fix=fix)
