"""Questions from the command line: what a person reads, what a program reads, how they exit."""

from pathlib import Path

from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.faces.cli.calling import call
from tests.support.house import DATABASE, house


async def test_apps_are_a_table_with_the_cluster_named(tmp_path: Path):
    async with house(tmp_path, DATABASE) as home:
        called = await call(home, "list", "-n", "shop")
        assert (called.code, called.err) == (0, "")
        lines = called.out.splitlines()
        assert lines[0].startswith("2 apps in namespace shop: 2 healthy")
        assert "Cluster  embedded" in lines
        [web] = [line for line in lines if line.startswith("deployment/web")]
        assert web.split()[1:3] == ["healthy", "4/4"]
        document = (await call(home, "list", "-n", "shop", "-o", "json")).document
        assert [row["app"] for row in document["apps"]] == ["statefulset/db", "deployment/web"]


async def test_no_apps_is_an_answer_and_a_missing_namespace_is_not(tmp_path: Path):
    async with house(tmp_path) as home:
        empty = await call(home, "list", "nothing-like-it", "-n", "shop")
        assert (empty.code, empty.out.splitlines()[0]) == (0, "No apps in namespace shop that fit.")
        missing = await call(home, "list", "-n", "nowhere")
        assert (missing.code, missing.out) == (2, "")
        assert missing.err.startswith("dot-ai: There is no namespace 'nowhere'")


async def test_an_app_is_told_in_sections(tmp_path: Path):
    async with house(tmp_path) as home:
        called = await call(home, "inspect", "web", "-n", "shop")
        assert called.code == 0
        lines = called.out.splitlines()
        assert lines[0].startswith("deployment/web in shop is healthy at v1")
        for section in ("Containers", "Pods", "Services", "Revisions"):
            assert section in lines
        full = await call(home, "inspect", "web", "-n", "shop", "--detail", "full", "-o", "json")
        assert len(full.document["pods"]) == 4


async def test_history_tells_what_was_done_and_an_operation_exits_as_it_ended(tmp_path: Path):
    async with house(tmp_path) as home:
        good = await home.run(UpdateApp(app="web", version="v2"))
        bad = await home.run(UpdateApp(app="web", version="v3-crash"))
        history = await call(home, "history", "web", "-n", "shop")
        rows = [line for line in history.out.splitlines() if line.startswith((good.id, bad.id))]
        [first, second] = sorted(rows, key=lambda row: row.startswith(good.id))
        assert (first.split()[1], second.split()[1]) == ("update", "update")
        assert "undone" in first
        assert "box.local/web:v1 → v2" in second
        assert (await call(home, "operation", good.id)).code == 0
        assert (await call(home, "operation", bad.id)).code == 1


async def test_an_app_that_is_gone_still_has_its_history(tmp_path: Path):
    async with house(tmp_path) as home:
        record = await home.run(UpdateApp(app="web", version="v2"))
        home.box.store.delete("Deployment", "web", "shop")
        for name in ("web", "deployment/web"):
            history = await call(home, "history", name, "-n", "shop")
            assert history.out.startswith(f"1 operation on {name} in shop, which is not there any more.")
            assert record.id in history.out
        assert (await call(home, "history", "statefulset/web", "-n", "shop")).code == 2
        assert (await call(home, "history", "never-was", "-n", "shop")).code == 2


async def test_an_operation_somebody_else_runs_is_waited_for_and_still_running_has_its_exit_code(tmp_path: Path):
    async with house(tmp_path) as home:
        run = await home.start(UpdateApp(app="web", version="v2-slow"))
        waited = await call(home, "operation", run.operation_id, "--wait", "5", "-o", "json")
        assert (waited.code, waited.document["status"]) == (3, "running")
        ended = await call(home, "operation", run.operation_id, "--wait", "45")
        record = await run.wait()
        assert (ended.code, record.state) in ((0, "done"), (3, "done"))


async def test_an_unknown_operation_is_told_with_the_command_that_lists_them(tmp_path: Path):
    async with house(tmp_path) as home:
        called = await call(home, "operation", "zzzz9999")
        assert called.code == 2
        assert called.err.splitlines() == [
            "dot-ai: There is no operation 'zzzz9999' in embedded.",
            "List what was done with `dot-ai history`.",
        ]


async def test_an_app_is_checked_before_its_update(tmp_path: Path):
    async with house(tmp_path, DATABASE) as home:
        called = await call(home, "check", "db", "--version", "v2", "-n", "shop")
        assert (called.code, called.err) == (0, "")
        lines = called.out.splitlines()
        assert lines[0] == "statefulset/db in shop: an update to box.local/db:v2 would be degraded (rolling)."
        assert any(line.startswith("  blocks   Z06  The pods that run now have no preStop hook (db)") for line in lines)
        assert lines[-1] == "Next     dot-ai update statefulset/db -n shop --version v2"
        document = (await call(home, "check", "db", "-n", "shop", "-o", "json")).document
        assert (document["verdict"], document["strategy"]) == ("degraded", "rolling")
