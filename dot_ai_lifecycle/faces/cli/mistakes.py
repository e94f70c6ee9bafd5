"""From what was mistyped to one sentence that says so, and what was probably meant."""

from collections.abc import Mapping
from typing import Any, TypeVar

from cyclopts import CycloptsError, MissingArgumentError, UnknownCommandError, UnusedCliTokensError
from pydantic import ValidationError

from dot_ai_lifecycle.core.errors import BadInput
from dot_ai_lifecycle.core.operation import Operation
from dot_ai_lifecycle.faces.cli.parameters import description_of

MOST = 300
"""Characters of a mistake that are repeated: what was pasted by accident has thousands."""

Asked = TypeVar("Asked", bound=Operation)


def built(operation: type[Asked], given: Mapping[str, Any]) -> Asked:
    """The operation with those fields. Raises BadInput that names the option."""
    try:
        return operation.model_validate(dict(given))
    except ValidationError as error:
        raise BadInput(" ".join(_sentence(operation, problem) for problem in error.errors()[:3])) from error


def misread(error: CycloptsError) -> BadInput:
    """What the parser stumbled over, in one line."""
    command = " ".join(("dot-ai", *(error.command_chain or ())))
    return BadInput(_words(error, command), hint=f"See `{command} --help`.")


def _words(error: CycloptsError, command: str) -> str:
    error.verbose = False
    match error:
        case UnusedCliTokensError(unused_tokens=[first, *_]):
            return f"{first!r} is one word too many for `{command}`."
        case UnknownCommandError(unused_tokens=[first, *_]) if first.startswith("-"):
            return f"{first!r} is not known before a command: write the command first, its options after it."
        case MissingArgumentError(argument=argument) if argument is not None and error.keyword is None:
            return f"`{command}` wants {argument.name.lstrip('-').upper().replace('-', '_')}."
        case _:
            return _short(" ".join(str(error).split()))


def _sentence(operation: type[Operation], problem: Any) -> str:
    text = str(problem["msg"]).removeprefix("Value error, ").strip()
    text = text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")
    if not problem["loc"]:
        return text
    field = str(problem["loc"][0])
    shown = field.replace("_", " ") if field in operation.positional else f"--{field.rstrip('_').replace('_', '-')}"
    if problem["type"] == "string_pattern_mismatch":
        text = f"it is not written like one ({description_of(operation.model_fields[field])})."
    unsaid = problem["type"] == "missing" or isinstance(problem["input"], Mapping)
    return f"{shown}: {text}" if unsaid else f"{shown} cannot be {_short(repr(problem['input']))}: {text}"


def _short(text: str) -> str:
    """As much as is needed to recognise what was typed."""
    return text if len(text) <= MOST else f"{text[:MOST]}… ({len(text)} characters)"
