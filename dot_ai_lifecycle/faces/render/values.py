"""One value in one cell: ages instead of dates, durations instead of seconds, states in their colour."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from rich.text import Text

from dot_ai_lifecycle.core.redaction import redact, redacted
from dot_ai_lifecycle.faces.render.words import ago, lasting, one_line, worded

COLOURED = ("status", "state", "health", "level", "risk")
"""Fields that hold one word of judgement."""


_DIGEST = re.compile(r"(sha256:[0-9a-f]{12})[0-9a-f]{52}\b")


def shortened(text: str) -> str:
    """The text with digests cut to the twelve figures people compare."""
    return _DIGEST.sub(r"\1…", text)


def is_empty(value: Any) -> bool:
    """Whether there is nothing to show; 0 and False are something."""
    return value is None or value == "" or (isinstance(value, list | tuple | Mapping) and not value)


def shown(name: str, value: Any, now: datetime | None = None) -> Text:
    """The value of a field of that name, on one line, secrets hidden."""
    if is_empty(value):
        return Text("")
    match value:
        case bool():
            return Text("yes" if value else "no")
        case datetime():
            return Text(f"{ago(value, now or datetime.now(UTC))} ago")
        case Mapping():
            safe = redacted(value)
            return Text(", ".join(f"{one_line(key)}={shown(key, inner, now).plain}" for key, inner in safe.items()))
        case list() | tuple():
            return Text(", ".join(shown(name, inner, now).plain for inner in value))
        case int() | float() if name == "seconds":
            return Text(lasting(value))
        case _:
            return _word(name, str(value))


def _word(name: str, value: str) -> Text:
    if name in COLOURED:
        return worded(value)
    if name == "operation":
        value = value.removesuffix("_app").removesuffix("_operation").replace("_", " ")
    return Text(shortened(one_line(redact(value))))
