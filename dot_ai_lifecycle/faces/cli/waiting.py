"""A run of this process: begun, watched, and left in a state that others can take up when somebody wants to go."""

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from dot_ai_lifecycle.core.operation import Change
from dot_ai_lifecycle.core.record import Record
from dot_ai_lifecycle.engine.engine import Engine
from dot_ai_lifecycle.engine.proposal import Consent
from dot_ai_lifecycle.engine.run import Run
from dot_ai_lifecycle.faces.cli.progress import Display

T = TypeVar("T")


class WantsToGo(Exception):
    """The person pressed Ctrl-C, or the system ends the process, before anything was begun."""


@contextmanager
def told_to_stop() -> Iterator[asyncio.Event]:
    """An event that is set by Ctrl-C and SIGTERM, instead of what they do otherwise."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def begun(engine: Engine, change: Change[Any], consent: Consent, display: Display, stop: asyncio.Event) -> Run:
    """The run, recorded and under way. Raises WantsToGo, and whatever the engine refuses; nothing was changed then."""
    run = await unless(stop, engine.start(change, consent, display.tell))
    if run is None:
        raise WantsToGo
    return run


async def watched(run: Run, patience: float | None, display: Display, stop: asyncio.Event) -> Record:
    """The record once the run has ended, patience is over (seconds; None has no end), or somebody wants to go."""
    loop = asyncio.get_running_loop()
    until = None if patience is None else loop.time() + patience
    while not run.ended and not stop.is_set():
        left = display.every if until is None else min(display.every, until - loop.time())
        if left <= 0:
            break
        display.refresh(run.record)
        await unless(stop, run.wait(left))
    display.refresh(run.record)
    return run.record


async def unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """What the work returns; None where the event came first, the work cancelled then."""
    task, stopped = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
        return None if task.cancelled() else task.result()
    finally:
        stopped.cancel()
        task.cancel()
