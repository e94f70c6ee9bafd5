"""What CONTRIBUTING promises of a new tool holds for the very tool it shows."""

import ast
import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dot_ai_lifecycle.core.operation import Change
from dot_ai_lifecycle.faces.cli.commands import words_of
from dot_ai_lifecycle.faces.mcp.server import server_for
from tests.docs.pages import blocks
from tests.laws.modules import PACKAGE, ROOT
from tests.support.house import house

PAGE = ROOT / "CONTRIBUTING.md"


@pytest.fixture
def note_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Change[Any]]]:
    """The tool shown on the page, imported as a module of its own."""
    [block] = [block for block in blocks(PAGE) if block.language == "python"]
    (tmp_path / "note_app.py").write_text(block.body)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("note_app").NoteApp
    del sys.modules["note_app"]


async def test_the_tool_it_shows_plans_runs_and_is_done_once(note_app: type[Change[Any]], tmp_path: Path):
    async with house(tmp_path) as home:
        change = note_app(app="web", text="ask Ada before the sale")

        record = await home.run(change)

        assert record.state == "done"
        assert home.deployment()["metadata"]["annotations"]["lifecycle.dot-ai/note"] == "ask Ada before the sale"
        assert (await home.engine.propose(change)).plan.steps == ()


async def test_the_tool_it_shows_is_offered_by_both_faces(note_app: type[Change[Any]]):
    def never() -> Any:
        raise AssertionError("listing tools needs no engine")

    [tool] = await server_for(never, (note_app,)).list_tools()

    assert (tool.name, tool.description) == ("note_app", "Leave a note on an app.")
    assert [word for word, _ in words_of(note_app)] == ["note"]


def test_the_map_names_every_room_of_the_house():
    named = set(re.findall(r"^\| `(\w+)/`", PAGE.read_text(), re.MULTILINE))
    rooms = {path.name for path in (ROOT / PACKAGE).iterdir() if path.is_dir() and (path / "__init__.py").exists()}

    assert named == {room for room in rooms if not room.startswith("_")}


def test_every_file_the_page_sends_readers_to_is_there_and_says_why():
    files = re.findall(r"`((?:core|operations|domain|engine|faces)/[\w/]+\.py)`", PAGE.read_text())

    assert len(files) > 5
    for name in files:
        assert ast.get_docstring(ast.parse((ROOT / PACKAGE / name).read_text())), name
