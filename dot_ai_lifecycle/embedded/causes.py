"""The sentences of `field.Error`: why one field of an object is not valid."""

import json
from collections.abc import Iterable
from typing import Any

from dot_ai_lifecycle.embedded.rejected import Cause


def _shown(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def wrong(field: str, value: Any, why: str) -> Cause:
    """A value that may not be."""
    return {"reason": "FieldValueInvalid", "message": f"Invalid value: {_shown(value)}: {why}", "field": field}


def required(field: str, why: str = "") -> Cause:
    """A value that is missing."""
    said = f"Required value: {why}" if why else "Required value"
    return {"reason": "FieldValueRequired", "message": said, "field": field}


def duplicate(field: str, value: Any) -> Cause:
    """A value that may be there only once."""
    return {"reason": "FieldValueDuplicate", "message": f"Duplicate value: {_shown(value)}", "field": field}


def unsupported(field: str, value: Any, known: Iterable[str]) -> Cause:
    """A value outside the few that are known."""
    said = f"Unsupported value: {_shown(value)}: supported values: {', '.join(map(_shown, known))}"
    return {"reason": "FieldValueNotSupported", "message": said, "field": field}


def may_not(field: str, why: str) -> Cause:
    """A field that may not be set, or not be changed."""
    return {"reason": "FieldValueForbidden", "message": f"Forbidden: {why}", "field": field}


def absent(field: str, value: Any) -> Cause:
    """A reference to something that is not there."""
    return {"reason": "FieldValueNotFound", "message": f"Not found: {_shown(value)}", "field": field}


def too_long(field: str, limit: int) -> Cause:
    """More bytes than allowed."""
    said = f"Too long: may not be more than {limit} bytes"
    return {"reason": "FieldValueTooLong", "message": said, "field": field}


def not_negative(field: str, value: Any) -> list[Cause]:
    """A cause when the value is below zero, none otherwise or when it is absent."""
    if isinstance(value, int) and value < 0:
        return [wrong(field, value, "must be greater than or equal to 0")]
    return []
