"""MCP over streamable HTTP on a loopback port: both endpoints, both generations, and who is turned away."""

import asyncio
import signal
import time
from pathlib import Path

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult

from dot_ai_lifecycle.core.errors import BadInput, NoCluster
from dot_ai_lifecycle.engine.engine import Engine
from dot_ai_lifecycle.faces.mcp.guard import is_loopback
from dot_ai_lifecycle.faces.mcp.http import app_for
from dot_ai_lifecycle.operations import ALL
from tests.faces.mcp.clients import Mode, Person, both_generations, content_of, text_of
from tests.faces.mcp.processes import environment, pipe
from tests.faces.mcp.servers import listening
from tests.support.house import house

pytestmark = [pytest.mark.realtime, pytest.mark.timeout(30)]

HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test-host", "version": "1"},
    },
}
ACCEPT = {"Accept": "application/json, text/event-stream"}
TO_V2 = {"app": "web", "namespace": "shop", "version": "v2"}


def no_engine() -> Engine:
    raise NoCluster("There is no kubeconfig.", hint="Set KUBECONFIG.")


@both_generations
async def test_an_app_is_updated_over_http(tmp_path: Path, mode: Mode) -> None:
    async with (
        house(tmp_path) as home,
        listening(lambda: home.engine) as url,
        Client(f"{url}/mcp", mode=mode) as client,
    ):
        plan = content_of(await client.call_tool("update_app", TO_V2))
        done = content_of(await client.call_tool("update_app", plan["next_call"]["arguments"]))

        assert done["status"] == "done"
        assert home.image() == "box.local/web:v2"


async def test_a_person_behind_a_client_of_today_is_asked_over_stateless_http(tmp_path: Path) -> None:
    person = Person(agrees=True)
    async with (
        house(tmp_path) as home,
        listening(lambda: home.engine) as url,
        Client(f"{url}/mcp", elicitation_callback=person.answer) as client,
    ):
        done = content_of(await client.call_tool("restart_app", {"app": "web", "namespace": "shop"}))

        assert done["status"] == "done"
        assert len(person.asked) == 1


async def test_an_older_client_that_cannot_be_asked_over_stateless_http_gets_the_plan(tmp_path: Path) -> None:
    person = Person(agrees=True)
    async with (
        house(tmp_path) as home,
        listening(lambda: home.engine) as url,
        Client(f"{url}/mcp", mode="legacy", elicitation_callback=person.answer) as client,
    ):
        plan = content_of(await client.call_tool("restart_app", {"app": "web", "namespace": "shop"}))

        assert plan["status"] == "planned"
        assert person.asked == []


@both_generations
async def test_the_readonly_endpoint_answers_and_plans_and_cannot_run(tmp_path: Path, mode: Mode) -> None:
    async with (
        house(tmp_path) as home,
        listening(lambda: home.engine) as url,
        Client(f"{url}/mcp/readonly", mode=mode) as client,
    ):
        listed = content_of(await client.call_tool("list_apps", {"namespace": "shop"}))
        plan = content_of(await client.call_tool("update_app", TO_V2))
        refused = await client.call_tool("update_app", {**TO_V2, "plan_id": plan["plan_id"]})

        assert listed["apps"][0]["app"].endswith("web")
        assert plan["status"] == "planned"
        assert refused.is_error
        assert "plan_id" in text_of(refused)
        assert home.image() == "box.local/web:v1"


async def test_fifty_calls_and_pings_at_once_while_an_update_runs(tmp_path: Path) -> None:
    async with house(tmp_path) as home, listening(lambda: home.engine) as url:
        async with Client(f"{url}/mcp") as client, anyio.create_task_group() as calling:
            plan = content_of(await client.call_tool("update_app", {**TO_V2, "version": "slow"}))
            calling.start_soon(client.call_tool, "update_app", plan["next_call"]["arguments"])
            errors: list[bool] = []

            async def ask() -> None:
                errors.append((await client.call_tool("list_apps", {"namespace": "shop"})).is_error)

            async with anyio.create_task_group() as asking:
                for _ in range(50):
                    asking.start_soon(ask)
            calling.cancel_scope.cancel()

        assert errors == [False] * 50


async def test_health_is_open_and_says_nothing_of_a_cluster() -> None:
    async with listening(no_engine, token="let me in") as url, httpx2.AsyncClient() as web:
        answer = await web.get(f"{url}/healthz")

    assert answer.status_code == 200
    assert set(answer.json()) == {"status", "version"}


@pytest.mark.parametrize("path", ["/mcp", "/mcp/readonly"])
@pytest.mark.parametrize("shown", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "let me in"}])
async def test_without_the_token_nobody_gets_in(path: str, shown: dict[str, str]) -> None:
    async with listening(no_engine, token="let me in") as url, httpx2.AsyncClient() as web:
        answer = await web.post(url + path, json=HELLO, headers={**ACCEPT, **shown})

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


@both_generations
async def test_with_the_token_a_client_gets_in(mode: Mode) -> None:
    async with (
        listening(no_engine, token="let me in") as url,
        httpx2.AsyncClient(headers={"Authorization": "Bearer let me in"}) as web,
        Client(streamable_http_client(f"{url}/mcp", http_client=web), mode=mode) as client,
    ):
        assert len((await client.list_tools()).tools) == len(ALL)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1.evil.example:80"}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Host": "localhost:80", "Origin": "http://localhost:80"}, 200),
        ({"Host": "lifecycle.example:8443"}, 200),
    ],
)
async def test_only_known_names_reach_the_server(headers: dict[str, str], status: int) -> None:
    async with listening(no_engine, allowed_hosts=("lifecycle.example",)) as url, httpx2.AsyncClient() as web:
        answer = await web.post(f"{url}/mcp", json=HELLO, headers={**ACCEPT, **headers})

    assert answer.status_code == status


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b'{"jsonrpc": "2.0"}'])
async def test_garbage_is_turned_away_and_the_server_lives_on(body: bytes) -> None:
    headers = {**ACCEPT, "Content-Type": "application/json"}
    async with listening(no_engine) as url, httpx2.AsyncClient() as web:
        garbage = await web.post(f"{url}/mcp", content=body, headers=headers)
        healthy = await web.post(f"{url}/mcp", json=HELLO, headers=ACCEPT)

    assert 400 <= garbage.status_code < 500
    assert healthy.status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "::", "lifecycle.example"])
def test_an_address_of_the_network_is_refused_without_a_token(host: str) -> None:
    with pytest.raises(BadInput, match="no token is set"):
        app_for(no_engine, ALL, host=host)
    assert app_for(no_engine, ALL, host=host, token="let me in")


@pytest.mark.parametrize(
    ("host", "here"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False)]
)
def test_only_loopback_is_loopback(host: str, here: bool) -> None:
    assert is_loopback(host) is here


@pytest.mark.slow
async def test_the_installed_server_serves_http_and_leaves_on_a_signal(tmp_path: Path) -> None:
    async with pipe("serve", "--http", "127.0.0.1:0", env=environment(tmp_path)) as server:
        assert server.process.stderr is not None
        url = (await server.process.stderr.readline()).decode().rsplit(" ", 1)[1].strip()
        async with Client(url, mode="legacy") as client:
            assert len((await client.list_tools()).tools) == len(ALL)
        server.process.send_signal(signal.SIGTERM)
        began = time.monotonic()

        assert await asyncio.wait_for(server.process.wait(), 3) == 0
        assert time.monotonic() - began < 3


@pytest.mark.slow
async def test_answers_on_a_kept_connection_do_not_wait_for_the_clients_kernel(tmp_path: Path) -> None:
    """Headers and body are written apart; with Nagle's algorithm on, each body would come 40 ms after its headers."""
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    headers = {**ACCEPT, "MCP-Protocol-Version": "2025-11-25"}
    took = []
    async with pipe("serve", "--http", "127.0.0.1:0", env=environment(tmp_path)) as server:
        assert server.process.stderr is not None
        url = (await server.process.stderr.readline()).decode().split()[-1]
        async with httpx2.AsyncClient() as client:
            for _ in range(8):
                began = time.monotonic()
                answer = await client.post(url, json=ping, headers=headers)
                took.append(time.monotonic() - began)

    assert answer.status_code == 200
    assert min(took[1:]) < 0.03


@pytest.mark.slow
async def test_a_signal_in_the_middle_of_a_run_is_answered_over_http_too(tmp_path: Path) -> None:
    results: list[CallToolResult] = []
    async with pipe("serve", "--http", "127.0.0.1:0", "--embedded", env=environment(tmp_path)) as server:
        assert server.process.stderr is not None
        url = (await server.process.stderr.readline()).decode().rsplit(" ", 1)[1].strip()
        async with Client(url, mode="legacy") as client:
            to_slow = {"app": "my-app", "namespace": "shop", "version": "slow"}
            plan = content_of(await client.call_tool("update_app", to_slow))
            begun = anyio.Event()

            async def hear(*_: object) -> None:
                begun.set()

            async def run() -> None:
                results.append(
                    await client.call_tool("update_app", plan["next_call"]["arguments"], progress_callback=hear)
                )

            async with anyio.create_task_group() as calling:
                calling.start_soon(run)
                await begun.wait()
                server.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(server.process.wait(), 5) == 0

    (result,) = results
    assert result.structured_content is not None
    assert result.structured_content["status"] == "interrupted"


@pytest.mark.slow
async def test_an_open_door_is_refused_by_the_installed_server(tmp_path: Path) -> None:
    async with pipe("serve", "--http", "0.0.0.0:0", env=environment(tmp_path)) as server:
        _, told = await server.end(5)

    assert server.process.returncode == 2
    assert b"LIFECYCLE_HTTP_TOKEN" in told
