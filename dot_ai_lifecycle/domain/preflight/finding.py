"""What a check has to say: how bad it is, why, by which evidence, and what would mend it."""

from typing import Literal

from msgspec import Struct

from dot_ai_lifecycle.core.steps import Edit

Level = Literal["ok", "info", "warn", "block", "unknown"]

Harm = Literal["none", "loses", "fails"]
"""What comes of a block that nothing mends: requests or capacity are lost, or the update cannot succeed at all."""


class Fix(Struct, frozen=True):
    """What mends a finding, in one sentence.

    `strategy`: the update itself does it, for its own time; `edits`: these edits of the workload do it, if they are
    agreed to; `person`: somebody has to do it elsewhere.
    """

    words: str
    by: Literal["strategy", "edits", "person"] = "person"
    edits: tuple[Edit, ...] = ()


class Finding(Struct, frozen=True):
    """The outcome of one check; `words` is one sentence for the app's developer."""

    code: str
    level: Level
    words: str
    evidence: tuple[str, ...] = ()
    fix: Fix | None = None
    harm: Harm = "none"

    @property
    def mended(self) -> bool:
        """Whether the update itself takes away what this blocks."""
        return self.fix is not None and self.fix.by == "strategy"


def ok(code: str, words: str, *evidence: str) -> Finding:
    """The condition holds."""
    return Finding(code, "ok", words, evidence)


def told(code: str, words: str, *evidence: str, fix: Fix | None = None) -> Finding:
    """Good to know; it changes nothing."""
    return Finding(code, "info", words, evidence, fix)


def warned(code: str, words: str, *evidence: str, fix: Fix | None = None) -> Finding:
    """It may hurt."""
    return Finding(code, "warn", words, evidence, fix)


def loses(code: str, words: str, *evidence: str, fix: Fix | None = None) -> Finding:
    """Requests or capacity are lost, unless the fix is the update's own."""
    return Finding(code, "block", words, evidence, fix, "loses")


def fails(code: str, words: str, *evidence: str, fix: Fix | None = None) -> Finding:
    """The update cannot succeed."""
    return Finding(code, "block", words, evidence, fix, "fails")


def unknown(code: str, words: str, *evidence: str) -> Finding:
    """It could not be seen; `words` say what and why."""
    return Finding(code, "unknown", words, evidence)
