"""The ReplicaSets of a Deployment: one for each template, numbered, scaled, and cleared away when too many."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from dot_ai_lifecycle.embedded.controllers.arithmetic import MAX_INT32, Limits
from dot_ai_lifecycle.embedded.controllers.plane import SAFE_LETTERS, Plane
from dot_ai_lifecycle.embedded.controllers.pods import owner_reference, terminating
from dot_ai_lifecycle.embedded.objects import Object, copied

HASH_LABEL = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MOST = "deployment.kubernetes.io/max-replicas"
SOURCE = "deployment-controller"
_NOT_COPIED = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        "deprecated.deployment.rollback.to",
        REVISION,
        HISTORY,
        DESIRED,
        MOST,
    }
)


def annotations(thing: Object) -> dict[str, str]:
    return dict(thing["metadata"].get("annotations") or {})


def revision(thing: Object) -> int:
    """The revision an object is annotated with; 0 without one."""
    text = annotations(thing).get(REVISION, "")
    return int(text) if text.isdigit() else 0


def limits(deployment: Object) -> Limits:
    """What the Deployment's strategy allows; nothing extra and nothing missing unless it rolls."""
    spec = deployment["spec"]
    if spec["strategy"]["type"] != "RollingUpdate":
        return Limits(spec["replicas"], 0, 0)
    rolling = spec["strategy"].get("rollingUpdate") or {}
    return Limits.of(rolling.get("maxSurge"), rolling.get("maxUnavailable"), spec["replicas"])


def template_hash(template: Object, collisions: int = 0) -> str:
    """The `pod-template-hash` of a template: equal templates have equal hashes, written in the letters names use."""
    text = json.dumps(template, sort_keys=True, separators=(",", ":")) + (f"#{collisions}" if collisions else "")
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
    return "".join(SAFE_LETTERS[ord(digit) % len(SAFE_LETTERS)] for digit in str(number))


def plain_template(thing: Object) -> Object:
    """The pod template without the label the controller adds."""
    template: Object = thing["spec"]["template"]
    meta = template.get("metadata") or {}
    if HASH_LABEL not in (meta.get("labels") or {}):
        return template
    labels = {key: value for key, value in meta["labels"].items() if key != HASH_LABEL}
    return template | {"metadata": meta | {"labels": labels}}


def _comparable(template: Object) -> Object:
    meta = template.get("metadata") or {}
    kept = {key: value for key, value in meta.items() if key in ("labels", "annotations") and value}
    return template | {"metadata": kept}


def same_template(one: Object, other: Object) -> bool:
    """Whether two workload objects run the same pods."""
    return _comparable(plain_template(one)) == _comparable(plain_template(other))


def size(replica_set: Object) -> int:
    return int(replica_set["spec"]["replicas"])


def count(replica_sets: list[Object], field: str) -> int:
    """The sum of a status field over ReplicaSets."""
    return sum(int((one.get("status") or {}).get(field, 0)) for one in replica_sets)


def _oldest_first(replica_set: Object) -> tuple[str, str]:
    meta = replica_set["metadata"]
    return meta["creationTimestamp"], meta["name"]


@dataclass(frozen=True, slots=True)
class Sets:
    """A Deployment's ReplicaSets: the one that has its template (if there is one), and the others, oldest first."""

    new: Object | None
    old: list[Object]

    @classmethod
    def sorted(cls, deployment: Object, owned: list[Object]) -> "Sets":
        ordered = sorted(owned, key=_oldest_first)
        new = next((one for one in ordered if same_template(one, deployment)), None)
        return cls(new, [one for one in ordered if one is not new])

    @property
    def all(self) -> list[Object]:
        return [*self.old, self.new] if self.new else list(self.old)

    @property
    def active(self) -> list[Object]:
        return [one for one in self.all if size(one)]

    @property
    def total(self) -> int:
        return sum(size(one) for one in self.all)


def annotated(deployment: Object, replica_set: Object, number: int, *, exists: bool) -> dict[str, str]:
    """The annotations the newest ReplicaSet should have: the Deployment's own, its revision and its earlier ones."""
    have = annotations(replica_set)
    mine = {key: value for key, value in annotations(deployment).items() if key not in _NOT_COPIED}
    fresh = have | mine
    before = revision(replica_set)
    if before < number:
        fresh[REVISION] = str(number)
        if exists and before:
            earlier = have.get(HISTORY, "")
            fresh[HISTORY] = f"{earlier},{before}" if earlier else str(before)
    if not exists:
        fresh |= _scaled_under(deployment)
    return fresh


def _scaled_under(deployment: Object) -> dict[str, str]:
    allowed = limits(deployment)
    return {DESIRED: str(allowed.replicas), MOST: str(allowed.most)}


def create(plane: Plane, deployment: Object, number: int, replicas: int) -> Object:
    """Create the ReplicaSet for the Deployment's present template. Raises `Rejected` when the API refuses it."""
    template = copied(plain_template(deployment))
    hashed = template_hash(template, (deployment.get("status") or {}).get("collisionCount", 0))
    template.setdefault("metadata", {}).setdefault("labels", {})[HASH_LABEL] = hashed
    selector: dict[str, Any] = copied(deployment["spec"]["selector"])
    selector.setdefault("matchLabels", {})[HASH_LABEL] = hashed
    meta = deployment["metadata"]
    wanted: Object = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{meta['name']}-{hashed}",
            "namespace": meta["namespace"],
            "labels": dict(template["metadata"]["labels"]),
            "ownerReferences": [owner_reference(deployment)],
        },
        "spec": {"replicas": replicas, "selector": selector, "template": template},
    }
    if seconds := deployment["spec"].get("minReadySeconds"):
        wanted["spec"]["minReadySeconds"] = seconds
    wanted["metadata"]["annotations"] = annotated(deployment, wanted, number, exists=False)
    made = plane.store.create(wanted)
    if replicas:
        text = f"Scaled up replica set {made['metadata']['name']} from 0 to {replicas}"
        plane.events.normal(deployment, "ScalingReplicaSet", text, source=SOURCE)
    return made


def refresh(plane: Plane, deployment: Object, replica_set: Object, number: int) -> Object:
    """Bring annotations and minReadySeconds of the newest ReplicaSet up to date."""
    wanted = annotated(deployment, replica_set, number, exists=True)
    seconds = deployment["spec"].get("minReadySeconds", 0)
    if wanted == annotations(replica_set) and seconds == replica_set["spec"].get("minReadySeconds", 0):
        return replica_set

    def change(fresh: Object) -> None:
        fresh["metadata"]["annotations"] = wanted
        fresh["spec"]["minReadySeconds"] = seconds
        if not seconds:
            del fresh["spec"]["minReadySeconds"]

    return plane.edit(replica_set, change)


def number_deployment(plane: Plane, deployment: Object, number: int) -> None:
    """Annotate the Deployment with the revision it is at."""
    if annotations(deployment).get(REVISION) == str(number):
        return

    def change(fresh: Object) -> None:
        fresh["metadata"].setdefault("annotations", {})[REVISION] = str(number)

    plane.edit(deployment, change)


def scale(plane: Plane, deployment: Object, replica_set: Object, to: int) -> bool:
    """Resize a ReplicaSet and say so in an event; whether its size changed."""
    before, mine = size(replica_set), _scaled_under(deployment)
    if before == to and mine.items() <= annotations(replica_set).items():
        return False

    def change(fresh: Object) -> None:
        fresh["spec"]["replicas"] = to
        fresh["metadata"].setdefault("annotations", {}).update(mine)

    plane.edit(replica_set, change)
    if before == to:
        return False
    direction = "up" if to > before else "down"
    text = f"Scaled {direction} replica set {replica_set['metadata']['name']} from {before} to {to}"
    plane.events.normal(deployment, "ScalingReplicaSet", text, source=SOURCE)
    return True


def clear_away(plane: Plane, deployment: Object, old: list[Object]) -> None:
    """Delete the old ReplicaSets beyond revisionHistoryLimit, lowest revision first, none that still has pods."""
    keep = deployment["spec"].get("revisionHistoryLimit")
    if keep is None or keep == MAX_INT32:
        return
    alive = sorted((one for one in old if not terminating(one)), key=revision)
    for one in alive[: max(0, len(alive) - keep)]:
        status = one.get("status") or {}
        seen = status.get("observedGeneration", 0) >= one["metadata"]["generation"]
        if size(one) == 0 and not status.get("replicas") and seen:
            meta = one["metadata"]
            plane.store.delete("ReplicaSet", meta["name"], meta["namespace"], uid=meta["uid"])
