"""What a watch, the users and a record say becomes one account on one clock, and its figures are those of the run."""

from typing import Any

import pytest

from benchmarks.__main__ import main
from benchmarks.pictures.drawing import drawn
from benchmarks.pictures.gathering import PodSeen, fates, lives, moments, taken, until
from benchmarks.pictures.page import BEGIN, END, GUIDE, PICTURES, kept, written
from benchmarks.pictures.scenes import ALL, Scene
from benchmarks.pictures.taken import Life, Moment, Taken
from tests.benchmarks.seen import BEGINS, ENDS, NEW, OLD, bins, switched
from tests.real.probe import Miss, Report

REPORT = Report(
    quarters={"v1": [50, 30], "v2": [0, 10, 48]},
    errors=[Miss(0.3, "HTTP 500")] * 6,
    failed=[Miss(0.4, "refused")] * 4,
    spans={"v1": (0.0, 0.45), "v2": (0.3, 0.8)},
    began=100.0,
    lasted=0.8,
)


def step(text: str, at: float, seconds: float, **more: str) -> dict[str, Any]:
    return {"step": text, "at": f"2026-01-01T00:00:{at:09.6f}Z", "seconds": seconds, "state": "done", **more}


def outcome(*steps: dict[str, Any], ended: float = 9.0, code: str = "") -> dict[str, Any]:
    return {
        "started": "2026-01-01T00:00:00Z",
        "ended": f"2026-01-01T00:00:{ended:09.6f}Z",
        "steps": list(steps),
        "cause": {"code": code},
    }


def test_a_line_of_the_watch_tells_how_a_pod_stands() -> None:
    lines = (
        "ADDED|web-a|box/web:v1||True\n",
        "MODIFIED|web-a|box/web:v1|2026-01-01T00:00:00Z|True\n",
        "MODIFIED|web-b|box/web:v2||False\n",
        "DELETED|web-a|box/web:v1|2026-01-01T00:00:00Z|False\n",
    )

    assert [PodSeen.of(line, 1.0).state for line in lines] == ["ready", "ending", "starting", "gone"]


def test_a_pod_lives_from_its_first_state_to_its_last_and_repeated_news_is_no_change() -> None:
    seen = [
        PodSeen(9.0, "ADDED", "a", "v1", False, True),
        PodSeen(11.0, "MODIFIED", "b", "v2", False, False),
        PodSeen(11.5, "MODIFIED", "b", "v2", False, False),
        PodSeen(12.0, "MODIFIED", "b", "v2", False, True),
        PodSeen(13.0, "MODIFIED", "a", "v1", True, True),
        PodSeen(14.0, "DELETED", "a", "v1", True, False),
    ]

    old, new = lives(seen, "v1", zero=10.0)

    assert old == Life("old", ((-1.0, "ready"), (3.0, "ending"), (4.0, "gone")))
    assert new == Life("new", ((1.0, "starting"), (2.0, "ready")))
    assert [new.at(moment) for moment in (0.5, 1.0, 1.9, 50.0)] == ["gone", "starting", "starting", "ready"]


def test_each_request_is_in_the_bin_in_which_it_was_due_with_its_fate() -> None:
    found = fates(REPORT, "v1")

    assert found == {"old": [50, 30, 0, 0], "new": [0, 10, 48, 0], "errors": [0, 6, 0, 0], "failed": [0, 4, 0, 0]}
    assert until(REPORT, "v1", zero=99.0) == pytest.approx({"old": 1.45, "new": 1.8})


def test_an_error_is_an_answer_of_the_new_version_though_it_never_gave_another() -> None:
    report = Report(errors=[Miss(0.3, "HTTP 500")], spans={"v1": (0.0, 0.45)}, began=100.0, lasted=0.5)

    assert until(report, "v1", zero=100.0) == pytest.approx({"old": 0.45, "new": 0.3})


def test_an_account_counts_seconds_from_the_beginning_of_the_update_in_whole_bins() -> None:
    seen = [PodSeen(99.0, "ADDED", f"web-{one}", "box/web:v1", False, True) for one in range(3)]
    seen.append(PodSeen(100.6, "ADDED", "web-new", "box/web:v2", False, False))

    account = taken(REPORT, seen, (Moment(0.0, "patched"),), zero=100.5, seconds=0.2, old=("v1", "box/web:v1"))

    assert (account.wanted, account.begins, account.ends) == (3, -0.5, 0.25)
    assert (account.requests, account.count("failed")) == (148, 4)
    assert [life.side for life in account.pods] == ["old", "old", "old", "new"]


def test_what_was_long_before_an_update_is_left_out() -> None:
    report = Report(quarters={"v1": [50] * 40}, spans={"v1": (0.0, 9.9)}, began=100.0, lasted=10.0)

    account = taken(report, [], (), zero=107.1, seconds=1.0, old=("v1", "box/web:v1"))

    assert account.begins == pytest.approx(-1.6)
    assert account.ends == pytest.approx(2.9)
    assert account.requests == 18 * 50


def test_the_story_of_a_switch_is_told_in_a_few_words_and_waits_that_found_all_there_are_left_out() -> None:
    told = moments(
        outcome(
            step("Change Service shop/web: web sends to the old version alone", 0.0, 0.0),
            step("Change Deployment shop/web: image a:v1 → a:v2, beside the old pods", 0.1, 0.0),
            step("Wait up to 600 s until Deployment shop/web has every new pod ready: proven → 4 pods", 0.1, 1.91),
            step("Change Service shop/web: web sends to the new version", 2.0, 0.0),
            step("Wait up to 600 s until Deployment shop/web has 4 new pods ready: proven", 2.0, 0.1),
            step("Wait up to 1800 s for somebody to promote: looks → promoted by ada", 3.0, 0.1),
            step("Change Deployment shop/web: the strategy is the app's own again: old pods end", 8.0, 0.0),
        ),
        "done",
    )

    assert [(moment.at, moment.words) for moment in told] == [
        (0.1, "patched"),
        (2.01, "whole new set ready"),
        (2.01, "Service switched"),
        (3.1, "promoted"),
        (8.0, "old pods end"),
        (9.0, "done"),
    ]


@pytest.mark.parametrize(("code", "words"), [("ABORTED", "aborted"), ("CRASH_LOOP", "verdict: crash loop")])
def test_what_failed_is_told_at_its_end_by_its_cause(code: str, words: str) -> None:
    failed = step("Watch Deployment shop/web for 2 s: 33 % of the traffic", 2.0, 1.5, state="failed")
    back = step("Change Deployment shop/web: the old version alone is wanted: new pods end", 7.0, 0.0, phase="undo")

    told = moments(outcome(failed, back, code=code), "taken back")

    assert told == (Moment(3.5, words), Moment(7.0, "new pods end"), Moment(9.0, "taken back"))


def test_an_account_survives_being_written_down() -> None:
    account = switched()

    assert Taken.of(account.json()).json() == account.json()
    assert Taken.of(account.json()).pods == account.pods


def test_pods_are_counted_at_every_change() -> None:
    account = switched()

    assert (account.least_ready, account.most) == (4, 8)
    assert switched(pods=OLD).least_ready == 0
    assert switched(pods=NEW).most == 4
    assert account.counted("old", "ending", 6.3) == 2
    assert account.changes()[0] == BEGINS
    assert account.changes()[-1] == ENDS


def test_a_moment_that_did_not_come_is_named_with_those_that_did() -> None:
    assert switched().moment("switched") == 2.8
    with pytest.raises(LookupError, match="'promoted' is none of"):
        switched().moment("promoted")


def test_a_share_is_of_the_requests_between_two_moments() -> None:
    account = switched(fates=bins((2.0, "new", 20), (2.0, "errors", 5), (6.0, "new", 40), (6.0, "errors", 10)))

    assert account.share(2.0, 6.0) == 0.5
    assert account.share(6.0, 8.0) == 1.0
    assert account.share(5.0, 5.1) == 0.0


@pytest.mark.parametrize("scene", ALL, ids=lambda scene: scene.name)
def test_the_pictures_are_drawn_from_what_was_seen(scene: Scene) -> None:
    seen = kept(scene)

    assert (PICTURES / f"{scene.name}.svg").read_text() == drawn(seen, scene.words(seen)), "run `make docs`"


def test_the_guide_shows_every_picture_with_the_figures_of_its_run() -> None:
    text = GUIDE.read_text()

    assert text.count(BEGIN) == text.count(END) == 1
    assert text == written(text), "run `make docs`"


def test_nothing_else_lies_beside_the_pictures() -> None:
    names = {f"{scene.name}.{kind}" for scene in ALL for kind in ("svg", "json")}

    assert {path.name for path in PICTURES.iterdir()} == names
    assert sum(path.stat().st_size for path in PICTURES.iterdir()) < 200_000


@pytest.mark.parametrize("scene", [scene for scene in ALL if not scene.kubectl], ids=lambda scene: scene.name)
def test_what_the_guide_shows_lost_no_request(scene: Scene) -> None:
    seen = kept(scene)

    assert seen.count("failed") == 0
    assert seen.least_ready >= seen.wanted


def test_a_picture_that_nobody_knows_is_named_and_none_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pictures", "roling"]) == 2
    assert "no picture is called roling; there are rolling, blue-green" in capsys.readouterr().err
