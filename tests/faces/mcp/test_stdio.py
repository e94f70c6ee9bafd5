"""The installed server over stdio, from outside: what it says, what it loads, and how it leaves."""

import asyncio
import json
import signal
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters

from dot_ai_lifecycle.operations import ALL
from tests.faces.mcp.clients import Mode, both_generations, text_of
from tests.faces.mcp.processes import SCRIPT, environment, pipe

pytestmark = [pytest.mark.realtime, pytest.mark.slow, pytest.mark.timeout(30)]

SOON = 2.0
"""Seconds a host waits after it asked a server to go."""


@both_generations
async def test_a_client_of_either_generation_lists_and_calls(tmp_path: Path, mode: Mode) -> None:
    server = StdioServerParameters(command=SCRIPT, args=["serve"], env=environment(tmp_path))
    async with Client(server, mode=mode) as client:
        tools = (await client.list_tools()).tools
        result = await client.call_tool("list_apps", {})

    assert [tool.name for tool in tools] == [operation.tool() for operation in ALL]
    assert result.is_error
    assert text_of(result).startswith("unreachable: ")


async def test_nothing_heavy_is_loaded_before_the_host_is_answered(tmp_path: Path) -> None:
    async with pipe("serve", env=environment(tmp_path, PYTHONPROFILEIMPORTTIME="1")) as server:
        await server.initialize()
        await server.ask("tools/list", {})
        _, loaded = await server.end(SOON)

    for heavy in (b"kubernetes_asyncio", b"anthropic", b"dot_ai_lifecycle.embedded"):
        assert heavy not in loaded


async def test_garbage_on_stdin_is_survived(tmp_path: Path) -> None:
    async with pipe("serve", env=environment(tmp_path)) as server:
        await server.say("this is not JSON")
        await server.say('{"jsonrpc": "2.0", "id": "x"}')
        await server.say("[1, 2")
        answer = await server.initialize()
        unknown = await server.ask("tools/fly", {})
        still = await server.ask("tools/list", {})

    assert answer["result"]["serverInfo"]["name"] == "dot-ai-lifecycle"
    assert unknown["error"]["code"] == -32601
    assert len(still["result"]["tools"]) == len(ALL)


async def test_a_missing_kubeconfig_is_an_error_of_the_call_not_of_the_server(tmp_path: Path) -> None:
    env = environment(tmp_path, KUBECONFIG=str(tmp_path / "absent"))
    async with pipe("serve", env=env) as server:
        await server.initialize()
        answer = await server.ask("tools/call", {"name": "list_apps", "arguments": {}})

    assert answer["result"]["isError"]
    assert answer["result"]["structuredContent"]["code"] == "no_cluster"


async def test_the_log_goes_to_stderr_as_json_and_stdout_stays_clean(tmp_path: Path) -> None:
    async with pipe("serve", env=environment(tmp_path, LIFECYCLE_LOG_LEVEL="debug")) as server:
        await server.initialize()
        await server.ask("tools/call", {"name": "list_apps", "arguments": {}})
        rest, log = await server.end(SOON)

    assert rest == b""
    assert all("event" in json.loads(line) for line in log.splitlines())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_within_two_seconds(tmp_path: Path, number: signal.Signals) -> None:
    async with pipe("serve", env=environment(tmp_path)) as server:
        await server.initialize()
        await server.ask("tools/call", {"name": "list_apps", "arguments": {}})
        server.process.send_signal(number)

        assert await asyncio.wait_for(server.process.wait(), SOON) == 0


async def test_the_end_of_stdin_ends_it_within_two_seconds(tmp_path: Path) -> None:
    async with pipe("serve", env=environment(tmp_path)) as server:
        await server.initialize()
        await server.end(SOON)

        assert server.process.returncode == 0


SHOP = {"app": "my-app", "namespace": "shop"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_in_the_middle_of_a_run_is_answered_with_interrupted(
    tmp_path: Path, number: signal.Signals
) -> None:
    async with pipe("serve", "--embedded", env=environment(tmp_path)) as server:
        await server.initialize()
        to_slow = {**SHOP, "version": "slow"}
        plan = await server.ask("tools/call", {"name": "update_app", "arguments": to_slow})
        call = {**plan["result"]["structuredContent"]["next_call"]["arguments"]}
        progressing = {"name": "update_app", "arguments": call, "_meta": {"progressToken": "p"}}
        running = await server.send("tools/call", progressing)
        await server.heard_of("notifications/progress")
        server.process.send_signal(number)
        answer = await server.answer(running)

        assert answer["result"]["structuredContent"]["status"] == "interrupted"
        assert "resume_operation" in answer["result"]["content"][0]["text"]
        assert await asyncio.wait_for(server.process.wait(), SOON) == 0


async def test_a_person_behind_an_older_host_is_asked_over_stdio(tmp_path: Path) -> None:
    async with pipe("serve", "--embedded", env=environment(tmp_path)) as server:
        await server.initialize(elicits=True)
        change = await server.send("tools/call", {"name": "scale_app", "arguments": {**SHOP, "replicas": 5}})
        asked = await server.heard_of("elicitation/create")
        agreed = {"action": "accept", "content": {"agree": True}}
        await server.say(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": agreed}))
        answer = await server.answer(change)

    assert "4 replicas → 5 replicas" in asked["params"]["message"]
    assert answer["result"]["structuredContent"]["status"] == "done"


async def test_a_cancelled_call_is_not_answered_and_its_run_goes_on(tmp_path: Path) -> None:
    async with pipe("serve", "--embedded", env=environment(tmp_path)) as server:
        await server.initialize()
        plan = await server.ask("tools/call", {"name": "restart_app", "arguments": SHOP})
        call = plan["result"]["structuredContent"]["next_call"]["arguments"]
        progressing = {"name": "restart_app", "arguments": call, "_meta": {"progressToken": "p"}}
        running = await server.send("tools/call", progressing)
        await server.heard_of("notifications/progress")
        await server.send("notifications/cancelled", {"requestId": running}, notify=True)
        status = "running"
        while status == "running":
            told = await server.ask("tools/call", {"name": "list_operations", "arguments": {"namespace": "shop"}})
            (line,) = told["result"]["structuredContent"]["operations"]
            status = line["status"]

    assert status == "done"
    assert all(message.get("id") != running for message in server.heard)


async def test_the_end_of_stdin_in_the_middle_of_a_run_ends_it_in_time_too(tmp_path: Path) -> None:
    async with pipe("serve", "--embedded", env=environment(tmp_path)) as server:
        await server.initialize()
        plan = await server.ask("tools/call", {"name": "update_app", "arguments": {**SHOP, "version": "slow"}})
        call = plan["result"]["structuredContent"]["next_call"]["arguments"]
        await server.send("tools/call", {"name": "update_app", "arguments": call, "_meta": {"progressToken": "p"}})
        await server.heard_of("notifications/progress")
        _, log = await server.end(SOON + 0.5)

    assert server.process.returncode == 0
    assert log == b""
