"""Where calls arrive: the engine once it is needed, which endpoint they came through, and who is calling."""

import re
from collections.abc import Callable
from typing import Any

from mcp.server.mcpserver import Context
from msgspec import Struct

from dot_ai_lifecycle.engine.engine import Engine

MODERN = "2026-07-28"
"""The first protocol revision in which a server asks its questions in the answer to a call."""


class OneEngine:
    """The engine, built at the first call that needs it, so that a server answers before anything of a cluster loads.

    A build that fails is tried again by the next call: a kubeconfig may have appeared meanwhile.
    """

    def __init__(self, build: Callable[[], Engine]) -> None:
        self._build = build
        self._engine: Engine | None = None

    def __call__(self) -> Engine:
        if self._engine is None:
            self._engine = self._build()
        return self._engine

    async def close(self) -> None:
        """Interrupt what runs, in writing, and disconnect; nothing where no engine was ever needed."""
        engine, self._engine = self._engine, None
        if engine is not None:
            await engine.close()


class Desk(Struct, frozen=True):
    """What every call of one endpoint finds. At a desk that only plans, changes return their plan and never run."""

    engine: Callable[[], Engine]
    only_plans: bool = False


def desk(ctx: Context[Desk, Any]) -> Desk:
    """The desk of the endpoint this call came through."""
    return ctx.request_context.lifespan_context


def caller(ctx: Context[Desk, Any]) -> str:
    """Who asks, for the record: the client's own word for itself, cut to what fits a line."""
    told = ctx.session.client_params
    name = f"{told.client_info.name} {told.client_info.version}" if told else "unnamed client"
    return "mcp:" + re.sub(r"[^\w .+/@:-]", "", name).strip()[:60]


def can_ask(ctx: Context[Desk, Any]) -> bool:
    """Whether a question put to the person behind this client can reach them."""
    capabilities = ctx.client_capabilities
    form = capabilities.elicitation if capabilities else None
    if form is None or (form.form is None and form.url is not None):
        return False
    return (ctx.protocol_version or "") >= MODERN or ctx.session.can_send_request
