"""Results that fit: bounded structures, errors that say code, cause and next step."""

import json

import pytest

from dot_ai_lifecycle.core.errors import Busy, LifecycleError, NotFound
from dot_ai_lifecycle.faces.mcp.results import MOST_TEXT, bounded, refusal, succeeded
from tests.faces.mcp.clients import text_of


def test_a_structure_that_fits_is_left_alone() -> None:
    content = {"summary": "two", "apps": [{"name": "a"}, {"name": "b"}]}

    assert bounded(content) == content


@pytest.mark.parametrize("most", [2_000, 40_000])
def test_a_long_list_is_cut_and_says_how_much_is_shown(most: int) -> None:
    content = {"summary": "many", "apps": [{"name": f"app-{number}", "health": "healthy"} for number in range(3000)]}
    cut = bounded(content, most)

    assert len(json.dumps(cut, separators=(",", ":"))) <= most
    assert cut["summary"] == "many"
    assert cut["truncated"] == {"apps": f"first {len(cut['apps'])} of 3000"}
    assert cut["apps"] == content["apps"][: len(cut["apps"])]


def test_a_long_text_deep_inside_is_cut_too() -> None:
    cut = bounded({"summary": "s", "cause": {"logs": ["x" * 90_000]}}, 1_000)

    assert cut["truncated"]["cause.logs.0"].endswith("of 90000")


def test_an_error_says_code_cause_and_next_step_in_its_text() -> None:
    result = refusal(NotFound("No app 'wbe'.", hint="Did you mean web?"))

    assert result.is_error
    assert text_of(result) == "not_found: No app 'wbe'.\nNext: Did you mean web?"
    assert result.structured_content == {
        "code": "not_found",
        "message": "No app 'wbe'.",
        "hint": "Did you mean web?",
        "retryable": False,
    }


def test_an_error_that_may_pass_says_so() -> None:
    result = refusal(Busy("alice updates it."))

    assert result.structured_content is not None
    assert result.structured_content["retryable"] is True
    assert "may succeed later" in text_of(result)


def test_an_errors_text_is_bounded_and_carries_no_secret() -> None:
    result = refusal(LifecycleError("password=hunter22 " + "x" * 20_000))

    assert len(text_of(result)) < MOST_TEXT
    assert "hunter22" not in text_of(result)


def test_the_line_of_a_result_is_its_summary_on_one_line() -> None:
    assert text_of(succeeded({"summary": "two\nlines"})) == "two lines"
