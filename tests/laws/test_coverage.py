"""The coverage gate: it holds branches, and says which are missing."""

from typing import Any

import pytest

from tests.coverage_gate import Bound, verdict

PLACE = "dot_ai_lifecycle/engine/"


def report(*, taken: int, of: int = 10, lines: int = 990) -> dict[str, Any]:
    """A report of one file, all of whose lines were run."""
    summary = {
        "covered_lines": lines,
        "missing_lines": 0,
        "covered_branches": taken,
        "missing_branches": of - taken,
    }
    missing = [[number, number + 1] for number in range(of - taken)]
    return {"files": {f"{PLACE}run.py": {"summary": summary, "missing_branches": missing}}}


@pytest.mark.parametrize(("taken", "held"), [(95, True), (94, False)])
def test_branches_are_held_to_the_bound_however_many_lines_were_run(taken: int, held: bool):
    found, [line, *_] = verdict(report(taken=taken, of=100), Bound(PLACE, 95))

    assert found is held
    assert f"{taken:.1f} % of branches, wanted 95 % (lines 100.0 %, both together 99." in line


def test_a_bound_that_fails_names_the_files_and_where_their_branches_are():
    _, lines = verdict(report(taken=8), Bound(PLACE, 95))

    assert lines[1:] == [f"    {PLACE}run.py: 2 of 10 not taken: 0->1, 1->2"]


def test_of_many_missing_branches_the_first_dozen_is_listed():
    _, lines = verdict(report(taken=0, of=14), Bound(PLACE, 95))

    assert lines[1].endswith(", 11->12 and 2 more")


def test_a_bound_that_holds_lists_nothing():
    _, lines = verdict(report(taken=9), Bound(PLACE, 90))

    assert len(lines) == 1


def test_where_nothing_was_measured_no_bound_holds():
    found, _ = verdict(report(taken=0, of=0), Bound(PLACE, 95))

    assert not found
    assert not verdict({"files": {}}, Bound(PLACE, 0))[0]
