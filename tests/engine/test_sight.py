"""What a run can see of the app, and what it does where it sees little: lost rights, ended watches, silent logs."""

from pathlib import Path
from typing import Any

import pytest

from dot_ai_lifecycle.core.errors import NotFound
from dot_ai_lifecycle.core.refs import SERVICE, ref_to
from dot_ai_lifecycle.core.steps import Edit, Patch
from dot_ai_lifecycle.embedded.faults import Fault
from dot_ai_lifecycle.engine.means import Means
from dot_ai_lifecycle.engine.orders import Orders
from dot_ai_lifecycle.engine.perform import perform
from dot_ai_lifecycle.engine.stage import Stages
from dot_ai_lifecycle.operations.resume_operation import ResumeOperation
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.support.house import DATABASE, house


async def nobody_listens(text: str, count: int, total: int) -> None:
    """Hears what a step tells."""


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(method="GET", path="/pods.*watch=true", status=403, times=0), id="the right is taken away"),
        pytest.param(Fault(method="GET", path="/pods.*watch=true", status=400, times=0), id="it is refused for good"),
    ],
)
async def test_a_run_that_loses_sight_of_the_pods_stops_and_can_be_resumed(tmp_path: Path, fault: Fault):
    async with house(tmp_path) as home:
        run = await home.start(UpdateApp(app="web", version="v2"))
        home.box.faults.add(fault)
        record = await run.wait()
        home.box.faults.clear()
        resumed = await home.run(ResumeOperation(operation_id=record.id))

        assert record.state == "interrupted"
        assert record.verdict.startswith("Stopped: ")
        assert (resumed.state, home.image()) == ("done", "box.local/web:v2")


async def test_a_version_with_nothing_wrong_but_its_slowness_is_given_up_with_what_was_missing(tmp_path: Path):
    async with house(tmp_path) as home:
        home.box.behaviour.pull_seconds["box.local/web:huge"] = 500
        record = await home.run(UpdateApp(app="web", version="huge", timeout=20))

        assert record.cause is not None
        assert (record.state, record.cause.code, home.image()) == ("undone", "TIMEOUT", "box.local/web:v1")
        assert record.cause.text.startswith("It was not rolled out within 20 s: ")


async def test_last_words_that_are_not_in_one_life_of_a_container_are_looked_for_in_the_other(tmp_path: Path):
    async with house(tmp_path) as home:
        home.box.behaviour.images["box.local/web:bad"] = {"CRASH": "cannot open database"}
        silent = []

        def hush(request: Any, response: Any) -> None:
            if request.path.endswith("/log") and not silent:
                silent.append(request)
                response.body = b""

        home.box.faults.after = hush
        record = await home.run(UpdateApp(app="web", version="bad"))

        assert silent
        assert record.cause is not None
        assert any("cannot open database" in line for line in record.cause.logs)


async def test_a_container_that_never_said_anything_has_no_last_words(tmp_path: Path):
    async with house(tmp_path) as home:

        def hush(request: Any, response: Any) -> None:
            if request.path.endswith("/log"):
                response.body = b""

        home.box.faults.after = hush
        record = await home.run(UpdateApp(app="web", version="crash"))

        assert record.cause is not None
        assert (record.state, record.cause.logs) == ("undone", ())
        assert "It last said" not in record.cause.text


async def test_an_operation_that_is_not_in_the_namespace_named_is_not_looked_for_elsewhere(tmp_path: Path):
    async with house(tmp_path) as home:
        record = await home.run(UpdateApp(app="web", version="v2"))
        story = home.another_engine().world.story

        assert (await story.record(record.id)).id == record.id
        with pytest.raises(NotFound, match=f"no operation '{record.id}'"):
            await story.record(record.id, "default")


async def test_waiting_for_a_record_that_nobody_shows_gives_it_as_it_was(tmp_path: Path):
    async with house(tmp_path) as home:
        run = await home.start(UpdateApp(app="web", version="slow"))
        home.box.faults.forbid("list", "configmaps")
        record = run.record

        assert await home.another_engine().world.story.settled(record, 5) == record
        await run.wait()


async def test_a_patch_of_what_is_no_workload_leaves_no_template_behind(tmp_path: Path):
    async with house(tmp_path) as home:
        ref = ref_to(SERVICE, "web", "shop", home.box.store.get("Service", "web", "shop")["metadata"]["uid"])
        edit = Edit(path="/spec/ports/0/port", old=80, new=81)
        client = home.client()
        means = Means(client, Stages(client), Orders(client, "abcd1234", "shop"))
        did = await perform(means, Patch(ref=ref, edits=(edit,), why="another port"), 0, "", nobody_listens)

        assert (did.text, did.late) == ("another port", {})
        assert home.box.store.get("Service", "web", "shop")["spec"]["ports"][0]["port"] == 81


async def test_who_may_not_delete_broken_pods_is_told_which_to_delete_by_hand(tmp_path: Path):
    async with house(tmp_path, DATABASE) as home:
        run = await home.start(UpdateApp(app="db", version="unready"))
        home.box.faults.forbid("delete", "pods")
        record = await run.wait()

        assert record.state in ("undone", "stuck")
        assert any("you may not delete pods" in happening.text for happening in record.happenings), record.happenings


async def test_a_broken_pod_that_goes_by_itself_is_not_missed(tmp_path: Path):
    async with house(tmp_path, DATABASE) as home:
        run = await home.start(UpdateApp(app="db", version="unready"))

        def first(request: Any) -> None:
            if request.method == "DELETE" and "/pods/" in request.path:
                home.box.faults.before = None
                home.box.store.delete("Pod", request.path.rpartition("/")[2], "shop", grace_seconds=0)

        home.box.faults.before = first
        record = await run.wait()

        assert (record.state, home.image("db", "StatefulSet")) == ("undone", "box.local/db:v1")
        assert home.deployment("db", "StatefulSet")["status"]["readyReplicas"] == 3
