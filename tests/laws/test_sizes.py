"""Law: rooms are small. A file fits in the head, a function on the screen; nothing is excepted."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.laws.modules import PACKAGE, ROOT

FILE, TEST_FILE, FUNCTION = 300, 400, 40

FILES = sorted(path for place in (PACKAGE, "tests", "benchmarks") for path in (ROOT / place).rglob("*.py"))
ROOMS = sorted({path.parent for path in FILES})
in_each_room = pytest.mark.parametrize("room", ROOMS, ids=lambda room: str(room.relative_to(ROOT)))


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def functions(path: Path) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, int]]:
    """Every function of a file with its length in lines, decorators left out."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node, (node.end_lineno or node.lineno) - node.lineno + 1


def test_every_file_is_short():
    lengths = {path: len(path.read_text().splitlines()) for path in FILES}
    long = {
        named(path): lines
        for path, lines in lengths.items()
        if lines > (TEST_FILE if path.is_relative_to(ROOT / "tests") else FILE)
    }

    assert long == {}, "split by meaning"
    assert len(lengths) > 100, "the law has lost sight of the files"


@in_each_room
def test_every_function_is_short(room: Path):
    long = [
        f"{named(path)}:{node.lineno} {node.name}: {lines} lines"
        for path in room.glob("*.py")
        for node, lines in functions(path)
        if lines > FUNCTION
    ]

    assert long == []


@in_each_room
def test_every_module_opens_with_why_it_exists(room: Path):
    silent = [
        named(path) for path in room.glob("*.py") if path.read_text().strip() and not ast.get_docstring(parsed(path))
    ]

    assert silent == []
