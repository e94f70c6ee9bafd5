"""JSON Merge Patch (RFC 7386): lists are replaced whole, null deletes."""

from typing import Any

from dot_ai_lifecycle.embedded.objects import copied


def apply(document: Any, patch: Any) -> Any:
    """The document merged with the patch; neither is altered."""
    if not isinstance(patch, dict):
        return copied(patch)
    result = dict(document) if isinstance(document, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = apply(result.get(key), value)
    return result
