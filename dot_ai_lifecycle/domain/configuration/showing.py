"""The effective configuration of an app as an answer: every variable and file; of secrets length, age and mark."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from msgspec import Struct
from pydantic import BaseModel, ConfigDict

from dot_ai_lifecycle.core.configuration import Held, Source, Sources
from dot_ai_lifecycle.core.operation import Answer
from dot_ai_lifecycle.core.redaction import hidden, looks_secret, redact
from dot_ai_lifecycle.core.workload import Manifest
from dot_ai_lifecycle.domain.configuration.files import File, files_of
from dot_ai_lifecycle.domain.configuration.variables import Variable, containers_of, variables_of
from dot_ai_lifecycle.domain.ownership import owner

LONGEST = 160
"""Characters of a value that are shown; of a longer one its beginning and how long it is."""

MOST = 250
"""Variables, and files, that are shown at most; what is left out is counted."""


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True)


class VariableLine(_Line):
    """One variable of one container; `source` defines it, `overrides` says whose definitions it beats."""

    container: str
    name: str
    value: str
    source: str
    overrides: tuple[str, ...] = ()


class FileLine(_Line):
    """One file of one container; `renewal` says how a change of its source arrives."""

    container: str
    path: str
    value: str
    source: str
    renewal: str


class SourceLine(_Line):
    """One ConfigMap or Secret: who reads it, who wrote it last and when, and who owns it."""

    source: str
    state: Literal["there", "missing", "unread"]
    keys: int
    read_by: tuple[str, ...]
    changed: datetime | None
    by: str
    owner: str
    immutable: bool


class AppConfiguration(Answer):
    """What an app's containers are told: variables and files with values and where each is defined."""

    app: str
    namespace: str
    cluster: str
    problems: tuple[str, ...]
    variables: tuple[VariableLine, ...]
    files: tuple[FileLine, ...]
    sources: tuple[SourceLine, ...]
    left_out: int | None
    unread: tuple[str, ...]


class Effective(Struct, frozen=True):
    """What the containers of a template are told."""

    variables: tuple[Variable, ...]
    files: tuple[File, ...]

    @property
    def problems(self) -> tuple[str, ...]:
        """What no pod can start without, and is not there."""
        lacking = [(one.container, one.name, one.lack) for one in self.variables if one.fatal]
        lacking += [(one.container, one.path, one.lack) for one in self.files if one.fatal]
        return tuple(f"{container} cannot start: {lack} ({what})" for container, what, lack in lacking)


def effective(template: Manifest, sources: Sources, container: str = "") -> Effective:
    """What the containers are told, or the one of that name."""
    chosen = [one for _, _, one in containers_of(template) if container in ("", one.get("name"))]
    return Effective(
        variables=tuple(variable for one in chosen for variable in variables_of(one, sources)),
        files=tuple(file for one in chosen for file in files_of(one, template, sources)),
    )


def variable_lines(variables: Iterable[Variable], sources: Sources, now: datetime) -> tuple[VariableLine, ...]:
    """The variables as they may be shown."""
    return tuple(
        VariableLine(
            container=one.container,
            name=one.name,
            value=_worded(one.value, one.name, _changed(one.origin.source, sources), now, one.lack),
            source=str(one.origin),
            overrides=tuple(str(hides) for hides in one.hides),
        )
        for one in variables
    )


def file_lines(files: Iterable[File], sources: Sources, now: datetime) -> tuple[FileLine, ...]:
    """The files as they may be shown."""
    return tuple(
        FileLine(
            container=one.container,
            path=one.path,
            value=_worded(one.value, one.key, _changed(one.source, sources), now, one.lack),
            source=f"{one.source[0]} {one.source[1]}" + (f", key {one.key}" if one.key else ""),
            renewal=one.renewal,
        )
        for one in files
    )


def source_lines(sources: Sources) -> tuple[SourceLine, ...]:
    """The sources, those of the template that was looked at."""
    return tuple(_source_line(one, sources.readers.get(place, ())) for place, one in sorted(sources.found.items()))


def _source_line(source: Source, readers: tuple[str, ...]) -> SourceLine:
    held = owner({"kind": source.kind, "metadata": source.metadata})
    return SourceLine(
        source=str(source),
        state=source.fate,
        keys=len(source.values),
        read_by=readers,
        changed=source.changed,
        by=source.by,
        owner="" if held.kind == "nobody" else f"{held.kind} {held.name}".strip(),
        immutable=source.immutable,
    )


def _changed(source: tuple[str, str] | None, sources: Sources) -> datetime | None:
    return sources.of(*source).changed if source else None


def _worded(held: Held | None, name: str, changed: datetime | None, now: datetime, lack: str) -> str:
    """A value as it may be shown."""
    if held is None:
        return f"‹{lack}›"
    match held.sort:
        case "secret":
            mark = f", #{held.mark}" if held.mark else ""
            return f"‹secret, {held.length} characters{_age(changed, now)}{mark}›"
        case "bytes":
            return f"‹{held.length:,} bytes›"
        case _:
            return hidden(held.text) if held.text and looks_secret(name) else _short(redact(held.text))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text):,} characters)"


def _age(changed: datetime | None, now: datetime) -> str:
    if changed is None:
        return ""
    seconds = max(0, int((now - changed).total_seconds()))
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f", changed {count} {unit}{'s' if count != 1 else ''} ago"
    return ", changed just now"
