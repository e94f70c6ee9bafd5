"""The app and its namespace as they stand: Z14, Z15, Z16 and Z25."""

from dot_ai_lifecycle.core.nearby import Scaler
from dot_ai_lifecycle.domain.preflight.case import Case
from dot_ai_lifecycle.domain.preflight.finding import Finding, Fix, fails, ok, told, unknown, warned


def z14(case: Case) -> Finding:
    """Nodes can be drained during the update."""
    if case.seen.depth != "whole":
        return unknown("Z14", "Disruption budgets are not looked at while planning; `dot-ai check` does.")
    if "poddisruptionbudgets" in case.scene.unread:
        return unknown("Z14", "You may not list PodDisruptionBudgets here.")
    tight = [budget.name for budget in case.scene.budgets if not budget.allowed and case.replicas]
    if tight:
        words = (
            f"Disruption budget {', '.join(tight)} allows no pod to be evicted now: nodes cannot be drained meanwhile."
        )
        return told("Z14", words, *(f"{budget.name}: {budget.bound}" for budget in case.scene.budgets))
    if not case.scene.budgets and case.replicas > 1 and case.workload.kind != "DaemonSet":
        words = "It has no disruption budget: draining nodes may take all of its pods at once."
        fix = Fix("Add a PodDisruptionBudget with maxUnavailable 1. It does not limit updates, only evictions.")
        return told("Z14", words, fix=fix)
    return ok("Z14", "Disruption budgets do not stand in the way; they do not limit updates.")


def z15(case: Case) -> Finding:
    """Nothing else changes the number or the size of pods meanwhile."""
    if "horizontalpodautoscalers" in case.scene.unread:
        return unknown("Z15", "You may not list HorizontalPodAutoscalers here.")
    mine = [scaler for scaler in case.seen.scalers or () if _of(scaler, case)]
    evicting = [scaler.name for scaler in mine if scaler.kind == "VerticalPodAutoscaler" and scaler.mode != "Off"]
    if evicting:
        words = f"VerticalPodAutoscaler {', '.join(evicting)} may evict pods to resize them while they are replaced."
        return warned("Z15", words, fix=Fix("Set its updateMode to Off or Initial for the time of the update."))
    names = [f"HorizontalPodAutoscaler {case.scene.autoscaler.name}"] if case.scene.autoscaler else []
    names += [f"{scaler.kind} {scaler.name}" for scaler in mine if scaler.kind == "ScaledObject"]
    if names:
        return told("Z15", f"{' and '.join(names)} decides the number of pods: an update leaves replicas alone.")
    return ok("Z15", "No autoscaler changes its pods.")


def _of(scaler: Scaler, case: Case) -> bool:
    return (scaler.target_kind, scaler.target_name) == (case.workload.kind, case.workload.name)


def z16(case: Case) -> Finding:
    """Nothing is under way already, and its controller acts."""
    workload = case.workload
    if workload.deleting:
        return fails("Z16", "It is being deleted.")
    if workload.paused:
        command = f"kubectl rollout resume deployment/{workload.name} -n {workload.namespace}"
        return fails("Z16", "It is paused: its controller rolls out nothing.", fix=Fix(f"Resume it: {command}"))
    holder = case.seen.holder
    if holder is not None and holder.expires_in(case.scene.now) > 0:
        since = holder.since.strftime("%H:%M UTC")
        words = f"{holder.actor} is changing it since {since} (operation {holder.operation})."
        return fails("Z16", words, fix=Fix("Wait until that operation has ended."))
    if moving := _moving(case):
        return _while_moving(case, moving)
    return ok("Z16", "All of its pods are of one version and ready.")


def _moving(case: Case) -> str:
    workload, wanted = case.workload, case.replicas
    if not workload.generation_seen or workload.updated_replicas < wanted:
        return f"An earlier change is still under way: {workload.updated_replicas} of {wanted} pods have it."
    if workload.ready_replicas < wanted:
        return f"It is not healthy now: {workload.ready_replicas} of {wanted} pods are ready."
    return ""


def _while_moving(case: Case, words: str) -> Finding:
    """Two whole revisions need one whole revision to begin with; a rolling update goes over what is there."""
    fix = Fix("Wait until it is healthy, or let the update roll over it.")
    return fails("Z16", words, fix=fix) if case.strategy != "rolling" else warned("Z16", words, fix=fix)


def z25(case: Case) -> Finding:
    """The namespace lives, and we may change the app."""
    workload, space, trial = case.workload, case.seen.space, case.seen.trial
    if (space and space.phase == "Terminating") or (trial.outcome == "refused" and trial.by == "terminating"):
        return fails("Z25", f"Namespace {workload.namespace} is being deleted: nothing new can be put into it.")
    if case.seen.may_patch is False:
        plural = workload.ref.of_kind.plural
        fix = Fix(f"Ask for a Role with the verb patch on {plural} there.")
        return fails("Z25", f"You may not patch {plural} in namespace {workload.namespace}.", fix=fix)
    if space is None and case.seen.depth == "whole" and trial.outcome == "unknown":
        return unknown("Z25", f"Whether the namespace is being deleted was not seen. {case.why_unread('namespaces')}")
    return ok("Z25", "The namespace takes new pods, and you may change the app." if case.seen.may_patch else
              "Nothing says that the namespace is being deleted.")  # fmt: skip
