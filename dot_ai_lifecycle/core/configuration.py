"""What ConfigMaps and Secrets hold for apps, and which templates in a namespace read them."""

import asyncio
import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeVar

from msgspec import Struct

from dot_ai_lifecycle.core.errors import Forbidden, NotFound
from dot_ai_lifecycle.core.marks import Marks
from dot_ai_lifecycle.core.needs import needs
from dot_ai_lifecycle.core.objects import View
from dot_ai_lifecycle.core.ports import Reader
from dot_ai_lifecycle.core.refs import CONFIG_MAP, CRON_JOB, JOB, SECRET
from dot_ai_lifecycle.core.workload import Manifest

T = TypeVar("T")

Fate = Literal["there", "missing", "unread"]

Name = tuple[str, str]
"""Kind and name of a source in the namespace at hand: `("ConfigMap", "settings")`."""

ONE_BY_ONE = 2
"""Sources of a kind that are read by name; more of them are read as one list."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A ConfigMap or Secret as the cluster holds it, values included; not to be kept, shown or compared."""

    kind: str
    name: str
    namespace: str
    uid: str
    metadata: Manifest
    values: Mapping[str, str | bytes] = field(repr=False)
    immutable: bool = False
    created: datetime | None = None
    changed: datetime | None = None
    by: str = ""


class Templated(Struct, frozen=True):
    """A Job or CronJob: what its pods are made of, and what made it."""

    kind: str
    name: str
    namespace: str
    uid: str
    template: Manifest
    parent: str = ""


class Held(Struct, frozen=True):
    """One value. Of a secret only its length and its mark are known, of bytes their number and their SHA-256 as mark.

    `length` is in characters, of bytes their number.
    """

    sort: Literal["text", "secret", "bytes"]
    length: int
    text: str = ""
    mark: str = ""


class Source(Struct, frozen=True):
    """A ConfigMap or Secret that templates name: what it holds by key, or that it is missing, or may not be read.

    `changed` is when its content was last written, `by` the field manager that did.
    """

    kind: str
    name: str
    fate: Fate = "there"
    values: Mapping[str, Held] = {}
    uid: str = ""
    metadata: Manifest = {}
    immutable: bool = False
    changed: datetime | None = None
    by: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"

    def lacks(self, key: str) -> str:
        """Why there is no value of that key, in words; empty where there is one."""
        if key in self.values:
            return ""
        words = {"missing": f"{self} does not exist", "unread": f"{self} may not be read"}
        return words.get(self.fate, f"{self} has no key {key}")


class Sources(Struct, frozen=True):
    """The sources that templates name, by kind and name; `readers` are the workloads that name each.

    `unread` names the kinds of workloads that might name them too, but may not be listed.
    """

    found: Mapping[Name, Source]
    readers: Mapping[Name, tuple[str, ...]]
    unread: tuple[str, ...] = ()

    def of(self, kind: str, name: str) -> Source:
        """That source; one that nobody looked for is missing."""
        return self.found.get((kind, name), Source(kind, name, "missing"))


STORED = {kind.name: View(kind, Stored) for kind in (CONFIG_MAP, SECRET)}
JOBS = View(JOB, Templated)
CRON_JOBS = View(CRON_JOB, Templated)


def sources_named(template: Manifest) -> frozenset[Name]:
    """The ConfigMaps and Secrets that containers of the template read."""
    return frozenset(
        (need.kind, need.name) for need in needs(template) if need.kind in STORED and need.place != "imagePullSecrets"
    )


async def sources_of(reader: Reader, marks: Marks, template: Manifest, namespace: str) -> dict[Name, Source]:
    """Everything the template reads; values of Secrets are sealed at once.

    One read for each source, or one for all of a kind where there are more than two.
    """
    named = sorted(sources_named(template))
    by_kind = {kind: [name for other, name in named if other == kind] for kind in STORED}
    lots = await asyncio.gather(*(_lot(reader, kind, names, namespace) for kind, names in by_kind.items()))
    return {(one.kind, one.name): one if isinstance(one, Source) else seal(one, marks) for lot in lots for one in lot}


async def _lot(reader: Reader, kind: str, names: list[str], namespace: str) -> Iterable[Stored | Source]:
    if len(names) <= ONE_BY_ONE:
        return await asyncio.gather(*(_one(reader, kind, name, namespace) for name in names))
    try:
        listed = {one.name: one for one in (await reader.list(STORED[kind], namespace)).items}
    except Forbidden:  # who may not list may still read by name
        return await asyncio.gather(*(_one(reader, kind, name, namespace) for name in names))
    return [listed.get(name) or Source(kind, name, "missing") for name in names]


async def _one(reader: Reader, kind: str, name: str, namespace: str) -> Stored | Source:
    try:
        return await reader.get(STORED[kind], name, namespace)
    except NotFound:
        return Source(kind, name, "missing")
    except Forbidden:
        return Source(kind, name, "unread")


def seal(stored: Stored, marks: Marks) -> Source:
    """The source as it may be shown: text of ConfigMaps, and of Secrets nothing but lengths and marks."""
    secret = stored.kind == SECRET.name
    return Source(
        stored.kind,
        stored.name,
        "there",
        {key: _sealed(value, marks) if secret else held(value) for key, value in stored.values.items()},
        stored.uid,
        stored.metadata,
        stored.immutable,
        stored.changed or stored.created,
        stored.by,
    )


def held(value: str | bytes) -> Held:
    """A value that is no secret."""
    if isinstance(value, str):
        return Held("text", len(value), value)
    return Held("bytes", len(value), mark=hashlib.sha256(value).hexdigest())


def _sealed(value: str | bytes, marks: Marks) -> Held:
    whole = value.encode() if isinstance(value, str) else value
    return Held("secret", len(whole.decode(errors="replace")), mark=marks.of(whole))


def decoded(text: str) -> bytes:
    """A value of a Secret, or of a ConfigMap's `binaryData`, as bytes."""
    return base64.b64decode(text)


async def readers_of(
    reader: Reader, workloads: Iterable[tuple[str, Manifest]], namespace: str
) -> tuple[dict[Name, tuple[str, ...]], tuple[str, ...]]:
    """Who in the namespace reads which source: those workloads, CronJobs, and Jobs that no CronJob made.

    Two reads. Returns also the kinds that may not be listed.
    """
    unread: list[str] = []

    async def listed(view: View[Templated]) -> tuple[Templated, ...]:
        try:
            return (await reader.list(view, namespace)).items
        except Forbidden:
            unread.append(view.kind.plural)
            return ()

    batches = await asyncio.gather(*(listed(view) for view in (CRON_JOBS, JOBS)))
    more = [(f"{one.kind} {one.name}", one.template) for batch in batches for one in batch if not one.parent]
    found: dict[Name, tuple[str, ...]] = {}
    for who, template in (*workloads, *more):
        for name in sources_named(template):
            found[name] = (*found.get(name, ()), who)
    return found, tuple(unread)
