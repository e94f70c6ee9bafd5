"""A connection that dies: what `kill -9` leaves of a process, seen from the cluster."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from dot_ai_lifecycle.embedded.transport import InProcess

_WRITES = ("POST", "PUT", "PATCH", "DELETE")


class MortalTransport:
    """Lets `writes` real writes through, then never answers again; dry runs and access reviews do not count.

    With `mute` the last write takes effect, but its answer never arrives.
    """

    def __init__(self, whole: InProcess, writes: int, *, mute: bool = False) -> None:
        self._whole = whole
        self._left = writes
        self._mute = mute
        self.dead = asyncio.Event()

    async def request(self, method: str, path: str, *, query: Sequence[tuple[str, str]] = (), **rest: Any) -> Any:
        writes = method.upper() in _WRITES and ("dryRun", "All") not in query and "selfsubject" not in path
        if not self.dead.is_set() and writes:
            self._left -= 1
            if self._left < 0 or (self._left == 0 and self._mute):
                if self._mute:
                    await self._whole.request(method, path, query=query, **rest)
                self.dead.set()
        if self.dead.is_set():
            await asyncio.Event().wait()
        return await self._whole.request(method, path, query=query, **rest)

    def stream(self, method: str, path: str, **rest: Any) -> AbstractAsyncContextManager[Any]:
        return self._whole.stream(method, path, **rest)

    async def close(self) -> None:
        """Nothing is held."""
