"""Law: the faces agree. What is an operation is a tool, a command and a heading of the guide, under one name."""

import re

from dot_ai_lifecycle.faces.cli.commands import words_of
from dot_ai_lifecycle.faces.mcp.arguments import schema_of
from dot_ai_lifecycle.faces.mcp.server import server_for
from dot_ai_lifecycle.operations import ALL
from tests.laws.modules import ROOT

GUIDE = ROOT / "docs" / "lifecycle-management-guide.md"


def headings(level: int) -> list[str]:
    """The guide's headings of that level."""
    return re.findall(rf"^{'#' * level} (.+)$", GUIDE.read_text(), re.MULTILINE)


def expected(operation: type) -> str:
    """How the guide heads an operation: its tool, and its commands."""
    commands = " · ".join(f"`dot-ai {word}`" for word, _ in words_of(operation))
    return f"`{operation.tool()}` · {commands}"  # type: ignore[attr-defined] # every operation has a tool


async def test_every_operation_is_a_tool_and_nothing_else_is():
    def never() -> None:
        raise AssertionError("listing tools needs no engine")

    tools = await server_for(never, ALL).list_tools()  # type: ignore[arg-type] # it is never called

    assert [tool.name for tool in tools] == [operation.tool() for operation in ALL]


def test_every_operation_has_a_command_of_its_own():
    words = [word for operation in ALL for word, _ in words_of(operation)]

    assert len(words) == len(set(words))
    assert all(re.fullmatch(r"[a-z]+", word) for word in words)


def test_every_operation_is_a_heading_of_the_guide_in_the_same_order():
    assert [heading for heading in headings(3) if "`dot-ai" in heading] == [expected(operation) for operation in ALL]


def test_every_parameter_is_described_for_whoever_fills_it_in():
    silent = [
        f"{operation.tool()}.{name}"
        for operation in ALL
        for name, field in schema_of(operation)["properties"].items()
        if not field.get("description")
    ]

    assert silent == []
