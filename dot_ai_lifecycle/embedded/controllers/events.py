"""Events as a real cluster writes them: repeated ones are counted, floods are combined, and endless ones dry up.

The numbers are those of client-go's event correlator: 10 similar events within 600 s are combined into one, and one
source may send 25 events about one object at once, then one every 300 s.
"""

import random
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from dot_ai_lifecycle.embedded.objects import Object, timestamp
from dot_ai_lifecycle.embedded.rejected import Rejected
from dot_ai_lifecycle.embedded.store import Store

SIMILAR = 10
SIMILAR_WITHIN_S = 600.0
BURST = 25.0
REFILL_PER_S = 1 / 300
REMEMBERED = 4096
LIVES_S = 3600.0
_COMBINED = "(combined from similar events): "

_Key = tuple[str, ...]
T = TypeVar("T")


@dataclass(slots=True)
class _Purse:
    """A token bucket: what one source may still say about one object."""

    left: float = BURST
    at: float = 0.0

    def pay(self, now: float) -> bool:
        self.left = min(BURST, self.left + (now - self.at) * REFILL_PER_S)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


@dataclass(slots=True)
class _Similar:
    messages: set[str] = field(default_factory=set)
    last: float = 0.0


class Recorder:
    """Writes events about objects into the store."""

    def __init__(self, store: Store, now: Callable[[], datetime], chance: random.Random) -> None:
        self._store = store
        self._now = now
        self._random = chance
        self._names: OrderedDict[_Key, str] = OrderedDict()
        self._similar: OrderedDict[_Key, _Similar] = OrderedDict()
        self._purses: OrderedDict[_Key, _Purse] = OrderedDict()
        self._ages: deque[tuple[float, str, str]] = deque()
        self.muted = False
        """While set, nothing is recorded: what happened long ago has no events any more."""

    def normal(self, about: Object, reason: str, message: str, *, source: str, **where: str) -> None:
        """Record that something went as it should. `where` may name host, path (fieldPath) and action.

        Events with an action are written as the newer events API does: an eventTime, no count, no source.
        """
        self._record(about, "Normal", reason, message, source, where)

    def warning(self, about: Object, reason: str, message: str, *, source: str, **where: str) -> None:
        """Record that something went wrong; `where` as for `normal`."""
        self._record(about, "Warning", reason, message, source, where)

    def _record(self, about: Object, type_: str, reason: str, message: str, source: str, where: dict[str, str]) -> None:
        if self.muted:
            return
        meta, now = about["metadata"], self._now()
        uid = meta["uid"]
        path = where.get("path", "")
        purse = _recall(self._purses, (source, where.get("host", ""), uid), _Purse)
        if not purse.pay(now.timestamp()):
            return
        message = self._combined((uid, source, type_, reason), message, now.timestamp())
        key: _Key = (uid, source, type_, reason, message, path)
        if message.startswith(_COMBINED):
            key = (uid, source, type_, reason, _COMBINED)
        if not self._count_again(key, meta.get("namespace") or "default", message):
            self._write(key, about, type_, reason, message, source, where)

    def _combined(self, key: _Key, message: str, now: float) -> str:
        similar = _recall(self._similar, key, _Similar)
        if now - similar.last > SIMILAR_WITHIN_S:
            similar.messages.clear()
        similar.last = now
        if message not in similar.messages and len(similar.messages) >= SIMILAR:
            return _COMBINED + message
        similar.messages.add(message)
        return message

    def _count_again(self, key: _Key, namespace: str, message: str) -> bool:
        name = self._names.get(key)
        if name is None or self._store.find("Event", name, namespace) is None:
            return False
        stamp = timestamp(self._now())

        def change(event: Object) -> None:
            if event.get("action"):
                count = (event.get("series") or {}).get("count", 1) + 1
                event["series"] = {"count": count, "lastObservedTime": self._now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
                return
            event["count"] += 1
            event["lastTimestamp"] = stamp
            event["message"] = message

        self._names.move_to_end(key)
        self._store.edit("Event", name, namespace, change)
        return True

    def _write(
        self, key: _Key, about: Object, type_: str, reason: str, message: str, source: str, where: dict[str, str]
    ) -> None:
        meta, stamp = about["metadata"], timestamp(self._now())
        name = f"{meta['name']}.{self._random.getrandbits(64):016x}"
        involved = {
            "kind": about["kind"],
            "namespace": meta.get("namespace"),
            "name": meta["name"],
            "uid": meta["uid"],
            "apiVersion": about["apiVersion"],
            "resourceVersion": meta.get("resourceVersion"),
            "fieldPath": where.get("path"),
        }
        event: Object = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": meta.get("namespace") or "default"},
            "involvedObject": {field: value for field, value in involved.items() if value},
            "reason": reason,
            "message": message,
            "type": type_,
            "reportingComponent": source,
            "reportingInstance": where.get("host", ""),
        }
        event |= self._newer(source, where) if "action" in where else _older(source, where, stamp)
        try:
            self._store.create(event)
        except Rejected:
            return  # a namespace that is going takes no events; a real recorder drops them, too
        self._names[key] = name
        if len(self._names) > REMEMBERED:
            self._names.popitem(last=False)
        self._forget_old(event["metadata"]["namespace"], name)

    def _forget_old(self, namespace: str, name: str) -> None:
        """Events live for an hour, as on a real API server; what was counted again since lives on."""
        now = self._now()
        self._ages.append((now.timestamp(), namespace, name))
        while self._ages[0][0] < now.timestamp() - LIVES_S:
            _, place, old = self._ages.popleft()
            found = self._store.find("Event", old, place)
            last = (found or {}).get("lastTimestamp")
            if found is None:
                continue
            if last and (now - datetime.fromisoformat(last)).total_seconds() < LIVES_S:
                self._ages.append((datetime.fromisoformat(last).timestamp(), place, old))
            else:
                self._store.delete("Event", old, place)

    def _newer(self, source: str, where: dict[str, str]) -> Object:
        stamp = self._now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return {
            "eventTime": stamp,
            "firstTimestamp": None,
            "lastTimestamp": None,
            "source": {},
            "action": where["action"],
            "reportingInstance": f"{source}-0",
        }


def _older(source: str, where: dict[str, str], stamp: str) -> Object:
    return {
        "eventTime": None,
        "firstTimestamp": stamp,
        "lastTimestamp": stamp,
        "count": 1,
        "source": {"component": source} | ({"host": where["host"]} if "host" in where else {}),
    }


def _recall(memory: OrderedDict[_Key, T], key: _Key, fresh: Callable[[], T]) -> T:
    found = memory.get(key)
    if found is None:
        found = memory[key] = fresh()
        if len(memory) > REMEMBERED:
            memory.popitem(last=False)
    return found
