"""What a client may attach to a conversation: an operation's record, an app as it is now."""

import json
from collections.abc import Iterable
from typing import Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError

from dot_ai_lifecycle.core.errors import LifecycleError, NotFound
from dot_ai_lifecycle.core.operation import Operation, Question
from dot_ai_lifecycle.core.redaction import redact
from dot_ai_lifecycle.faces.mcp.arguments import parsed
from dot_ai_lifecycle.faces.mcp.desk import Desk, desk
from dot_ai_lifecycle.faces.mcp.results import bounded

OPERATION = "lifecycle://operations/{id}"
APP = "lifecycle://apps/{namespace}/{name}"
_JSON = "application/json"


def add_resources(server: MCPServer[Desk], operations: Iterable[type[Operation]]) -> None:
    """Offer what those operations can answer; a resource is read by asking the question that answers it."""
    questions = {operation.tool(): operation for operation in operations if issubclass(operation, Question)}

    if "get_operation" in questions:

        @server.resource(
            OPERATION,
            name="operation",
            title="Operation",
            description="The record of an operation: what was asked, planned, done and found.",
            mime_type=_JSON,
        )
        async def operation(id: str, ctx: Context[Desk, Any]) -> str:
            return await _read(ctx, questions["get_operation"], {"operation_id": id})

    if "inspect_app" in questions:

        @server.resource(
            APP,
            name="app",
            title="Application",
            description="An application as it is now: pods, Services, revisions, events, last operations.",
            mime_type=_JSON,
        )
        async def app(namespace: str, name: str, ctx: Context[Desk, Any]) -> str:
            return await _read(ctx, questions["inspect_app"], {"app": name, "namespace": namespace})


async def _read(ctx: Context[Desk, Any], question: type[Question[Any]], given: dict[str, str]) -> str:
    try:
        answer = await desk(ctx).engine().ask(parsed(question, given))
    except NotFound as error:
        raise ResourceNotFoundError(redact(str(error))) from error
    except LifecycleError as error:
        raise ResourceError(redact(f"{error.code}: {error}")) from error
    return json.dumps(bounded(answer.model_dump(mode="json", exclude_none=True)), ensure_ascii=False)
