"""Room for new pods: Z10 (quotas), Z11 (nodes) and Z13 (beside each other)."""

from decimal import Decimal

from dot_ai_lifecycle.domain.preflight.beside import rooms_beside, self_apart
from dot_ai_lifecycle.domain.preflight.case import Case
from dot_ai_lifecycle.domain.preflight.finding import Finding, Fix, fails, ok, unknown, warned
from dot_ai_lifecycle.domain.preflight.fitting import usable
from dot_ai_lifecycle.domain.preflight.headroom import too_little, wanted
from dot_ai_lifecycle.domain.preflight.room import Room, free_on, node_room, quota_room, replaceable, spelled, usage_of

REPLICA_SETS = "count/replicasets.apps"


def z10(case: Case) -> Finding:
    """The namespace's quotas have room for the pods that come before others go."""
    if not case.replicas:
        return ok("Z10", "It is scaled to 0: no pod is started.")
    trial = case.seen.trial
    if trial.outcome == "refused" and trial.by == "quota" and "exceeded quota" not in trial.words:
        fix = Fix("Give every container the requests and limits that the quota wants.")
        return fails("Z10", f"The namespace's quota does not take such a pod: {trial.words}", fix=fix)
    if why := replaceable(case) or _revisions(case):
        return fails("Z10", f"Not even one new pod fits: {why}.", fix=Fix("Have the quota raised, or ask for less."))
    return _roomy(case, "Z10", quota_room(case), "No quota stands in the way", case.why_unread("resourcequotas"))


def _revisions(case: Case) -> str:
    """Each new template needs a ReplicaSet of its own, which quotas may count."""
    if case.workload.kind != "Deployment":
        return ""
    for quota in case.seen.quotas or ():
        if REPLICA_SETS in quota.hard and quota.left(REPLICA_SETS) < 1:
            bound = quota.hard[REPLICA_SETS]
            return f"quota {quota.name} allows {bound} ReplicaSets, and a new version needs one more"
    return ""


def z11(case: Case) -> Finding:
    """Nodes have room for the pods that come before others go."""
    nodes = case.seen.nodes
    if nodes is None or case.seen.bookings is None:
        what = "nodes" if nodes is None else "pods of all namespaces"
        return unknown("Z11", f"What the nodes have free was not seen. {case.why_unread(what)}")
    if not case.replicas or case.workload.kind == "DaemonSet":
        return ok("Z11", "No pod needs room on another node than its own.")
    fit = [node for node in nodes if usable(node, case.spec)]
    if not fit and node_room(case).pods is not None:
        words = "No node takes pods of the new template: its selector, affinity and tolerations fit none that is ready."
        return fails("Z11", words, fix=Fix("Correct them, or add a node that fits."))
    if why := _too_large(case):
        return fails("Z11", why, fix=Fix("Ask for less, or add a larger node."))
    return _roomy(case, "Z11", node_room(case), "The nodes have room for it", "")


def _too_large(case: Case) -> str:
    """Why a new pod fits nowhere even once an old one is gone; empty where it does."""
    room = node_room(case)
    if room.pods is None or room.pods > 0:
        return ""
    old = {name: value for name, value in usage_of(case, running=True).items() if "." not in name and "/" not in name}
    places = {pod.node for pod in case.scene.pods}
    for node in case.seen.nodes or ():
        if node.name in places and usable(node, case.spec):
            free = free_on(case, node)
            back = {name: free.get(name, Decimal(0)) + old.get(name, Decimal(0)) for name in case.demand}
            if all(back[name] >= value for name, value in case.demand.items()):
                return ""
    asked = ", ".join(spelled(name, value) for name, value in case.demand.items())
    return f"A new pod asks for {asked}, and no node has that free even once an old pod is gone."


def z13(case: Case) -> Finding:
    """No rule of the app keeps new pods away from old ones."""
    if not case.surges:
        return ok("Z13", f"A {case.workload.kind} that does not surge needs no room beside its own pods.")
    rooms = [room for room in rooms_beside(case) if room.pods is not None or not room.known]
    if any(not room.known for room in rooms):
        return unknown(
            "Z13", f"Its rules keep pods apart, and whether new ones fit was not seen. {case.why_unread('nodes')}"
        )
    tightest = min(rooms, key=lambda room: room.pods or 0, default=Room(None))
    finding = _roomy(case, "Z13", tightest, "Nothing keeps new pods away from old ones", "")
    if finding.level in ("ok", "unknown") or not any(self_apart(case.template)):
        return finding
    words = "Add `matchLabelKeys: [pod-template-hash]` to the rule: it then holds within a version (Kubernetes 1.33)."
    return Finding("Z13", finding.level, finding.words, finding.evidence, Fix(words), finding.harm)


def _roomy(case: Case, code: str, room: Room, good: str, why_unknown: str) -> Finding:
    """What a bound means for the strategy: a gated one stops, a rolling one goes on with a pod less (see Z02)."""
    needed = wanted(case)
    if room.pods is None:
        return ok(code, f"{good}.", *filter(None, (room.why,))) if room.known else _unseen(case, code, why_unknown)
    if not too_little(case, room):
        return ok(code, f"{good}: {room.pods} more {'pod fits' if room.pods == 1 else 'pods fit'}.", room.why)
    words = (
        f"There is room for {room.pods} more {'pod' if room.pods == 1 else 'pods'} and {needed} are wanted: {room.why}."
    )
    if case.switches:
        return fails(code, words, fix=Fix("Make room, or let the update roll: it needs fewer pods at a time."))
    return warned(code, words, fix=Fix("Make room for one more pod, then no pod has to go first."))


def _unseen(case: Case, code: str, why: str) -> Finding:
    """A trial that was admitted proves room for one pod, whatever may be read."""
    if case.seen.trial.outcome == "admitted" and wanted(case) <= 1:
        return ok(code, "The cluster would take one more pod.")
    return unknown(code, f"How many more pods fit was not seen. {why}")
