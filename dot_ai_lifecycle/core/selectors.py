"""Label selectors, decided here where one listing serves many apps."""

from collections.abc import Mapping

from dot_ai_lifecycle.core.workload import Manifest


def matches(selector: Manifest, labels: Mapping[str, str]) -> bool:
    """Whether a labelSelector object selects those labels. An empty selector selects everything, as in Kubernetes."""
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    return all(_holds(rule, labels) for rule in selector.get("matchExpressions") or ())


def _holds(rule: Manifest, labels: Mapping[str, str]) -> bool:
    present, value = rule["key"] in labels, labels.get(rule["key"])
    match rule["operator"]:
        case "In":
            return present and value in rule["values"]
        case "NotIn":
            return not present or value not in rule["values"]
        case "Exists":
            return present
        case _:
            return not present
