"""Who set which field: `metadata.managedFields`, kept on every write by a named field manager."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from dot_ai_lifecycle.embedded.kinds import Kind
from dot_ai_lifecycle.embedded.objects import Object
from dot_ai_lifecycle.embedded.patches.fields import Fields, Flattener, Path, decode, encode

APPLY, UPDATE = "Apply", "Update"


@dataclass(frozen=True, slots=True)
class Owner:
    """One entry of managedFields."""

    name: str
    operation: str
    api_version: str
    subresource: str
    time: str
    fields: Fields

    def is_same(self, other: "Owner") -> bool:
        """Whether both entries are of the same manager, operation and subresource."""
        mine = (self.name, self.operation, self.subresource)
        return mine == (other.name, other.operation, other.subresource)

    def entry(self) -> dict[str, Any]:
        """The entry as it is stored."""
        entry: dict[str, Any] = {
            "manager": self.name,
            "operation": self.operation,
            "apiVersion": self.api_version,
            "time": self.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": encode(self.fields),
        }
        return entry | {"subresource": self.subresource} if self.subresource else entry


def owners_of(object_: Object) -> list[Owner]:
    """The entries of an object's managedFields."""
    return [
        Owner(
            name=entry.get("manager", ""),
            operation=entry["operation"],
            api_version=entry.get("apiVersion", ""),
            subresource=entry.get("subresource", ""),
            time=entry.get("time", ""),
            fields=decode(entry.get("fieldsV1") or {}),
        )
        for entry in object_["metadata"].get("managedFields") or ()
        if entry.get("operation")
    ]


def entries(owners: Iterable[Owner]) -> list[dict[str, Any]]:
    """managedFields out of owners; those who own nothing are dropped."""
    return [owner.entry() for owner in owners if owner.fields]


def claimed(owners: list[Owner], claim: Owner) -> list[Owner]:
    """The owners after one of them claimed more; its time moves only when its fields do."""
    for index, owner in enumerate(owners):
        if owner.is_same(claim):
            if owner.fields == claim.fields:
                return owners
            return [*owners[:index], claim, *owners[index + 1 :]]
    return [*owners, claim]


def without(owners: Iterable[Owner], lost: Iterable[Path], *, except_: Owner | None = None) -> list[Owner]:
    """The owners without these fields; `except_` keeps its own."""
    gone = frozenset(lost)
    return [
        owner if except_ and owner.is_same(except_) else replace(owner, fields=owner.fields - gone) for owner in owners
    ]


def _existing(old: Object | None, new: Object) -> list[Owner]:
    """The entries to go on from: what the client sent when it sent any, `[{}]` meaning none, else the stored ones."""
    sent = new["metadata"].get("managedFields")
    if sent:
        return owners_of(new)
    return owners_of(old) if old else []


def track_update(kind: Kind, old: Object | None, new: Object, manager: str, subresource: str, time: str) -> None:
    """Set managedFields of `new`, in place, after an ordinary write by `manager` at `time` (RFC 3339).

    What changed belongs to this manager from now on, and to nobody else. A write without a manager's name is
    recorded only on objects that have managers, so that theirs stay true.
    """
    known = _existing(old, new)
    if not manager and (not known or subresource == "status"):
        _store(new, known)
        return
    flattener = Flattener(kind.root)
    before = flattener.flatten(old) if old else {}
    after = flattener.flatten(new)
    if subresource != "status" and "status" in kind.subresources:
        after = {path: value for path, value in after.items() if path[0] != "f:status"}
        before = {path: value for path, value in before.items() if path[0] != "f:status"}
    changed = frozenset(path for path, value in after.items() if path not in before or before[path] != value)
    changed |= flattener.containers(after) - flattener.containers(before)
    removed = before.keys() - after.keys()
    claim = Owner(manager or "unknown", UPDATE, kind.api_version, subresource, time, changed)
    mine = next((owner.fields for owner in known if owner.is_same(claim)), frozenset())
    claim = replace(claim, fields=(mine | changed) - removed)
    _store(new, claimed(without(known, changed | removed, except_=claim), claim))


def _store(new: Object, owners: list[Owner]) -> None:
    if found := entries(owners):
        new["metadata"]["managedFields"] = found
    else:
        new["metadata"].pop("managedFields", None)
