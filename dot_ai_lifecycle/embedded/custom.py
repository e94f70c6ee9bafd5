"""CustomResourceDefinitions: creating one serves a kind, deleting it ends that and its objects."""

from datetime import datetime
from typing import Any

from dot_ai_lifecycle.embedded.kinds import Kind, Kinds
from dot_ai_lifecycle.embedded.objects import Object, copied, timestamp


def kinds_of(definition: Object) -> list[Kind]:
    """The kinds a definition serves, the storage version first."""
    spec = definition["spec"]
    names: dict[str, Any] = spec.get("names") or {}
    served = [version for version in spec.get("versions") or () if version.get("served", True)]
    return [
        Kind(
            group=spec["group"],
            version=version["name"],
            kind=names["kind"],
            plural=names["plural"],
            singular=names.get("singular") or names["kind"].lower(),
            namespaced=spec.get("scope", "Namespaced") == "Namespaced",
            short_names=tuple(names.get("shortNames") or ()),
            subresources=frozenset(version.get("subresources") or ()),
            categories=tuple(names.get("categories") or ()),
            has_generation=True,
            custom=True,
        )
        for version in sorted(served, key=lambda one: not one.get("storage"))
    ]


def follow(kinds: Kinds, definition: Object, *, gone: bool) -> None:
    """Serve what the definition defines, or no longer."""
    for kind in kinds_of(definition):
        if gone:
            kinds.remove(kind)
        elif kinds.by_plural(kind.group, kind.version, kind.plural) != kind:
            kinds.add(kind)


def established(definition: Object, now: datetime) -> Object:
    """The definition with the status that says it is served."""
    fresh: Object = copied(definition)
    names = fresh["spec"].get("names") or {}
    conditions = [
        {"type": "NamesAccepted", "reason": "NoConflicts", "message": "no conflicts found"},
        {"type": "Established", "reason": "InitialNamesAccepted", "message": "the initial names have been accepted"},
    ]
    stamped = [one | {"status": "True", "lastTransitionTime": timestamp(now)} for one in conditions]
    stored = [one["name"] for one in fresh["spec"].get("versions") or () if one.get("storage")]
    fresh["status"] = {"conditions": stamped, "acceptedNames": names, "storedVersions": stored}
    return fresh
