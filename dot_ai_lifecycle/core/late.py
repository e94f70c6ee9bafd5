"""Values of a plan that are known only while it is carried out, by their names."""

from collections.abc import Mapping
from typing import Any


def late(name: str) -> dict[str, str]:
    """A value known only while the plan is carried out."""
    return {"late": name}


NOW = late("now")
"""The moment a step is performed, in RFC 3339."""

NEW_HASH = late("new-hash")
"""The hash that pods of the revision carry which an update made; known once its pods are ready."""

OPERATION = late("operation")
"""The id of the operation that performs the step."""

ACTOR = late("actor")
"""Who has the step performed."""


def is_late(value: Any) -> bool:
    """Whether a value is not known yet."""
    return isinstance(value, Mapping) and set(value) == {"late"}


def known_in(value: Any, known: Mapping[str, Any]) -> Any:
    """A value with every late value in it that is known."""
    if is_late(value):
        return known.get(value["late"], value)
    if isinstance(value, Mapping):
        return {key: known_in(inner, known) for key, inner in value.items()}
    return value
