"""Strategic merge patch: lists merge by key; `$patch`, `$retainKeys` and the two list directives are honoured.

What cannot be merged is answered as the API server does: mostly with 500 and the bare sentence.
"""

from collections.abc import Callable
from typing import Any

from dot_ai_lifecycle.embedded.objects import as_go_prints, copied
from dot_ai_lifecycle.embedded.patches.lists import merge_key
from dot_ai_lifecycle.embedded.rejected import Rejected, bad_request

_Map = dict[str, Any]
_Path = tuple[str, ...]
_ORDER = "$setElementOrder/"
_DELETE = "$deleteFromPrimitiveList/"


def apply(root: str, document: _Map, patch: _Map) -> _Map:
    """The document merged with the patch, both left alone; `root` is the kind in the schema. Raises 400."""
    return _map(root, (), document, patch)


def _map(root: str, path: _Path, document: _Map, patch: _Map) -> _Map:
    if "$patch" in patch:
        return _directed(patch)
    result = dict(document)
    if "$retainKeys" in patch:
        result = _retained(result, patch)
    # Order matters: lists merge first, then values leave them, then what is left is put in order.
    for key in (key for key in patch if not key.startswith("$")):
        _field(root, (*path, key), result, patch[key])
    for key in (key for key in patch if key.startswith(_DELETE)):
        _drop(result, key.removeprefix(_DELETE), patch[key])
    for key in (key.removeprefix(_ORDER) for key in patch if key.startswith(_ORDER)):
        _reorder(root, (*path, key), result, document.get(key) or [], patch[_ORDER + key])
    return result


def _directed(patch: _Map) -> _Map:
    match patch["$patch"]:
        case "delete":
            return {}
        case "replace":
            return {key: copied(value) for key, value in patch.items() if key != "$patch"}
        case _:
            raise _bad_type(patch)


def _retained(document: _Map, patch: _Map) -> _Map:
    """The document without the keys that are not retained; raises 400 where the patch sets one of those."""
    kept = patch["$retainKeys"]
    if any(value is not None and not key.startswith("$") and key not in kept for key, value in patch.items()):
        raise bad_request("invalid patch format of retainKeys")
    return {key: value for key, value in document.items() if key in kept}


def _bad_type(item: _Map) -> Rejected:
    return Rejected(500, "", f"unknown patch type: {item['$patch']} in map: {as_go_prints(item)}")


def _field(root: str, path: _Path, result: _Map, value: Any) -> None:
    key, old = path[-1], result.get(path[-1])
    if value is None:
        result.pop(key, None)
    elif isinstance(value, dict):
        if old is not None or "$patch" not in value:  # a directive about what is not there means nothing
            result[key] = _map(root, path, old if isinstance(old, dict) else {}, value)
    elif isinstance(value, list):
        result[key] = _list(root, path, old if isinstance(old, list) else [], value)
    else:
        result[key] = value


def _list(root: str, path: _Path, old: list[Any], patch: list[Any]) -> list[Any]:
    if any(isinstance(item, dict) and item.get("$patch") == "replace" for item in patch):
        return [copied(item) for item in patch if "$patch" not in item]
    key = merge_key(root, path)
    if key is None:
        return [copied(item) for item in patch]
    if not key:
        return _ordered(old + [item for item in patch if item not in old], patch, old, _itself)
    return _by_key(root, path, key, old, patch)


def _by_key(root: str, path: _Path, key: str, old: list[Any], patch: list[Any]) -> list[Any]:
    for item in patch:
        if not isinstance(item, dict) or key not in item:
            raise Rejected(500, "", f"map: {as_go_prints(item)} does not contain declared merge key: {key}")
        if item.get("$patch", "delete") != "delete":
            raise _bad_type(item)
    gone = [item[key] for item in patch if "$patch" in item]
    kept = [one for one in old if one.get(key) not in gone]
    result, wanted = list(kept), [item for item in patch if "$patch" not in item]
    for item in wanted:
        same = next((index for index, one in enumerate(result) if one.get(key) == item[key]), None)
        if same is None:
            result.append(_map(root, path, {}, item))
        else:
            result[same] = _map(root, path, result[same], item)
    return _ordered(result, wanted, kept, lambda one: one.get(key))


def _itself(item: Any) -> Any:
    return item


def _drop(result: _Map, key: str, values: list[Any]) -> None:
    if isinstance(result.get(key), list):
        result[key] = [item for item in result[key] if item not in values]


def _reorder(root: str, path: _Path, result: _Map, before: list[Any], order: list[Any]) -> None:
    by, items = merge_key(root, path), result.get(path[-1])
    if by is None or not isinstance(items, list):
        return
    result[path[-1]] = _ordered(items, order, before, (lambda item: item.get(by)) if by else _itself)


def _ordered(items: list[Any], order: list[Any], before: list[Any], identity: Callable[[Any], Any]) -> list[Any]:
    """The items the patch names in its order, the others in theirs; of two that were there, the earlier comes first.

    What is new comes before what it has no order with: a new container is the first of its pod.
    """
    wanted, there = [identity(item) for item in order], [identity(item) for item in before]
    named = sorted((one for one in items if identity(one) in wanted), key=lambda one: wanted.index(identity(one)))
    others = [one for one in items if identity(one) not in wanted]
    placed: list[Any] = []
    while named and others:
        first, second = identity(others[0]), identity(named[0])
        ahead = first in there and second in there and there.index(first) < there.index(second)
        placed.append((others if ahead else named).pop(0))
    return placed + named + others
