"""The cluster's nodes and what is booked on them, listed once for everybody who plans at the same moment."""

import asyncio

from msgspec import Struct

from dot_ai_lifecycle.core.capacity import BOOKINGS, Booking
from dot_ai_lifecycle.core.errors import Forbidden
from dot_ai_lifecycle.core.objects import MACHINES, Machine
from dot_ai_lifecycle.core.ports import Listing, Reader

PAGE = 500
"""Nodes that are listed at most, some 8 MB of JSON; larger clusters are not judged node by node."""

ALIVE = "status.phase!=Succeeded,status.phase!=Failed"
"""Pods that take room on their nodes."""

REMEMBERED = 5.0
"""Seconds for which a listing is believed: whoever cordons a node, or loads an image, asks again at once."""


class Listed(Struct, frozen=True):
    """The nodes; where they are not known none, and `unknown` says why."""

    nodes: tuple[Machine, ...] = ()
    unknown: str = ""


class Nodes:
    """Lists nodes and the pods on them, and remembers both for a moment."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._known = Listed()
        self._until = 0.0
        self._alone = asyncio.Lock()
        self._bookings: dict[int, tuple[float, Listing[Booking]]] = {}

    async def listed(self) -> Listed:
        """The cluster's nodes, unless listing them is forbidden or there are more than a page of them."""
        async with self._alone:
            now = asyncio.get_running_loop().time()
            if now >= self._until:
                self._known, self._until = await self._look(), now + REMEMBERED
            return self._known

    async def booked(self, most: int) -> Listing[Booking]:
        """The pods that take room on nodes, a page of at most so many. Raises what the cluster answers."""
        now = asyncio.get_running_loop().time()
        until, page = self._bookings.get(most, (0.0, None))
        if page is None or now >= until:
            page = await self._reader.list(BOOKINGS, fields=ALIVE, limit=most)
            self._bookings[most] = now + REMEMBERED, page
        return page

    async def _look(self) -> Listed:
        try:
            page = await self._reader.list(MACHINES, limit=PAGE)
        except Forbidden as error:
            return Listed(unknown=error.message)
        if page.next_page:
            return Listed(unknown=f"The cluster has more than {PAGE} nodes: they are not looked at one by one.")
        return Listed(page.items)
