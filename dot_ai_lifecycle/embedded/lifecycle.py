"""What the API server sets itself on every write: identity, versions, and which half of an object a write may touch."""

from typing import Any

from dot_ai_lifecycle.embedded.kinds import Kind
from dot_ai_lifecycle.embedded.objects import Object, copied

_KEEPS_STATUS_ON_CREATE = frozenset({"Node", "PersistentVolume", "CustomResourceDefinition"})
_SET_BY_SERVER = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "selfLink",
)
_ORDER = ("apiVersion", "kind", "metadata", "spec")


def new_object(kind: Kind, wanted: Object, *, uid: str, suffix: str, created: str) -> Object:
    """A copy of what a client wants to create, with its identity set and without what clients may not set.

    `suffix` completes a `generateName`; `created` is the creationTimestamp.
    """
    fresh: Object = copied(wanted)
    metadata: dict[str, Any] = fresh.get("metadata") or {}
    for key in (*_SET_BY_SERVER, "resourceVersion"):
        metadata.pop(key, None)
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = f"{metadata['generateName'][:58]}{suffix}"
    if not kind.namespaced:
        metadata.pop("namespace", None)
    elif not metadata.get("namespace"):
        metadata["namespace"] = "default"
    metadata |= {"uid": uid, "creationTimestamp": created}
    if kind.has_generation:
        metadata["generation"] = 1
    if "status" in kind.subresources and kind.kind not in _KEEPS_STATUS_ON_CREATE:
        fresh.pop("status", None)
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata} | {
        key: value for key, value in fresh.items() if key not in _ORDER[:3]
    }


def changed_object(kind: Kind, old: Object, wanted: Object, subresource: str) -> Object:
    """What a write through this subresource makes of the old object; the other half stays as it was."""
    if subresource == "status":
        return _with_status(old, wanted)
    fresh: Object = copied(wanted)
    metadata = fresh.setdefault("metadata", {})
    for key in _SET_BY_SERVER:
        metadata.pop(key, None)
        if key in old["metadata"]:
            metadata[key] = old["metadata"][key]
    metadata["resourceVersion"] = old["metadata"]["resourceVersion"]
    if "namespace" in old["metadata"]:
        metadata["namespace"] = old["metadata"]["namespace"]
    if "status" in kind.subresources:
        fresh.pop("status", None)
        if "status" in old:
            fresh["status"] = old["status"]
    return {"apiVersion": kind.api_version, "kind": kind.kind} | fresh


def _with_status(old: Object, wanted: Object) -> Object:
    fresh = {key: value for key, value in old.items() if key != "status"}
    fresh["metadata"] = dict(old["metadata"])
    written = wanted.get("metadata", {})
    if "managedFields" in written:
        fresh["metadata"]["managedFields"] = copied(written["managedFields"])
    if "annotations" in written:
        fresh["metadata"]["annotations"] = copied(written["annotations"])
    if "status" in wanted:
        fresh["status"] = copied(wanted["status"])
    return fresh


def spec_differs(old: Object, new: Object) -> bool:
    """Whether anything but metadata and status changed: what moves `metadata.generation`."""
    skipped = {"metadata", "status"}
    return {k: v for k, v in old.items() if k not in skipped} != {k: v for k, v in new.items() if k not in skipped}


def grace_seconds(kind: Kind, old: Object, wanted: int | None) -> int:
    """How many seconds a deleted object is given; only pods on a node that still run get any."""
    if kind.kind != "Pod" or kind.group:
        return 0
    spec, status = old.get("spec", {}), old.get("status", {})
    if not spec.get("nodeName") or status.get("phase") in {"Succeeded", "Failed"}:
        return 0
    return int(spec.get("terminationGracePeriodSeconds", 30) if wanted is None else wanted)
