"""What a plan says of the checks before it."""

from msgspec.structs import replace

from dot_ai_lifecycle.domain.preflight.assessment import assess
from dot_ai_lifecycle.domain.preflight.finding import warned
from dot_ai_lifecycle.domain.preflight.noting import MOST, notes_of
from tests.support.prospects import app, around, container, standing, template

SAFE = assess(around(standing(app(replicas=3))), strategy="rolling")


def test_a_safe_update_is_said_to_be_so():
    assert [(note.level, note.text) for note in notes_of(SAFE)] == [("info", "No request is lost.")]


def test_what_the_update_sees_to_is_information_and_what_it_cannot_is_a_warning():
    fixed = assess(around(), strategy="rolling")
    bare = assess(around(standing(app(wants=template(container(lifecycle=None))))), strategy="rolling")

    assert [note.level for note in notes_of(fixed)] == ["info"]
    [verdict] = notes_of(bare)
    assert (verdict.level, "no preStop hook" in verdict.text) == ("warning", True)


def test_a_plan_tells_a_few_warnings_and_where_to_find_the_rest():
    many = replace(SAFE, findings=tuple(warned(f"Z{number:02d}", f"{number}.") for number in range(MOST + 2)))
    *told, last = notes_of(many)

    assert [note.text for note in told[1:]] == [f"{number}." for number in range(MOST)]
    assert (last.level, last.text) == ("info", "2 more warnings: `dot-ai check` tells them all.")
