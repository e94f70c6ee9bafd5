"""What names, labels and annotations may be."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from dot_ai_lifecycle.embedded.causes import required, too_long, wrong
from dot_ai_lifecycle.embedded.kinds import Kind
from dot_ai_lifecycle.embedded.rejected import Cause

_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SERVICE_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_LABEL_NAME = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_ANNOTATION_BYTES = 256 * 1024

_SUBDOMAIN_SAID = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_LABEL_SAID = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_SERVICE_LABEL_SAID = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_KEY_SAID = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
_VALUE_SAID = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_FREE_NAMES = frozenset({"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"})


def _name(kind: Kind, name: str) -> Iterator[Cause]:
    field = "metadata.name"
    if not name:
        yield required(field, "name or generateName is required")
    elif kind.kind == "Namespace" and not _LABEL.fullmatch(name):
        yield wrong(field, name, _LABEL_SAID)
    elif kind.kind == "Service" and not _SERVICE_LABEL.fullmatch(name):
        yield wrong(field, name, _SERVICE_LABEL_SAID)
    elif kind.kind not in _FREE_NAMES and not _SUBDOMAIN.fullmatch(name):
        yield wrong(field, name, _SUBDOMAIN_SAID)
    if kind.kind in {"Namespace", "Service"} and len(name) > 63:
        yield too_long(field, 63)
    elif len(name) > 253:
        yield too_long(field, 253)


def labels(field: str, values: Mapping[str, str]) -> Iterator[Cause]:
    """What is wrong with a map of labels."""
    for key, value in values.items():
        if not _LABEL_NAME.fullmatch(key.rpartition("/")[2]):
            yield wrong(field, key, _KEY_SAID)
        if not _LABEL_VALUE.fullmatch(value):
            yield wrong(field, value, _VALUE_SAID)
        if len(value) > 63:
            yield too_long(field, 63)


def metadata(kind: Kind, values: Mapping[str, Any]) -> Iterator[Cause]:
    """What is wrong with an object's metadata."""
    yield from _name(kind, str(values.get("name") or ""))
    yield from labels("metadata.labels", values.get("labels") or {})
    annotations: Mapping[str, str] = values.get("annotations") or {}
    for key in annotations:
        if not _LABEL_NAME.fullmatch(key.rpartition("/")[2]):
            yield wrong("metadata.annotations", key, _KEY_SAID)
    if sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items()) > _ANNOTATION_BYTES:
        yield too_long("metadata.annotations", _ANNOTATION_BYTES)
