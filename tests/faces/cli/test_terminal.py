"""A person at a terminal: asked before anything is changed, shown what happens, free to go."""

import re
from pathlib import Path

import pytest

from tests.faces.cli.console import at_terminal, console, terminal

pytestmark = [pytest.mark.slow, pytest.mark.realtime, pytest.mark.timeout(40)]

UPDATE = ("update", "web", "-n", "shop", "--version")
COLOUR = re.compile(rb"\x1b\[[0-9;]*(?:3[0-7]|9[0-7])[0-9;]*m")


async def test_a_yes_runs_the_plan_and_its_progress_is_shown(tmp_path: Path):
    async with console(tmp_path) as desk:
        with terminal() as (person, program):
            process = await at_terminal(desk, program, *UPDATE, "v2")
            asked = await person.until("[y/N]")
            assert "+ box.local/web:v2" in asked
            assert COLOUR.search(person.seen)
            assert desk.image() == "box.local/web:v1"
            person.type("y\n")
            screen = await person.until("dot-ai undo")
            assert (await process.wait(), desk.image()) == (0, "box.local/web:v2")
            assert "of 4 pods" in screen
            assert "━" in screen


@pytest.mark.parametrize("answer", ["\n", "n\n", "no\n", "yess\n", "\x04"])
async def test_anything_but_yes_changes_nothing(tmp_path: Path, answer: str):
    async with console(tmp_path) as desk:
        with terminal() as (person, program):
            process = await at_terminal(desk, program, *UPDATE, "v2")
            await person.until("[y/N]")
            person.type(answer)
            assert "Nothing was changed." in await person.until("Nothing was changed.")
            assert (await process.wait(), desk.image()) == (2, "box.local/web:v1")


async def test_ctrl_c_at_the_question_changes_nothing(tmp_path: Path):
    async with console(tmp_path) as desk:
        with terminal() as (person, program):
            process = await at_terminal(desk, program, *UPDATE, "v2")
            await person.until("[y/N]")
            person.type("\x03")
            assert "nothing was changed" in await person.until("nothing was changed")
            assert (await process.wait(), desk.image()) == (130, "box.local/web:v1")


@pytest.mark.parametrize(("typed", "code", "left"), [("y", 2, 4), ("web", 0, 0)])
async def test_high_risk_wants_the_name_of_the_app_typed(tmp_path: Path, typed: str, code: int, left: int):
    async with console(tmp_path) as desk:
        with terminal() as (person, program):
            process = await at_terminal(desk, program, "scale", "web", "-n", "shop", "--replicas", "0")
            await person.until("to go on:")
            person.type(f"{typed}\n")
            await person.until("Nothing was changed." if code else "dot-ai undo")
            assert await process.wait() == code
            assert desk.box.store.get("Deployment", "web", "shop")["spec"]["replicas"] == left


async def test_ctrl_c_during_a_run_leaves_it_resumable(tmp_path: Path):
    async with console(tmp_path) as desk:
        with terminal() as (person, program):
            process = await at_terminal(desk, program, *UPDATE, "v2-slow", "--yes")
            await person.until("of 4 pods of")
            person.type("\x03")
            screen = await person.until("dot-ai undo")
            assert await process.wait() == 3
            assert "interrupted" in screen
            assert "dot-ai resume" in screen


async def test_no_color_takes_the_colours_away_and_leaves_the_signs(tmp_path: Path):
    async with console(tmp_path) as desk:
        with terminal() as (person, program):
            process = await at_terminal(desk, program, *UPDATE, "v2", "--plan", NO_COLOR="1")
            screen = await person.until("Plan  ")
            await process.wait()
            assert not COLOUR.search(person.seen)
            assert "- box.local/web:v1" in screen


async def test_a_narrow_terminal_is_never_overrun(tmp_path: Path):
    async with console(tmp_path) as desk:
        with terminal(columns=48) as (person, program):
            process = await at_terminal(desk, program, "inspect", "web", "-n", "shop", NO_COLOR="1")
            screen = await person.until("never on the screen")
            assert await process.wait() == 0
            assert max(map(len, screen.replace("\r", "").split("\n"))) <= 48
