"""What a change of variables means: each is changed where it is defined, in a copy of its own for every revision.

The template is changed to name the copies. So every revision keeps the values it ran with, and going back to one, by
whatever tool, brings them back.
"""

import copy
from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from dot_ai_lifecycle.core.configuration import Held, Name, Source, Sources, held
from dot_ai_lifecycle.core.copies import base_of, copy_name, copy_of
from dot_ai_lifecycle.core.errors import BadInput, Refused
from dot_ai_lifecycle.core.pointers import pointer
from dot_ai_lifecycle.core.redaction import hidden, looks_secret, redact
from dot_ai_lifecycle.core.refs import CONFIG_MAP, SECRET, Ref, ref_to
from dot_ai_lifecycle.core.steps import Create, Edit
from dot_ai_lifecycle.core.workload import Manifest
from dot_ai_lifecycle.domain.configuration.variables import Variable, containers_of, variables_of
from dot_ai_lifecycle.domain.ownership import owner

LARGEST = 1_048_576
"""Bytes a ConfigMap may hold."""


class Wanted(Struct, frozen=True):
    """What is asked for: variables of one container set to a value, or (None) taken out; `inline` in the template."""

    container: str
    values: Mapping[str, str | None]
    inline: bool = False


class Changed(Struct, frozen=True):
    """What that takes: the copies to make, with the keys of each by its name, and the edits of the workload."""

    template: Manifest
    copies: tuple[Create, ...] = ()
    edits: tuple[Edit, ...] = ()
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    sources: tuple[Name, ...] = ()
    keys: Mapping[str, frozenset[str]] = {}


def changed(app: Ref, template: Manifest, sources: Sources, wanted: Wanted) -> Changed:
    """The change of a template of the app. Raises BadInput and Refused, before anything is touched."""
    return _Changing(app, template, sources, wanted).made()


class _Changing:
    """One change being worked out: a copy of the template, and what each source has to say otherwise."""

    def __init__(self, app: Ref, template: Manifest, sources: Sources, wanted: Wanted) -> None:
        self._app, self._sources, self._wanted = app, sources, wanted
        self._old = template
        self._new: dict[str, Any] = copy.deepcopy(dict(template))
        self._field, self._place, container = _chosen(template, wanted.container)
        self._known = {one.name: one for one in variables_of(container, sources)}
        self._said: dict[Name, dict[str, str | None]] = {}
        self._before: list[str] = []
        self._after: list[str] = []
        self._keys: dict[str, frozenset[str]] = {}

    def made(self) -> Changed:
        for name, value in self._wanted.values.items():
            variable = self._known.get(name)
            if self._stands(variable, value):
                continue
            self._spoken(name, variable, value)
            if value is None:
                self._taken_out(name, variable)
            else:
                _refuse_secret(name, value)
                self._set(name, variable, value)
        copies = tuple(self._copy(name, said) for name, said in self._said.items())
        return Changed(
            self._new,
            copies,
            self._edits(),
            tuple(self._before),
            tuple(self._after),
            tuple(name for name in self._said if name in self._sources.found),
            self._keys,
        )

    def _stands(self, variable: Variable | None, value: str | None) -> bool:
        if variable is None:
            return value is None
        now = variable.value
        return value is not None and now is not None and now.sort == "text" and now.text == value

    def _spoken(self, name: str, variable: Variable | None, value: str | None) -> None:
        now = variable.value if variable else None
        old = f"{name} unset" if now is None else f"{name}={_shown(name, now)}"
        self._before.append(old)
        self._after.append(f"{name} unset" if value is None else f"{name}={value}")

    @property
    def _container(self) -> dict[str, Any]:
        found: dict[str, Any] = self._new["spec"][self._field][self._place]
        return found

    def _set(self, name: str, variable: Variable | None, value: str) -> None:
        source = variable.origin.source if variable is not None else None
        if variable is not None and source is not None and (not self._wanted.inline or source[0] == SECRET.name):
            self._say(variable, value)
        elif variable is not None and variable.origin.listed:
            if variable.origin.other:
                raise Refused(f"{name} is taken from the pod's own {variable.origin.other}.", hint="Unset it first.")
            self._container["env"][variable.origin.place] = {"name": name, "value": value}
        elif self._wanted.inline:
            self._container["env"] = [*(self._container.get("env") or ()), {"name": name, "value": value}]
        else:
            self._say_first(name, value)

    def _taken_out(self, name: str, variable: Variable | None) -> None:
        """No definition of it is left, those that another overrides included."""
        assert variable is not None, "what is not there stands as wanted"
        for origin in (*variable.hides, variable.origin):
            if not origin.listed:
                self._say(replace(variable, origin=origin, lack=""), None)
        left = [one for one in self._container.get("env") or () if one.get("name") != name]
        if left:
            self._container["env"] = left
        else:
            self._container.pop("env", None)

    def _say(self, variable: Variable, value: str | None) -> None:
        """Have a source say something else of a variable."""
        origin = variable.origin
        assert origin.source is not None
        source = self._sources.of(*origin.source)
        _refuse_others(source, variable.name, value)
        if variable.lack:
            raise Refused(f"{variable.name} cannot be changed: {variable.lack}.", hint="Create it, or use --inline.")
        self._said.setdefault(origin.source, {})[origin.key] = value

    def _say_first(self, name: str, value: str) -> None:
        """Of a variable that nobody defines: in the app's own ConfigMap, which the container takes whole."""
        base = f"{self._app.name}-settings"
        for entry in self._container.get("envFrom") or ():
            named = str((entry.get("configMapRef") or {}).get("name", ""))
            source = self._sources.of(CONFIG_MAP.name, named)
            if named and not entry.get("prefix") and base_of(named, source.metadata) == base and source.fate == "there":
                _refuse_others(source, name, value)
                self._said.setdefault((CONFIG_MAP.name, named), {})[name] = value
                return
        self._said.setdefault((CONFIG_MAP.name, base), {})[name] = value
        entry = {"configMapRef": {"name": base}}
        if entry not in (self._container.get("envFrom") or ()):
            self._container["envFrom"] = [*(self._container.get("envFrom") or ()), entry]

    def _copy(self, name: Name, said: Mapping[str, str | None]) -> Create:
        """The copy that says so, and every reference of the template led to it."""
        source = self._sources.found.get(name)
        values = dict(source.values) if source else {}
        edits = []
        for key, value in said.items():
            old = values.pop(key, None)
            edits.append(Edit(path=pointer("data", key), old=_shown(key, old) if old else None, new=value))
            if value is not None:
                values[key] = held(value)
        base = base_of(name[1], source.metadata if source else {})
        _refuse_too_large(base, values)
        called = copy_name(base, values)
        self._keys[called] = frozenset(values)
        _led(self._new, name[1], called)
        like = ref_to(CONFIG_MAP, source.name, self._app.namespace, source.uid) if source else None
        return copy_of(base, called, self._app, like=like, edits=tuple(edits), why=f"{base} with what is new")

    def _edits(self) -> tuple[Edit, ...]:
        """The fields of the template that differ: of containers whole lists, of volumes the names."""
        found: list[Edit] = []
        for field, place, container in containers_of(self._new):
            old = self._old["spec"][field][place]
            for part in ("env", "envFrom"):
                found.extend(_differing(("spec", field, place, part), old.get(part), container.get(part)))
        for place, volume in enumerate(self._new["spec"].get("volumes") or ()):
            old = self._old["spec"]["volumes"][place]
            for part in ("configMap", "projected"):
                found.extend(_differing(("spec", "volumes", place, part), old.get(part), volume.get(part)))
        return tuple(found)


def _differing(at: tuple[str | int, ...], old: Any, new: Any) -> tuple[Edit, ...]:
    """The smallest edits from one value to another: within maps and lists of one length, else the whole."""
    if old == new:
        return ()
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        keys = dict.fromkeys((*old, *new))
        return tuple(edit for key in keys for edit in _differing((*at, key), old.get(key), new.get(key)))
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = enumerate(zip(old, new, strict=True))
        return tuple(edit for place, (left, right) in pairs for edit in _differing((*at, place), left, right))
    return (Edit(path=pointer("spec", "template", *at), old=old, new=new),)


def _led(template: dict[str, Any], old: str, new: str) -> None:
    """Lead every reference to a ConfigMap to another."""
    for _, _, container in containers_of(template):
        for one in container.get("env") or ():
            _renamed((one.get("valueFrom") or {}).get("configMapKeyRef"), old, new)
        for one in container.get("envFrom") or ():
            _renamed(one.get("configMapRef"), old, new)
    for volume in template["spec"].get("volumes") or ():
        for part in (volume, *((volume.get("projected") or {}).get("sources") or ())):
            _renamed(part.get("configMap"), old, new)


def _renamed(reference: Any, old: str, new: str) -> None:
    if reference and reference.get("name") == old:
        reference["name"] = new


def _chosen(template: Manifest, name: str) -> tuple[str, int, Manifest]:
    """The container of that name; without one the first that is no init container."""
    every = list(containers_of(template))
    for field, place, container in every:
        if (name and container.get("name") == name) or (not name and field == "containers"):
            return field, place, container
    names = ", ".join(str(container.get("name")) for _, _, container in every)
    raise BadInput(f"It has no container {name!r}.", hint=f"Its containers: {names}.")


def _refuse_secret(name: str, value: str) -> None:
    if looks_secret(name) or redact(value) != value:
        raise Refused(
            f"{name} looks like a secret: it may only stand in a Secret, not in a ConfigMap or a pod template.",
            hint="Keep it in a Secret, and let the pod template name that (valueFrom.secretKeyRef).",
        )


def _refuse_others(source: Source, name: str, value: str | None) -> None:
    """Refuse to speak for a Secret, or for a source whose owner would overwrite or never know it."""
    said = f"{name} unset" if value is None else f"{name}={value}"
    found = owner({"kind": source.kind, "metadata": source.metadata})
    if found.kind != "nobody":
        shown = name if source.kind == "Secret" else said
        raise Refused(
            f"{source} belongs to {found.kind} {found.name}: a change here would be lost, or hidden from it.",
            hint=f"{found.how_to_change} (wanted: {shown})",
            details={"owner": found.kind, "owner_name": found.name},
        )
    if source.kind == "Secret":
        raise Refused(
            f"{name} is defined by {source}: values of Secrets are not taken here, where plans and records are kept.",
            hint=f"Change it in the Secret (kubectl edit secret {source.name}), then restart the app (restart_app).",
        )


def _refuse_too_large(base: str, values: Mapping[str, Held]) -> None:
    size = sum(len(key) + (len(value.text.encode()) if value.text else value.length) for key, value in values.items())
    if size > LARGEST:
        raise BadInput(
            f"ConfigMap {base} would hold {size:,} bytes, and may hold {LARGEST:,}.",
            hint="Put large files into a volume or an image.",
        )


def _shown(name: str, value: Held) -> str:
    """A value as plans may hold it; that of a copy's original is never tested, only shown."""
    if value.sort != "text":
        return f"‹{value.sort}, {value.length}›"
    return hidden(value.text) if looks_secret(name) else redact(value.text)
