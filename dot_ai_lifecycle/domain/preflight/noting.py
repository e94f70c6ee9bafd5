"""What a plan says of the checks before it: the verdict, what decides it, and the warnings worth a second thought."""

from dot_ai_lifecycle.core.plan import Note
from dot_ai_lifecycle.domain.preflight.assessment import Assessment

MOST = 4
"""Warnings a plan tells; whoever wants them all asks for the check itself."""

SAID: dict[str, str] = {
    "safe": "No request is lost",
    "safe-with-fixes": "No request is lost, as this is seen to",
    "degraded": "Requests or capacity may be lost",
    "impossible": "It cannot succeed",
}


def notes_of(assessment: Assessment) -> tuple[Note, ...]:
    """The verdict first, then warnings."""
    warned = [finding for finding in assessment.findings if finding.level == "warn" and not finding.mended]
    told = [Note(level="warning", text=finding.words) for finding in warned[:MOST]]
    if len(warned) > MOST:
        told.append(Note(level="info", text=f"{len(warned) - MOST} more warnings: `dot-ai check` tells them all."))
    return (_verdict(assessment), *told)


def _verdict(assessment: Assessment) -> Note:
    bad = assessment.verdict in ("degraded", "impossible")
    why = " ".join(assessment.reasons)
    text = SAID["safe"] + "." if assessment.verdict == "safe" else f"{SAID[assessment.verdict]}: {why}"
    return Note(level="warning" if bad else "info", text=text)
