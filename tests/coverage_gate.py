"""Holds what the last test run covered against the bounds: `python -m tests.coverage_gate` after `make test`.

What is held is the share of branches taken, alone: lines are many and easily run, so that a figure of both together
hides conditions that no test has ever seen the other side of. Beside it stand the lines alone, and both together.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slipcover import Slipcover, merge_coverage

PACKAGE = "dot_ai_lifecycle/"
PLACE = Path(".coverage")
"""Where each process that ran tests leaves its report."""


@dataclass(frozen=True)
class Bound:
    """The least share of branches, in percent, that the tests must take below a path."""

    path: str
    percent: float


BOUNDS = (Bound(PACKAGE, 90), Bound(f"{PACKAGE}domain/", 95), Bound(f"{PACKAGE}engine/", 95))


@dataclass(frozen=True)
class Reached:
    """What was counted below a path."""

    lines: int = 0
    lines_run: int = 0
    branches: int = 0
    branches_taken: int = 0

    @property
    def branch_percent(self) -> float:
        """Branches alone: what is held."""
        return _percent(self.branches_taken, self.branches)

    @property
    def line_percent(self) -> float:
        """Lines alone."""
        return _percent(self.lines_run, self.lines)

    @property
    def joint_percent(self) -> float:
        """Lines and branches together, as coverage.py reckons with branches measured."""
        return _percent(self.lines_run + self.branches_taken, self.lines + self.branches)


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 100.0


def reached(report: dict[str, Any], path: str) -> Reached:
    """The sums of SlipCover's report over the files below a path."""
    files = [entry["summary"] for name, entry in report["files"].items() if name.startswith(path)]
    return Reached(
        lines=sum(one["covered_lines"] + one["missing_lines"] for one in files),
        lines_run=sum(one["covered_lines"] for one in files),
        branches=sum(one["covered_branches"] + one["missing_branches"] for one in files),
        branches_taken=sum(one["covered_branches"] for one in files),
    )


def weakest(report: dict[str, Any], path: str, count: int = 8) -> list[str]:
    """The files below a path with the most branches never taken, worst first, and where those are."""
    files = [(name, entry) for name, entry in report["files"].items() if name.startswith(path)]
    worst = sorted(files, key=lambda pair: int(pair[1]["summary"]["missing_branches"]), reverse=True)[:count]
    return [f"    {name}: {_untaken(entry)}" for name, entry in worst if entry["summary"]["missing_branches"]]


def _untaken(entry: dict[str, Any], count: int = 12) -> str:
    """Branches as `line->line`; line 0 is where a function is left."""
    arcs = [f"{start}->{end}" for start, end in entry["missing_branches"]]
    more = f" and {len(arcs) - count} more" if len(arcs) > count else ""
    branches = entry["summary"]["covered_branches"] + len(arcs)
    return f"{len(arcs)} of {branches} not taken: {', '.join(arcs[:count])}{more}"


def verdict(report: dict[str, Any], bound: Bound) -> tuple[bool, list[str]]:
    """Whether a bound holds, and the lines that say so. Where no branch was measured, none does."""
    found = reached(report, bound.path)
    held = found.branches > 0 and found.branch_percent >= bound.percent
    line = (
        f"{'holds' if held else 'FAILS'}  {bound.path}  {found.branch_percent:.1f} % of branches, wanted "
        f"{bound.percent:.0f} % (lines {found.line_percent:.1f} %, both together {found.joint_percent:.1f} %)"
    )
    return held, [line] if held else [line, *weakest(report, bound.path)]


def probes(*, source: list[str] | None) -> Slipcover:
    """What takes note of lines and branches; with `source`, also of files there that were never imported."""
    return Slipcover(branch=True, source=source, exclude_also=["assert_never", r"\.\.\.$"])


def measured() -> dict[str, Any]:
    """SlipCover's report of the last run, of every file of the package, whichever process ran it.

    Files that none imported are read too, and count as never run.
    """
    parts = [json.loads(part.read_text()) for part in sorted(PLACE.glob("*.json"))]
    imported = {name for part in parts for name in part["files"]}
    if not {str(file) for file in Path(PACKAGE).rglob("*.py")} <= imported:
        parts.append(probes(source=[PACKAGE]).get_coverage())
    found: dict[str, Any] = parts[0]
    for part in parts[1:]:
        merge_coverage(found, part)
    return found


def main() -> int:
    """Print the verdicts; 1 where a bound fails."""
    report = measured()
    verdicts = [verdict(report, bound) for bound in BOUNDS]
    for _, lines in verdicts:
        print("\n".join(lines))
    return 0 if all(held for held, _ in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
