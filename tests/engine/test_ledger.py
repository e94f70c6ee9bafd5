"""The ledger: kept next to the app, found again by anyone, and never longer than it is useful."""

from datetime import timedelta
from pathlib import Path

import pytest

from dot_ai_lifecycle.adapters.local_files import LocalFiles
from dot_ai_lifecycle.core.errors import BadInput
from dot_ai_lifecycle.engine.ledger import Ledger
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.support.house import house


async def test_the_newest_twenty_are_kept_and_those_a_retained_revision_came_from(tmp_path: Path):
    async with house(tmp_path) as home:
        updated = await home.run(UpdateApp(app="web", version="v2"))
        ledger = Ledger(home.client(), LocalFiles(tmp_path))
        for number in range(23):
            later = updated.started + timedelta(minutes=1 + number)
            same = {"template_before": updated.template_after, "id": f"scaled{number:02}", "started": later}
            await ledger.begin(updated.model_copy(update=same))

        await ledger.prune(updated)

        kept = await ledger.records("shop", app="web", limit=100)
        assert [record.id for record in kept] == [f"scaled{number:02}" for number in range(22, 2, -1)] + [updated.id]


async def test_a_colleague_finds_an_operation_by_its_id_alone(tmp_path: Path):
    async with house(tmp_path) as home:
        record = await home.run(UpdateApp(app="web", version="v2"))

        found = await home.another_engine().world.story.record(record.id)

        assert (found.id, found.state, found.actor) == (record.id, "done", "cli:tester")
        assert found.images_before["web"] != found.images_after["web"]


async def test_a_strangers_config_map_with_our_label_is_passed_over(tmp_path: Path):
    stranger = """
apiVersion: v1
kind: ConfigMap
metadata: {name: not-ours, namespace: shop, labels: {lifecycle.dot-ai/operation: abcdefgh}}
data: {record: nonsense}
"""
    async with house(tmp_path) as home:
        home.box.apply(stranger)
        record = await home.run(UpdateApp(app="web", version="v2"))

        assert [one.id for one in await home.engine.world.story.records("shop")] == [record.id]


async def test_apps_whose_long_names_begin_alike_have_a_history_each(tmp_path: Path):
    async with house(tmp_path) as home:
        record = await home.run(UpdateApp(app="web", version="v2"))
        ledger = Ledger(home.client(), LocalFiles(tmp_path))
        names = [f"{'a' * 63}-{end}" for end in ("one", "two")]
        for name, id in zip(names, ("aaaa1111", "bbbb2222"), strict=True):
            plan = record.plan.model_copy(update={"app": record.plan.app.model_copy(update={"name": name})})
            await ledger.begin(record.model_copy(update={"id": id, "plan": plan}))

        assert [one.id for one in await ledger.records("shop", app=names[1])] == ["bbbb2222"]


@pytest.mark.parametrize("text", ["", "{}", "not JSON", '{"id": 1}'])
async def test_a_record_kept_here_that_cannot_be_read_is_passed_over(tmp_path: Path, text: str):
    async with house(tmp_path) as home:
        record = await home.run(UpdateApp(app="web", version="v2"))
        uid = (await home.client().identity()).uid
        for name in (record.id, "aaaa1111"):
            LocalFiles(tmp_path).put(f"records/{uid}/{name}", text)

        assert [one.id for one in await home.engine.world.story.records("shop")] == [record.id]
        assert (await home.engine.world.story.record(record.id)).state == "done"


def test_what_this_machine_does_not_let_go_of_is_said(tmp_path: Path):
    local = LocalFiles(tmp_path)
    local.put("approvals/abc", "yes")

    local.remove("approvals/nothing")
    with pytest.raises(BadInput, match="Cannot keep files in"):
        local.remove("approvals")
