"""Updates from the user's side, on the embedded cluster: done, or taken back with the cause."""

from pathlib import Path

from dot_ai_lifecycle.engine.run import Progress
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.requirements import claims
from tests.support.house import house


@claims("update.rolling", "access.history")
async def test_a_good_version_is_rolled_out_and_the_record_tells_it(tmp_path: Path):
    told: list[Progress] = []
    async with house(tmp_path) as home:
        record = await home.run(UpdateApp(app="web", version="v2"), told)

        assert (record.state, home.image()) == ("done", "box.local/web:v2")
        assert record.plan.before == "box.local/web:v1"
        assert record.plan.after == "box.local/web:v2"
        assert home.deployment()["status"]["updatedReplicas"] == 4
        assert home.deployment()["metadata"]["annotations"]["kubernetes.io/change-cause"].startswith("update_app: ")
        assert [h.what for h in record.happenings] == ["begun", "done"] * len(record.plan.steps)
        assert any(progress.total == 4 and 0 < progress.done < 4 for progress in told)


async def test_a_version_whose_image_is_missing_is_taken_back_within_fifteen_seconds(tmp_path: Path):
    async with house(tmp_path) as home:
        record = await home.run(UpdateApp(app="web", version="missing"))

        assert (record.state, home.image()) == ("undone", "box.local/web:v1")
        assert record.cause is not None
        assert record.cause.code.startswith("IMAGE")
        failed = next(h for h in record.happenings if h.what == "failed")
        assert (failed.at - record.started).total_seconds() < 15
        assert home.deployment()["status"]["readyReplicas"] == 4
