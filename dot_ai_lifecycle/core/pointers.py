"""JSON Pointers (RFC 6901): how a field of an object is named."""

from collections.abc import Mapping
from typing import Any


def pointer(*parts: str | int) -> str:
    """A JSON Pointer (RFC 6901) of those parts."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in parts)


def unescaped(part: str) -> str:
    """One part of a pointer as the key it names."""
    return part.replace("~1", "/").replace("~0", "~")


def value_at(manifest: Any, path: str) -> Any:
    """What stands at a JSON Pointer; None where nothing does."""
    here = manifest
    for part in path.split("/")[1:]:
        key = unescaped(part)
        if isinstance(here, Mapping):
            here = here.get(key)
        elif isinstance(here, list | tuple) and key.isdigit() and int(key) < len(here):
            here = here[int(key)]
        else:
            return None
    return here
