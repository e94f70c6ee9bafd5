"""Schemas a model can read, and mistakes told in words a model can act on."""

from enum import StrEnum
from typing import ClassVar, Literal

import pytest
from pydantic import Field

from dot_ai_lifecycle.core.errors import BadInput
from dot_ai_lifecycle.core.operation import Answer, AppName, Namespace, Question
from dot_ai_lifecycle.faces.mcp.arguments import parsed, schema_of
from dot_ai_lifecycle.operations import ALL
from dot_ai_lifecycle.operations.update_app import UpdateApp


class Unit(StrEnum):
    GRAM = "g"
    OUNCE = "oz"


class Weigh(Question[Answer]):
    """Weigh an app."""

    command: ClassVar[str] = "weigh"
    title: ClassVar[str] = "Weigh app"

    app: AppName
    namespace: Namespace | None = None
    grams: int | None = Field(None, ge=1, le=1000)
    scale_kind: Literal["kitchen", "letter"] = "kitchen"
    labels: dict[str, str] | None = None
    either: int | str | None = None
    unit: Unit = Unit.GRAM


def told(**given: object) -> str:
    with pytest.raises(BadInput) as caught:
        parsed(Weigh, given)
    return caught.value.message


@pytest.mark.parametrize("operation", ALL)
def test_every_schema_is_flat_and_closed(operation: type[Question[Answer]]) -> None:
    schema = schema_of(operation)

    assert schema["additionalProperties"] is False
    for word in ("$ref", "$defs", "anyOf", "'title'", "null"):
        assert word not in str(schema)


def test_an_optional_field_is_its_plain_type_and_not_required() -> None:
    schema = schema_of(Weigh)

    assert schema["required"] == ["app"]
    assert schema["properties"]["grams"] == {"type": "integer", "minimum": 1, "maximum": 1000}
    assert schema["properties"]["either"] == {"type": ["integer", "string"]}
    assert schema["properties"]["unit"] == {"type": "string", "enum": ["g", "oz"], "default": "g"}
    assert schema["properties"]["labels"] == {"type": "object", "additionalProperties": {"type": "string"}}


def test_an_unknown_argument_is_named_with_the_nearest_known_one() -> None:
    assert told(app="web", nameSpace="shop") == "There is no argument 'nameSpace'; did you mean 'namespace'?"
    assert told(app="web", dry_run=True) == "There is no argument 'dry_run'."


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "`app` is missing."),
        ({"app": 7}, "`app` must be a text."),
        ({"app": ""}, "`app` must have at least 1 characters."),
        ({"app": "Web!"}, "`app` is not written as expected"),
        ({"app": "web", "grams": "many"}, "`grams` must be a whole number."),
        ({"app": "web", "grams": 1.5}, "`grams` must be a whole number."),
        ({"app": "web", "grams": True}, "`grams` must be a whole number."),
        ({"app": "web", "grams": 0}, "`grams` must be at least 1."),
        ({"app": "web", "grams": 1001}, "`grams` must be at most 1000."),
        ({"app": "web", "scale_kind": "bath"}, "`scale_kind` must be 'kitchen' or 'letter'."),
        ({"app": "web", "unit": "stone"}, "`unit` must be 'g' or 'oz'."),
        ({"app": "web", "labels": {"tier": 1}}, "`labels.tier` must be a text."),
        ({"app": "web", "labels": ["a"]}, "`labels` must be an object of names and values."),
    ],
)
def test_a_mistake_is_one_sentence_about_its_argument(given: dict[str, object], sentence: str) -> None:
    assert told(**given).startswith(sentence)
    assert "pydantic" not in told(**given)


def test_every_mistake_is_told_at_once() -> None:
    assert told(grams=0, color="red") == "`app` is missing. `grams` must be at least 1. There is no argument 'color'."


def test_a_rejected_value_is_never_repeated() -> None:
    assert "hunter2" not in told(app="web", grams="hunter2", token="hunter2")


def test_null_counts_as_not_given() -> None:
    assert parsed(Weigh, {"app": "web", "namespace": None, "scale_kind": None}).scale_kind == "kitchen"


def test_an_object_sent_as_json_text_is_read() -> None:
    assert parsed(Weigh, {"app": "web", "labels": '{"tier": "front"}'}).labels == {"tier": "front"}
    assert told(app="web", labels="{broken") == "`labels` must be an object of names and values."


def test_a_combination_that_cannot_be_meant_is_told_as_the_operation_says_it() -> None:
    with pytest.raises(BadInput, match=r"^Give exactly one of version, image, images\."):
        parsed(UpdateApp, {"app": "web"})


def test_no_image_at_all_is_no_update() -> None:
    with pytest.raises(BadInput, match="`images` must have at least 1 items"):
        parsed(UpdateApp, {"app": "web", "images": {}})


def test_after_five_mistakes_the_rest_is_only_counted() -> None:
    assert told(app="web", **{f"x{number}": 1 for number in range(8)}).endswith("And 3 more mistakes.")
