"""Serving many clients over streamable HTTP, without sessions: `/mcp`, `/mcp/readonly` that only plans, `/healthz`."""

import hashlib
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Protocol

import anyio
import uvicorn
from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from dot_ai_lifecycle import __version__
from dot_ai_lifecycle.core.errors import BadInput
from dot_ai_lifecycle.core.operation import Operation
from dot_ai_lifecycle.engine.engine import Engine
from dot_ai_lifecycle.faces.mcp.desk import OneEngine
from dot_ai_lifecycle.faces.mcp.guard import Bearer, names_allowed, refuse_open_door
from dot_ai_lifecycle.faces.mcp.logs import log_to_stderr
from dot_ai_lifecycle.faces.mcp.ready import ready_to_serve
from dot_ai_lifecycle.faces.mcp.server import server_for
from dot_ai_lifecycle.operations import ALL

LAST_WORDS = 1
"""Seconds that open connections are given at the end; streams that listen for news never end by themselves."""


class HttpKnobs(Protocol):
    """The settings this transport looks at."""

    @property
    def http_token(self) -> str | None:
        """What callers must present."""

    @property
    def allowed_hosts(self) -> Iterable[str]:
        """Names by which the server may be called besides its own address."""

    @property
    def log_level(self) -> str:
        """From which level on the log is written."""


class _Uvicorn(uvicorn.Server):
    """uvicorn, with signals left to us: runs have to be marked before connections are closed."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve_http(engine_of: Callable[[], Engine], settings: HttpKnobs, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT; then mark what runs as interrupted, and return within three seconds.

    Port 0 takes a free one; the address is written to stderr. Raises BadInput for an address that is taken, or open to
    the network without a token.
    """
    log_to_stderr(settings.log_level)
    engine = OneEngine(engine_of)
    app = app_for(engine, ALL, host=host, token=settings.http_token, allowed_hosts=settings.allowed_hosts)
    listening = _listening(host, port)
    server = _Uvicorn(
        uvicorn.Config(app, timeout_graceful_shutdown=LAST_WORDS, access_log=False, log_config=None, lifespan="on")
    )
    ready_to_serve()
    place = f"[{host}]" if ":" in host else host
    sys.stderr.write(f"Serving MCP at http://{place}:{listening.getsockname()[1]}/mcp\n")
    sys.stderr.flush()
    async with anyio.create_task_group() as watching:
        watching.start_soon(_leave_on_signal, engine, server)
        await server.serve(sockets=[listening])
        watching.cancel_scope.cancel()
    await engine.close()


def app_for(
    engine: Callable[[], Any],
    operations: Iterable[type[Operation]],
    *,
    host: str = "127.0.0.1",
    token: str | None = None,
    allowed_hosts: Iterable[str] = (),
) -> Starlette:
    """The application that serves both endpoints. Raises BadInput for an open address without a token."""
    refuse_open_door(host, token)
    operations = tuple(operations)
    names = names_allowed(host, allowed_hosts)
    # Replicas that share a token can finish each other's questions to a person.
    key = hashlib.sha256(f"questions under way:{token}".encode()).digest() if token else None
    full = server_for(engine, operations, state_key=key)
    planning = server_for(engine, operations, only_plans=True, state_key=key)
    routes = [*_routes(full, "/mcp", names), *_routes(planning, "/mcp/readonly", names), Route("/healthz", _healthy)]

    @asynccontextmanager
    async def both(_: Starlette) -> AsyncIterator[None]:
        async with full.session_manager.run(), planning.session_manager.run():
            yield

    return Starlette(routes=routes, lifespan=both, middleware=[Middleware(Bearer, token=token)])


def _routes(server: MCPServer, path: str, names: TransportSecuritySettings) -> list[Any]:
    # Answers as a stream: plain JSON would swallow progress, and a client that goes away would go unnoticed.
    app = server.streamable_http_app(streamable_http_path=path, stateless_http=True, transport_security=names)
    return list(app.routes)


async def _healthy(_: Request) -> JSONResponse:
    return JSONResponse({"status": "ok", "version": __version__})


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        bound = socket.create_server((host, port), family=family)
    except OSError as error:
        raise BadInput(
            f"Cannot listen on {host} port {port}: {error.strerror or error}.", hint="Choose another port."
        ) from error
    # Only of sockets that call themselves TCP does asyncio switch Nagle's algorithm off; with it on, every answer on a
    # kept connection would wait 40 ms for the client's kernel to acknowledge the headers.
    return socket.socket(bound.family, bound.type, socket.IPPROTO_TCP, bound.detach())


async def _leave_on_signal(engine: OneEngine, server: uvicorn.Server) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            try:
                await engine.close()
            finally:
                server.should_exit = True
