"""The API server goes away while a run is under way and comes back, or does not."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from dot_ai_lifecycle.core.errors import Forbidden, Unreachable
from dot_ai_lifecycle.core.steps import Patch
from dot_ai_lifecycle.embedded.faults import Fault
from dot_ai_lifecycle.engine.outages import BEARABLE, outlived
from dot_ai_lifecycle.engine.watch import RETRIED
from dot_ai_lifecycle.operations.resume_operation import ResumeOperation
from dot_ai_lifecycle.operations.scale_app import ScaleApp
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.support.house import House, house


def away_after(home: House, method: str, part: str, seconds: float, drop: str = "before") -> None:
    """Let nobody reach the cluster for so long, from right after the first such request on."""

    def cut(request: Any, _: Any) -> None:
        if request.method == method and part in request.path and ("dryRun", "All") not in request.query:
            home.box.faults.after = None
            home.box.faults.add(Fault(drop=drop, times=0))
            asyncio.get_running_loop().call_later(seconds, home.box.faults.clear)

    home.box.faults.after = cut


@pytest.mark.parametrize("drop", ["before", "after"])
@pytest.mark.parametrize(
    ("method", "part"),
    [
        pytest.param("POST", "/configmaps", id="once it was recorded"),
        pytest.param("PATCH", "/deployments/", id="once the template was changed"),
        pytest.param("PUT", "/configmaps/", id="once it was waited for"),
    ],
)
async def test_a_run_waits_for_a_cluster_that_is_away_for_a_minute(
    tmp_path: Path, method: str, part: str, drop: str
) -> None:
    async with house(tmp_path) as home:
        before = home.deployment()["metadata"]["generation"]
        away_after(home, method, part, 60, drop)
        record = await home.run(UpdateApp(app="web", version="v2"))

        assert (record.state, home.image()) == ("done", "box.local/web:v2"), record.verdict
        patches = [step for step in record.plan.steps if isinstance(step, Patch)]
        assert home.deployment()["metadata"]["generation"] == before + len(patches), "none was made twice"
        assert (await home.engine.world.story.record(record.id)).state == "done"


async def test_a_way_back_waits_for_a_cluster_that_is_away_too(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        done = await home.run(UpdateApp(app="web", version="v2"))
        away_after(home, "PATCH", "/deployments/", 60)
        record = await home.run(ResumeOperation(operation_id=done.id, action="undo"))

        assert (record.state, home.image()) == ("done", "box.local/web:v1"), record.verdict


async def test_patience_ends_and_what_waiting_does_not_mend_ends_it_at_once() -> None:
    loop, told = asyncio.get_running_loop(), list[str]()
    began = loop.time()

    async def gone() -> None:
        raise Unreachable("No answer.")

    async def hear(text: str) -> None:
        told.append(text)

    async def forbidden() -> None:
        raise Forbidden("You may not.")

    with pytest.raises(Unreachable):
        await outlived(gone, hear)
    waited = loop.time() - began
    with pytest.raises(Forbidden):
        await outlived(forbidden, hear)

    assert BEARABLE - 10 < waited <= BEARABLE
    assert set(told) == {"waiting for the cluster: No answer."}
    assert loop.time() - began == waited


async def test_what_was_wrong_before_a_resume_looked_may_have_been_mended_just_now(tmp_path: Path) -> None:
    """A pod still says what was wrong when its kubelet last looked."""
    async with house(tmp_path) as home:
        await home.run(ScaleApp(app="web", replicas=1))
        home.box.behaviour.images["box.local/web:bad"] = {"CRASH": "no database"}
        held = await home.run(UpdateApp(app="web", version="bad", on_failure="hold"))
        home.box.behaviour.images["box.local/web:bad"] = {}
        resumed = await home.run(ResumeOperation(operation_id=held.id))

        assert (held.state, resumed.state, home.image()) == ("stuck", "done", "box.local/web:bad"), resumed.verdict


async def test_what_stays_wrong_after_a_resume_is_called_all_the_same(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await home.run(ScaleApp(app="web", replicas=1))
        home.box.behaviour.images["box.local/web:bad"] = {"CRASH": "no database"}
        held = await home.run(UpdateApp(app="web", version="bad", on_failure="hold"))
        resumed = await home.run(ResumeOperation(operation_id=held.id))

        assert resumed.state == "stuck"
        assert resumed.cause is not None
        assert resumed.cause.code == "CRASH_LOOP"
        assert resumed.ended is not None
        assert 5 < (resumed.ended - resumed.started).total_seconds() < 2 * RETRIED


async def test_who_may_not_read_records_finds_those_kept_here(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        home.box.faults.forbid("*", "configmaps")
        record = await home.run(UpdateApp(app="web", version="v2"))
        undone = await home.run(ResumeOperation(operation_id=record.id, action="undo"))

        assert (undone.state, home.image()) == ("done", "box.local/web:v1")
        with pytest.raises(Forbidden, match="configmaps"):
            await home.engine.world.story.record("abcd2345")
