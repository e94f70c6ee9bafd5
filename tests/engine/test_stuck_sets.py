"""An ordered set is freed from the pods of a bad revision, as late as it must be and as often as it must be."""

from pathlib import Path
from typing import Any

import pytest

from dot_ai_lifecycle.core.errors import Forbidden
from dot_ai_lifecycle.core.refs import STATEFUL_SET, ref_to
from dot_ai_lifecycle.core.steps import Unstick
from dot_ai_lifecycle.embedded.cluster import EmbeddedCluster
from dot_ai_lifecycle.engine.means import Did, Means
from dot_ai_lifecycle.engine.orders import Orders
from dot_ai_lifecycle.engine.stage import Stages
from dot_ai_lifecycle.engine.unstick import unstick
from dot_ai_lifecycle.operations.rollback_app import RollbackApp
from tests.support.house import DATABASE, SHOP, House, client_of, house, with_image

PARALLEL = DATABASE.replace("serviceName: db", "serviceName: db\n  podManagementPolicy: Parallel")


async def broken(home: House, tag: str = "missing") -> None:
    """Somebody deploys a version that does not work, and leaves."""
    home.edit(with_image(f"box.local/db:{tag}"), "db", "StatefulSet")
    await home.box.settled()


async def unstuck(box: EmbeddedCluster) -> Did:
    """What unsticking the set as it stands comes to."""
    client = client_of(box)
    stages = Stages(client)
    uid = box.store.get("StatefulSet", "db", "shop")["metadata"]["uid"]
    step = Unstick(ref=ref_to(STATEFUL_SET, "db", "shop", uid), why="x")
    try:
        return await unstick(Means(client, stages, Orders(client, "abcd1234", "shop")), step)
    finally:
        await stages.close()


def freed(record: Any) -> str:
    return next(h.text for h in record.happenings if h.what == "done" and h.step == 1)


async def test_the_broken_pod_goes_once_the_good_revision_is_wanted(tmp_path: Path):
    async with house(tmp_path, DATABASE) as home:
        await broken(home)

        record = await home.run(RollbackApp(app="db"))

        assert (record.state, freed(record)) == ("done", "deleted the broken db-2")
        assert home.deployment("db", "StatefulSet")["status"]["readyReplicas"] == 3


async def test_pods_of_a_bad_revision_that_break_while_it_is_going_back_are_freed_as_well(tmp_path: Path):
    async with house(tmp_path, DATABASE) as home:
        home.box.behaviour.images["box.local/db:v2"] = {"CRASH_AFTER_S": "30"}
        await broken(home, "v2")
        home.box.behaviour.images["box.local/db:v1"] = {"SLOW_START_S": "25"}
        run = await home.start(RollbackApp(app="db"))
        await run.wait(within=5)
        home.box.behaviour.images["box.local/db:v2"] = {"CRASH": "it does not start again"}
        record = await run.wait()

        assert record.state == "done", record.verdict
        assert home.deployment("db", "StatefulSet")["status"]["readyReplicas"] == 3


async def test_who_may_not_delete_pods_is_told_which(tmp_path: Path):
    async with house(tmp_path, DATABASE) as home:
        await broken(home)
        home.box.faults.forbid("delete", "pods")

        record = await home.run(RollbackApp(app="db", timeout=60))

        assert "you may not delete pods" in freed(record)
        assert "db-2" in freed(record)
        assert record.state in ("undone", "stuck")


async def test_a_set_that_is_replaced_in_parallel_needs_no_help(tmp_path: Path):
    async with house(tmp_path, PARALLEL) as home:
        await broken(home)

        record = await home.run(RollbackApp(app="db"))

        assert (record.state, freed(record)) == ("done", "pods are replaced in parallel; none is stuck")


async def test_a_set_at_rest_has_nothing_stuck(tmp_path: Path):
    async with house(tmp_path, DATABASE) as home:
        assert (await unstuck(home.box)).text == "no pod is stuck"


async def test_no_pod_is_deleted_before_the_controller_knows_the_good_revision():
    box = EmbeddedCluster()  # whose controllers never begin
    for manifest in (SHOP, DATABASE):
        box.apply(manifest)

    assert "not looked at the change yet: no pod was deleted" in (await unstuck(box)).text


async def test_a_set_nobody_may_watch_is_not_judged(tmp_path: Path):
    async with house(tmp_path, DATABASE) as home:
        home.box.faults.forbid("watch", "pods")

        with pytest.raises(Forbidden):
            await unstuck(home.box)


async def test_what_a_lost_node_holds_is_left_and_named(tmp_path: Path):
    def lost(pod: dict[str, Any]) -> None:
        pod["status"]["reason"] = "NodeLost"

    async with house(tmp_path, DATABASE) as home:
        await broken(home)
        home.edit(with_image("box.local/db:v1"), "db", "StatefulSet")
        await home.box.settled()
        home.box.store.edit("Pod", "db-2", "shop", lost, field_manager="node-controller", subresource="status")

        assert (await unstuck(home.box)).text.endswith("db-2 would meet the same node or volume again and was left")
