"""Z12: volumes that only one pod, or one node, may mount at a time."""

from dot_ai_lifecycle.core.nearby import Claim
from dot_ai_lifecycle.domain.preflight.case import Case
from dot_ai_lifecycle.domain.preflight.finding import Finding, ok, unknown, warned
from dot_ai_lifecycle.domain.preflight.fitting import usable
from dot_ai_lifecycle.domain.preflight.room import Room

ONE_POD, ONE_NODE = "ReadWriteOncePod", "ReadWriteOnce"


def volume_room(case: Case) -> Room:
    """None more beside a pod that holds its volume alone; unbounded where all pods may mount it."""
    for claim in _claims(case):
        if ONE_POD in claim.modes:
            return Room(0, f"volume claim {claim.name} may be mounted by one pod only ({ONE_POD})")
        if _of_one_node(claim) and _may_land_elsewhere(case):
            return Room(0, f"volume claim {claim.name} may be mounted on one node only ({ONE_NODE})")
    return Room(None, known=not _unseen(case))


def z12(case: Case) -> Finding:
    """No volume keeps a new pod from starting beside an old one."""
    if not case.surges:
        return ok("Z12", f"A {case.workload.kind} that does not surge never needs a volume twice.")
    room = volume_room(case)
    if room.pods == 0:
        return warned("Z12", f"A new pod cannot start beside an old one: {room.why}.", *_modes(case))
    if unseen := _unseen(case):
        return unknown("Z12", f"Volume claims {', '.join(unseen)} could not be seen, so whether pods can share them.")
    if any(_of_one_node(claim) for claim in _claims(case)):
        words = "Its volumes may be mounted on one node only, and there is just one node that takes its pods."
        return ok("Z12", words, *_modes(case))
    return ok("Z12", "No volume keeps a new pod from starting beside an old one.", *_modes(case))


def _claims(case: Case) -> list[Claim]:
    return [case.seen.claims[name] for name in _wanted(case) if name in case.seen.claims]


def _wanted(case: Case) -> list[str]:
    volumes = case.spec.get("volumes") or ()
    return [one["persistentVolumeClaim"]["claimName"] for one in volumes if one.get("persistentVolumeClaim")]


def _unseen(case: Case) -> list[str]:
    missing = {sought.need.name for sought in case.seen.sought if sought.fate == "missing"}
    return [name for name in _wanted(case) if name not in case.seen.claims and name not in missing]


def _of_one_node(claim: Claim) -> bool:
    return ONE_NODE in claim.modes and not {"ReadWriteMany", "ReadOnlyMany"} & set(claim.modes)


def _may_land_elsewhere(case: Case) -> bool:
    nodes = case.seen.nodes
    return nodes is None or sum(usable(node, case.spec) for node in nodes) > 1


def _modes(case: Case) -> list[str]:
    return [f"{claim.name}: {', '.join(claim.modes)}" for claim in _claims(case)]
