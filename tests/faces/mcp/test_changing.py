"""Changing an app over MCP: planned, agreed to by whoever can agree, run, and told as it ended."""

import json
from pathlib import Path
from typing import ClassVar

from dot_ai_lifecycle.core.operation import Answer, Question
from dot_ai_lifecycle.core.plan import Plan, Risk
from dot_ai_lifecycle.core.policy import Policy
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.world import World
from dot_ai_lifecycle.operations.restart_app import RestartApp
from tests.faces.mcp.clients import Mode, Person, both_generations, client_of, content_of, text_of
from tests.support.house import house

TO_V2 = {"app": "web", "namespace": "shop", "version": "v2"}


@both_generations
async def test_a_client_that_cannot_ask_gets_the_plan_and_the_exact_next_call(tmp_path: Path, mode: Mode) -> None:
    async with house(tmp_path) as home, client_of(home, mode) as client:
        plan = content_of(await client.call_tool("update_app", TO_V2))

        assert plan["status"] == "planned"
        assert plan["next_call"] == {"tool": "update_app", "arguments": {**TO_V2, "plan_id": plan["plan_id"]}}
        assert any("box.local/web:v2" in line for line in plan["plan"]["diff"])
        assert home.image() == "box.local/web:v1"


@both_generations
async def test_the_next_call_carries_the_plan_out(tmp_path: Path, mode: Mode) -> None:
    async with house(tmp_path) as home, client_of(home, mode) as client:
        plan = content_of(await client.call_tool("update_app", TO_V2))
        done = content_of(await client.call_tool(plan["next_call"]["tool"], plan["next_call"]["arguments"]))

        assert done["status"] == "done"
        assert done["plan_id"] == plan["plan_id"]
        assert home.image() == "box.local/web:v2"
        told = content_of(await client.call_tool("get_operation", {"operation_id": done["operation_id"]}))
        assert told["status"] == "done"
        assert told["actor"].startswith("mcp:")


@both_generations
async def test_a_person_who_agrees_is_asked_once_and_the_plan_runs_in_the_same_call(tmp_path: Path, mode: Mode) -> None:
    person = Person(agrees=True)
    async with house(tmp_path) as home, client_of(home, mode, person) as client:
        done = content_of(await client.call_tool("update_app", TO_V2))

        assert done["status"] == "done"
        assert done["approved_by"].endswith("(person agreed)")
        (asked,) = person.asked
        assert "Update Deployment shop/web" in asked
        assert "Risk: " in asked
        assert f"Plan {done['plan_id']}" in asked


@both_generations
async def test_a_person_who_does_not_agree_stops_it_and_the_id_is_kept_back(tmp_path: Path, mode: Mode) -> None:
    for answer in (None, False):
        async with house(tmp_path) as home, client_of(home, mode, Person(agrees=answer)) as client:
            result = await client.call_tool("update_app", TO_V2)

            assert content_of(result)["status"] == "declined"
            assert "plan_id" not in content_of(result)
            assert home.image() == "box.local/web:v1"


@both_generations
async def test_what_is_already_so_says_so_and_asks_nobody(tmp_path: Path, mode: Mode) -> None:
    person = Person(agrees=True)
    async with house(tmp_path) as home, client_of(home, mode, person) as client:
        result = await client.call_tool("update_app", {**TO_V2, "version": "v1"})

        assert content_of(result)["status"] == "nothing_to_do"
        assert "nothing to do" in text_of(result)
        assert person.asked == []


async def test_an_agreed_plan_is_refused_when_the_app_changed_and_the_new_plan_comes_back(tmp_path: Path) -> None:
    async with house(tmp_path) as home, client_of(home, "auto") as client:
        plan = content_of(await client.call_tool("update_app", TO_V2))
        home.edit(
            lambda manifest: manifest["spec"]["template"]["spec"]["containers"][0].update(image="box.local/web:v9")
        )
        result = await client.call_tool("update_app", {**TO_V2, "plan_id": plan["plan_id"]})

        assert result.is_error
        assert text_of(result).startswith("plan_changed: ")
        assert result.structured_content is not None
        renewed = result.structured_content["proposal"]
        assert renewed["plan_id"] != plan["plan_id"]
        assert renewed["plan_id"] in text_of(result)
        assert home.image() == "box.local/web:v9"


async def test_a_plan_of_high_risk_needs_a_person_and_says_how(tmp_path: Path) -> None:
    stop = {"app": "web", "namespace": "shop", "replicas": 0}
    async with house(tmp_path) as home, client_of(home, "auto") as client:
        plan = content_of(await client.call_tool("scale_app", stop))
        result = await client.call_tool("scale_app", {**stop, "plan_id": plan["plan_id"]})

        assert result.is_error
        assert text_of(result).startswith("needs_approval: ")
        assert f"dot-ai approve {plan['plan_id']}" in text_of(result)
        assert home.deployment()["spec"]["replicas"] == 4

        home.engine.approve(plan["plan_id"], "cli:alice")
        done = content_of(await client.call_tool("scale_app", {**stop, "plan_id": plan["plan_id"]}))
        assert done["status"] == "done"
        assert done["approved_by"] == "cli:alice"


async def test_a_bad_version_is_told_as_an_error_with_its_cause_and_what_was_done_about_it(tmp_path: Path) -> None:
    async with house(tmp_path) as home, client_of(home, "auto", Person(agrees=True)) as client:
        result = await client.call_tool("update_app", {**TO_V2, "version": "missing"})

        assert result.is_error
        assert "was taken back" in text_of(result)
        assert "Next: " in text_of(result)
        assert result.structured_content is not None
        assert result.structured_content["status"] == "undone"
        assert result.structured_content["cause"]["code"] == result.structured_content["code"]
        assert home.image() == "box.local/web:v1"


@both_generations
async def test_the_planning_endpoint_only_plans_and_says_so(tmp_path: Path, mode: Mode) -> None:
    person = Person(agrees=True)
    async with house(tmp_path) as home, client_of(home, mode, person, only_plans=True) as client:
        plan = content_of(await client.call_tool("update_app", TO_V2))
        refused = await client.call_tool("update_app", {**TO_V2, "plan_id": plan["plan_id"]})

        assert plan["status"] == "planned"
        assert "only plans" in plan["next_steps"][0]
        assert "next_call" not in plan
        assert refused.is_error
        assert person.asked == []
        assert home.image() == "box.local/web:v1"
        assert all(tool.annotations and tool.annotations.read_only_hint for tool in (await client.list_tools()).tools)


class Nudge(RestartApp):
    """Restart an app that nobody would miss."""

    def decide(self, seen: Scene) -> Plan:
        return super().decide(seen).model_copy(update={"risk": Risk(level="low")})


@both_generations
async def test_a_plan_of_low_risk_runs_at_once_where_the_installation_allows_it(tmp_path: Path, mode: Mode) -> None:
    nudge = {"app": "web", "namespace": "shop"}
    async with house(tmp_path) as home:
        async with client_of(home, mode, operations=(Nudge,)) as client:
            assert content_of(await client.call_tool("nudge", nudge))["status"] == "planned"
        home.engine = home.another_engine(policy=Policy(auto_approve="low"))
        async with client_of(home, mode, operations=(Nudge,)) as client:
            assert content_of(await client.call_tool("nudge", nudge))["status"] == "done"


async def test_an_answer_too_long_for_a_host_is_cut_and_says_so(tmp_path: Path) -> None:
    async with house(tmp_path) as home, client_of(home, "auto", operations=(Recite,)) as client:
        recited = content_of(await client.call_tool("recite", {}))

    assert len(json.dumps(recited, separators=(",", ":"))) <= 40_000
    assert recited["truncated"]["lines"].endswith("of 5000")


class Poem(Answer):
    """Many lines."""

    lines: tuple[str, ...]


class Recite(Question[Poem]):
    """Recite a long poem."""

    command: ClassVar[str] = "recite"
    title: ClassVar[str] = "Recite"

    async def answer(self, world: World) -> Poem:
        return Poem(summary="A poem.", lines=tuple(f"line {number} of the poem" for number in range(5000)))


@both_generations
async def test_a_persons_yes_in_the_dialog_suffices_for_a_plan_of_high_risk(tmp_path: Path, mode: Mode) -> None:
    person = Person(agrees=True)
    async with house(tmp_path) as home, client_of(home, mode, person) as client:
        done = content_of(await client.call_tool("scale_app", {"app": "web", "namespace": "shop", "replicas": 0}))

    assert done["status"] == "done"
    assert "Risk: high (scaling to 0 stops the app)" in person.asked[0]
