"""Which node a pod goes to, or the real scheduler's sentence for why there is none."""

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from dot_ai_lifecycle.embedded.controllers.index import owner_of
from dot_ai_lifecycle.embedded.controllers.plane import Plane
from dot_ai_lifecycle.embedded.controllers.pods import finished, terminating
from dot_ai_lifecycle.embedded.controllers.queue import Key
from dot_ai_lifecycle.embedded.fitting import CORDONED, Demand, host_ports, repels, selects, tolerates
from dot_ai_lifecycle.embedded.objects import Object
from dot_ai_lifecycle.embedded.quantities import bytes_of, millicores

SOURCE = "default-scheduler"
_HELPED_BY_PREEMPTION = ("Insufficient", "Too many", "didn't match pod anti-affinity", "didn't satisfy existing")
_NEVER = " at all"
"""Marks a demand beyond the whole node, which no eviction can meet; it is not part of the message."""


@dataclass(slots=True)
class Load:
    """What is taken on one node."""

    cpu: int = 0
    memory: int = 0
    pods: dict[str, tuple[Demand, Object]] = field(default_factory=dict)
    kin: Counter[str] = field(default_factory=Counter)
    """How many pods of each owner (by uid) are here."""
    choosy: set[str] = field(default_factory=set)
    """The uids of pods that keep others away or want a port of the host."""

    def put(self, pod: Object) -> None:
        uid = pod["metadata"]["uid"]
        if uid in self.pods:
            self.pods[uid] = (self.pods[uid][0], pod)
            return
        demand = Demand.of(pod)
        self.pods[uid] = (demand, pod)
        self.cpu, self.memory = self.cpu + demand.cpu, self.memory + demand.memory
        self.kin[owner_uid(pod)] += 1
        if choosy(pod):
            self.choosy.add(uid)

    def drop(self, uid: str) -> bool:
        found = self.pods.pop(uid, None)
        if found is None:
            return False
        self.cpu, self.memory = self.cpu - found[0].cpu, self.memory - found[0].memory
        self.kin[owner_uid(found[1])] -= 1
        self.choosy.discard(uid)
        return True


def owner_uid(pod: Object) -> str:
    """The uid of what controls the pod; empty for a pod of its own."""
    owner = owner_of(pod)
    return str(owner["uid"]) if owner else ""


def choosy(pod: Object) -> bool:
    """Whether the pod cares for its neighbours."""
    return bool((pod["spec"].get("affinity") or {}).get("podAntiAffinity")) or bool(host_ports(pod))


class Scheduler:
    """Binds pods to nodes; pods that fit nowhere wait until a node or another pod changes."""

    def __init__(self, plane: Plane, *, seed: int = 0) -> None:
        self._plane = plane
        self._random = random.Random(seed)
        self._loads: dict[str, Load] = {}
        self._waiting: dict[Key, None] = {}

    def note(self, pod: Object, *, gone: bool) -> None:
        """Keep account of what is taken where; called with every change of a pod."""
        node = pod["spec"].get("nodeName")
        if not node:
            return
        if gone or finished(pod):
            if node in self._loads and self._loads[node].drop(pod["metadata"]["uid"]):
                self.retry()
        else:
            self._loads.setdefault(node, Load()).put(pod)

    def retry(self) -> None:
        """Something was freed or added: let all waiting pods try again."""
        for key in self._waiting:
            self._plane.wake("scheduler", key)

    def load(self, node: str) -> Load:
        return self._loads.get(node) or Load()

    def reconcile(self, plane: Plane, key: Key) -> float | None:
        """Bind one pod, or say why not."""
        pod = plane.get("Pod", key)
        if pod is None or pod["spec"].get("nodeName") or terminating(pod) or finished(pod):
            self._waiting.pop(key, None)
            return None
        if pod["spec"].get("schedulingGates") or pod["spec"].get("schedulerName", SOURCE) != SOURCE:
            return None
        if why := self._claims_missing(pod):
            self._unschedulable(pod, key, why)
            return None
        nodes = list(plane.index.all("Node"))
        demand = Demand.of(pod)
        verdicts = [(node, self._objection(pod, demand, node)) for node in nodes]
        fit = [node for node, objection in verdicts if objection is None]
        if fit:
            self._bind(pod, key, min(fit, key=lambda node: self._score(pod, node)))
        else:
            self._unschedulable(pod, key, refusal(len(nodes), [why for _, why in verdicts if why]))
        return None

    # choosing

    def _objection(self, pod: Object, demand: Demand, node: Object) -> str | None:
        if node["spec"].get("unschedulable") and not tolerates(pod, CORDONED):
            return "node(s) were unschedulable"
        taints = [t for t in node["spec"].get("taints") or () if t["effect"] in ("NoSchedule", "NoExecute")]
        taint = next((t for t in taints if not tolerates(pod, t) and t["key"] != CORDONED["key"]), None)
        if taint:
            return f"node(s) had untolerated taint {{{taint['key']}: {taint.get('value', '')}}}"
        if not selects(pod, node):
            return "node(s) didn't match Pod's node affinity/selector"
        return self._full(demand, node) or self._crowded(pod, node)

    def _full(self, demand: Demand, node: Object) -> str | None:
        room, load = node["status"].get("allocatable") or {}, self.load(node["metadata"]["name"])
        if len(load.pods) + 1 > int(room.get("pods", 110)):
            return "Too many pods"
        for what, asked, taken, all_ in (
            ("cpu", demand.cpu, load.cpu, millicores(room.get("cpu"))),
            ("memory", demand.memory, load.memory, bytes_of(room.get("memory"))),
        ):
            if asked and taken + asked > all_:
                return f"Insufficient {what}" + (_NEVER if asked > all_ else "")
        return None

    def _crowded(self, pod: Object, node: Object) -> str | None:
        """Required podAntiAffinity, of this pod against those there and of those there against this pod; host ports."""
        load = self.load(node["metadata"]["name"])
        mine, ports = choosy(pod), host_ports(pod)
        near = load.pods if mine else load.choosy
        others = [load.pods[uid][1] for uid in near]
        if ports and any(ports & host_ports(other) for other in others):
            return "node(s) didn't have free ports for the requested pod ports"
        if mine and any(repels(pod, other) for other in others):
            return "node(s) didn't match pod anti-affinity rules"
        if any(repels(other, pod) for other in others):
            return "node(s) didn't satisfy existing pods anti-affinity rules"
        return None

    def _score(self, pod: Object, node: Object) -> tuple[float, ...]:
        """Few of its own kind first, then the least loaded, then by chance."""
        load = self.load(node["metadata"]["name"])
        cpu = millicores((node["status"].get("allocatable") or {}).get("cpu")) or 1
        return load.kin[owner_uid(pod)], load.cpu / cpu, len(load.pods), self._random.random()

    def _claims_missing(self, pod: Object) -> str:
        """Why its volumes hold the pod back, in the scheduler's words; empty when they do not."""
        for volume in pod["spec"].get("volumes") or ():
            name = (volume.get("persistentVolumeClaim") or {}).get("claimName")
            claim = self._plane.get("PersistentVolumeClaim", Key(pod["metadata"]["namespace"], name)) if name else None
            if name and claim is None:
                return _held_back(self._plane, f'persistentvolumeclaim "{name}" not found')
            if claim and (claim.get("status") or {}).get("phase") != "Bound":
                return _held_back(self._plane, "pod has unbound immediate PersistentVolumeClaims")
        return ""

    # acting

    def _bind(self, pod: Object, key: Key, node: Object) -> None:
        name = node["metadata"]["name"]

        def bind(fresh: Object) -> None:
            fresh["spec"]["nodeName"] = name

        bound = self._plane.store.edit("Pod", key.name, key.namespace, bind, subresource="binding")
        self._waiting.pop(key, None)
        said = f"Successfully assigned {key.namespace}/{key.name} to {name}"
        self._plane.events.normal(bound, "Scheduled", said, source=SOURCE, action="Binding")
        others = [one for one in (bound.get("status") or {}).get("conditions") or () if one["type"] != "PodScheduled"]
        self._plane.write_status(
            bound, {**(bound.get("status") or {}), "conditions": [*others, self._condition(scheduled=True)]}
        )

    def _condition(self, *, scheduled: bool, why: str = "") -> dict[str, Any]:
        fresh = {
            "type": "PodScheduled",
            "status": "True" if scheduled else "False",
            "lastProbeTime": None,
            "lastTransitionTime": self._plane.stamp(),
            "observedGeneration": 1,
        }
        return fresh if scheduled else fresh | {"reason": "Unschedulable", "message": why}

    def _unschedulable(self, pod: Object, key: Key, why: str) -> None:
        self._waiting[key] = None
        status = dict(pod.get("status") or {})
        old = next((one for one in status.get("conditions") or () if one["type"] == "PodScheduled"), None)
        self._plane.events.warning(pod, "FailedScheduling", why, source=SOURCE, action="Scheduling")
        if old and old.get("message") == why:
            return
        fresh = self._condition(scheduled=False, why=why)
        if old and old["status"] == "False":
            fresh["lastTransitionTime"] = old["lastTransitionTime"]
        others = [one for one in status.get("conditions") or () if one["type"] != "PodScheduled"]
        self._plane.write_status(pod, status | {"phase": "Pending", "conditions": [*others, fresh]})


def refusal(nodes: int, objections: list[str]) -> str:
    """The scheduler's message: what is wrong with how many of the nodes, and whether eviction would help."""
    if not nodes:
        return "no nodes available to schedule pods"
    counted = sorted(
        f"{number} {why}" for why, number in Counter(why.removesuffix(_NEVER) for why in objections).items()
    )
    futile = Counter(
        "No preemption victims found for incoming pod"
        if _evictable(why)
        else "Preemption is not helpful for scheduling"
        for why in objections
    )
    also = sorted(f"{number} {why}" for why, number in futile.items())
    return (
        f"0/{nodes} nodes are available: {', '.join(counted)}. no new claims to deallocate, "
        f"preemption: 0/{nodes} nodes are available: {', '.join(also)}."
    )


def _evictable(why: str) -> bool:
    return not why.endswith(_NEVER) and any(part in why for part in _HELPED_BY_PREEMPTION)


def _held_back(plane: Plane, why: str) -> str:
    return f"0/{len(list(plane.index.all('Node')))} nodes are available: {why}. not found"
