"""The ReplicaSets of a Rollout: one a template, numbered and told apart as Argo Rollouts does (1.8)."""

from dataclasses import dataclass
from datetime import timedelta

from dot_ai_lifecycle.embedded.controllers.arithmetic import Limits
from dot_ai_lifecycle.embedded.controllers.deployment_sets import annotations, count, size, template_hash
from dot_ai_lifecycle.embedded.controllers.plane import Plane
from dot_ai_lifecycle.embedded.controllers.pods import owner_reference
from dot_ai_lifecycle.embedded.objects import Object, copied, timestamp
from dot_ai_lifecycle.embedded.pod_defaults import fill_pod_spec

HASH_LABEL = "rollouts-pod-template-hash"
REVISION = "rollout.argoproj.io/revision"
DEADLINE = "scale-down-deadline"
SOURCE = "rollouts-controller"


def whole_template(rollout: Object) -> Object:
    """The pod template with the defaults a ReplicaSet gets: a Rollout itself has none filled in."""
    template: Object = copied(rollout["spec"]["template"])
    template.setdefault("metadata", {}).pop("creationTimestamp", None)
    fill_pod_spec(template["spec"])
    return template


def pod_hash(rollout: Object) -> str:
    """The hash of the template, equal for equal pods."""
    return template_hash(whole_template(rollout))


def hash_of(replica_set: Object) -> str:
    return str(replica_set["metadata"]["labels"].get(HASH_LABEL, ""))


def revision(thing: Object) -> int:
    return int(annotations(thing).get(REVISION, "0"))


def replicas(rollout: Object) -> int:
    return int(rollout["spec"].get("replicas", 1))


def steps(rollout: Object) -> list[Object]:
    return list((rollout["spec"]["strategy"].get("canary") or {}).get("steps") or ())


def limits(rollout: Object) -> Limits:
    """How many pods a canary may add and must keep; a quarter of them without own numbers."""
    canary = rollout["spec"]["strategy"].get("canary") or {}
    return Limits.of(canary.get("maxSurge", "25%"), canary.get("maxUnavailable", "25%"), replicas(rollout))


@dataclass(frozen=True, slots=True)
class Sets:
    """The ReplicaSet of the wanted template, the stable one (they may be the same), and all others."""

    new: Object
    stable: Object | None
    others: list[Object]

    @classmethod
    def of(cls, plane: Plane, rollout: Object) -> "Sets":
        """The sets of a Rollout; the one of its template is created where it is missing."""
        owned = plane.index.owned("ReplicaSet", rollout["metadata"]["uid"])
        wanted, named = pod_hash(rollout), (rollout.get("status") or {}).get("stableRS")
        new = next((one for one in owned if hash_of(one) == wanted), None)
        number = max((revision(one) for one in owned if one is not new), default=0) + 1
        new = _create(plane, rollout, wanted, number) if new is None else _numbered(plane, new, number)
        stable = next((one for one in owned if hash_of(one) == named), None)
        if stable is not None and hash_of(stable) == wanted:
            stable = new
        known = {new["metadata"]["uid"], (stable or new)["metadata"]["uid"]}
        return cls(new, stable, [one for one in owned if one["metadata"]["uid"] not in known])

    @property
    def all(self) -> list[Object]:
        beside = [] if self.stable is None or self.stable is self.new else [self.stable]
        return [*self.others, *beside, self.new]

    @property
    def total(self) -> int:
        return sum(size(one) for one in self.all)

    @property
    def beside(self) -> Object | None:
        """The stable set where it is another than the wanted one."""
        return None if self.stable is self.new else self.stable


def _create(plane: Plane, rollout: Object, hashed: str, number: int) -> Object:
    template, meta = copied(rollout["spec"]["template"]), rollout["metadata"]
    template.setdefault("metadata", {}).setdefault("labels", {})[HASH_LABEL] = hashed
    selector = copied(rollout["spec"]["selector"])
    selector.setdefault("matchLabels", {})[HASH_LABEL] = hashed
    carried = {k: v for k, v in annotations(rollout).items() if not k.startswith(("kubectl.", REVISION))}
    wanted: Object = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{meta['name']}-{hashed}",
            "namespace": meta["namespace"],
            "labels": dict(template["metadata"]["labels"]),
            "annotations": carried | {REVISION: str(number)},
            "ownerReferences": [owner_reference(rollout)],
        },
        "spec": {"replicas": 0, "selector": selector, "template": template},
    }
    if seconds := rollout["spec"].get("minReadySeconds"):
        wanted["spec"]["minReadySeconds"] = seconds
    return plane.store.create(wanted)


def _numbered(plane: Plane, replica_set: Object, number: int) -> Object:
    return annotated(plane, replica_set, REVISION, str(number)) if revision(replica_set) < number else replica_set


def annotated(plane: Plane, thing: Object, key: str, value: str | None) -> Object:
    """The object with that annotation, or without it."""
    if annotations(thing).get(key) == value:
        return thing

    def change(fresh: Object) -> None:
        fresh["metadata"].setdefault("annotations", {})[key] = value
        if value is None:
            del fresh["metadata"]["annotations"][key]

    return plane.edit(thing, change)


def scale(plane: Plane, rollout: Object, replica_set: Object, to: int) -> bool:
    """Resize a ReplicaSet and say so in an event; whether its size changed."""
    before = size(replica_set)
    if before == to:
        return False
    plane.set_replicas(replica_set, to)
    direction = "up" if to > before else "down"
    name = replica_set["metadata"]["name"]
    text = f"Scaled {direction} ReplicaSet {name} (revision {revision(replica_set)}) from {before} to {to}"
    plane.events.normal(rollout, "ScalingReplicaSet", text, source=SOURCE)
    return True


def retire(plane: Plane, rollout: Object, replica_set: Object, after: float) -> float | None:
    """Scale a set to 0 once it was no longer wanted for so many seconds; those that are left, None when it is done."""
    if not size(replica_set):
        return None
    due = annotations(replica_set).get(DEADLINE)
    if due is None:
        due = timestamp(plane.now() + timedelta(seconds=after))
        replica_set = annotated(plane, replica_set, DEADLINE, due)
    left = -plane.since(due)
    if left > 0:
        return left
    scale(plane, rollout, annotated(plane, replica_set, DEADLINE, None), 0)
    return None


def available(replica_set: Object | None) -> int:
    return count([replica_set], "availableReplicas") if replica_set is not None else 0


def limit_history(plane: Plane, rollout: Object, others: list[Object]) -> None:
    """Delete the oldest empty sets beyond revisionHistoryLimit, 10 where it is not given."""
    empty = sorted(
        (one for one in others if not size(one) and not (one.get("status") or {}).get("replicas")), key=revision
    )
    keep = int(rollout["spec"].get("revisionHistoryLimit", 10))
    for one in empty[: max(0, len(others) - keep)]:
        meta = one["metadata"]
        plane.store.delete("ReplicaSet", meta["name"], meta["namespace"], uid=meta["uid"])
