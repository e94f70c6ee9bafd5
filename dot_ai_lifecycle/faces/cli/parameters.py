"""From the fields of an operation to the parameters of its command: nothing about them is written twice."""

import inspect
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import or_
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from cyclopts import Parameter
from pydantic import BeforeValidator
from pydantic.fields import FieldInfo

from dot_ai_lifecycle.core.errors import BadInput
from dot_ai_lifecycle.core.operation import Operation
from dot_ai_lifecycle.faces.cli.completion import Completer

SHORT = {"namespace": "-n", "all_namespaces": "-A"}
"""Short options people's fingers know from kubectl."""


def parameters_of(
    operation: type[Operation], without: Sequence[str], completers: Mapping[str, Completer]
) -> list[inspect.Parameter]:
    """One parameter for each field, those taken by place first; fields in `without` are fixed elsewhere."""
    fields = {name: field for name, field in operation.model_fields.items() if name not in without}
    placed = [name for name in operation.positional if name in fields]
    named = [name for name in fields if name not in placed]
    return [
        *(_parameter(name, fields[name], inspect.Parameter.POSITIONAL_OR_KEYWORD, completers) for name in placed),
        *(_parameter(name, fields[name], inspect.Parameter.KEYWORD_ONLY, completers) for name in named),
    ]


def _parameter(
    name: str, field: FieldInfo, kind: inspect._ParameterKind, completers: Mapping[str, Completer]
) -> inspect.Parameter:
    words = (f"--{name.rstrip('_').replace('_', '-')}", *([SHORT[name]] if name in SHORT else []))
    default = inspect.Parameter.empty if field.is_required() else field.get_default(call_default_factory=True)
    if _written(field) is str and default not in (None, inspect.Parameter.empty):
        default = ",".join(map(str, default)) if isinstance(default, list) else str(default)
    shown = Parameter(
        name=words,
        help=description_of(field),
        metavar="NAME=VALUE" if _is_mapping(field.annotation) else None,
        negative=(),
        completer=completers.get(name),
        show_default=False if default in (None, False, "", ()) else None,
    )
    return inspect.Parameter(name, kind, default=default, annotation=Annotated[_written(field), shown])


def description_of(field: FieldInfo) -> str:
    """The field's description, also where it belongs to the type inside an optional one."""
    if field.description:
        return field.description
    inner = (extra for part in get_args(field.annotation) for extra in getattr(part, "__metadata__", ()))
    return next((extra.description for extra in inner if isinstance(extra, FieldInfo) and extra.description), "")


def _written(field: FieldInfo) -> Any:
    """The type as it is written on the line: text, where the model reads a form of its own such as `10m`."""
    return str if any(isinstance(one, BeforeValidator) for one in field.metadata) else _plain(field.annotation)


def _plain(annotation: Any) -> Any:
    """The type without its constraints: they are the model's to check, in one place and in one voice."""
    if _is_mapping(annotation):
        return list[str] | None
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return reduce(or_, map(_plain, get_args(annotation)))
    return annotation


def _is_mapping(annotation: Any) -> bool:
    origin = get_origin(annotation) or annotation
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return True
    return get_origin(annotation) in (Union, UnionType, Annotated) and any(map(_is_mapping, get_args(annotation)))


def without_pairs(operation: type[Operation], given: Mapping[str, Any]) -> dict[str, Any]:
    """What was given, where `--images web=shop:v2 --images proxy=envoy:v1` has become a mapping. Raises BadInput."""
    return {
        name: _pairs(name, value) if value and _is_mapping(operation.model_fields[name].annotation) else value
        for name, value in given.items()
    }


def _pairs(name: str, words: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for word in words:
        key, sign, value = word.partition("=")
        if not (key and sign and value):
            raise BadInput(f"--{name.rstrip('_').replace('_', '-')} wants NAME=VALUE, not {word!r}.")
        pairs[key] = value
    return pairs
