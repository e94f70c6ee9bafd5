"""Whether a node would take a pod: labels, taints and affinity, as the scheduler's filters decide."""

from collections.abc import Mapping, Sequence

from dot_ai_lifecycle.core.objects import Machine
from dot_ai_lifecycle.core.selectors import matches
from dot_ai_lifecycle.core.workload import Manifest

UNSCHEDULABLE = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
KEEPS_AWAY = ("NoSchedule", "NoExecute")


def usable(node: Machine, spec: Manifest) -> bool:
    """Whether the node takes new pods of that spec, as far as it has room."""
    return node.ready and chosen_by(spec, node) and tolerated(node, spec)


def tolerated(node: Machine, spec: Manifest) -> bool:
    """Whether the spec tolerates what the node keeps pods away with; a cordon counts as a taint."""
    cordon = (UNSCHEDULABLE,) if node.cordoned else ()
    taints = [taint for taint in (*node.taints, *cordon) if taint.get("effect") in KEEPS_AWAY]
    return all(_tolerates(spec.get("tolerations") or (), taint) for taint in taints)


def _tolerates(tolerations: Sequence[Manifest], taint: Manifest) -> bool:
    for one in tolerations:
        if one.get("effect") not in (None, "", taint.get("effect")):
            continue
        if one.get("operator") == "Exists":
            if one.get("key", "") in ("", taint.get("key")):
                return True
        elif one.get("key") == taint.get("key") and one.get("value", "") == taint.get("value", ""):
            return True
    return False


def chosen_by(spec: Manifest, node: Machine) -> bool:
    """Whether nodeSelector and required node affinity accept the node."""
    if not (spec.get("nodeSelector") or {}).items() <= node.labels.items():
        return False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    terms = required.get("nodeSelectorTerms") or ()
    return not required or any(_accepts(term, node) for term in terms)


def _accepts(term: Manifest, node: Machine) -> bool:
    """One term: all of its rules; one without any accepts nothing, as in Kubernetes."""
    by_label, by_field = term.get("matchExpressions") or (), term.get("matchFields") or ()
    if not by_label and not by_field:
        return False
    fields = {"metadata.name": node.name}
    return all(_rule(rule, node.labels) for rule in by_label) and all(_rule(rule, fields) for rule in by_field)


def _rule(rule: Manifest, labels: Mapping[str, str]) -> bool:
    if rule["operator"] not in ("Gt", "Lt"):
        return matches({"matchExpressions": [rule]}, labels)
    value, bound = labels.get(rule["key"], ""), (rule.get("values") or ("",))[0]
    if not value.lstrip("-").isdigit() or not bound.lstrip("-").isdigit():
        return False
    return int(value) > int(bound) if rule["operator"] == "Gt" else int(value) < int(bound)
