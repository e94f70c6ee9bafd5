"""A tool or prompt that does not exist, answered with the nearest one that does, before anything else happens."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mcp import MCPError
from mcp.server.context import CallNext, HandlerResult, ServerMiddleware, ServerRequestContext
from mcp.server.mcpserver.prompts import Prompt
from mcp_types import INVALID_PARAMS

from dot_ai_lifecycle.core.errors import BadInput
from dot_ai_lifecycle.faces.mcp.results import refusal


def turn_away_unknown(tools: Iterable[str], prompts: Iterable[Prompt]) -> ServerMiddleware[Any]:
    """Middleware that turns away calls of other tools and prompts than these, and prompts without what they need."""
    known, offered = tuple(tools), {prompt.name: prompt for prompt in prompts}

    async def turn_away(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        params = ctx.params or {}
        name = params.get("name")
        if ctx.method == "tools/call" and isinstance(name, str) and name not in known:
            return refusal(BadInput(_missing("tool", name, known), hint=f"The tools are {', '.join(known)}."))
        if ctx.method == "prompts/get" and isinstance(name, str):
            _check_prompt(name, params, offered)
        return await call_next(ctx)

    return turn_away


def _check_prompt(name: str, params: Mapping[str, Any], offered: Mapping[str, Prompt]) -> None:
    prompt = offered.get(name)
    if prompt is None:
        raise MCPError(INVALID_PARAMS, _missing("prompt", name, tuple(offered)))
    given = params.get("arguments") or {}
    missing = [wanted.name for wanted in prompt.arguments or () if wanted.required and not given.get(wanted.name)]
    if missing:
        raise MCPError(INVALID_PARAMS, f"The prompt {name} needs {', '.join(missing)}.")


def _missing(kind: str, name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    meant = f" Did you mean {near[0]}?" if near else ""
    return f"There is no {kind} {name[:60]!r}.{meant}"
