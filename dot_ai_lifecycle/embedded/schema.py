"""The fields of the built-in kinds: which exist, of which type, and how their lists and maps merge.

`schema.json` holds the facts an API server of 1.34.2 publishes in its OpenAPI documents; the contract suite compares
the two. Custom kinds have no schema here beyond their metadata.
"""

from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

import msgspec

METADATA = "meta.v1.ObjectMeta"
Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `type` is a word, a definition's name, `[` before what a list holds or `{` before what a map holds.

    `merge_key` is strategic merge's (empty for a set of values, None when a list is replaced whole), `keys` are
    server-side apply's (empty for a set, None when it is one value).
    """

    type: str
    merge_key: str | None = None
    keys: Names | None = None
    atomic: bool = False


@cache
def definitions() -> dict[str, dict[str, str]]:
    """All definitions by name, each with its fields as they are written in the file."""
    content = files("dot_ai_lifecycle.embedded").joinpath("schema.json").read_bytes()
    return msgspec.json.decode(content, type=dict[str, dict[str, str]])


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Field:
    type_, *marks = text.split(";")
    values = dict(mark.partition("=")[::2] for mark in marks)
    keys = tuple(values["keys"].split(",")) if "keys" in values else (() if "set" in values else None)
    return Field(type_, values.get("merge"), keys, "atomic" in values or _is_atomic(type_))


def _is_atomic(type_: str) -> bool:
    return "atomic" in definitions().get(type_, {}).get("*", "").split(";")


def field_of(type_: str, name: str) -> Field | None:
    """The field of that name in a definition, or None when it has none."""
    text = definitions().get(type_, {}).get(name)
    return _parsed(text) if text is not None and name != "*" else None


def inner(type_: str) -> str:
    """What a list or a map holds; other types are their own."""
    return type_[1:] if type_[:1] in {"[", "{"} else type_


@lru_cache(maxsize=8192)
def field_at(root: str, names: Names) -> Field | None:
    """The field at a path of names below a root such as `apps/v1.Deployment`; None where nothing is known.

    List items do not appear in the path: `("spec", "containers", "ports")` are the ports of a container.
    """
    if root not in definitions():
        if names[:1] != ("metadata",):
            return None
        field, names = Field(METADATA), names[1:]
    else:
        field = Field(root)
    for name in names:
        type_ = field.type
        if type_.startswith("{"):
            field = _parsed(type_[1:])
            continue
        found = field_of(inner(type_), name)
        if found is None:
            return None
        field = found
    return field
