"""Objects as the API server's decoder leaves them: known fields of the right type, without what would not be written.

What a client sends with a misspelt field is refused, warned of or silently dropped, as `fieldValidation` says.
"""

import re
from dataclasses import dataclass, field
from typing import Any, NoReturn

from dot_ai_lifecycle.embedded.schema import definitions, field_of

_QUANTITY = re.compile(r"^[+-]?[0-9.]+([eEinumkKMGTP]*[-+]?[0-9]*)$")
_QUANTITY_SAID = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
_GO = {"boolean": "bool", "number": "float64", "intOrString": "intstr.IntOrString", "time": "string"}
_BITS = {"int32": 31, "int64": 63}

_DROPPED_WHEN_ZERO = frozenset(
    {"minReadySeconds", "paused", "hostNetwork", "hostPID", "hostIPC", "readOnly", "stdin", "stdinOnce", "tty"}
    | {"initialDelaySeconds", "hostPort", "nodePort", "unschedulable", "publishNotReadyAddresses", "serviceAccountName"}
    | {"nodeName", "subPath", "subPathExpr", "hostname", "subdomain", "workingDir", "generateName", "externalName"}
)
"""Fields that Go keeps by value and omits when they are zero: what is read back does not have them."""


class Unfit(Exception):
    """A value of the wrong type; says so in the decoder's words."""


@dataclass(slots=True)
class Decoded:
    """An object without unknown fields, and the paths of those it had."""

    object: dict[str, Any]
    unknown: list[str] = field(default_factory=list)


def _json_type(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    names: dict[type, str] = {str: "string", dict: "object", list: "array"}
    return names.get(type(value), "number")


def _unfit(value: Any, go: str, path: str, struct: str) -> NoReturn:
    where = f"{struct.rpartition('.')[2]}.{path}"
    raise Unfit(f"json: cannot unmarshal {_json_type(value)} into Go struct field {where} of type {go}")


def _fits(type_: str, value: Any) -> bool:
    if isinstance(value, bool):
        return type_ == "boolean"
    if type_ in _BITS:
        return isinstance(value, int) and abs(value) >> _BITS[type_] == 0
    if type_ == "intOrString":
        return isinstance(value, int | str)
    return isinstance(value, (int, float) if type_ == "number" else str) and type_ != "boolean"


class _Decoder:
    def __init__(self) -> None:
        self.unknown: list[str] = []

    def value(self, type_: str, value: Any, path: str, struct: str) -> Any:
        if type_ == "any":
            return value
        if type_.startswith("["):
            return self._list(type_[1:], value, path, struct)
        if type_.startswith("{"):
            return self._map(type_[1:], value, path, struct)
        if type_ in definitions():
            return self.struct(type_, value, path, struct)
        self._scalar(type_, value, path, struct)
        return value

    def _list(self, type_: str, value: Any, path: str, struct: str) -> list[Any]:
        if not isinstance(value, list):
            _unfit(value, f"[]{type_.lstrip('[{')}", path, struct)
        return [self.value(type_, item, f"{path}[{index}]", struct) for index, item in enumerate(value)]

    def _map(self, type_: str, value: Any, path: str, struct: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            _unfit(value, f"map[string]{type_.lstrip('[{')}", path, struct)
        return {key: self.value(type_, item, path, struct) for key, item in value.items()}

    def struct(self, type_: str, value: Any, path: str, struct: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            _unfit(value, type_, path, struct)
        result: dict[str, Any] = {}
        for name, item in value.items():
            below = f"{path}.{name}" if path else name
            known = field_of(type_, name)
            if known is None:
                self.unknown.append(below)
            elif item is not None:
                decoded = self.value(known.type, item, below, type_)
                if not _omitted(name, known.type, decoded, type_):
                    result[name] = decoded
        return result

    @staticmethod
    def _scalar(type_: str, value: Any, path: str, struct: str) -> None:
        if type_ == "quantity":
            if isinstance(value, bool) or not _QUANTITY.match(str(value)):
                raise Unfit(_QUANTITY_SAID)
        elif not _fits(type_, value):
            _unfit(value, _GO.get(type_, type_), path, struct)


def _omitted(name: str, type_: str, value: Any, struct: str) -> bool:
    if type_[:1] in {"[", "{"}:
        return not value
    if value in (0, "") and name in _DROPPED_WHEN_ZERO:
        return True
    return value == "" and struct == "core.v1.EnvVar" and name == "value"


def decoded(root: str, object_: dict[str, Any]) -> Decoded:
    """The object as the decoder of its kind leaves it; kinds without a schema come back as they are.

    Raises `Unfit` for a value of the wrong type.
    """
    if root not in definitions():
        return Decoded(object_)
    decoder = _Decoder()
    result = decoder.struct(root, object_, "", root)
    return Decoded(result, decoder.unknown)
