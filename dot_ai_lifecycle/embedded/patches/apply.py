"""Server-side apply: merge by type, remove what its manager no longer names, refuse what others own.

The rules are those of structured-merge-diff v6 as Kubernetes 1.34 uses it; which lists are keyed is in `lists`.
"""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dot_ai_lifecycle.embedded.kinds import Kind
from dot_ai_lifecycle.embedded.objects import Object, copied
from dot_ai_lifecycle.embedded.ownership import APPLY, UPDATE, Owner, claimed, entries, owners_of, without
from dot_ai_lifecycle.embedded.patches.fields import Fields, Flattener, Path, compact, item_element, spelled
from dot_ai_lifecycle.embedded.rejected import Rejected


class _Merger:
    def __init__(self, flattener: Flattener) -> None:
        self._flattener = flattener

    def merge(self, names: Path, live: Any, wanted: Any) -> Any:
        if isinstance(wanted, dict) and isinstance(live, dict) and not (names and self._flattener.atomic(names)):
            result = dict(live)
            for key, value in wanted.items():
                result[key] = self.merge((*names, key), live.get(key), value)
            return result
        if isinstance(wanted, list) and isinstance(live, list):
            return self._lists(names, live, wanted)
        return copied(wanted)

    def _lists(self, names: Path, live: list[Any], wanted: list[Any]) -> list[Any]:
        keys = self._flattener.rule_keys(names)
        if keys is None:
            return list(copied(wanted))

        def identity(item: Any) -> str:
            return item_element(item, keys) if keys and isinstance(item, dict) else compact(item)

        old = {identity(item): item for item in live}
        new = {identity(item): self.merge(names, old.get(identity(item)), item) for item in wanted}
        # Items both sides have take the applied order; items only the server has keep their place before them.
        order = [key for key in old if key not in new]
        return [old[key] for key in order] + list(new.values()) if not _same_order(old, new) else _placed(old, new)


def _same_order(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return [key for key in old if key in new] == [key for key in new if key in old]


def _placed(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Any]:
    return [new.get(key, item) for key, item in old.items()] + [item for key, item in new.items() if key not in old]


def _find(node: Any, element: str) -> Any:
    """The key or index of a path element within a map or list, None when it is not there."""
    sort, _, rest = element.partition(":")
    if sort == "f":
        return rest if isinstance(node, dict) and rest in node else None
    for index, item in enumerate(node if isinstance(node, list) else ()):
        if sort == "v" and compact(item) == rest:
            return index
        if sort == "k" and isinstance(item, dict) and item_element(item, json.loads(rest)) == element:
            return index
    return None


def _remove(node: Any, path: Path) -> None:
    """Remove the field at the path, and maps and lists that it leaves empty."""
    at = _find(node, path[0])
    if at is None:
        return
    if len(path) > 1:
        _remove(node[at], path[1:])
        if node[at] not in ({}, []):
            return
    del node[at]


def _prunable(lost: Fields, others: list[Owner]) -> list[Path]:
    """What may be removed: fields nobody else has; of list items their fields, or the whole where it is all ours."""
    kept = frozenset[Path]().union(*(owner.fields for owner in others))
    whole = [path for path in lost if path[-1].startswith("k:") and not any(one[: len(path)] == path for one in kept)]
    inside = [path for path in lost - kept if not path[-1].startswith("k:") and not _is_key(path)]
    return sorted(inside, key=len, reverse=True) + sorted(whole, key=len, reverse=True)


def _is_key(path: Path) -> bool:
    return len(path) > 1 and path[-2].startswith("k:") and path[-1].removeprefix("f:") in json.loads(path[-2][2:])


def _described(owner: Owner) -> str:
    said = json.dumps(owner.name)
    if owner.subresource:
        said += f" with subresource {json.dumps(owner.subresource)}"
    return f"{said} using {owner.api_version}" if owner.operation == UPDATE else said


def _conflict(found: list[tuple[Owner, Path]]) -> Rejected:
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {_described(owner)}", "field": spelled(path)}
        for owner, path in found
    ]
    if len(found) == 1:
        owner, path = found[0]
        said = f"Apply failed with 1 conflict: conflict with {_described(owner)}: {spelled(path)}"
    else:
        groups: dict[str, list[str]] = defaultdict(list)
        for owner, path in found:
            groups[_described(owner)].append(f"- {spelled(path)}")
        lines = [f"conflicts with {name}:\n" + "\n".join(groups[name]) for name in sorted(groups)]
        said = f"Apply failed with {len(found)} conflicts: " + "\n".join(lines)
    return Rejected(409, "Conflict", said, {"causes": causes})


def apply(
    kind: Kind, live: Object | None, wanted: Object, *, manager: str, subresource: str, time: str, force: bool
) -> tuple[Object, list[dict[str, Any]]]:
    """The object after `manager` applied `wanted`, and its new managedFields; `live` is None when it is to be created.

    Raises 409 naming every field another manager owns with another value, unless `force`.
    """
    flattener = Flattener(kind.root)
    fields = flattener.flatten(wanted)
    claim = Owner(manager, APPLY, kind.api_version, subresource, time, frozenset(fields))
    if live is None:
        return copied(wanted), entries([claim])
    known = owners_of(live)
    before = flattener.flatten(live)
    changed = {path for path, value in fields.items() if path not in before or before[path] != value}
    others = [owner for owner in known if not owner.is_same(claim)]
    found = [(owner, path) for owner in others for path in sorted(owner.fields & changed)]
    if found and not force:
        raise _conflict(found)
    known = without(known, changed, except_=claim)
    previous = next((owner.fields for owner in known if owner.is_same(claim)), frozenset[Path]())
    merged = copied(_Merger(flattener).merge((), live, wanted))
    lost = previous - claim.fields
    for path in _prunable(lost, [replace(owner) for owner in known if not owner.is_same(claim)]):
        _remove(merged, path)
    return merged, entries(claimed(known, claim))
