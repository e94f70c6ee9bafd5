"""Objects as flat sets of fields: the shape in which ownership by field managers is reckoned and stored (FieldsV1)."""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from dot_ai_lifecycle.embedded.patches.lists import apply_keys, holds_others, is_atomic

Path = tuple[str, ...]
"""Elements as FieldsV1 spells them: `f:name`, `k:{"name":"web"}`, `v:"x"`."""
Fields = frozenset[Path]

ITEM = object()
"""What `flatten` gives as the value of a list item as such, as opposed to the fields within it."""

_UNOWNED = frozenset(
    {"name", "namespace", "generateName", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"}
    | {"selfLink", "uid", "resourceVersion", "generation", "managedFields"}
)


def compact(value: Any) -> str:
    """JSON as it stands inside path elements."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


def item_element(item: Mapping[str, Any], keys: Iterable[str]) -> str:
    """The path element of an item of a keyed list."""
    defaults = {"protocol": "TCP"}
    return "k:" + compact({key: item.get(key, defaults.get(key)) for key in keys if key in item or key in defaults})


class Flattener:
    """Flattens objects of one kind, named as in the schema."""

    def __init__(self, root: str) -> None:
        self._root = root

    def flatten(self, object_: Mapping[str, Any]) -> dict[Path, Any]:
        """Every field of the object that a manager can own, with its value; what an apply patch claims."""
        found: dict[Path, Any] = {}
        for key, value in object_.items():
            if key == "metadata":
                kept = {name: one for name, one in value.items() if name not in _UNOWNED}
                found.update(self._map(("f:metadata",), ("metadata",), kept))
            elif key not in {"apiVersion", "kind"}:
                found.update(self._any((f"f:{key}",), (key,), value))
        return found

    def containers(self, fields: Iterable[Path]) -> Fields:
        """The maps and keyed lists these fields are in: an update, unlike an apply, owns those it brought."""
        return frozenset[Path]().union(*(_containers_of(self._root, path) for path in fields))

    def rule_keys(self, names: Path) -> tuple[str, ...] | None:
        """The keys of the keyed list at this path of field names; empty for a set, None when it is atomic."""
        return apply_keys(self._root, names)

    def atomic(self, names: Path) -> bool:
        """Whether the map at this path of field names is one value."""
        return is_atomic(self._root, names)

    def _any(self, path: Path, names: Path, value: Any) -> Iterator[tuple[Path, Any]]:
        if isinstance(value, dict) and value and not self.atomic(names):
            yield from self._map(path, names, value)
        elif isinstance(value, list) and value and self.rule_keys(names) is not None:
            yield from self._list(path, names, value)
        else:
            yield path, value

    def _map(self, path: Path, names: Path, value: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
        for key, item in value.items():
            yield from self._any((*path, f"f:{key}"), (*names, key), item)

    def _list(self, path: Path, names: Path, value: list[Any]) -> Iterator[tuple[Path, Any]]:
        keys = self.rule_keys(names)
        for item in value:
            if keys and isinstance(item, dict):
                inside = (*path, item_element(item, keys))
                yield inside, ITEM
                yield from self._map(inside, names, item)
            else:
                yield (*path, f"v:{compact(item)}"), item


@lru_cache(4096)  # the same paths come with every write to an object
def _containers_of(root: str, path: Path) -> Fields:
    found = set()
    for end in range(1, len(path)):
        names = tuple(one[2:] for one in path[:end] if one.startswith("f:"))
        if path[end - 1].startswith("f:") and holds_others(root, names):
            found.add(path[:end])
    return frozenset(found)


def encode(fields: Iterable[Path]) -> dict[str, Any]:
    """Fields as FieldsV1."""
    tree: dict[str, Any] = {}
    whole = set(fields)
    nodes: list[tuple[Path, dict[str, Any]]] = []
    for path in sorted(whole):
        node = tree
        for element in path:
            node = node.setdefault(element, {})
        nodes.append((path, node))
    for path, node in nodes:
        if node or path[-1].startswith("k:"):
            node["."] = {}
    return tree


def decode(tree: Mapping[str, Any]) -> Fields:
    """Fields out of FieldsV1."""
    return frozenset(_decoded(tree, ()))


def _decoded(tree: Mapping[str, Any], path: Path) -> Iterator[Path]:
    for element, inside in tree.items():
        if element == ".":
            yield path
        elif inside:
            yield from _decoded(inside, (*path, element))
        else:
            yield (*path, element)


def spelled(path: Path) -> str:
    """A path as conflict messages write it: `.spec.template.spec.containers[name="web"].image`."""
    parts = []
    for element in path:
        sort, _, rest = element.partition(":")
        if sort == "f":
            parts.append(f".{rest}")
        elif sort == "k":
            keys = json.loads(rest)
            parts.append("[" + ",".join(f"{key}={compact(value)}" for key, value in keys.items()) + "]")
        else:
            parts.append(f"[={rest}]")
    return "".join(parts)
