"""JSON Patch (RFC 6902), answering as the API server does when it cannot be applied."""

from collections.abc import Mapping, Sequence
from typing import Any

from dot_ai_lifecycle.embedded.objects import copied
from dot_ai_lifecycle.embedded.patches.fields import compact
from dot_ai_lifecycle.embedded.rejected import Rejected, bad_request

_MISSING = object()


def unprocessable() -> Rejected:
    """422: what the API server says to a patch that does not fit, a failed `test` included."""
    return Rejected(422, "Invalid", "the server rejected our request due to an error in our request", {})


def _tokens(pointer: str) -> list[str]:
    if not pointer:
        return []
    if not pointer.startswith("/"):
        raise unprocessable()
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/")]


def _index(token: str, limit: int) -> int:
    """A position below `limit`; negative ones count from there, as in the API server's library."""
    if not token.removeprefix("-").isdigit() or not -limit <= int(token) < limit:
        raise unprocessable()
    return int(token) % limit


def _read(document: Any, tokens: Sequence[str]) -> Any:
    for token in tokens:
        if isinstance(document, list):
            document = document[_index(token, len(document))]
        elif isinstance(document, dict) and token in document:
            document = document[token]
        else:
            return _MISSING
    return document


def _parent(document: Any, tokens: Sequence[str]) -> Any:
    """The map or list that holds what the tokens name."""
    found = _read(document, tokens[:-1]) if tokens else _MISSING
    if not isinstance(found, dict | list):
        raise unprocessable()
    return found


def _existing(document: Any, pointer: str) -> Any:
    found = _read(document, _tokens(pointer))
    if found is _MISSING:
        raise unprocessable()
    return found


def _put(document: Any, pointer: str, value: Any, *, replace: bool) -> Any:
    tokens = _tokens(pointer)
    if replace and not tokens:
        return value
    parent, last = _parent(document, tokens), tokens[-1]
    if isinstance(parent, dict):
        # The API server's library lets a replace of an absent key add it.
        parent[last] = value
    elif replace:
        parent[_index(last, len(parent))] = value
    elif last == "-":
        parent.append(value)
    else:
        parent.insert(_index(last, len(parent) + 1), value)
    return document


def _remove(document: Any, pointer: str) -> None:
    tokens = _tokens(pointer)
    parent, last = _parent(document, tokens), tokens[-1]
    if isinstance(parent, list):
        del parent[_index(last, len(parent))]
    elif last in parent:
        del parent[last]
    else:
        raise unprocessable()


def _test(document: Any, operation: Mapping[str, Any]) -> None:
    tokens, wanted = _tokens(operation["path"]), operation.get("value")
    found = _read(_parent(document, tokens), tokens[-1:]) if tokens else document
    # The API server's library lets a test for null hold where there is nothing, if only there is its parent.
    if compact(None if found is _MISSING else found) != compact(wanted):
        raise unprocessable()


def _step(document: Any, operation: Mapping[str, Any]) -> Any:
    path = operation["path"]
    match operation["op"]:
        case "test":
            _test(document, operation)
        case "add" | "replace" as op:
            return _put(document, path, copied(operation.get("value")), replace=op == "replace")
        case "remove":
            _remove(document, path)
        case "move":
            value = _existing(document, operation["from"])
            _remove(document, operation["from"])
            return _put(document, path, value, replace=False)
        case "copy":
            return _put(document, path, copied(_existing(document, operation["from"])), replace=False)
        case _:
            raise unprocessable()
    return document


def apply(document: Any, patch: Any) -> Any:
    """The document after all operations of the patch; the given one is left alone.

    Raises 400 for what is no JSON Patch and 422 for one that does not fit the document.
    """
    if not isinstance(patch, list) or not all(isinstance(one, dict) and {"op", "path"} <= one.keys() for one in patch):
        raise bad_request("error decoding patch: a JSON Patch is a list of operations, each with op and path")
    result = copied(document)
    for operation in patch:
        if operation["op"] in {"move", "copy"} and "from" not in operation:
            raise unprocessable()
        result = _step(result, operation)
    return result
