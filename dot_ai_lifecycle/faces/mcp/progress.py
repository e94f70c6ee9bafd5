"""Progress of a run as a client wants it: real counts, not too often, and never silent for long."""

from collections.abc import Awaitable, Callable

import anyio

from dot_ai_lifecycle.core.record import Record
from dot_ai_lifecycle.engine.run import Progress, Run

NOT_WITHIN = 0.5
"""Seconds between two notifications: more than two a second nobody can read."""

NOT_LATER = 10.0
"""Seconds after which a sign of life is due: it resets the idle timers of hosts."""

_TICK = 0.001
"""The protocol wants every value above the one before, also where the count stands still or goes back in an undo."""

Report = Callable[[float, float | None, str], Awaitable[None]]


class Teller:
    """Takes whatever a run tells, keeps the newest, and reports it at a bearable pace."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._news = anyio.Event()
        self._newest: Progress | None = None
        self._value = 0.0
        self._began = anyio.current_time()

    def __call__(self, progress: Progress) -> None:
        self._newest = progress
        self._news.set()

    async def keep_telling(self) -> None:
        """Report until cancelled."""
        while True:
            with anyio.move_on_after(NOT_LATER):
                await self._news.wait()
            self._news = anyio.Event()
            await self._tell()
            await anyio.sleep(NOT_WITHIN)

    async def _tell(self) -> None:
        newest = self._newest
        done = float(newest.done) if newest else 0.0
        self._value = max(done, self._value + _TICK)
        seconds = anyio.current_time() - self._began
        await self._report(
            self._value, float(newest.total) if newest and newest.total else None, _line(newest, seconds)
        )


def _line(newest: Progress | None, seconds: float) -> str:
    if newest is None:
        return f"starting ({seconds:.0f} s)"
    count = f"{newest.done}/{newest.total} pods · " if newest.total else ""
    return f"{count}{newest.text} ({seconds:.0f} s)"


async def followed(run: Run, teller: Teller, within: float) -> Record:
    """The record once the run has ended, or as it stands after `within` seconds, progress told meanwhile.

    Cancelling stops the waiting, not the run.
    """
    async with anyio.create_task_group() as telling:
        telling.start_soon(teller.keep_telling)
        record = await run.wait(max(within, 0.0))
        telling.cancel_scope.cancel()
    return record
