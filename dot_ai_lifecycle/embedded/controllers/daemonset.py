"""DaemonSets: one pod on every node that suits, replaced node by node."""

from dataclasses import dataclass
from typing import Any

from dot_ai_lifecycle.embedded.controllers import revisions
from dot_ai_lifecycle.embedded.controllers.arithmetic import scaled
from dot_ai_lifecycle.embedded.controllers.plane import Plane
from dot_ai_lifecycle.embedded.controllers.pods import (
    available,
    claimed,
    finished,
    from_template,
    next_available,
    ready,
    terminating,
)
from dot_ai_lifecycle.embedded.controllers.queue import Key
from dot_ai_lifecycle.embedded.fitting import CORDONED, selects, tolerates
from dot_ai_lifecycle.embedded.objects import Object
from dot_ai_lifecycle.embedded.selectors import selector_test
from dot_ai_lifecycle.embedded.store import Rejected

SOURCE = "daemonset-controller"
GENERATION = "deprecated.daemonset.template.generation"
_TOLERATED = (
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
)


@dataclass(slots=True)
class Look:
    """One look at a DaemonSet: the revision it wants, the nodes that suit, and the pods by their node."""

    plane: Plane
    mine: Object
    revision: str
    suited: set[str]
    pods: dict[str, list[Object]]

    @property
    def min_ready(self) -> int:
        return int(self.mine["spec"].get("minReadySeconds", 0))

    def new(self, pod: Object) -> bool:
        return bool((pod["metadata"].get("labels") or {}).get(revisions.HASH) == self.revision)

    def serves(self, pod: Object) -> bool:
        return not terminating(pod) and available(self.plane, pod, self.min_ready)


def node_of(pod: Object) -> str:
    """The node a daemon pod runs on or is meant for."""
    if node := pod["spec"].get("nodeName"):
        return str(node)
    rules = ((pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    ) or {}
    for term in rules.get("nodeSelectorTerms") or ():
        for one in term.get("matchFields") or ():
            return str(one["values"][0])
    return ""


def reconcile(plane: Plane, key: Key) -> float | None:
    """One look at one DaemonSet; seconds until a ready pod becomes available."""
    mine = plane.get("DaemonSet", key)
    if mine is None:
        return None
    number = {GENERATION: str(mine["metadata"]["generation"])}
    revision = revisions.current(plane, mine, revisions.HASH, number)
    hashed = revision["metadata"]["labels"][revisions.HASH]
    look = Look(plane, mine, hashed, _suited(plane, mine), _by_node(plane, mine))
    failure = None
    if not terminating(mine):
        try:
            _level(look)
            _roll(look)
        except Rejected as refused:
            failure = refused
    look.pods = _by_node(plane, mine)
    plane.write_status(plane.get("DaemonSet", key) or mine, _status(look))
    used = {f"{key.name}-{(p['metadata'].get('labels') or {}).get(revisions.HASH)}" for p in _all(look)}
    revisions.clear_away(plane, mine, used | {revision["metadata"]["name"]})
    if failure is not None:
        raise failure
    return next_available(plane, _all(look), look.min_ready)


def _all(look: Look) -> list[Object]:
    return [pod for pods in look.pods.values() for pod in pods]


def _by_node(plane: Plane, mine: Object) -> dict[str, list[Object]]:
    found: dict[str, list[Object]] = {}
    for pod in claimed(plane, mine, "Pod", selector_test(mine["spec"]["selector"])):
        found.setdefault(node_of(pod), []).append(pod)
    return found


def _suited(plane: Plane, mine: Object) -> set[str]:
    pod = _pod(mine, "", "")
    pod["spec"]["affinity"] = mine["spec"]["template"]["spec"].get("affinity") or {}
    suited = set()
    for node in plane.index.all("Node"):
        taints = [one for one in node["spec"].get("taints") or () if one["effect"] in ("NoSchedule", "NoExecute")]
        if node["spec"].get("unschedulable"):
            taints.append(CORDONED)
        if selects(pod, node) and all(tolerates(pod, taint) for taint in taints):
            suited.add(node["metadata"]["name"])
    return suited


def _pod(mine: Object, node: str, hashed: str) -> Object:
    labels = {revisions.HASH: hashed, "pod-template-generation": str(mine["metadata"]["generation"])}
    pod = from_template(mine, mine["spec"]["template"], labels=labels)
    affinity = pod["spec"].setdefault("affinity", {}).setdefault("nodeAffinity", {})
    required = affinity.setdefault("requiredDuringSchedulingIgnoredDuringExecution", {})
    field = {"key": "metadata.name", "operator": "In", "values": [node]}
    terms = [{**term, "matchFields": [field]} for term in required.get("nodeSelectorTerms") or [{}]]
    required["nodeSelectorTerms"] = terms
    tolerations = pod["spec"].setdefault("tolerations", [])
    tolerations += [{"key": key, "operator": "Exists", "effect": effect} for key, effect in _TOLERATED]
    return pod


def _level(look: Look) -> None:
    """A pod for every node that suits and has none; none where it does not suit; dead ones away."""
    for node, pods in look.pods.items():
        for pod in pods:
            if finished(pod) and not terminating(pod):
                said = f"Found failed daemon pod {_path(pod)} on node {node}, will try to kill it"
                look.plane.events.warning(look.mine, "FailedDaemonPod", said, source=SOURCE)
                _delete(look, pod)
            elif node not in look.suited and not terminating(pod):
                _delete(look, pod)
    for node in sorted(look.suited):
        if not look.pods.get(node):
            _create(look, node)


def _path(pod: Object) -> str:
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"


def _create(look: Look, node: str) -> None:
    try:
        made = look.plane.store.create(_pod(look.mine, node, look.revision))
    except Rejected as refused:
        said = f"Error creating: {refused.message}"
        look.plane.events.warning(look.mine, "FailedCreate", said, source=SOURCE)
        raise
    said = f"Created pod: {made['metadata']['name']}"
    look.plane.events.normal(look.mine, "SuccessfulCreate", said, source=SOURCE)


def _delete(look: Look, pod: Object) -> None:
    meta = pod["metadata"]
    if look.plane.get("Pod", Key(meta["namespace"], meta["name"])) is not None:
        look.plane.store.delete("Pod", meta["name"], meta["namespace"], uid=meta["uid"])
        look.plane.events.normal(look.mine, "SuccessfulDelete", f"Deleted pod: {meta['name']}", source=SOURCE)


def _roll(look: Look) -> None:
    strategy = look.mine["spec"].get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        return
    rolling = strategy.get("rollingUpdate") or {}
    nodes = len(look.suited)
    surge = scaled(rolling.get("maxSurge", 0), nodes, up=True)
    fewer = scaled(rolling.get("maxUnavailable", 1), nodes, up=True)
    if surge:
        _surge(look, surge)
    else:
        _replace(look, max(1, fewer))


def _replace(look: Look, may_miss: int) -> None:
    """Delete old pods: those that do not serve at once, of the others as many as may be missing."""
    missing, served = 0, []
    for node in sorted(look.suited):
        pods = look.pods.get(node) or []
        old = [pod for pod in pods if not look.new(pod) and not terminating(pod)]
        serving = any(look.serves(pod) for pod in pods)
        if not serving:
            missing += 1
        for pod in old:
            if look.serves(pod):
                served.append(pod)
            else:
                _delete(look, pod)
    for pod in served[: max(0, may_miss - missing)]:
        _delete(look, pod)


def _surge(look: Look, allowed: int) -> None:
    """Set a new pod beside each old one, and take the old one away once the new one serves."""
    beside = 0
    waiting: list[str] = []
    for node in sorted(look.suited):
        pods = look.pods.get(node) or []
        old = [pod for pod in pods if not look.new(pod) and not terminating(pod)]
        new = [pod for pod in pods if look.new(pod) and not terminating(pod)]
        if not old:
            continue
        if any(look.serves(pod) for pod in new):
            for pod in old:
                _delete(look, pod)
        elif new:
            beside += 1
        else:
            waiting.append(node)
    for node in waiting[: max(0, allowed - beside)]:
        _create(look, node)


def _status(look: Look) -> dict[str, Any]:
    on = {node: [pod for pod in pods if not terminating(pod)] for node, pods in look.pods.items()}
    here = {node: on.get(node) or [] for node in look.suited}
    counts = {
        "currentNumberScheduled": sum(bool(pods) for pods in here.values()),
        "numberMisscheduled": sum(bool(pods) for node, pods in on.items() if node not in look.suited),
        "desiredNumberScheduled": len(look.suited),
        "numberReady": sum(any(ready(pod) for pod in pods) for pods in here.values()),
        "updatedNumberScheduled": sum(any(look.new(pod) for pod in pods) for pods in here.values()),
        "numberAvailable": sum(any(look.serves(pod) for pod in pods) for pods in here.values()),
    }
    counts["numberUnavailable"] = counts["desiredNumberScheduled"] - counts["numberAvailable"]
    required = ("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady")
    shown = {name: number for name, number in counts.items() if number or name in required}
    return {"observedGeneration": look.mine["metadata"]["generation"], **shown}
