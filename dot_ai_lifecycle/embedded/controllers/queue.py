"""What is to be looked at now, and what later: every controller's keys in one queue, with one timer each.

Nothing here ticks. A controller is called because an object changed or because the moment came that it asked for, so an
idle cluster costs nothing and an hour of virtual time is as cheap as its events.
"""

import heapq
import itertools
from collections.abc import Iterator
from typing import NamedTuple


class Key(NamedTuple):
    """Which object: namespace ("" for cluster-wide kinds) and name."""

    namespace: str
    name: str


class Item(NamedTuple):
    """A controller's name and the key it should look at."""

    controller: str
    key: Key


class Routine(float):
    """A wish to be called again (seconds) that is no progress of a rollout: a failing probe, a backoff, a deadline."""


class WorkQueue:
    """Keys to reconcile: at once, in order and each once; or at a time on the loop's clock, one timer per key."""

    def __init__(self) -> None:
        self._dirty: dict[Item, None] = {}
        self._due: dict[Item, tuple[float, bool]] = {}
        self._heap: list[tuple[float, int, Item]] = []
        self._order = itertools.count()

    def add(self, item: Item) -> None:
        self._dirty[item] = None

    def add_at(self, item: Item, due: float, *, routine: bool = False) -> None:
        self._due[item] = (due, routine)
        heapq.heappush(self._heap, (due, next(self._order), item))

    def forget_timer(self, item: Item) -> None:
        self._due.pop(item, None)

    def pop(self, now: float) -> Item | None:
        """The next item to reconcile at `now`, or None when all is done for the moment."""
        while self._heap and self._heap[0][0] <= now:
            due, _, item = heapq.heappop(self._heap)
            if self._due.get(item, (None,))[0] == due:
                del self._due[item]
                self._dirty[item] = None
        if not self._dirty:
            return None
        item = next(iter(self._dirty))
        del self._dirty[item]
        return item

    @property
    def busy(self) -> bool:
        return bool(self._dirty)

    def next_due(self) -> float | None:
        """When the earliest timer is due; None when nobody waits for time."""
        while self._heap and self._due.get(self._heap[0][2], (None,))[0] != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def progress_due(self) -> Iterator[float]:
        """The times at which something other than routine is due."""
        return (due for due, routine in self._due.values() if not routine)
