"""The one task that runs all controllers: it wakes for changes and for moments that are due, and otherwise sleeps."""

import asyncio
from collections.abc import Callable, Mapping

from dot_ai_lifecycle.embedded.controllers.plane import Plane
from dot_ai_lifecycle.embedded.controllers.queue import Item, Key, Routine
from dot_ai_lifecycle.embedded.store import Rejected

Reconcile = Callable[[Plane, Key], float | None]

FIRST_RETRY_S = 0.005
LONGEST_RETRY_S = 1000.0
BREATH = 50
"""After so many reconciliations others on the loop get their turn."""


class Running:
    """Drives reconcilers from the plane's queue. What the API refuses is tried again after 5 ms, doubling each time."""

    def __init__(self, plane: Plane, controllers: Mapping[str, Reconcile]) -> None:
        self._plane = plane
        self._controllers = controllers
        self._failures: dict[Item, int] = {}
        self._woken = asyncio.Event()
        self._still = asyncio.Event()

    def wake(self) -> None:
        """Something was queued."""
        self._still.clear()
        self._woken.set()

    async def forever(self) -> None:
        """Work until cancelled; whatever a reconciler raises besides `Rejected` is a defect and ends the task."""
        loop, queue = asyncio.get_running_loop(), self._plane.queue
        while True:
            self._woken.clear()
            await self._drain()
            due = queue.next_due()
            self._still.set()
            timer = None if due is None else loop.call_at(due, self.wake)
            try:
                await self._woken.wait()
            finally:
                if timer is not None:
                    timer.cancel()

    async def _drain(self) -> None:
        done = 0
        while (item := self._plane.queue.pop(self._plane.clock())) is not None:
            self._look(item)
            done += 1
            if done % BREATH == 0:
                await asyncio.sleep(0)

    def _look(self, item: Item) -> None:
        queue = self._plane.queue
        queue.forget_timer(item)
        try:
            wait = self._controllers[item.controller](self._plane, item.key)
        except Rejected:
            failures = self._failures[item] = self._failures.get(item, 0) + 1
            wait = Routine(min(LONGEST_RETRY_S, FIRST_RETRY_S * 2 ** min(failures - 1, 30)))
        else:
            self._failures.pop(item, None)
        if wait is not None:
            queue.add_at(item, self._plane.clock() + wait, routine=isinstance(wait, Routine) or wait > 3600)

    async def settled(self) -> None:
        """Wait until nothing is queued and nothing but routine is due."""
        while True:
            await self._still.wait()
            if self._plane.queue.busy:
                self.wake()
                await asyncio.sleep(0)
                continue
            due = min(self._plane.queue.progress_due(), default=None)
            if due is None:
                return
            await asyncio.sleep(max(0.001, due - self._plane.clock()))
