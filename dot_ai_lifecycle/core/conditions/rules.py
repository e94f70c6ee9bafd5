"""What a message of the cluster means: ordered rules over its text, the first that fits decides."""

import re

from msgspec import Struct

from dot_ai_lifecycle.core.conditions.words import shortened

MOST = 2000
"""Characters of a message that are looked at, half from its beginning and half from its end: anybody may write one."""


class Rule(Struct, frozen=True):
    """A pattern found in a message, and what it says about the new version.

    `words` may name the pattern's groups and whatever the caller knows, in braces. `patience` in seconds.
    """

    code: str
    pattern: str
    words: str
    patience: float


class Judged(Struct, frozen=True):
    """What a message was found to mean."""

    code: str
    words: str
    patience: float


def judged(rules: tuple[Rule, ...], text: str, **known: str) -> Judged:
    """The first rule whose pattern is in the text, ignoring case. The last rule of a table must fit everything."""
    looked_at = text if len(text) <= MOST else f"{text[: MOST // 2]} {text[-MOST // 2 :]}"
    for rule in rules:
        if found := re.search(rule.pattern, looked_at, re.IGNORECASE):
            parts = {name: shortened(part or "") for name, part in found.groupdict().items()}
            return Judged(rule.code, rule.words.format(**known, **parts), rule.patience)
    raise LookupError(f"no rule fits {text!r}: the table lacks its last, general rule")
