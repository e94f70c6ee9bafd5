"""PersistentVolumeClaims get a volume at once, as a cluster with a default storage class gives them."""

from dot_ai_lifecycle.embedded.controllers.plane import Plane
from dot_ai_lifecycle.embedded.controllers.queue import Key
from dot_ai_lifecycle.embedded.objects import Object

SOURCE = "persistentvolume-controller"
PROVISIONER = "kubernetes.io/host-path"


def reconcile(plane: Plane, key: Key) -> float | None:
    """Provision and bind one claim; a bound or a terminating one is left alone."""
    mine = plane.get("PersistentVolumeClaim", key)
    bound = mine is not None and (mine.get("status") or {}).get("phase") == "Bound"
    if mine is None or bound or "deletionTimestamp" in mine["metadata"]:
        return None
    meta, spec = mine["metadata"], mine["spec"]
    if spec.get("storageClassName") == "" and not spec.get("volumeName"):
        plane.write_status(mine, {"phase": "Pending"})
        return None
    name = spec.get("volumeName") or f"pvc-{meta['uid']}"
    capacity = {"storage": ((spec.get("resources") or {}).get("requests") or {}).get("storage", "1Gi")}
    if plane.get("PersistentVolume", Key("", name)) is None:
        _provision(plane, mine, name, capacity)

    def bind(fresh: Object) -> None:
        fresh["spec"]["volumeName"] = name

    fresh = plane.edit(mine, bind)
    status = {"phase": "Bound", "accessModes": spec.get("accessModes", []), "capacity": capacity}
    plane.write_status(fresh, status)
    return None


def _provision(plane: Plane, claim: Object, name: str, capacity: dict[str, str]) -> None:
    meta, spec = claim["metadata"], claim["spec"]
    made = plane.store.create(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": name},
            "spec": {
                "capacity": capacity,
                "accessModes": spec.get("accessModes", []),
                "claimRef": {
                    "apiVersion": "v1",
                    "kind": "PersistentVolumeClaim",
                    "namespace": meta["namespace"],
                    "name": meta["name"],
                    "uid": meta["uid"],
                },
                "persistentVolumeReclaimPolicy": "Delete",
                "storageClassName": spec.get("storageClassName") or "standard",
                "hostPath": {"path": f"/var/lib/volumes/{name}"},
            },
        }
    )
    plane.write_status(made, {"phase": "Bound"})
    said = f"Successfully provisioned volume {name} using {PROVISIONER}"
    plane.events.normal(claim, "ProvisioningSucceeded", said, source=SOURCE)


def reclaim(plane: Plane, key: Key) -> float | None:
    """Delete a provisioned volume whose claim is gone."""
    mine = plane.get("PersistentVolume", key)
    if mine is None or mine["spec"].get("persistentVolumeReclaimPolicy") != "Delete":
        return None
    claim = mine["spec"].get("claimRef") or {}
    found = plane.get("PersistentVolumeClaim", Key(claim.get("namespace", ""), claim.get("name", "")))
    if claim and (found is None or found["metadata"]["uid"] != claim.get("uid")):
        plane.store.delete("PersistentVolume", key.name)
    return None
