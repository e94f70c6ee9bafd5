"""The verdict: all checks, what decides among them, and what whoever chooses a strategy wants to know."""

from collections.abc import Callable, Mapping
from typing import Literal

from msgspec import Struct

from dot_ai_lifecycle.core.registry import ImageSight
from dot_ai_lifecycle.core.steps import Edit
from dot_ai_lifecycle.core.surroundings import Surroundings
from dot_ai_lifecycle.domain.preflight.admission import z20
from dot_ai_lifecycle.domain.preflight.capacity import z10, z11, z13
from dot_ai_lifecycle.domain.preflight.case import Case
from dot_ai_lifecycle.domain.preflight.draining import drains, z06, z07, z08, z23
from dot_ai_lifecycle.domain.preflight.finding import Finding
from dot_ai_lifecycle.domain.preflight.headroom import headroom
from dot_ai_lifecycle.domain.preflight.needed import z18, z19
from dot_ai_lifecycle.domain.preflight.ownership import z24, z26
from dot_ai_lifecycle.domain.preflight.pace import z01, z02, z05, z09, z17, z27
from dot_ai_lifecycle.domain.preflight.paths import drain_seconds, z21, z22, z28
from dot_ai_lifecycle.domain.preflight.probes import z03, z04
from dot_ai_lifecycle.domain.preflight.state import z14, z15, z16, z25
from dot_ai_lifecycle.domain.preflight.volumes import z12
from dot_ai_lifecycle.domain.strategies.choice import Strategy

Verdict = Literal["safe", "safe-with-fixes", "degraded", "impossible"]

CHECKS: tuple[Callable[[Case], Finding], ...] = (
    z01, z02, z03, z04, z05, z06, z07, z08, z09, z10, z11, z12, z13, z14,
    z15, z16, z17, z18, z19, z20, z21, z22, z23, z24, z25, z26, z27, z28,
)  # fmt: skip


class Assessment(Struct, frozen=True):
    """What is to be expected of an update by this strategy.

    `reasons` are what decides the verdict, in words. `drains`: the pods that run now wait before they end; `served`:
    whether any Service sends traffic (None: not known); `headroom`: how many extra pods fit (None: nothing known
    bounds them), and `headroom_why` by what; `drain_seconds`: how long proxies may take to notice that a pod ends.
    """

    strategy: Strategy
    verdict: Verdict
    reasons: tuple[str, ...]
    findings: tuple[Finding, ...]
    drains: bool
    served: bool | None
    headroom: int | None
    headroom_why: str
    drain_seconds: int

    @property
    def fixes(self) -> tuple[Edit, ...]:
        """The edits of the workload that would mend findings within the same update, if they are agreed to."""
        edits = [
            edit
            for finding in self.findings
            if finding.fix is not None and finding.fix.by == "edits" and finding.level in ("block", "warn")
            for edit in finding.fix.edits
        ]
        return tuple({edit.path: edit for edit in edits}.values())

    def finding(self, code: str) -> Finding:
        """The finding of that check."""
        return next(finding for finding in self.findings if finding.code == code)


def assess(seen: Surroundings, *, strategy: Strategy, images: Mapping[str, ImageSight] | None = None) -> Assessment:
    """Everything that is to be said of an update to `seen.template` by that strategy; pure.

    `images` are the images that were looked for, by reference. A block that the strategy itself takes away leaves the
    update safe; one that nothing does makes it degraded (requests or capacity are lost) or impossible (it cannot
    succeed by this strategy at all).
    """
    case = Case(seen, strategy, images or {})
    findings = tuple(check(case) for check in CHECKS)
    verdict, deciding = judged(findings)
    room = headroom(case)
    return Assessment(
        strategy=strategy,
        verdict=verdict,
        reasons=tuple(_reason(finding) for finding in deciding) or (_GOOD,),
        findings=findings,
        drains=drains(case),
        served=case.served,
        headroom=room.pods,
        headroom_why=room.why,
        drain_seconds=drain_seconds(case),
    )


def judged(findings: tuple[Finding, ...]) -> tuple[Verdict, tuple[Finding, ...]]:
    """The verdict of these findings, and those that decide it."""
    blocks = [finding for finding in findings if finding.level == "block"]
    left = [finding for finding in blocks if not finding.mended]
    if fatal := [finding for finding in left if finding.harm == "fails"]:
        return "impossible", tuple(fatal)
    if left:
        return "degraded", tuple(left)
    return ("safe-with-fixes" if blocks else "safe"), tuple(blocks)


def _reason(finding: Finding) -> str:
    return f"{finding.words} {finding.fix.words}" if finding.fix is not None and finding.mended else finding.words


_GOOD = "Nothing was found that would lose a request."
