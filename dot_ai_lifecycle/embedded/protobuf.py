"""The few protobuf bodies that kubectl insists on sending: reviews, namespaces and their like.

kubectl's typed commands (`auth can-i`, `create deployment`, `create configmap`, `autoscale`) speak protobuf to built-in
kinds whatever the server would prefer. The field numbers are those of k8s.io/api v0.34 (generated.proto).
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any

Message = Mapping[int, tuple[str, Any]]
"""Field number → name and type: a word, the fields of a message, or a list with those of its items."""

_MAGIC = b"k8s\x00"
_MAP = "map"
_BYTES = "bytes"
_STRINGS = "strings"

_METADATA: Message = {
    1: ("name", "string"),
    2: ("generateName", "string"),
    3: ("namespace", "string"),
    11: ("labels", _MAP),
    12: ("annotations", _MAP),
    14: ("finalizers", _STRINGS),
}
_RESOURCE: Message = dict(
    enumerate(
        ((name, "string") for name in ("namespace", "verb", "group", "version", "resource", "subresource", "name")), 1
    )
)
_DELETE: Message = {
    1: ("gracePeriodSeconds", "number"),
    2: ("preconditions", {1: ("uid", "string"), 2: ("resourceVersion", "string")}),
    3: ("orphanDependents", "flag"),
    4: ("propagationPolicy", "string"),
    5: ("dryRun", _STRINGS),
}
_META: tuple[str, Any] = ("metadata", _METADATA)
_PORT: Message = {1: ("name", "string"), 3: ("containerPort", "number"), 4: ("protocol", "string")}
_CONTAINER: Message = {
    1: ("name", "string"),
    2: ("image", "string"),
    3: ("command", _STRINGS),
    4: ("args", _STRINGS),
    6: ("ports", [_PORT]),
}
_POD: Message = {2: ("containers", [_CONTAINER]), 3: ("restartPolicy", "string")}
_TEMPLATE: tuple[str, Any] = ("template", {1: _META, 2: ("spec", _POD)})
_SCALED: Message = {1: ("kind", "string"), 2: ("name", "string"), 3: ("apiVersion", "string")}
_MESSAGES: dict[str, Message] = {
    "Namespace": {1: _META, 2: ("spec", {1: ("finalizers", _STRINGS)})},
    "ConfigMap": {1: _META, 2: ("data", _MAP), 4: ("immutable", "flag")},
    "Secret": {1: _META, 2: ("data", _BYTES), 3: ("type", "string"), 5: ("immutable", "flag")},
    "ServiceAccount": {1: _META},
    "Deployment": {
        1: _META,
        2: ("spec", {1: ("replicas", "number"), 2: ("selector", {1: ("matchLabels", _MAP)}), 3: _TEMPLATE}),
    },
    "Job": {1: _META, 2: ("spec", {6: _TEMPLATE})},
    "HorizontalPodAutoscaler": {
        1: _META,
        2: ("spec", {1: ("scaleTargetRef", _SCALED), 2: ("minReplicas", "number"), 3: ("maxReplicas", "number")}),
    },
    "DeleteOptions": _DELETE,
    "Eviction": {1: _META, 2: ("deleteOptions", _DELETE)},
    "SelfSubjectReview": {1: _META},
    "SelfSubjectRulesReview": {1: _META, 2: ("spec", {1: ("namespace", "string")})},
    "SelfSubjectAccessReview": {
        1: _META,
        2: (
            "spec",
            {
                1: ("resourceAttributes", _RESOURCE),
                2: ("nonResourceAttributes", {1: ("path", "string"), 2: ("verb", "string")}),
            },
        ),
    },
}


class Unreadable(Exception):
    """A body in protobuf that is not one of the few read here."""


def _varint(body: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(body):
        byte = body[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise Unreadable("the body ends within a number")


def _fields(body: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(body):
        key, at = _varint(body, at)
        value, at = _varint(body, at)
        if key & 7 == 0:
            yield key >> 3, value
        elif key & 7 == 2:
            if at + value > len(body):
                raise Unreadable("the body ends within a field")
            yield key >> 3, body[at : at + value]
            at += value
        else:
            raise Unreadable(f"wire type {key & 7} is not read here")


def _pair(body: bytes) -> tuple[str, str]:
    found = {number: value.decode() for number, value in _fields(body) if isinstance(value, bytes)}
    return found.get(1, ""), found.get(2, "")


def _is_zero(body: bytes) -> bool:
    """Whether a message holds nothing: Go writes fields by value even when they are empty."""
    return all(not value if isinstance(value, int) else _is_zero(value) for _, value in _fields(body))


def _message(fields: Message, body: bytes) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for number, value in _fields(body):
        name, type_ = fields.get(number, ("", ""))
        if isinstance(value, int):
            _set_number(result, name, type_, value)
        elif name:
            _set(result, name, type_, value)
        elif not _is_zero(value):
            raise Unreadable(f"field {number} is not read here")
    return result


def _set_number(result: dict[str, Any], name: str, type_: Any, value: int) -> None:
    if not name and value:
        raise Unreadable("a number that is not read here")
    if name:
        result[name] = bool(value) if type_ == "flag" else value


def _set(result: dict[str, Any], name: str, type_: Any, value: bytes) -> None:
    if isinstance(type_, Mapping):
        result[name] = _message(type_, value)
    elif isinstance(type_, list):
        result.setdefault(name, []).append(_message(type_[0], value))
    elif type_ == _BYTES:
        found = {number: part for number, part in _fields(value) if isinstance(part, bytes)}
        result.setdefault(name, {})[found.get(1, b"").decode()] = b64encode(found.get(2, b"")).decode()
    elif type_ == _MAP:
        key, text = _pair(value)
        result.setdefault(name, {})[key] = text
    elif type_ == _STRINGS:
        result.setdefault(name, []).append(value.decode())
    elif value:
        result[name] = value.decode()


def decode(body: bytes) -> dict[str, Any]:
    """The object in a protobuf body, with its apiVersion and kind; raises `Unreadable` for kinds not listed here."""
    if not body.startswith(_MAGIC):
        raise Unreadable("the body does not begin as Kubernetes protobuf does")
    envelope = {number: value for number, value in _fields(body[len(_MAGIC) :]) if isinstance(value, bytes)}
    api_version, kind = _pair(envelope.get(1, b""))
    if kind not in _MESSAGES:
        raise Unreadable(f"{kind} is not read as protobuf here")
    return {"apiVersion": api_version, "kind": kind} | _message(_MESSAGES[kind], envelope.get(2, b""))
