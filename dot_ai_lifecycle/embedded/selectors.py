"""Label and field selectors, parsed as the API server parses them."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from dot_ai_lifecycle.embedded.objects import Object
from dot_ai_lifecycle.embedded.rejected import bad_request

Test = Callable[[Mapping[str, str]], bool]

_SET = re.compile(r"^(?P<key>\S+)\s+(?P<op>in|notin)\s*\((?P<values>[^()]*)\)$")
_EQUALITY = re.compile(r"^(?P<key>[^=!\s]+)\s*(?P<op>==|=|!=)\s*(?P<value>[A-Za-z0-9._-]*)$")
_KEY = re.compile(r"^(?P<not>!?)\s*(?P<key>[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?)$")


def _split(selector: str) -> list[str]:
    parts = re.split(r",(?![^(]*\))", selector)
    return [part.strip() for part in parts if part.strip()]


def _requirement(text: str) -> Test:
    if found := _SET.match(text):
        values = {value.strip() for value in found["values"].split(",")}
        key = found["key"]
        if found["op"] == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    if found := _EQUALITY.match(text):
        key, value = found["key"], found["value"]
        if found["op"] == "!=":
            return lambda labels: labels.get(key) != value
        return lambda labels: labels.get(key) == value
    if found := _KEY.match(text):
        key = found["key"]
        if found["not"]:
            return lambda labels: key not in labels
        return lambda labels: key in labels
    raise bad_request(f"unable to parse requirement: found '{text}', expected: identifier")


def label_test(selector: str) -> Test:
    """A test for labels out of the query syntax, e.g. `app=web,tier in (a,b),!old`; 400 when it does not parse."""
    tests = [_requirement(part) for part in _split(selector)]
    return lambda labels: all(test(labels) for test in tests)


def _expression(wanted: Mapping[str, Any]) -> Test:
    key, values = wanted["key"], set(wanted.get("values") or ())
    match wanted["operator"]:
        case "In":
            return lambda labels: labels.get(key) in values
        case "NotIn":
            return lambda labels: labels.get(key) not in values
        case "Exists":
            return lambda labels: key in labels
        case _:
            return lambda labels: key not in labels


def selector_test(selector: Mapping[str, Any] | None) -> Test:
    """A test for labels out of a `metav1.LabelSelector`: none selects nothing, an empty one everything."""
    if selector is None:
        return lambda labels: False
    wanted: Mapping[str, str] = selector.get("matchLabels") or {}
    tests = [_expression(expression) for expression in selector.get("matchExpressions") or ()]

    def test(labels: Mapping[str, str]) -> bool:
        return all(labels.get(key) == value for key, value in wanted.items()) and all(one(labels) for one in tests)

    return test


def labels_of(object_: Mapping[str, Any]) -> Mapping[str, str]:
    """The labels of an object, never None."""
    return (object_.get("metadata") or {}).get("labels") or {}


_ALWAYS = frozenset({"metadata.name", "metadata.namespace"})
_FIELDS: dict[str, frozenset[str]] = {
    "Pod": frozenset(
        {
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        }
    ),
    "Event": frozenset(
        {
            f"involvedObject.{part}"
            for part in ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
        }
        | {"reason", "reportingComponent", "source", "type"}
    ),
    "Secret": frozenset({"type"}),
    "Namespace": frozenset({"status.phase"}),
    "Node": frozenset({"spec.unschedulable"}),
    "Service": frozenset({"spec.clusterIP", "spec.type"}),
    "ReplicaSet": frozenset({"status.replicas"}),
    "ReplicationController": frozenset({"status.replicas"}),
    "Job": frozenset({"status.successful"}),
}
_FALSE_WHEN_ABSENT = frozenset({"spec.unschedulable", "spec.hostNetwork"})


def _field(object_: Object, path: str) -> str:
    if path == "source":
        return str((object_.get("source") or {}).get("component") or object_.get("reportingComponent") or "")
    value: Any = object_
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if value is None:
        return "false" if path in _FALSE_WHEN_ABSENT else ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def field_test(kind: str, selector: str) -> Callable[[Object], bool]:
    """A test for objects out of a field selector; 400 for a field the API server does not index for that kind."""
    known = _ALWAYS | _FIELDS.get(kind, frozenset())
    wanted: list[tuple[str, bool, str]] = []
    for part in _split(selector):
        found = re.match(r"^([^=!]+)(==|=|!=)(.*)$", part)
        if found is None:
            raise bad_request(f"invalid selector: {part!r}; can't understand {part!r}")
        path, sign, value = found.groups()
        if path not in known:
            names = ", ".join(f'"{name}"' for name in sorted(known))
            raise bad_request(f'"{path}" is not a known field selector: only {names}')
        wanted.append((path, sign != "!=", value))
    return lambda object_: all((_field(object_, path) == value) is same for path, same, value in wanted)
