"""Texts of others inside our messages: on one line, bounded, and without credentials."""

import re

from dot_ai_lifecycle.core.redaction import redact

# validation quotes the value it refuses: for a patch, the whole object, with every variable in it
_QUOTED_VALUE = re.compile(r'((?:Invalid|Unsupported|Duplicate) value: )"(?:[^"\\]|\\.){60,}"')


def one_line(text: str, limit: int = 1000) -> str:
    """The text with secrets hidden, white space folded, at most `limit` characters."""
    text = _QUOTED_VALUE.sub(r"\1…", text)
    text = " ".join(redact(text[: 4 * limit]).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def sentence(text: str) -> str:
    """The text with an end."""
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
