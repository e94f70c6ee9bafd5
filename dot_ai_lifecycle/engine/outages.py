"""An API server that is away for a while: a run that has begun waits for it, as its watches do.

Control planes restart and move while applications go on serving. What a run asks may be asked again: its records are
whole, its reads are reads, and its patches carry tests.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from dot_ai_lifecycle.core.errors import ClusterFailure, Throttled, Unreachable
from dot_ai_lifecycle.core.redaction import redact

T = TypeVar("T")

BEARABLE = 120.0
"""Seconds an outage may last: as long as watches bear it, and longer than an API server takes to start again."""

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 5.0
PASSING = (Unreachable, ClusterFailure, Throttled)


async def outlived(ask: Callable[[], Awaitable[T]], told: Callable[[str], Awaitable[None]] | None = None) -> T:
    """What `ask` returns, asked again through an outage of at most two minutes; `told` hears that it waits.

    Raises the last failure where the outage lasts, and at once whatever waiting does not mend.
    """
    loop = asyncio.get_running_loop()
    deadline, pause = loop.time() + BEARABLE, FIRST_PAUSE
    while True:
        try:
            return await ask()
        except PASSING as failure:
            if loop.time() + pause > deadline:
                raise
            if told is not None:
                await told(f"waiting for the cluster: {redact(failure.message)}")
        await asyncio.sleep(pause)
        pause = min(LONGEST_PAUSE, pause * 2)
