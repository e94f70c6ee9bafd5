"""Serving one host over stdin and stdout, and leaving in time when told to: runs are marked before we go."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Protocol

import anyio

from dot_ai_lifecycle.engine.engine import Engine
from dot_ai_lifecycle.faces.mcp.desk import OneEngine
from dot_ai_lifecycle.faces.mcp.logs import log_to_stderr
from dot_ai_lifecycle.faces.mcp.ready import ready_to_serve
from dot_ai_lifecycle.faces.mcp.server import server_for
from dot_ai_lifecycle.operations import ALL

AT_MOST = 1.8
"""Seconds from a signal to the end: hosts kill about two seconds after asking."""

LAST_WORDS = 0.1
"""Seconds for answers of calls that were open to get out."""


class LogKnobs(Protocol):
    """The settings this transport looks at."""

    @property
    def log_level(self) -> str:
        """From which level on the log is written."""


async def serve_stdio(engine_of: Callable[[], Engine], settings: LogKnobs) -> None:
    """Serve until stdin ends (returns) or SIGTERM or SIGINT arrives (exits with 0, within two seconds).

    Either way what runs is recorded as interrupted first. `engine_of` is called when the first call needs the cluster.
    """
    log_to_stderr(settings.log_level)
    engine = OneEngine(engine_of)
    server = server_for(engine, ALL)
    ready_to_serve()
    async with anyio.create_task_group() as watching:
        watching.start_soon(_leave_on_signal, engine)
        await server.run_stdio_async()
        watching.cancel_scope.cancel()
    with anyio.move_on_after(AT_MOST):
        await engine.close()


async def _leave_on_signal(engine: OneEngine) -> None:
    """The thread that reads stdin cannot be cancelled, so the process does not unwind: it finishes here, then ends."""
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            deadline = threading.Timer(AT_MOST, os._exit, (0,))
            deadline.daemon = True
            deadline.start()
            await engine.close()
            await anyio.sleep(LAST_WORDS)
            sys.stderr.flush()
            os._exit(0)
