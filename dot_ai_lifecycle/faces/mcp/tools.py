"""Every operation as a tool: its fields are the schema, its docstring the description, its kind the annotations."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError
from mcp.server.mcpserver.tools import Tool
from mcp_types import CallToolResult, InputRequiredResult, ToolAnnotations
from pydantic import Field

from dot_ai_lifecycle.core.errors import BadInput, LifecycleError
from dot_ai_lifecycle.core.operation import Change, Operation, Question
from dot_ai_lifecycle.faces.mcp.arguments import A_PLAN_ID, PLAN_ID, parsed, schema_of
from dot_ai_lifecycle.faces.mcp.calls import answer_question, make_change, told
from dot_ai_lifecycle.faces.mcp.results import Unexpected

log = structlog.get_logger(__name__)


class OperationTool(Tool):
    """A tool that reads its arguments as an operation and words every mistake itself."""

    operation: type[Operation] = Field(exclude=True)
    takes_plan: bool = Field(False, exclude=True)

    async def run(
        self, arguments: dict[str, Any], context: Context[Any, Any], convert_result: bool = False
    ) -> CallToolResult | InputRequiredResult:
        """Run the operation. What goes wrong is a result, never an exception, except errors of the protocol itself."""
        request: Operation | None = None
        try:
            given, plan_id = self._without_plan(arguments)
            request = parsed(self.operation, given, ("plan_id",) if self.takes_plan else ())
            read: dict[str, Any] = {"request": request, **({"plan_id": plan_id} if self._changes else {})}
            result: CallToolResult | InputRequiredResult = await super().run(read, context, convert_result)
        except LifecycleError as error:
            return told(None, error)
        except ToolError as error:
            return told(request, self._meant(error))  # type: ignore[arg-type] # every operation is one or the other
        return result

    @property
    def _changes(self) -> bool:
        return issubclass(self.operation, Change)

    def _without_plan(self, arguments: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        if not self.takes_plan:
            return dict(arguments), ""
        given = {name: value for name, value in arguments.items() if name != "plan_id"}
        plan_id = str(arguments.get("plan_id") or "").strip()
        if plan_id and not re.fullmatch(A_PLAN_ID, plan_id):
            raise BadInput(
                "`plan_id` must be the 12 hexadecimal digits shown with the plan.",
                hint="Leave plan_id out to get the plan and its id.",
            )
        return given, plan_id

    def _meant(self, error: ToolError) -> LifecycleError:
        cause = error.__cause__
        if isinstance(cause, LifecycleError):
            return cause
        if isinstance(error, UnexpectedToolError):
            log.error("call failed unexpectedly", tool=self.name, exc_info=cause)
            return Unexpected(
                f"{self.name} failed in a way it should not ({type(cause).__name__}).",
                hint="Details are in the server's log on stderr. Look with list_operations whether anything was begun.",
            )
        return BadInput("The person's answer could not be read, so nothing was done.", hint="Call again.")


def tools_for(operations: Iterable[type[Operation]], *, only_plans: bool = False) -> list[Tool]:
    """The tools of an endpoint, in the order given. With `only_plans` no call can change anything."""
    return [_tool(operation, only_plans=only_plans) for operation in operations]


def _tool(operation: type[Operation], *, only_plans: bool) -> Tool:
    changes = issubclass(operation, Change)
    takes_plan = changes and not only_plans
    call = Tool.from_function(
        make_change if changes else answer_question,
        name=operation.tool(),
        title=operation.title,
        description=operation.description(),
        annotations=_annotations(operation, only_plans=only_plans),
        structured_output=False,
    )
    schema = schema_of(operation, {"plan_id": PLAN_ID} if takes_plan else None)
    parts = {name: getattr(call, name) for name in type(call).model_fields}
    return OperationTool(**{**parts, "parameters": schema, "operation": operation, "takes_plan": takes_plan})


def _annotations(operation: type[Operation], *, only_plans: bool) -> ToolAnnotations:
    """All four said out loud: the protocol's defaults are the dangerous ones. A cluster is a closed world."""
    if only_plans or issubclass(operation, Question) or not issubclass(operation, Change):
        return ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
    return ToolAnnotations(
        read_only_hint=False,
        destructive_hint=operation.destructive,
        idempotent_hint=operation.idempotent,
        open_world_hint=False,
    )
