"""Whether a pod and a node suit each other: requests, selectors, taints, and pods that keep away from each other."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from dot_ai_lifecycle.embedded.objects import Object
from dot_ai_lifecycle.embedded.quantities import bytes_of, millicores
from dot_ai_lifecycle.embedded.selectors import selector_test

HOSTNAME = "kubernetes.io/hostname"
CORDONED = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


@dataclass(frozen=True, slots=True)
class Demand:
    """What a pod asks of a node: millicores, bytes, and one place."""

    cpu: int
    memory: int

    @classmethod
    def of(cls, pod: Object) -> "Demand":
        """Requests of all containers together, or of the largest init container where that is more; sidecars add up."""
        spec = pod["spec"]
        cpu = memory = first_cpu = first_memory = 0
        for one in spec.get("initContainers") or ():
            asked = _requests(one)
            if one.get("restartPolicy") == "Always":
                cpu, memory = cpu + asked[0], memory + asked[1]
            else:
                first_cpu, first_memory = max(first_cpu, asked[0]), max(first_memory, asked[1])
        for one in spec["containers"]:
            asked = _requests(one)
            cpu, memory = cpu + asked[0], memory + asked[1]
        return cls(max(cpu, first_cpu), max(memory, first_memory))


def _requests(container: Object) -> tuple[int, int]:
    asked = (container.get("resources") or {}).get("requests") or {}
    return millicores(asked.get("cpu")), bytes_of(asked.get("memory"))


def tolerates(pod: Object, taint: Object) -> bool:
    """Whether a pod tolerates a taint."""
    for one in pod["spec"].get("tolerations") or ():
        if one.get("effect") and one["effect"] != taint["effect"]:
            continue
        if one.get("operator") == "Exists" and one.get("key", "") in ("", taint["key"]):
            return True
        if one.get("key") == taint["key"] and one.get("value", "") == taint.get("value", ""):
            return True
    return False


def selects(pod: Object, node: Object) -> bool:
    """Whether a pod's nodeSelector and required node affinity accept a node."""
    labels = node["metadata"].get("labels") or {}
    if not (pod["spec"].get("nodeSelector") or {}).items() <= labels.items():
        return False
    required = _affinity(pod, "nodeAffinity")
    terms = (required or {}).get("nodeSelectorTerms") if isinstance(required, dict) else None
    if not terms:
        return True
    return any(_term(term, labels, node["metadata"]["name"]) for term in terms)


def _term(term: Object, labels: dict[str, str], name: str) -> bool:
    fields = {"metadata.name": name}
    by_labels = selector_test({"matchExpressions": term.get("matchExpressions") or []})(labels)
    return by_labels and selector_test({"matchExpressions": term.get("matchFields") or []})(fields)


def _affinity(pod: Object, which: str) -> Any:
    rules = (pod["spec"].get("affinity") or {}).get(which) or {}
    return rules.get("requiredDuringSchedulingIgnoredDuringExecution")


def repels(pod: Object, other: Object) -> bool:
    """Whether `pod` refuses to share a host with `other`."""
    for term in _affinity(pod, "podAntiAffinity") or ():
        spaces: Iterable[str] = term.get("namespaces") or (pod["metadata"]["namespace"],)
        if term.get("topologyKey") != HOSTNAME or other["metadata"]["namespace"] not in spaces:
            continue
        selector = dict(term.get("labelSelector") or {})
        mine = pod["metadata"].get("labels") or {}
        same = {key: mine[key] for key in term.get("matchLabelKeys") or () if key in mine}
        selector["matchLabels"] = {**(selector.get("matchLabels") or {}), **same}
        if selector_test(selector)(other["metadata"].get("labels") or {}):
            return True
    return False


def host_ports(pod: Object) -> set[int]:
    """The ports of the node a pod wants for itself."""
    return {
        port["hostPort"] for one in pod["spec"]["containers"] for port in one.get("ports") or () if port.get("hostPort")
    }
