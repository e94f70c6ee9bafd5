"""One tool for both: what an app is told, and a change of it; the same by its command."""

from pathlib import Path

from dot_ai_lifecycle.operations.configure_app import ConfigureApp
from tests.faces.cli.calling import call
from tests.faces.mcp.clients import Mode, both_generations, client_of, content_of, text_of
from tests.support.house import house

WEB = {"app": "web", "namespace": "shop"}


@both_generations
async def test_without_a_change_it_answers_and_with_one_it_plans_and_runs(tmp_path: Path, mode: Mode) -> None:
    async with house(tmp_path) as home, client_of(home, mode, operations=(ConfigureApp,)) as client:
        before = content_of(await client.call_tool("configure_app", WEB))
        plan = content_of(await client.call_tool("configure_app", {**WEB, "set": {"MODE": "dark"}}))
        done = content_of(await client.call_tool(plan["next_call"]["tool"], plan["next_call"]["arguments"]))
        after = content_of(await client.call_tool("configure_app", WEB))

        assert before["variables"] == []
        assert plan["status"] == "planned"
        assert plan["next_call"]["arguments"] == {**WEB, "set": {"MODE": "dark"}, "plan_id": plan["plan_id"]}
        assert done["status"] == "done"
        assert [(line["name"], line["value"]) for line in after["variables"]] == [("MODE", "dark")]


@both_generations
async def test_mistakes_are_told_by_name(tmp_path: Path, mode: Mode) -> None:
    async with house(tmp_path) as home, client_of(home, mode, operations=(ConfigureApp,)) as client:
        for given, words in (
            ({"set": {"1X": "a"}}, "`set.1X` is not written as expected"),
            ({"sets": {"X": "a"}}, "did you mean 'set'?"),
            ({"app": "wbe"}, "web"),
        ):
            result = await client.call_tool("configure_app", {**WEB, **given})
            assert result.is_error
            assert words in text_of(result)


async def test_the_command_shows_plans_and_refuses_as_its_tool_does(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        shown = await call(home, "config", "web", "-n", "shop")
        planned = await call(home, "config", "web", "-n", "shop", "--set", "MODE=dark", "--set", "SIZE=2", "--plan")
        ran = await call(home, "config", "web", "-n", "shop", "--set", "MODE=dark", "--yes")
        document = await call(home, "config", "web", "-n", "shop", "-o", "json")
        refused = await call(home, "config", "web", "-n", "shop", "--set", "API_TOKEN=hunter2-hunter2", "--yes")

        assert (shown.code, planned.code, ran.code, refused.code) == (0, 0, 0, 2)
        assert "deployment/web in shop is told 0 variables and 0 files" in shown.out
        assert "MODE unset, SIZE unset → MODE=dark, SIZE=2" in planned.out
        assert document.document["variables"][0]["name"] == "MODE"
        assert "looks like a secret" in refused.err
        assert "hunter2" not in refused.out + refused.err
