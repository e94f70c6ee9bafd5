"""Single words and values: safe, short, and in one way everywhere."""

from datetime import UTC, datetime, timedelta

import pytest

from dot_ai_lifecycle.faces.render.words import ago, clean, for_people, lasting, one_line, worded

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "\x1b[31mred\x1b[0m",
        "red\x07",
        "\x1b]0;a title\x07red",
        "\x1b]8;;https://bad.example\x1b\\red\x1b]8;;\x1b\\",
        "\u202ered\u202c",
        "r\x00e\x9bd",
        "re\x7fd",
    ],
)
def test_nothing_in_a_text_steers_the_terminal(text: str):
    assert clean(text) == "red"


def test_lines_and_tabs_of_a_log_survive_cleaning_but_not_one_line():
    assert clean("a\tb\nc") == "a    b\nc"
    assert one_line(" a\tb\n  c ") == "a b c"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 m 00 s"),
        (125, "2 m 05 s"),
        (3600, "1 h 00 m"),
        (90_000, "1 d"),
        (-3, "0 s"),
    ],
)
def test_durations_have_at_most_two_units(seconds: float, said: str):
    assert lasting(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0s"), (59, "59s"), (60, "1m"), (7200, "2h"), (200_000, "2d"), (-5, "0s")]
)
def test_ages_have_one_unit_and_are_never_in_the_future(seconds: float, said: str):
    assert ago(NOW - timedelta(seconds=seconds), NOW) == said


@pytest.mark.parametrize(
    ("advice", "said"),
    [
        (
            "get_operation operation_id=ab12 wait=45  (dot-ai operation ab12 --wait 45)",
            "dot-ai operation ab12 --wait 45",
        ),
        ("List apps with `list_apps` (`dot-ai list`).", "List apps with `dot-ai list`."),
        ("Look at it with `inspect_app`.", "Look at it with `dot-ai inspect`."),
        ("Did you mean web?", "Did you mean web?"),
        ("Name it (kind/name) or look closer.", "Name it (kind/name) or look closer."),
    ],
)
def test_advice_for_people_names_the_command_and_not_the_tool(advice: str, said: str):
    assert for_people(advice) == said


def test_words_of_state_have_a_colour_and_unknown_ones_have_none():
    assert (str(worded("healthy").style), worded("nothing_to_do").plain) == ("green", "nothing to do")
    assert str(worded("something new").style) == ""
