"""Watches: every change of a kind, from any recent version on, as frames for one client.

Each kind keeps its own short history, so that a busy kind does not push a quiet one's changes out of reach.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from dot_ai_lifecycle.embedded.kinds import Kind
from dot_ai_lifecycle.embedded.objects import Object, version_of
from dot_ai_lifecycle.embedded.rejected import Rejected, gone
from dot_ai_lifecycle.embedded.store import Change, Store

_encode = msgspec.json.Encoder().encode

Match = Callable[[Object], bool]
INITIAL_END = "k8s.io/initial-events-end"
_BOOKMARK_EVERY = 60.0
"""Seconds between bookmarks, as the API server's watch cache sends them."""


@dataclass(slots=True)
class _History:
    changes: deque[Change]
    forgotten: int = 0


class Watcher:
    """The changes of one kind that one client has not read yet."""

    def __init__(self, changes: list[Change]) -> None:
        self._changes = deque(changes)
        self._news = asyncio.Event()

    def tell(self, change: Change) -> None:
        """Queue a change."""
        self._changes.append(change)
        self._news.set()

    async def next(self, within: float) -> Change | None:
        """The next change, or None when there is none within so many seconds."""
        if not self._changes:
            self._news.clear()
            try:
                async with asyncio.timeout(max(within, 0)):
                    await self._news.wait()
            except TimeoutError:
                return None
        return self._changes.popleft()


class Hub:
    """Remembers the last `keep` changes of each kind and passes new ones to the open watches."""

    def __init__(self, store: Store, *, keep: int = 1000) -> None:
        self.store = store
        self._keep = keep
        self._start = store.revision
        self._histories: dict[tuple[str, str], _History] = {}
        self._watchers: dict[tuple[str, str], list[Watcher]] = {}
        self._stop = store.subscribe(self._follow)

    def close(self) -> None:
        """Follow the store no longer."""
        self._stop()

    def forget(self) -> None:
        """Drop all history, as compaction does: every watch from an older version gets 410."""
        self._start = self.store.revision
        self._histories.clear()

    def _history(self, key: tuple[str, str]) -> _History:
        if key not in self._histories:
            self._histories[key] = _History(deque(), self._start)
        return self._histories[key]

    def _follow(self, change: Change) -> None:
        key = (change.kind.group, change.kind.kind)
        history = self._history(key)
        if len(history.changes) >= self._keep:
            history.forgotten = version_of(history.changes.popleft().object)
        history.changes.append(change)
        for watcher in self._watchers.get(key, ()):
            watcher.tell(change)

    def open(self, kind: Kind, since: int) -> Watcher:
        """A watcher of everything after the version `since`; raises 410 when that is too long ago."""
        key = (kind.group, kind.kind)
        history = self._history(key)
        if since < history.forgotten:
            raise gone(f"too old resource version: {since} ({history.forgotten})")
        watcher = Watcher([change for change in history.changes if version_of(change.object) > since])
        self._watchers.setdefault(key, []).append(watcher)
        return watcher

    def shut(self, kind: Kind, watcher: Watcher) -> None:
        """End a watcher."""
        self._watchers[kind.group, kind.kind].remove(watcher)


@dataclass(frozen=True, slots=True)
class Ask:
    """What a client asked to watch; `since` is None when it wants what exists first."""

    kind: Kind
    match: Match
    show: Callable[[Object], bytes]
    since: int | None
    timeout: float
    namespace: str | None = None
    bookmarks: bool = False
    mark_initial_end: bool = False


def _frame(type_: str, shown: bytes) -> bytes:
    return b'{"type":"%s","object":%s}\n' % (type_.encode(), shown)


def _bookmark(ask: Ask, revision: int, annotations: dict[str, str] | None = None) -> bytes:
    metadata: dict[str, Any] = {"resourceVersion": str(revision), "creationTimestamp": None}
    if annotations:
        metadata["annotations"] = annotations
    return _frame(
        "BOOKMARK", _encode({"kind": ask.kind.kind, "apiVersion": ask.kind.api_version, "metadata": metadata})
    )


def as_seen(change: Change, match: Match) -> tuple[str, Object] | None:
    """How a watch with a selector sees a change: entering is ADDED, leaving is DELETED, elsewhere is nothing."""
    before = change.old is not None and match(change.old)
    if change.type == "DELETED":
        return ("DELETED", change.object) if before else None
    if match(change.object):
        return ("MODIFIED" if before else "ADDED"), change.object
    if before and change.old is not None:
        version = change.object["metadata"]["resourceVersion"]
        return "DELETED", change.old | {"metadata": change.old["metadata"] | {"resourceVersion": version}}
    return None


def _initial(hub: Hub, ask: Ask) -> list[bytes]:
    if ask.since is not None:
        return []
    found = hub.store.list(f"{ask.kind.kind}.{ask.kind.group}", ask.namespace)
    frames = [_frame("ADDED", ask.show(object_)) for object_ in found if ask.match(object_)]
    if ask.mark_initial_end:
        frames.append(_bookmark(ask, hub.store.revision, {INITIAL_END: "true"}))
    return frames


async def frames(hub: Hub, ask: Ask) -> AsyncIterator[bytes]:
    """The watch's lines until its timeout (seconds on the loop's clock) has passed.

    A version that is too old gives one ERROR frame with a 410 Status, inside a stream that began with 200.
    """
    try:
        watcher = hub.open(ask.kind, hub.store.revision if ask.since is None else ask.since)
    except Rejected as error:
        yield _frame("ERROR", _encode(error.status()))
        return
    try:
        for frame in _initial(hub, ask):
            yield frame
        async for frame in _live(hub, ask, watcher):
            yield frame
    finally:
        hub.shut(ask.kind, watcher)


async def _live(hub: Hub, ask: Ask, watcher: Watcher) -> AsyncIterator[bytes]:
    clock = asyncio.get_running_loop().time
    end, mark = clock() + ask.timeout, clock() + _BOOKMARK_EVERY
    while clock() < end:
        change = await watcher.next(min(end, mark if ask.bookmarks else end) - clock())
        if change is None:
            if ask.bookmarks:
                mark = clock() + _BOOKMARK_EVERY
                yield _bookmark(ask, hub.store.revision)
        elif seen := as_seen(change, ask.match):
            yield _frame(seen[0], ask.show(seen[1]))
