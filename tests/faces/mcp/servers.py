"""The HTTP application on a real loopback port, in the loop of the test."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from dot_ai_lifecycle.faces.mcp.http import app_for
from dot_ai_lifecycle.operations import ALL


@asynccontextmanager
async def listening(engine: Callable[[], Any], **knobs: Any) -> AsyncIterator[str]:
    """The base URL of a server that stops with the test."""
    door = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app_for(engine, ALL, **knobs), access_log=False, log_config=None, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[door]))
    try:
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
