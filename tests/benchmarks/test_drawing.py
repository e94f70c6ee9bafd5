"""A picture shows what was seen: areas as large as the counts, marks where requests failed, words one can read."""

import re
from collections.abc import Iterator, Sequence
from itertools import combinations
from xml.etree import ElementTree

import pytest

from benchmarks.pictures.drawing import Words, drawn
from benchmarks.pictures.frame import LEFT, PODS, REQUESTS, RIGHT, WIDTH, Frame
from benchmarks.pictures.page import kept
from benchmarks.pictures.placing import Band, Label, roomiest, stairs, width
from benchmarks.pictures.scenes import ALL
from benchmarks.pictures.taken import Moment, Taken
from tests.benchmarks.seen import BEGINS, DONE, ENDS, MOMENTS, bins, life, switched

SVG = "{http://www.w3.org/2000/svg}"
WORDS = Words("Blue-green <b>", "4 pods & more", "Nobody noticed.")
FAILING = switched(fates=bins((1.0, "failed", 10), (3.0, "failed", 0)))
ERRING = switched(fates=bins((2.0, "new", 15), (2.0, "errors", 5)))
CROWDED = switched(*(Moment(second / 3, f"a moment called {second}") for second in range(12)))
SEEN = {"switched": switched(), "failing": FAILING, "erring": ERRING, "crowded": CROWDED}
KEPT = {scene.name: kept(scene) for scene in ALL}


def parsed(taken: Taken) -> ElementTree.Element:
    return ElementTree.fromstring(drawn(taken, WORDS))


def layer(picture: ElementTree.Element, name: str) -> float:
    """The area of a layer in square pixels; 0 where it is not there."""
    path = next((each for each in picture.iter(f"{SVG}path") if each.get("data-layer") == name), None)
    return sum(map(area, (path.get("d") or "").split("Z"))) if path is not None else 0.0


def area(outline: str) -> float:
    """By Gauss' formula."""
    corners = [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", outline)]
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(corners, corners[1:] + corners[:1], strict=True))) / 2


def boxes(picture: ElementTree.Element) -> Iterator[tuple[str, float, float, float, float]]:
    """Every text with the box that it takes at most."""
    for each in picture.iter(f"{SVG}text"):
        words, style = each.text or "", (each.get("class") or "").split()
        size = 16 if "title" in style else 12
        wide, x, y = width(words, size), float(each.get("x") or 0), float(each.get("y") or 0)
        left = x - wide if "right" in style else x - wide / 2 if "middle" in style else x
        yield words, left, y - 0.75 * size, left + wide, y + 0.2 * size


@pytest.mark.parametrize("taken", [*SEEN.values(), *KEPT.values()], ids=[*SEEN, *KEPT])
def test_no_words_cover_others_or_leave_the_frame(taken: Taken) -> None:
    picture = parsed(taken)
    found = list(boxes(picture))
    height = float(picture.get("height") or 0)

    over = [
        (one[0], other[0])
        for one, other in combinations(found, 2)
        if one[1] < other[3] and other[1] < one[3] and one[2] < other[4] and other[2] < one[4]
    ]

    assert over == []
    assert [box[0] for box in found if box[1] < 0 or box[3] > WIDTH or box[2] < 0 or box[4] > height] == []


@pytest.mark.parametrize("taken", [*SEEN.values(), *KEPT.values()], ids=[*SEEN, *KEPT])
def test_no_line_of_a_moment_goes_through_the_words_of_another(taken: Taken) -> None:
    frame = Frame.around(taken)
    crossed = [
        (label.words, moment.words)
        for label in frame.labels
        for moment, own in zip(taken.moments, frame.labels, strict=True)
        if own.row <= label.row and label.x < frame.x(moment.at) < label.x + width(label.words)
    ]

    assert crossed == []


def test_areas_are_as_large_as_the_pods_and_the_time_they_were_there() -> None:
    picture, taken = parsed(switched()), switched()
    pixels = (RIGHT - LEFT) / (ENDS - BEGINS) * PODS / 8

    assert taken.most == 8
    assert layer(picture, "pods old ready") / pixels == pytest.approx(
        sum(6 + one / 4 + 2 for one in range(4)), rel=0.01
    )
    assert layer(picture, "pods new ready") / pixels == pytest.approx(sum(8 - one / 4 for one in range(4)), rel=0.01)
    assert layer(picture, "pods new starting") / pixels == pytest.approx(1.5 + 1.75 + 2 + 2.25, rel=0.02)
    assert layer(picture, "pods new ending") == 0


@pytest.mark.parametrize("taken", [FAILING, ERRING], ids=["failing", "erring"])
def test_the_areas_of_requests_are_as_large_as_their_numbers(taken: Taken) -> None:
    picture, frame = parsed(taken), Frame.around(taken)
    pixels = (RIGHT - LEFT) / (ENDS - BEGINS) * REQUESTS / (frame.rate * 1.05)

    assert frame.rate == 200
    for fate in ("old", "new", "errors", "failed"):
        assert layer(picture, f"requests {fate}") / pixels == pytest.approx(taken.count(fate), rel=0.05), fate


def test_every_bin_with_failed_requests_has_a_mark_and_their_number_is_said() -> None:
    marks = [each.get("data-mark") for each in parsed(FAILING).iter(f"{SVG}path") if each.get("data-mark")]
    legend = 1

    assert marks.count("failed") == sum(count > 0 for count in FAILING.fates["failed"]) + legend == 8 + legend
    assert "80 requests failed" in [box[0] for box in boxes(parsed(FAILING))]
    assert not any(each.get("data-mark") for each in parsed(switched()).iter(f"{SVG}path"))


def test_errors_have_a_shape_of_their_own_and_a_number_that_would_leave_the_picture_stands_at_its_edge() -> None:
    picture = parsed(ERRING)
    [said] = [box for box in boxes(picture) if box[0] == "160 errors"]

    assert {each.get("data-mark") for each in picture.iter(f"{SVG}path")} == {None, "errors"}
    assert said[3] == RIGHT


def test_versions_are_named_in_their_areas_and_in_the_legend() -> None:
    said = [box[0] for box in boxes(parsed(switched()))]

    assert {"v1 ready", "v2 ready", "answered by v1", "answered by v2", "v1", "v2", "not ready yet", "ending"} <= set(
        said
    )


def test_a_screen_reader_is_told_what_it_is_and_what_it_shows() -> None:
    picture = parsed(switched())

    assert picture.get("role") == "img"
    assert picture.get("aria-labelledby") == "title desc"
    assert (picture.findtext(f"{SVG}title"), picture.findtext(f"{SVG}desc")) == ("Blue-green <b>", "Nobody noticed.")


def test_what_was_not_seen_is_not_in_the_legend() -> None:
    still = switched(DONE, pods=tuple(life("old", (BEGINS, "ready")) for _ in range(4)), fates=bins())
    said = [box[0] for box in boxes(parsed(still))]

    assert not {"not ready yet", "ending", "no answer", "HTTP 500"} & set(said)


@pytest.mark.parametrize("name", KEPT)
def test_a_picture_is_small(name: str) -> None:
    assert len(drawn(KEPT[name], WORDS)) < 20_000


def test_words_go_down_the_stairs_where_they_would_meet_and_up_again_where_there_is_room() -> None:
    steps = stairs([(0, "aaaa"), (10, "bb"), (12, "c"), (400, "d")])

    assert steps == [Label(0, 0, "aaaa"), Label(10, 1, "bb"), Label(12, 2, "c"), Label(400, 0, "d")]


def test_a_name_avoids_lines_and_stands_where_there_is_most_room() -> None:
    wide, low = Band(0, 200, 0, 40), Band(200, 400, 0, 10)

    assert roomiest([wide, low], "name", [90.0]) == Band(90, 200, 0, 40)
    assert roomiest([wide], "a long name", [60.0, 120.0]) is None
    assert roomiest([wide], "a long name") == wide
    assert roomiest([low], "name") is None


@pytest.mark.parametrize(
    ("lines", "named"),
    [((), "answered by v2"), ((3.4, 4.2), "v2"), (tuple(3 + place / 10 for place in range(26)), "answered by v2")],
    ids=["free", "between lines", "across lines"],
)
def test_a_layer_has_its_whole_name_or_its_version_or_a_name_across_lines(lines: Sequence[float], named: str) -> None:
    brief = switched(*(Moment(at, "") for at in lines), fates=bins((3.0, "new", 50), (5.5, "new", 0)))
    texts = [each for each in parsed(brief).iter(f"{SVG}text") if "on-new" in (each.get("class") or "")]

    assert [each.text for each in texts if float(each.get("y") or 0) > Frame.around(brief).requests_top] == [named]


def test_names_reach_over_bands_that_touch_and_not_over_gaps() -> None:
    parts = [Band(0, 20, 0, 40), Band(20, 40, 10, 40), Band(60, 80, 0, 40)]

    assert roomiest(parts, "nm") == Band(0, 40, 10, 40)
    assert roomiest(parts, "a longer one") is None


def test_moments_that_stand_close_keep_their_order() -> None:
    labels = Frame.around(switched(*MOMENTS, DONE)).labels

    assert [(label.row, label.words) for label in labels] == [
        (0, "patched"),
        (0, "whole new set ready"),
        (1, "Service switched"),
        (0, "done"),
    ]
