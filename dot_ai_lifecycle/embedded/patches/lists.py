"""How lists and maps merge, out of the schema: which items are the same item, and what is replaced whole."""

from dot_ai_lifecycle.embedded.schema import Names, field_at


def merge_key(root: str, names: Names) -> str | None:
    """Strategic merge's key of the list at this path; empty for a set of values, None when it is replaced whole."""
    field = field_at(root, names)
    return field.merge_key if field else None


def apply_keys(root: str, names: Names) -> Names | None:
    """Server-side apply's keys of the list at this path; empty for a set, None when it is one value."""
    field = field_at(root, names)
    return field.keys if field else None


def is_atomic(root: str, names: Names) -> bool:
    """Whether server-side apply treats the map at this path as one value."""
    field = field_at(root, names)
    return field is not None and field.atomic


def holds_others(root: str, names: Names) -> bool:
    """Whether the field at this path is a map or a list, as opposed to a structure of known fields."""
    field = field_at(root, names)
    return field is not None and field.type[:1] in {"[", "{"}
