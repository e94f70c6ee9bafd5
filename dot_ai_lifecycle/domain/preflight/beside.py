"""Pods that keep their own kind away: required anti-affinity, spread rules, ports of the host, and volumes.

Each bounds how many more pods of the app can stand beside those that run.
"""

from collections import Counter
from collections.abc import Iterator

from dot_ai_lifecycle.core.conditions.sides import is_active
from dot_ai_lifecycle.core.objects import Machine
from dot_ai_lifecycle.core.selectors import matches
from dot_ai_lifecycle.core.workload import HASH_LABEL, Manifest
from dot_ai_lifecycle.domain.preflight.case import Case
from dot_ai_lifecycle.domain.preflight.fitting import chosen_by, tolerated, usable
from dot_ai_lifecycle.domain.preflight.room import Room

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
UNBOUNDED = Room(None)


def rooms_beside(case: Case) -> tuple[Room, ...]:
    """What each rule of the app against its own pods leaves room for."""
    return (*_apart(case), *_spread(case), _ports(case))


def self_apart(template: Manifest) -> Iterator[Manifest]:
    """The required anti-affinity terms by which pods of a template keep away from any pod of their own app.

    Terms that count only pods of the same revision (`matchLabelKeys` with the hash label) do not stand in the way.
    """
    affinity = ((template.get("spec") or {}).get("affinity") or {}).get("podAntiAffinity") or {}
    labels = (template.get("metadata") or {}).get("labels") or {}
    for term in affinity.get(REQUIRED) or ():
        alike = term.get("labelSelector") is not None and matches(term["labelSelector"], labels)
        if alike and HASH_LABEL not in (term.get("matchLabelKeys") or ()):
            yield term


def _apart(case: Case) -> Iterator[Room]:
    """Old pods keep new ones away by their own rule, so the templates that run count as much as the new one."""
    keys = {
        str(term.get("topologyKey", "")): None
        for template in (case.template, *case.running)
        for term in self_apart(template)
    }
    for key in keys:
        nodes = _nodes(case)
        if nodes is None:
            yield Room(None, known=False)
            continue
        domains = {node.labels[key] for node in nodes if key in node.labels}
        free = domains - {place.labels[key] for place in _places(case) if key in place.labels}
        why = f"its anti-affinity allows one pod per {key}, and {len(domains - free)} of {len(domains)} have one"
        yield Room(len(free), why)


def _spread(case: Case) -> Iterator[Room]:
    """Domains that take no pods count as the emptiest unless the rule says otherwise: the others soon are full."""
    labels = (case.template.get("metadata") or {}).get("labels") or {}
    for rule in case.spec.get("topologySpreadConstraints") or ():
        hard = rule.get("whenUnsatisfiable", "DoNotSchedule") == "DoNotSchedule"
        own = rule.get("labelSelector") is not None and matches(rule["labelSelector"], labels)
        if not hard or not own or HASH_LABEL in (rule.get("matchLabelKeys") or ()):
            continue
        yield _within_skew(case, rule)


def _within_skew(case: Case, rule: Manifest) -> Room:
    nodes = case.seen.nodes
    if nodes is None:
        return Room(None, known=False)
    key = str(rule.get("topologyKey", ""))
    counted = [node for node in nodes if key in node.labels and chosen_by(case.spec, node)]
    if rule.get("nodeTaintsPolicy") == "Honor":
        counted = [node for node in counted if tolerated(node, case.spec)]
    domains = {node.labels[key] for node in counted}
    open_ = {node.labels[key] for node in counted if usable(node, case.spec)}
    dead = domains - open_
    if not dead:
        return UNBOUNDED
    stand = Counter(place.labels[key] for place in _places(case) if key in place.labels)
    most = min(stand[domain] for domain in dead) + int(rule.get("maxSkew", 1))
    pods = sum(max(0, most - stand[domain]) for domain in open_)
    named = ", ".join(sorted(dead)[:3])
    return Room(
        pods, f"its spread over {key} counts {named}, which take no pods, and so fills the others only to {most}"
    )


def _ports(case: Case) -> Room:
    """Of one port of a host there is one on each node."""
    wanted = host_ports(case.spec)
    if not wanted:
        return UNBOUNDED
    nodes = _nodes(case)
    if nodes is None:
        return Room(None, known=False)
    ports = ", ".join(map(str, sorted(wanted)))
    taken = {
        pod.node
        for pod in case.scene.pods
        if is_active(pod) and any(host_ports(template.get("spec") or {}) & wanted for template in case.running)
    }
    free = [node for node in nodes if node.name not in taken]
    return Room(len(free), f"it takes port {ports} of its node, and {len(free)} of {len(nodes)} nodes have it free")


def host_ports(spec: Manifest) -> set[int]:
    """The ports of the node a pod wants for itself; with hostNetwork every declared port is one."""
    network = bool(spec.get("hostNetwork"))
    ports = [port for one in spec.get("containers") or () for port in one.get("ports") or ()]
    found = {port.get("hostPort") or (port.get("containerPort") if network else None) for port in ports}
    return {int(port) for port in found if port}


def _nodes(case: Case) -> list[Machine] | None:
    """The nodes that take such pods; None where nodes are not known."""
    return None if case.seen.nodes is None else [node for node in case.seen.nodes if usable(node, case.spec)]


def _places(case: Case) -> list[Machine]:
    """The node of each pod of the app that stands, once for each pod."""
    known = {node.name: node for node in case.seen.nodes or ()}
    return [known[pod.node] for pod in case.scene.pods if is_active(pod) and pod.node in known]
