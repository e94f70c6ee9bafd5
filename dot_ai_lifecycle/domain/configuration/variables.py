"""The variables of a container as the kubelet makes them: `envFrom` in order, then `env`; what comes later wins."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from dot_ai_lifecycle.core.configuration import Held, Sources
from dot_ai_lifecycle.core.redaction import looks_secret
from dot_ai_lifecycle.core.workload import Manifest

_REFERENCE = re.compile(r"\$\$|\$\(([^()]*)\)")

_NAME = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
"""What Kubernetes takes as a variable's name; keys of `envFrom` that are none are left out (before 1.34)."""

TEMPLATE = "pod template"


class Origin(Struct, frozen=True):
    """Where a variable is defined: in the template itself, or by a key of a source, taken one by one or as a whole.

    `place` is the index in `env` or `envFrom`; `prefix` is what `envFrom` puts before the key.
    """

    listed: bool
    place: int
    source: tuple[str, str] | None = None
    key: str = ""
    prefix: str = ""
    other: str = ""

    def __str__(self) -> str:
        if self.source is None:
            return self.other or TEMPLATE
        kind, name = self.source
        return f"{kind} {name}, key {self.key}"


class Variable(Struct, frozen=True):
    """One variable of one container: its value where it can be known, where that is from, and what it overrides.

    `lack` says why there is no value; `fatal` that no pod starts without.
    """

    container: str
    name: str
    origin: Origin
    value: Held | None = None
    hides: tuple[Origin, ...] = ()
    lack: str = ""
    fatal: bool = False


def containers_of(template: Manifest) -> Iterator[tuple[str, int, Manifest]]:
    """The containers of a template, init containers first: the field they stand in, their place in it, and they."""
    spec = template.get("spec") or {}
    for field in ("initContainers", "containers"):
        for place, container in enumerate(spec.get(field) or ()):
            yield field, place, container


def variables_of(container: Manifest, sources: Sources) -> tuple[Variable, ...]:
    """The variables of one container, in the order in which they are first defined, the winning definition each."""
    found: dict[str, Variable] = {}
    for one in (*_from_sources(container, sources), *_listed(container, sources)):
        before = found.get(one.name)
        if before is not None:
            one = replace(one, hides=(*before.hides, before.origin))
        if one.origin.listed and one.value is not None and one.value.sort == "text" and one.origin.source is None:
            one = replace(one, value=_expanded(one.value.text, found))
        found[one.name] = one
    return tuple(found.values())


def _from_sources(container: Manifest, sources: Sources) -> Iterator[Variable]:
    name = str(container.get("name", ""))
    for place, entry in enumerate(container.get("envFrom") or ()):
        prefix = str(entry.get("prefix") or "")
        for kind, field in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
            if entry.get(field):
                source = sources.of(kind, str(entry[field].get("name", "")))
                for key, value in source.values.items():
                    variable = f"{prefix}{key}"
                    if value.sort != "bytes" and _NAME.fullmatch(variable):
                        origin = Origin(False, place, (kind, source.name), key, prefix)
                        yield Variable(name, variable, origin, value)


def _listed(container: Manifest, sources: Sources) -> Iterator[Variable]:
    name = str(container.get("name", ""))
    for place, entry in enumerate(container.get("env") or ()):
        given = entry.get("valueFrom")
        if given:
            yield _given(name, str(entry.get("name", "")), place, given, sources)
        else:
            text = str(entry.get("value") or "")
            yield Variable(name, str(entry.get("name", "")), Origin(True, place), Held("text", len(text), text))


def _given(container: str, name: str, place: int, given: Mapping[str, Any], sources: Sources) -> Variable:
    for kind, field in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
        if reference := given.get(field):
            source, key = sources.of(kind, str(reference.get("name", ""))), str(reference.get("key", ""))
            origin = Origin(True, place, (kind, source.name), key)
            lack = source.lacks(key)
            fatal = bool(lack) and not reference.get("optional") and source.fate != "unread"
            return Variable(container, name, origin, source.values.get(key), lack=lack, fatal=fatal)
    field, reference = next(iter(given.items()))
    path = reference.get("fieldPath") or reference.get("resource") or reference.get("key") or ""
    return Variable(
        container, name, Origin(True, place, other=f"{field} {path}".strip()), lack="known in the pod alone"
    )


def _expanded(text: str, known: Mapping[str, Variable]) -> Held:
    """The text with `$(NAME)` replaced by what was defined before it, as the kubelet does; `$$` is one `$`.

    What takes in a secret, or what looks like one by its name, is one.
    """
    secret = False

    def value(match: re.Match[str]) -> str:
        nonlocal secret
        if match[1] is None:
            return "$"
        one = known.get(match[1])
        if one is None or one.value is None:
            return match[0]
        secret = secret or one.value.sort == "secret" or looks_secret(one.name)
        return one.value.text if one.value.sort == "text" else "*" * one.value.length

    whole = _REFERENCE.sub(value, text)
    return Held("secret", len(whole)) if secret else Held("text", len(whole), whole)
