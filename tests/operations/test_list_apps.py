"""What runs, in one row each."""

from pathlib import Path
from typing import Any

import pytest

from dot_ai_lifecycle.core.errors import BadInput, NotFound
from dot_ai_lifecycle.engine.engine import Engine
from dot_ai_lifecycle.operations.list_apps import Apps, ListApps
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.support.house import AGENT, DATABASE, House, house

MANY = """
apiVersion: apps/v1
kind: Deployment
metadata: {{name: app-{number:03}, namespace: shop, labels: {{tier: "{tier}"}}}}
spec:
  replicas: 1
  selector: {{matchLabels: {{app: app-{number:03}}}}}
  template:
    metadata: {{labels: {{app: app-{number:03}}}}}
    spec: {{containers: [{{name: app, image: "box.local/app:v{number}"}}]}}
"""


def many(count: int) -> str:
    return "---".join(MANY.format(number=number, tier=number % 2) for number in range(count))


def names(answer: Apps) -> list[str]:
    return [row.app for row in answer.apps]


async def ask(home: House, **wanted: Any) -> Apps:
    engine: Engine = home.engine
    return await engine.ask(ListApps(**wanted))


async def test_every_kind_of_workload_is_a_row_with_health_version_and_owner(tmp_path: Path):
    async with house(tmp_path, DATABASE, AGENT) as home:
        answer = await ask(home)

        assert names(answer) == ["daemonset/agent", "statefulset/db", "deployment/web"]
        web = answer.apps[-1]
        assert (web.health, web.ready, web.wanted, web.owner) == ("healthy", 4, 4, "nobody")
        assert web.version.startswith("v1@")
        assert answer.summary == "3 apps in namespace shop: 3 healthy."
        assert (answer.page, answer.next_steps) == (None, ())


async def test_a_failed_version_is_degraded_with_its_cause_and_its_unfinished_operation(tmp_path: Path):
    async with house(tmp_path) as home:
        held = await home.run(UpdateApp(app="web", version="missing", on_failure="hold"))

        (web,) = (await ask(home)).apps

        assert (web.health, web.ready, web.wanted) == ("degraded", web.ready, 4)
        assert "box.local/web:missing" in web.reason
        assert web.operations == (f"{held.id} stuck",)
        assert web.version == "missing"


async def test_the_summary_names_what_does_not_do_well_and_where_to_look(tmp_path: Path):
    async with house(tmp_path, DATABASE) as home:
        await home.run(UpdateApp(app="web", version="crash", on_failure="hold"))

        answer = await ask(home)

        assert answer.summary == "2 apps in namespace shop: 1 healthy, 1 degraded (web)."
        assert answer.next_steps[0].startswith("inspect_app app=deployment/web namespace=shop")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        pytest.param({"name": "we"}, ["deployment/web"], id="by a part of the name"),
        pytest.param({"labels": "app=db"}, ["statefulset/db"], id="by label"),
        pytest.param({"health": "stopped"}, ["deployment/idle"], id="by health"),
        pytest.param({"namespace": "kube-system"}, [], id="by a namespace without apps"),
        pytest.param(
            {"all_namespaces": True, "labels": "app"}, ["statefulset/db", "deployment/web"], id="in all namespaces"
        ),
    ],
)
async def test_apps_are_found(tmp_path: Path, wanted: dict[str, Any], found: list[str]):
    idle = MANY.format(number=0, tier=0).replace("app-000", "idle").replace("replicas: 1", "replicas: 0")
    async with house(tmp_path, DATABASE, idle) as home:
        assert names(await ask(home, **wanted)) == found


async def test_pages_follow_each_other_without_gap_or_repetition(tmp_path: Path):
    async with house(tmp_path, many(7)) as home:
        seen: list[str] = []
        page = ""
        while True:
            answer = await ask(home, limit=3, page=page)
            seen += names(answer)
            assert answer.total == 8
            if answer.page is None:
                break
            page = answer.page

        assert seen == [*(f"deployment/app-{number:03}" for number in range(7)), "deployment/web"]


async def test_two_hundred_apps_fit_into_an_answer_of_forty_thousand_characters(tmp_path: Path):
    idle = many(199).replace("replicas: 1", "replicas: 0")
    async with house(tmp_path, idle) as home:
        answer = await ask(home, limit=200)

        assert answer.total == 200
        assert len(answer.model_dump_json(exclude_none=True)) <= 40_000
        assert (len(answer.apps) == 200) == (answer.page is None)
        assert len(answer.apps) >= 150


async def test_a_namespace_that_does_not_exist_is_an_error_not_an_empty_list(tmp_path: Path):
    async with house(tmp_path) as home:
        with pytest.raises(NotFound, match="no namespace 'shpo'"):
            await ask(home, namespace="shpo")


async def test_one_namespace_and_all_namespaces_cannot_both_be_meant(tmp_path: Path):
    async with house(tmp_path) as home:
        with pytest.raises(BadInput, match="all namespaces"):
            await ask(home, namespace="shop", all_namespaces=True)


async def test_a_made_up_page_is_refused(tmp_path: Path):
    async with house(tmp_path) as home:
        with pytest.raises(BadInput, match="not the token"):
            await ask(home, page="2")


async def test_a_page_ends_early_where_its_rows_have_much_to_tell(tmp_path: Path):
    long = many(90).replace("replicas: 1", "replicas: 0").replace("box.local/app:", f"box.local/app:{'x' * 110}")
    owned = long.replace("{tier:", f"{{app.kubernetes.io/managed-by: {'robot' * 12}, tier:")
    names_wide = owned.replace("app-", f"app-{'y' * 200}-")
    async with house(tmp_path, names_wide) as home:
        answer = await ask(home, limit=200)

        assert len(answer.model_dump_json(exclude_none=True)) <= 40_000
        assert answer.total == 91
        assert len(answer.apps) < 91
        assert answer.page == f"shop/{answer.apps[-1].app}"
