"""Z20: admission takes the new pods."""

from dot_ai_lifecycle.core.looking import for_pods
from dot_ai_lifecycle.core.nearby import Hook
from dot_ai_lifecycle.core.selectors import matches
from dot_ai_lifecycle.domain.preflight.case import Case
from dot_ai_lifecycle.domain.preflight.finding import Finding, Fix, fails, ok, unknown
from dot_ai_lifecycle.domain.preflight.limits import against_limits

ELSEWHERE = ("quota", "terminating")
"""Refusals that other checks report."""


def z20(case: Case) -> Finding:
    """The cluster's policies and webhooks take a pod of the new template."""
    trial = case.seen.trial
    if trial.outcome == "admitted":
        return ok("Z20", "The cluster would take a pod of the new template (asked by a dry run).")
    if trial.outcome == "refused" and trial.by not in ELSEWHERE:
        fix = Fix("Change the pod template as these words say, or the policy.")
        return fails("Z20", f"The cluster refuses pods of the new template: {trial.words}", fix=fix)
    if deaf := [hook for hook in case.seen.hooks or () if hook.service in case.seen.deaf and _asked(hook, case)]:
        place = "/".join(deaf[0].service or ())
        words = f"Webhook {deaf[0].name} must answer for every new pod, and no pod of its Service {place} is ready."
        return fails("Z20", words, fix=Fix("Repair the webhook's pods, or its configuration."))
    if beyond := against_limits(case.spec, case.seen.limit_ranges or ()):
        return fails("Z20", f"The limits of the namespace refuse the new pods: {beyond[0]}.", *beyond[1:])
    if trial.outcome == "refused":
        return unknown("Z20", "A quota or the namespace refused the pod before all policies were asked.")
    return unknown("Z20", f"Whether policies take the new pods is not known. {trial.words}".strip())


def _asked(hook: Hook, case: Case) -> bool:
    """Whether a webhook is asked for the app's pods."""
    labels = (case.template.get("metadata") or {}).get("labels") or {}
    namespace = case.seen.space.labels if case.seen.space else {}
    return for_pods(hook) and matches(hook.objects, labels) and matches(hook.namespaces, namespace)
