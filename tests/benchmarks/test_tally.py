"""What was counted becomes figures that keep or miss their bounds, and says what users met and for how long."""

import pytest

from benchmarks.cells import Cell, Shape, Version, Way
from benchmarks.hundred import One, counted, drawn
from benchmarks.measured import Figure
from benchmarks.tally import Done, figures, told
from benchmarks.ways import Seen, Went
from tests.real.probe import Miss, Report

APP = Shape(drains=False, replicas=4)
ERRORS = Report(
    ok={"v1": 800, "errors": 160},
    errors=[Miss(2.0, "HTTP 500")] * 40,
    spans={"v1": (0.0, 10.0), "errors": (3.0, 6.0)},
    began=100.0,
    lasted=10.0,
)


def done(way: Way, version: Version, strategy: str, seen: Seen, beside: Seen | None = None) -> Done:
    return Done(Cell(APP, way, version), seen, beside, lambda pods: float(pods))


def good(seconds: float, strategy: str, *failed: Miss) -> Seen:
    return Seen(Report(ok={"v1": 1}, failed=list(failed)), Went(seconds, strategy, strategy != "rolling", "done"))


def figure(found: list[Figure], beginning: str) -> Figure:
    return next(one for one in found if one.what.startswith(beginning))


def test_exposure_lasts_from_the_first_to_the_last_answer_of_the_bad_version_errors_included() -> None:
    seen = Seen(ERRORS, Went(8.0, "canary", True, "undone", said=104.5), "errors")

    assert (seen.failed, seen.bad_answers) == (0, 200)
    assert seen.exposed == pytest.approx(4.0)
    assert seen.share == pytest.approx(0.5)
    assert seen.clean_after == pytest.approx(1.5)
    assert told(seen) == "0 failed, 0 cut, 8.0 s, bad one met for 4.0 s by 50%, 40 errors"


def test_a_bad_version_that_never_answers_exposes_nobody() -> None:
    seen = Seen(Report(ok={"v1": 9}, lasted=1.0), Went(3.0, said=1.0), "crash")

    assert (seen.exposed, seen.share, seen.clean_after) == (0.0, 0.0, None)


def test_an_error_of_a_good_version_is_a_failure() -> None:
    assert Seen(Report(errors=[Miss(1.0, "HTTP 500")]), Went(1.0)).failed == 1


def test_one_failure_where_none_was_promised_misses_the_bound_and_elsewhere_it_is_only_told() -> None:
    lost = good(1.0, "rolling", Miss(1.0, "refused"))
    rolled, switched = (done("rolling", "good", each, lost) for each in ("rolling", "blue-green"))
    broken = Done(switched.cell, good(1.0, "blue-green", Miss(1.0, "refused")), lost, lambda _: 1.0)

    kept = figures([rolled])
    missed = figures([broken])

    assert figure(kept, "new connections failed").holds
    assert figure(kept, "in 1 that promise nothing").ours == "1"
    assert not figure(missed, "new connections failed").holds
    assert not figure(missed, "4 pods, no preStop").holds


def test_an_update_that_went_wrong_misses_a_bound_and_says_why() -> None:
    found = figures([Done(Cell(APP, "rolling", "good"), None, None, lambda _: 1.0, "nobody\nanswered")])

    assert not figure(found, "updates that did not go").holds
    assert figure(found, "4 pods").ours == "went wrong: nobody answered"


@pytest.mark.parametrize(
    ("way", "strategy", "floor"),
    [
        ("rolling", "rolling", 1 + 3),
        ("blue-green", "blue-green", 4 + 5 + 4),
        ("rollback", "blue-green", 4 + 5 + 10),
        ("canary, promoted", "canary", 2 + 4 + 2 + 4 + 5),
    ],
)
def test_the_floor_of_a_strategy_is_the_start_of_its_pods_and_what_it_waits_for(
    way: Way, strategy: str, floor: float
) -> None:
    assert done(way, "good", strategy, good(20.0, strategy)).floor == floor


def test_an_update_that_was_taken_back_has_no_floor() -> None:
    seen = Seen(Report(), Went(5.0, "canary", True, "undone", said=1.0))

    assert done("canary, aborted", "good", "canary", seen).floor is None


def test_the_times_people_wait_for_are_bounded() -> None:
    aborted = Seen(ERRORS, Went(8.0, "canary", True, "undone", said=104.5), "errors")
    switched = Seen(ERRORS, Went(8.0, "blue-green", True, "undone", said=104.0), "errors")
    crashed = Seen(Report(), Went(4.0, "rolling", False, "undone", called=16.0), "crash")
    found = figures(
        [
            done("canary, aborted", "20 % errors", "canary", aborted),
            done("blue-green", "20 % errors", "blue-green", switched),
            done("rolling", "crashes", "rolling", crashed),
        ]
    )

    assert figure(found, "canary aborted, to the last").holds
    assert not figure(found, "switched back").holds
    assert not figure(found, "crashes: called").holds


def test_what_fails_is_counted_to_the_update_that_had_begun() -> None:
    ones = [One("update", 10.0, Went(5.0)), One("canary with errors, aborted", 20.0, Went(5.0))]
    report = Report(
        failed=[Miss(9.0, "refused"), Miss(16.0, "reset")],
        errors=[Miss(8.0, "HTTP 500"), Miss(18.0, "HTTP 500")],
        began=5.0,
    )

    assert [one.failed for one in counted(ones, report)] == [2, 1]


def test_a_row_of_updates_is_that_of_its_seed_and_begins_with_a_good_one() -> None:
    assert drawn(7, 50) == drawn(7, 50) != drawn(8, 50)
    assert (drawn(7, 50)[0], len(drawn(7, 50))) == ("update", 50)
