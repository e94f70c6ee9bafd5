"""StatefulSets: numbered pods with names and volumes of their own, made and replaced one after the other.

The order of the steps is that of the real controller, and with it its trap: with OrderedReady, a pod that never gets
ready stops everything that follows, also its own replacement by a better revision.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from dot_ai_lifecycle.embedded.controllers import revisions
from dot_ai_lifecycle.embedded.controllers.plane import Plane
from dot_ai_lifecycle.embedded.controllers.pods import (
    available,
    claimed,
    finished,
    from_template,
    next_available,
    phase,
    ready,
    terminating,
)
from dot_ai_lifecycle.embedded.controllers.queue import Key
from dot_ai_lifecycle.embedded.objects import Object, copied
from dot_ai_lifecycle.embedded.selectors import selector_test
from dot_ai_lifecycle.embedded.store import Rejected

SOURCE = "statefulset-controller"
HASH_OF_REVISION = "controller.kubernetes.io/hash"


@dataclass(slots=True)
class Look:
    """One look at a StatefulSet: its pods by number, and the revisions it moves between."""

    plane: Plane
    mine: Object
    update: Object
    current: Object
    pods: dict[int, Object]
    status: dict[str, Any] = field(default_factory=dict)

    @property
    def first(self) -> int:
        return int((self.mine["spec"].get("ordinals") or {}).get("start", 0))

    @property
    def wanted(self) -> range:
        return range(self.first, self.first + int(self.mine["spec"]["replicas"]))

    @property
    def orderly(self) -> bool:
        return bool(self.mine["spec"].get("podManagementPolicy", "OrderedReady") != "Parallel")

    @property
    def rolling(self) -> dict[str, Any] | None:
        """The rollingUpdate settings, or None for OnDelete."""
        strategy = self.mine["spec"].get("updateStrategy") or {}
        return dict(strategy.get("rollingUpdate") or {}) if strategy.get("type") != "OnDelete" else None

    @property
    def min_ready(self) -> int:
        return int(self.mine["spec"].get("minReadySeconds", 0))

    def settled(self, pod: Object) -> bool:
        """Whether the next pod may be touched: this one runs, is ready and has been for long enough."""
        if terminating(pod) or phase(pod) != "Running":
            return False
        return available(self.plane, pod, self.min_ready)


def reconcile(plane: Plane, key: Key) -> float | None:
    """One look at one StatefulSet; seconds until a ready pod becomes available."""
    mine = plane.get("StatefulSet", key)
    if mine is None:
        return None
    look = _look(plane, mine)
    failure = None
    if not terminating(mine):
        try:
            _act(look)
        except Rejected as refused:
            failure = refused
    pods = _numbered(plane, mine)
    look.pods = pods
    status = _status(look)
    plane.write_status(plane.get("StatefulSet", key) or mine, status)
    used = {status["currentRevision"], status["updateRevision"]} | {revision_of(pod) for pod in pods.values()}
    revisions.clear_away(plane, mine, used)
    if failure is not None:
        raise failure
    return next_available(plane, list(pods.values()), look.min_ready)


def revision_of(pod: Object) -> str:
    return str((pod["metadata"].get("labels") or {}).get(revisions.HASH, ""))


def _numbered(plane: Plane, mine: Object) -> dict[int, Object]:
    found = {}
    for pod in claimed(plane, mine, "Pod", selector_test(mine["spec"]["selector"])):
        stem, _, number = pod["metadata"]["name"].rpartition("-")
        if stem == mine["metadata"]["name"] and number.isdigit():
            found[int(number)] = pod
    return dict(sorted(found.items()))


def _look(plane: Plane, mine: Object) -> Look:
    update = revisions.current(plane, mine, HASH_OF_REVISION, {})
    named = (mine.get("status") or {}).get("currentRevision", "")
    known = plane.get("ControllerRevision", Key(mine["metadata"]["namespace"], named)) if named else None
    return Look(plane, mine, update, known or update, _numbered(plane, mine))


def _act(look: Look) -> None:
    for number in look.wanted:
        if _pass_replica(look, number) and look.orderly:
            return
    condemned = [number for number in sorted(look.pods, reverse=True) if number not in look.wanted]
    ailing = next((n for n, pod in look.pods.items() if not (ready(pod) and not terminating(pod))), None)
    for number in condemned:
        pod = look.pods[number]
        if look.orderly and (terminating(pod) or (not look.settled(pod) and number != ailing)):
            return
        if not terminating(pod):
            _delete(look, pod)
            if look.orderly:
                return
    if look.rolling is not None:
        _roll(look, look.rolling)


def _pass_replica(look: Look, number: int) -> bool:
    """Make or await one wanted pod; whether those after it have to wait."""
    pod = look.pods.get(number)
    if pod is None:
        _create(look, number)
        return True
    if finished(pod) and not terminating(pod):
        what = "RecreatingFailedPod" if phase(pod) == "Failed" else "RecreatingTerminatedPod"
        said = f"StatefulSet {_path(look.mine)} is recreating {phase(pod).lower()} Pod {pod['metadata']['name']}"
        look.plane.events.warning(look.mine, what, said, source=SOURCE)
        _delete(look, pod)
        return True
    return not look.settled(pod)


def _path(mine: Object) -> str:
    return f"{mine['metadata']['namespace']}/{mine['metadata']['name']}"


def _roll(look: Look, settings: dict[str, Any]) -> None:
    """Replace the highest pod of another revision, once all above it are healthy."""
    floor = look.first + int(settings.get("partition") or 0)
    for number in reversed(look.wanted):
        if number < floor:
            return
        pod = look.pods.get(number)
        if pod is None:
            return
        if revision_of(pod) != look.update["metadata"]["name"] and not terminating(pod):
            _delete(look, pod)
            return
        if terminating(pod) or phase(pod) != "Running" or not ready(pod):
            return


def _delete(look: Look, pod: Object) -> None:
    meta = pod["metadata"]
    look.plane.store.delete("Pod", meta["name"], meta["namespace"], uid=meta["uid"])
    name = look.mine["metadata"]["name"]
    said = f"delete Pod {meta['name']} in StatefulSet {name} successful"
    look.plane.events.normal(look.mine, "SuccessfulDelete", said, source=SOURCE)


def _create(look: Look, number: int) -> None:
    settings = look.rolling
    below = settings is not None and number < look.first + int(settings.get("partition") or 0)
    revision = look.current if below else look.update
    mine, name = look.mine, f"{look.mine['metadata']['name']}-{number}"
    extra = {
        revisions.HASH: revision["metadata"]["name"],
        "statefulset.kubernetes.io/pod-name": name,
        "apps.kubernetes.io/pod-index": str(number),
    }
    pod = from_template(mine, revisions.template_in(revision), name=name, labels=extra)
    pod["metadata"]["generateName"] = mine["metadata"]["name"] + "-"
    pod["spec"]["hostname"] = name
    if mine["spec"].get("serviceName"):
        pod["spec"]["subdomain"] = mine["spec"]["serviceName"]
    claims = list(_claims(mine, name))
    replaced = {volume["name"] for volume, _ in claims}
    others = [volume for volume in pod["spec"].get("volumes") or () if volume["name"] not in replaced]
    if claims or others:
        pod["spec"]["volumes"] = [volume for volume, _ in claims] + others
    owner = mine["metadata"]["name"]
    for _, claim in claims:
        _claim(look, claim, name)
    try:
        look.plane.store.create(pod)
    except Rejected as refused:
        said = f"create Pod {name} in StatefulSet {owner} failed error: {refused.message}"
        look.plane.events.warning(mine, "FailedCreate", said, source=SOURCE)
        raise
    said = f"create Pod {name} in StatefulSet {owner} successful"
    look.plane.events.normal(mine, "SuccessfulCreate", said, source=SOURCE)


def _claims(mine: Object, pod: str) -> Iterator[tuple[Object, Object]]:
    """The volumes of one pod by the volumeClaimTemplates, each with the claim behind it."""
    for template in mine["spec"].get("volumeClaimTemplates") or ():
        name = f"{template['metadata']['name']}-{pod}"
        labels = dict(mine["spec"]["selector"].get("matchLabels") or {})
        meta = {**copied(template["metadata"]), "name": name, "namespace": mine["metadata"]["namespace"]}
        meta["labels"] = {**(meta.get("labels") or {}), **labels}
        claim = {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": meta,
            "spec": copied(template["spec"]),
        }
        yield {"name": template["metadata"]["name"], "persistentVolumeClaim": {"claimName": name}}, claim


def _claim(look: Look, claim: Object, pod: str) -> None:
    meta = claim["metadata"]
    if look.plane.get("PersistentVolumeClaim", Key(meta["namespace"], meta["name"])) is not None:
        return
    look.plane.store.create(claim)
    said = f"create Claim {meta['name']} Pod {pod} in StatefulSet {look.mine['metadata']['name']} success"
    look.plane.events.normal(look.mine, "SuccessfulCreate", said, source=SOURCE)


def _status(look: Look) -> dict[str, Any]:
    pods, update, current = list(look.pods.values()), look.update["metadata"]["name"], look.current["metadata"]["name"]
    staying = [pod for pod in pods if not terminating(pod)]
    counts = {
        "replicas": len(pods),
        "readyReplicas": sum(ready(pod) and phase(pod) == "Running" for pod in pods),
        "availableReplicas": sum(available(look.plane, pod, look.min_ready) for pod in pods),
        "currentReplicas": sum(revision_of(pod) == current for pod in staying),
        "updatedReplicas": sum(revision_of(pod) == update for pod in staying),
    }
    wanted = len(look.wanted)
    names = ("updatedReplicas", "readyReplicas", "replicas")
    if look.rolling is not None and all(counts[name] == wanted for name in names):
        current, counts["currentReplicas"] = update, counts["updatedReplicas"]
    status: dict[str, Any] = {
        "observedGeneration": look.mine["metadata"]["generation"],
        "replicas": counts.pop("replicas"),
        "currentRevision": current,
        "updateRevision": update,
        "collisionCount": (look.mine.get("status") or {}).get("collisionCount", 0),
    }
    available_now = counts.pop("availableReplicas")
    return status | {name: number for name, number in counts.items() if number} | {"availableReplicas": available_now}
