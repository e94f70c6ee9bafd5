"""Virtual time: minutes of cluster behaviour in milliseconds of testing.

All waiting in this project is on the event loop's time. A loop whose selector never sleeps but moves its clock to the
next timer runs the same code, in the same order, without the waiting.
"""

import asyncio
import selectors
from typing import Any


class _LeapingSelector(selectors.DefaultSelector):  # type: ignore[misc, valid-type] # the platform picks the base class
    """Hands out what is ready; where the loop would sleep, leaps to the end of the sleep instead."""

    leapt: float = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        ready: list[Any] = super().select(0 if timeout is not None else None)
        if not ready and timeout is not None and timeout > 0:
            self.leapt += timeout
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop that starts at second 0 and never sleeps; for code without real sockets, processes or threads."""

    def __init__(self) -> None:
        self._leaping = _LeapingSelector()
        super().__init__(self._leaping)

    def time(self) -> float:
        return self._leaping.leapt
