"""Long runs and impatient clients: progress, 45 seconds, cancelled calls, many calls at once."""

from pathlib import Path

import anyio
import pytest
from anyio.lowlevel import checkpoint

from dot_ai_lifecycle.engine.proposal import Consent
from dot_ai_lifecycle.operations.restart_app import RestartApp
from dot_ai_lifecycle.operations.scale_app import ScaleApp
from tests.faces.mcp.clients import Mode, Person, both_generations, client_of, content_of, text_of
from tests.support.house import house

WEB = {"app": "web", "namespace": "shop"}
TO_V2 = {**WEB, "version": "v2"}
TO_SLOW = {**WEB, "version": "slow"}
"""Each of its pods needs 30 s to get ready."""


@both_generations
async def test_progress_comes_with_real_counts_that_only_rise(tmp_path: Path, mode: Mode) -> None:
    heard: list[tuple[float, float | None, str | None]] = []

    async def hear(value: float, total: float | None, text: str | None) -> None:
        heard.append((value, total, text))

    async with house(tmp_path) as home, client_of(home, mode, Person(agrees=True)) as client:
        content_of(await client.call_tool("update_app", TO_V2, progress_callback=hear))

    values = [value for value, _, _ in heard]
    assert values == sorted(set(values))
    assert any(total == 4 and value >= 1 for value, total, _ in heard)


@both_generations
async def test_after_45_seconds_the_call_returns_and_get_operation_waits_on(tmp_path: Path, mode: Mode) -> None:
    async with house(tmp_path) as home, client_of(home, mode, Person(agrees=True)) as client:
        began = anyio.current_time()
        running = content_of(await client.call_tool("update_app", TO_SLOW))

        assert running["status"] == "running"
        assert 44 <= anyio.current_time() - began <= 46
        assert running["next_steps"][0].startswith(f"get_operation operation_id={running['operation_id']}")
        asked = {"operation_id": running["operation_id"], "namespace": "shop", "wait": 45}
        status = "running"
        while status == "running":
            status = content_of(await client.call_tool("get_operation", asked))["status"]
        assert status == "done"
        assert home.image() == "box.local/web:slow"


@both_generations
async def test_cancelling_the_call_stops_the_waiting_and_not_the_run(tmp_path: Path, mode: Mode) -> None:
    async with house(tmp_path) as home, client_of(home, mode, Person(agrees=True)) as client:
        with anyio.move_on_after(5) as patience:
            await client.call_tool("update_app", TO_SLOW)
        assert patience.cancelled_caught

        (run,) = home.engine.live
        record = await run.wait()
        assert record.state == "done"
        assert home.image() == "box.local/web:slow"


async def test_a_client_that_goes_away_leaves_the_run_going(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        with anyio.move_on_after(5):
            async with client_of(home, "auto", Person(agrees=True)) as client:
                await client.call_tool("update_app", TO_SLOW)

        (run,) = home.engine.live
        assert (await run.wait()).state == "done"


async def test_a_call_cancelled_at_any_moment_leaves_the_app_free(tmp_path: Path) -> None:
    async with house(tmp_path) as home, client_of(home, "auto") as client:
        plan = content_of(await client.call_tool("scale_app", {**WEB, "replicas": 5}))
        for moments in range(0, 40, 4):
            async with anyio.create_task_group() as calling:
                calling.start_soon(client.call_tool, "scale_app", plan["next_call"]["arguments"])
                for _ in range(moments):
                    await checkpoint()
                calling.cancel_scope.cancel()
            for run in home.engine.live:
                await run.wait()

        told = await home.run(RestartApp(app="web", namespace="shop"))
        assert told.state == "done"


@pytest.mark.filterwarnings("ignore:ping is removed")
async def test_fifty_calls_at_once_all_succeed_while_an_update_runs(tmp_path: Path) -> None:
    answers: list[bool] = []
    async with house(tmp_path) as home, client_of(home, "legacy", Person(agrees=True)) as client:

        async def ask() -> None:
            answers.append((await client.call_tool("list_operations", {"namespace": "shop"})).is_error)

        async with anyio.create_task_group() as calling:
            calling.start_soon(client.call_tool, "update_app", TO_SLOW)
            await anyio.sleep(2)
            assert home.engine.live
            for _ in range(50):
                calling.start_soon(ask)
            await client.send_ping()

    assert answers == [False] * 50


async def test_whoever_comes_second_is_told_who_has_the_app(tmp_path: Path) -> None:
    async with house(tmp_path) as home, client_of(home, "auto") as client:
        plan = content_of(await client.call_tool("restart_app", WEB))
        change = ScaleApp(**WEB, replicas=6)
        colleague = home.another_engine()
        proposal = await colleague.propose(change)
        run = await colleague.start(change, Consent(by="cli:bob", plan_id=proposal.plan.id, person=True))

        result = await client.call_tool("restart_app", plan["next_call"]["arguments"])

        assert result.is_error
        assert "cli:bob" in text_of(result)
        assert (await run.wait()).state == "done"
