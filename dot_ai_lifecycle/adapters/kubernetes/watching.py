"""Watch a kind without missing anything: list, follow, resume, and list again when the cluster has forgotten.

The consumer sees one endless story. Connections end all the time (the server closes them after minutes, networks cut
them, the API's memory expires); none of that is the consumer's business until nobody has answered for two minutes.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from dot_ai_lifecycle.adapters.kubernetes import wire
from dot_ai_lifecycle.adapters.kubernetes.caller import Caller, pause
from dot_ai_lifecycle.adapters.kubernetes.calls import Call, path_to
from dot_ai_lifecycle.adapters.kubernetes.failures import refusal, retry_after, status_of, unreachable
from dot_ai_lifecycle.adapters.kubernetes.reading import list_all
from dot_ai_lifecycle.adapters.kubernetes.shapes import Item, shape_of
from dot_ai_lifecycle.adapters.kubernetes.transport import Stream
from dot_ai_lifecycle.core.errors import (
    ClusterFailure,
    Expired,
    LifecycleError,
    NoCluster,
    Throttled,
    Unreachable,
)
from dot_ai_lifecycle.core.objects import View
from dot_ai_lifecycle.core.ports import Seen

T = TypeVar("T")

# seconds after which the server ends a watch: at random, so that many watches do not come back at once
SHORTEST, LONGEST = 240, 300
IDLE = 90.0  # the server sends a bookmark about once a minute: after longer silence the connection is dead
GIVE_UP = 120.0
LONGEST_PAUSE = 10.0
STEADY = 5.0  # a connection that lived this long was no failure
_MENDABLE = (Unreachable, ClusterFailure, Throttled, NoCluster)
_TYPES = {"ADDED": "added", "MODIFIED": "modified", "DELETED": "deleted"}
_EVENT = msgspec.json.Decoder(wire.WatchEvent)
_OBJECT = msgspec.json.Decoder(wire.Object)


@dataclass
class _Line:
    """How the connection fares: when it last answered, and how often it failed since."""

    answered: float
    failures: int = 0
    told_to_wait: float = 0.0


class Watch(Generic[T]):
    """One watch over one view; read it once."""

    def __init__(self, caller: Caller, view: View[T], namespace: str | None, labels: str, fields: str) -> None:
        self._caller, self._view, self._namespace = caller, view, namespace
        self._labels, self._fields = labels, fields
        self._shape = shape_of(view)
        self._told: dict[str, Item[T]] = {}
        self._version = ""
        self._synced = False
        self._line = _Line(0.0)

    @asynccontextmanager
    async def seen(self, since: str = "") -> AsyncIterator[AsyncIterator[Seen[T]]]:
        """What happens, from the version `since` on, or from what exists.

        Raises what waiting cannot mend (Forbidden, Unauthorized, NotFound), or the last failure after 120 s of them.
        """
        self._version = since
        self._line = _Line(asyncio.get_running_loop().time())
        async with aclosing(self._endless()) as story:
            yield story

    async def _endless(self) -> AsyncGenerator[Seen[T], None]:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            listing = not self._version
            try:
                async with aclosing(self._listed() if listing else self._followed()) as story:
                    async for seen in story:
                        yield seen
                if listing:
                    continue
            except Expired:
                self._version = ""
            except _MENDABLE as failure:
                self._bear(failure)
            if loop.time() - began >= STEADY:
                self._line.failures = 0
            else:
                await self._pause()

    async def _pause(self) -> None:
        """As long as the server asked for, within what is bearable; else longer with every failure in a row."""
        self._line.failures += 1
        wait = pause(self._line.failures - 1, self._caller.chance, LONGEST_PAUSE)
        told, self._line.told_to_wait = min(self._line.told_to_wait, GIVE_UP / 2), 0.0
        await asyncio.sleep(max(wait, told))

    def _bear(self, failure: LifecycleError) -> None:
        if asyncio.get_running_loop().time() - self._line.answered >= GIVE_UP:
            raise failure

    def _answered(self) -> None:
        self._line.answered = asyncio.get_running_loop().time()

    async def _listed(self) -> AsyncGenerator[Seen[T], None]:
        """List, and tell how what exists differs from what was told."""
        page = await list_all(self._caller, self._view, self._namespace, self._labels, self._fields)
        self._answered()
        self._version = page.version
        gone = dict(self._told)
        for item in page.items:
            before = gone.pop(item.uid, None)
            self._told[item.uid] = item
            if before is None:
                yield Seen("added", item.value, item.version)
            elif before.version != item.version:
                yield Seen("modified", item.value, item.version)
        for uid, item in gone.items():
            del self._told[uid]
            yield Seen("deleted", item.value, page.version)
        if not self._synced:
            self._synced = True
            yield Seen("synced", None, page.version)

    async def _followed(self) -> AsyncGenerator[Seen[T], None]:
        """Follow one connection to its end. Raises Expired, or our error for whatever ended it otherwise."""
        seconds = self._caller.chance.randint(SHORTEST, LONGEST)
        call = self._call(seconds)
        try:
            async with self._caller.stream(call) as stream:
                if stream.status >= 300:
                    after = retry_after(stream.headers, status_of(stream.body), self._caller.time.now())
                    self._line.told_to_wait = after or 0.0
                    raise refusal(stream.status, stream.body, call, self._caller.place)
                self._caller.time.heard(stream.headers.get("date", ""), 1.0)
                self._answered()
                async with aclosing(self._lines(stream, call)) as lines:
                    async for seen in lines:
                        yield seen
        except OSError as error:
            raise unreachable(error, call, self._caller.place) from error

    async def _lines(self, stream: Stream, call: Call) -> AsyncGenerator[Seen[T], None]:
        lines = aiter(stream)
        while True:
            try:
                async with asyncio.timeout(IDLE):
                    line = await anext(lines, None)
            except TimeoutError:
                return
            if line is None:
                return
            self._answered()
            if line.strip() and (seen := self._understood(line, call)):
                yield seen

    def _understood(self, line: bytes, call: Call) -> Seen[T] | None:
        """What a line of the watch says; None for a bookmark. Raises the error an ERROR line carries."""
        try:
            event = _EVENT.decode(line)
            if event.type == "ERROR":
                status = status_of(bytes(event.object))
                raise refusal(status.code or 500, bytes(event.object), call, self._caller.place)
            metadata = _OBJECT.decode(event.object).metadata
        except msgspec.DecodeError as error:
            raise ClusterFailure(f"A watch of {call.target} was cut in the middle of a line.") from error
        self._version = metadata.resource_version
        if event.type not in _TYPES:
            return None
        item = self._shape.item(event.object)
        if event.type == "DELETED":
            self._told.pop(item.uid, None)
            return Seen("deleted", item.value, item.version)
        known = item.uid in self._told
        self._told[item.uid] = item
        return Seen("modified" if known or event.type == "MODIFIED" else "added", item.value, item.version)

    def _call(self, seconds: int) -> Call:
        query = [
            ("watch", "true"),
            ("allowWatchBookmarks", "true"),
            ("timeoutSeconds", str(seconds)),
            ("resourceVersion", self._version),
            ("labelSelector", self._labels),
            ("fieldSelector", self._fields),
        ]
        path = path_to(self._view.kind, self._namespace)
        asked = tuple((key, value) for key, value in query if value)
        return Call("watch", path, self._view.kind, namespace=self._namespace, query=asked)
