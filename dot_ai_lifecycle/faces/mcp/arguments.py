"""From an operation's fields to a flat JSON schema; from a client's arguments to the operation, mistakes in words."""

import difflib
import functools
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from dot_ai_lifecycle.core.errors import BadInput
from dot_ai_lifecycle.core.operation import Operation

O = TypeVar("O", bound=Operation)  # noqa: E741 # an operation

PLAN_ID: dict[str, Any] = {
    "type": "string",
    "description": "Id of the agreed plan; leave out to get it first",
}
A_PLAN_ID = r"[0-9a-f]{12}"
MOST_PROBLEMS = 5
"""Mistakes told at once: more than that and the arguments were meant for something else."""


def schema_of(operation: type[Operation], extra: Mapping[str, Mapping[str, Any]] | None = None) -> dict[str, Any]:
    """The JSON schema of an operation's arguments: no references, no titles, no null, nothing else allowed."""
    raw = operation.model_json_schema()
    definitions = raw.get("$defs", {})
    properties = {name: _flat(field, definitions) for name, field in raw.get("properties", {}).items()}
    schema = {"type": "object", "properties": {**properties, **(extra or {})}, "additionalProperties": False}
    return {**schema, "required": raw["required"]} if raw.get("required") else schema


def _flat(node: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(node, list):
        return [_flat(item, definitions) for item in node]
    if not isinstance(node, Mapping):
        return node
    plain = {key: value for key, value in node.items() if not _noise(key, value)}
    for values in plain.pop("patternProperties", {}).values():
        plain["additionalProperties"] = values
    if "$ref" in plain:
        target = definitions[plain.pop("$ref").rpartition("/")[2]]
        return _flat({**target, **plain}, definitions)
    choices = [choice for choice in plain.pop("anyOf", ()) if choice != {"type": "null"}]
    if choices:
        plain = {**_one_of([_flat(choice, definitions) for choice in choices]), **plain}
    return {key: _flat(value, definitions) for key, value in plain.items()}


def _noise(key: str, value: Any) -> bool:
    """What costs a model tokens and tells it nothing; lengths and patterns are checked all the same."""
    return key in _CHECKED_ANYWAY or (key == "default" and value in (None, "", []))


_CHECKED_ANYWAY = (
    *("title", "pattern", "minLength", "maxLength", "minItems", "maxItems"),
    *("minProperties", "maxProperties", "propertyNames"),
)


def _one_of(choices: list[dict[str, Any]]) -> dict[str, Any]:
    if len(choices) == 1:
        return choices[0]
    if all(set(choice) == {"type"} for choice in choices):
        return {"type": [choice["type"] for choice in choices]}
    return {"anyOf": choices}


def parsed(operation: type[O], given: Mapping[str, Any], extra: tuple[str, ...] = ()) -> O:
    """The operation with those arguments; null counts as not given. Raises BadInput, one sentence a mistake.

    `extra` are names that are allowed besides the fields; they are only needed to offer the nearest name.
    """
    kinds = _kinds(operation)
    asked = {name: _meant(value, kinds.get(name, "")) for name, value in given.items() if value is not None}
    try:
        return operation.model_validate(asked)
    except ValidationError as error:
        names = (*map(operation.asked_as, operation.model_fields), *extra)
        problems = error.errors(include_url=False)
        told = [_sentence(problem, names) for problem in problems[:MOST_PROBLEMS]]
        if len(problems) > MOST_PROBLEMS:
            told.append(f"And {len(problems) - MOST_PROBLEMS} more mistakes.")
        hint = f"{operation.tool()} takes: {', '.join(names)}."
        raise BadInput(" ".join(told), hint=hint) from error


@functools.cache
def _kinds(operation: type[Operation]) -> Mapping[str, str]:
    """The JSON types of the arguments; kept, because making a schema costs more than most calls."""
    return {name: str(schema.get("type", "")) for name, schema in schema_of(operation)["properties"].items()}


def _meant(value: Any, kind: str) -> Any:
    """Some clients send objects and lists as JSON in a string. And Python takes true for 1, which nobody means."""
    if isinstance(value, bool) and kind in ("integer", "number"):
        return str(value)
    if not isinstance(value, str) or kind not in ("object", "array"):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _sentence(problem: ErrorDetails, names: tuple[str, ...]) -> str:
    name = ".".join(str(part) for part in problem["loc"] if part != "[key]") or "the request"
    if problem["type"] == "extra_forbidden":
        return f"There is no argument {name!r}{_nearest(name, names)}"
    say = _WORDS.get(problem["type"])
    if say is None:
        text = problem["msg"].removeprefix("Value error, ").rstrip(".")
        return f"`{name}`: {text}." if problem["loc"] else f"{text[:1].upper()}{text[1:]}."
    return f"`{name}` {say(problem.get('ctx', {}))}."


def _nearest(name: str, names: tuple[str, ...]) -> str:
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|-", "_", name).lower()
    near = difflib.get_close_matches(snake, names, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else "."


_Words = Callable[[Mapping[str, Any]], str]
_WORDS: dict[str, _Words] = {
    "missing": lambda _: "is missing",
    "string_type": lambda _: "must be a text",
    "int_type": lambda _: "must be a whole number",
    "int_parsing": lambda _: "must be a whole number",
    "int_from_float": lambda _: "must be a whole number",
    "float_type": lambda _: "must be a number",
    "float_parsing": lambda _: "must be a number",
    "bool_type": lambda _: "must be true or false",
    "bool_parsing": lambda _: "must be true or false",
    "dict_type": lambda _: "must be an object of names and values",
    "list_type": lambda _: "must be a list",
    "tuple_type": lambda _: "must be a list",
    "literal_error": lambda told: f"must be {told.get('expected')}",
    "enum": lambda told: f"must be {told.get('expected')}",
    "greater_than_equal": lambda told: f"must be at least {told.get('ge')}",
    "greater_than": lambda told: f"must be more than {told.get('gt')}",
    "less_than_equal": lambda told: f"must be at most {told.get('le')}",
    "less_than": lambda told: f"must be less than {told.get('lt')}",
    "string_too_long": lambda told: f"must have at most {told.get('max_length')} characters",
    "string_too_short": lambda told: f"must have at least {told.get('min_length')} characters",
    "string_pattern_mismatch": lambda told: f"is not written as expected (pattern {told.get('pattern')})",
    "too_long": lambda told: f"must have at most {told.get('max_length')} items",
    "too_short": lambda told: f"must have at least {told.get('min_length')} items",
}
"""pydantic's error types, said about the argument that has them."""
