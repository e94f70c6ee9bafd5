"""Writes docs/tools.md from the operations: `python -m tests.docs.generate_tools` (make docs)."""

import json
from collections.abc import Iterator
from typing import Any

from dot_ai_lifecycle.core.operation import Change, Operation
from dot_ai_lifecycle.faces.cli.commands import words_of
from dot_ai_lifecycle.faces.mcp.arguments import schema_of
from dot_ai_lifecycle.operations import ALL
from tests.laws.modules import ROOT

PAGE = ROOT / "docs" / "tools.md"

_OPENING = """# Tools

Every operation is an MCP tool and a command of the same meaning. This page is made from the code by `make docs`; a test
keeps it fresh.

A tool that changes something answers a first call with its plan and the plan's id. Called again with the same
arguments and that `plan_id` it runs, if the plan is still the same. Clients that can ask their user are asked in the
first call. On the command line the plan is shown and asked about; `--yes` agrees, `--plan` only shows it, `--plan-id`
agrees to one plan alone.
"""


def rendered() -> str:
    """The whole page."""
    return "\n".join([_OPENING, *(line for operation in ALL for line in _told(operation))])


def _told(operation: type[Operation]) -> Iterator[str]:
    schema = schema_of(operation)
    fixed = {name for _, given in words_of(operation) for name in given}
    yield f"## {operation.tool()}\n"
    yield f"{operation.description()}\n"
    yield f"{_kind(operation)}\n"
    yield "```text"
    for word, given in words_of(operation):
        yield f"dot-ai {word} {_places(operation, schema)}".rstrip() + "".join(
            f"  ({k}: {v})" for k, v in given.items()
        )
    yield "```\n"
    yield "| argument | option | is | meaning |"
    yield "|---|---|---|---|"
    for name, field in schema["properties"].items():
        option = "by the command" if name in fixed else _option(operation, name)
        required = "**required**, " if name in schema.get("required", ()) else ""
        yield f"| `{name}` | {option} | {required}{_type(field)} | {field['description']} |"
    yield ""


def _kind(operation: type[Operation]) -> str:
    if not issubclass(operation, Change):
        return "Looks only; changes nothing."
    again = "done again, it does nothing more" if operation.idempotent else "done again, it acts again"
    return f"Changes the cluster, after its plan was agreed to; {again}."


def _places(operation: type[Operation], schema: dict[str, Any]) -> str:
    required = schema.get("required", ())
    named = [f"--{name.replace('_', '-')} …" for name in required if name not in operation.positional]
    placed = [
        name.upper() if name in required else f"[{name.upper()}]"
        for name in operation.positional
        if name in operation.model_fields
    ]
    return " ".join([*placed, *named])


def _option(operation: type[Operation], name: str) -> str:
    flag = f"`--{name.replace('_', '-')}`"
    return f"by place, or {flag}" if name in operation.positional else flag


def _type(field: dict[str, Any]) -> str:
    if "enum" in field:
        what = " or ".join(f"`{choice}`" for choice in field["enum"])
    elif "const" in field:
        what = f"`{field['const']}`"
    elif field["type"] == "integer":
        what = f"{field['minimum']} to {field['maximum']}" if "maximum" in field else "integer"
    elif field["type"] == "array":
        what = f"list of {_type(field['items'])}"
    else:
        what = {"object": "names to values", "boolean": "yes or no", "string": "text", "number": "number"}[
            field["type"]
        ]
    default = f"; default `{json.dumps(field['default'])}`".replace('"', "") if "default" in field else ""
    return what + default


if __name__ == "__main__":
    PAGE.write_text(rendered())
