"""Clients as hosts are: of both protocol generations, able to ask a person or not."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from mcp import Client
from mcp.types import CallToolResult, ElicitRequestParams, ElicitResult

from dot_ai_lifecycle.core.operation import Operation
from dot_ai_lifecycle.faces.mcp.server import server_for
from dot_ai_lifecycle.operations.get_operation import GetOperation
from dot_ai_lifecycle.operations.list_operations import ListOperations
from dot_ai_lifecycle.operations.restart_app import RestartApp
from dot_ai_lifecycle.operations.scale_app import ScaleApp
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.support.house import House

SOME: tuple[type[Operation], ...] = (UpdateApp, ScaleApp, RestartApp, GetOperation, ListOperations)

Mode = Literal["auto", "legacy"]
both_generations = pytest.mark.parametrize("mode", ["auto", "legacy"])


@dataclass
class Person:
    """Somebody in front of a client that can ask: what they answer, and what they were asked."""

    agrees: bool | None
    """True ticks the box and accepts, False accepts without ticking it, None declines."""

    asked: list[str] = field(default_factory=list)

    async def answer(self, _: Any, params: ElicitRequestParams) -> ElicitResult:
        self.asked.append(params.message)
        if self.agrees is None:
            return ElicitResult(action="decline")
        return ElicitResult(action="accept", content={"agree": self.agrees})


@asynccontextmanager
async def client_of(
    house: House,
    mode: Mode,
    person: Person | None = None,
    *,
    only_plans: bool = False,
    operations: Sequence[type[Operation]] = SOME,
) -> AsyncIterator[Client]:
    """A client connected to a server in this process."""
    server = server_for(lambda: house.engine, operations, only_plans=only_plans)
    callback = person.answer if person else None
    async with Client(server, mode=mode, elicitation_callback=callback) as client:
        yield client


def text_of(result: CallToolResult) -> str:
    """The one text of a result."""
    (content,) = result.content
    assert content.type == "text"
    return content.text


def content_of(result: CallToolResult) -> dict[str, Any]:
    """The structure of a result that went well."""
    assert not result.is_error, text_of(result)
    assert result.structured_content is not None
    return result.structured_content
