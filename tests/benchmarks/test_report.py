"""A benchmark tells kept from missed, and its page forgets nothing it did not measure again."""

from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.__main__ import main
from benchmarks.measured import Figure, Measured, at_most, exactly, percentile, plain


def measured(title: str, *figures: Figure) -> Measured:
    return Measured(title=title, how="In some way.", beside="`cat`", figures=figures)


def test_a_figure_above_its_bound_is_missed_and_one_at_it_is_kept() -> None:
    over, at, free = at_most("a", 1.51, 1.5, "s"), at_most("b", 1.5, 1.5, "s"), plain("c", 9, "s")

    assert measured("T", over, at, free).missed == [over]


def test_a_figure_that_must_be_exact_is_missed_on_either_side() -> None:
    assert [exactly("lost", value, 2).holds for value in (1, 2, 3)] == [False, True, False]


def test_the_share_of_values_below_a_percentile_is_the_share_asked_for() -> None:
    values = [float(value) for value in range(200)]

    assert percentile(values, 0.99) == 198
    assert percentile([7.0], 0.99) == 7.0


def test_the_page_replaces_what_was_measured_again_and_keeps_the_rest(tmp_path: Path) -> None:
    page = tmp_path / "docs" / "benchmarks.md"
    report.write("start", measured("Start", at_most("first", 2.0, 1.0, "s", 4.0)), 0.1, page)
    report.write("planning", measured("Planning", plain("reads", 8, "")), 0.2, page)
    report.write("start", measured("Start", at_most("again", 0.5, 1.0, "s", 4.0)), 0.3, page)
    text = page.read_text()

    assert text.count("## Start") == text.count("## Planning") == 1
    assert "| again | 0.50 s | 4.00 s | ≤ 1.00 s | kept |" in text
    assert "first" not in text
    assert text.index("## Start") < text.index("## Planning")
    assert "python -m benchmarks planning" in text


def test_a_missed_bound_is_said_on_the_page(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    report.write("start", measured("Start", at_most("time", 2.0, 1.0, "s")), 0.1, page)

    assert "| time | 2.00 s |  | ≤ 1.00 s | **missed** |" in page.read_text()


def test_an_unknown_benchmark_is_bad_input_that_names_the_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["speed"]) == 2
    assert "no benchmark is called speed; there are start, many_apps" in capsys.readouterr().err
