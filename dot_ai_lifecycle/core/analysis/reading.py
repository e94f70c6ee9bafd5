"""The words in which an analysis answers: one reading a question, one look a window."""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

Judgement = Literal["pass", "fail", "inconclusive"]

MOST_EVIDENCE = 5


class Reading(Struct, frozen=True):
    """What one question about the new set came to.

    `code` says what was found (ERRORS_ROSE, RESTARTED, …), `words` in one sentence, `evidence` the figures or lines
    behind it. `critical` is a failure that needs no second look. `subject` is the name of a query of the user's.
    """

    judgement: Judgement
    code: str
    words: str
    evidence: tuple[str, ...] = ()
    critical: bool = False
    subject: str = ""

    @property
    def failed(self) -> bool:
        return self.judgement == "fail"

    @property
    def passed(self) -> bool:
        return self.judgement == "pass"


def passing(code: str, words: str, *evidence: str, subject: str = "") -> Reading:
    """A reading that speaks for the new set."""
    return Reading("pass", code, words, evidence, subject=subject)


def failing(code: str, words: str, *evidence: str, critical: bool = False, subject: str = "") -> Reading:
    """A reading that speaks against the new set."""
    return Reading("fail", code, words, evidence, critical=critical, subject=subject)


def unclear(code: str, words: str, *evidence: str, subject: str = "") -> Reading:
    """A reading that speaks neither for nor against the new set."""
    return Reading("inconclusive", code, words, evidence, subject=subject)


def worst(readings: Iterable[Reading]) -> Reading:
    """The gravest of some readings, the first of equals; there must be one."""
    grave = {"pass": 0, "inconclusive": 1, "fail": 2}
    return max(readings, key=lambda reading: (reading.critical, grave[reading.judgement]))
