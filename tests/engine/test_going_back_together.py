"""A version comes back with what was around it: Services, autoscaler bounds and strategy, as operations saw them."""

from pathlib import Path
from typing import Any

import pytest

from dot_ai_lifecycle.operations.resume_operation import ResumeOperation
from dot_ai_lifecycle.operations.rollback_app import RollbackApp
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.support.house import BARE, DATABASE, House, house

SCALER = """
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: shop}
spec:
  minReplicas: 2
  maxReplicas: 6
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]
"""


def edit(home: House, kind: str, name: str, **spec: Any) -> None:
    """Somebody else changes fields of an object's spec."""
    home.box.store.edit(kind, name, "shop", lambda found: found["spec"].update(spec), field_manager="a-stranger")


def relabel(home: House, name: str, tag: str, **labels: str) -> None:
    """Somebody else deploys another image with further labels, and points the app's Services at those."""

    def change(workload: dict[str, Any]) -> None:
        workload["spec"]["template"]["metadata"]["labels"].update(labels)
        workload["spec"]["template"]["spec"]["containers"][0]["image"] = f"box.local/{name}:{tag}"

    home.edit(change, name)


def bounds(home: House) -> tuple[int, int]:
    spec = home.box.store.get("HorizontalPodAutoscaler", "web", "shop")["spec"]
    return spec["minReplicas"], spec["maxReplicas"]


async def test_nothing_else_is_touched_where_nothing_else_changed(tmp_path: Path):
    async with house(tmp_path, SCALER) as home:
        await home.run(UpdateApp(app="web", version="v2"))

        record = await home.run(RollbackApp(app="web"))

        assert {step.ref.kind for step in record.plan.steps} == {"Deployment"}


@pytest.mark.parametrize("app", ["web", "bare"])
async def test_a_selector_that_would_miss_the_old_version_is_put_back_before_it_comes(tmp_path: Path, app: str):
    async with house(tmp_path, BARE) as home:
        await home.run(UpdateApp(app=app, version="v2"))
        relabel(home, app, "v3", generation="three")
        await home.box.settled()
        edit(home, "Service", app, selector={"app": app, "generation": "three"})
        await home.box.settled()
        flow = home.box.traffic.start(app, "shop", rate=50)

        record = await home.run(RollbackApp(app=app, to_version="v1"))
        await home.box.settled()

        assert record.state == "done", record.verdict
        assert home.selector(app) == {"app": app}
        assert flow.failed == {}
        assert home.is_as_at_first(app, f"box.local/{app}:v1")


@pytest.mark.parametrize("app", ["web", "bare"])
async def test_what_fails_on_the_way_leaves_the_services_of_the_version_that_ran(tmp_path: Path, app: str):
    async with house(tmp_path, BARE) as home:
        await home.run(UpdateApp(app=app, version="v2"))
        relabel(home, app, "v3", generation="three")
        await home.box.settled()
        edit(home, "Service", app, selector={"app": app, "generation": "three"})
        home.box.behaviour.images[f"box.local/{app}:v1"] = {"CRASH": "it does not know the new schema"}

        record = await home.run(RollbackApp(app=app, to_version="v1"))

        assert record.state == "undone", record.verdict
        assert home.selector(app) == {"app": app, "generation": "three"}
        assert home.image(app) == f"box.local/{app}:v3"


async def test_it_is_undone_together_as_well(tmp_path: Path):
    async with house(tmp_path, SCALER) as home:
        await home.run(UpdateApp(app="web", version="v2"))
        edit(home, "HorizontalPodAutoscaler", "web", maxReplicas=12)
        pace = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 2, "maxUnavailable": 1}}
        edit(home, "Deployment", "web", minReadySeconds=2, strategy=pace)
        await home.box.settled()
        record = await home.run(RollbackApp(app="web"))
        assert home.deployment()["spec"]["strategy"] != pace

        undone = await home.run(ResumeOperation(operation_id=record.id, action="undo"))

        assert undone.state == "done", undone.verdict
        spec = home.deployment()["spec"]
        assert (bounds(home), spec["minReadySeconds"], spec["strategy"]) == ((2, 12), 2, pace)


async def test_a_service_that_is_pinned_on_the_way_is_undone_together_as_well(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        await home.run(UpdateApp(app="bare", version="v2"))
        relabel(home, "bare", "v3", generation="three")
        await home.box.settled()
        edit(home, "Service", "bare", selector={"app": "bare", "generation": "three"})
        record = await home.run(RollbackApp(app="bare", to_version="v1"))
        assert home.selector("bare") == {"app": "bare"}

        undone = await home.run(ResumeOperation(operation_id=record.id, action="undo"))

        assert undone.state == "done", undone.verdict
        assert home.selector("bare") == {"app": "bare", "generation": "three"}


async def test_bounds_and_strategy_come_back_and_stand_in_the_plan(tmp_path: Path):
    async with house(tmp_path, SCALER) as home:
        first = home.deployment()["spec"]["strategy"]
        await home.run(UpdateApp(app="web", version="v2"))
        edit(home, "HorizontalPodAutoscaler", "web", minReplicas=3, maxReplicas=12)
        edit(home, "Deployment", "web", minReadySeconds=2, strategy={"type": "Recreate"})
        await home.box.settled()

        record = await home.run(RollbackApp(app="web"))

        assert record.state == "done", record.verdict
        assert bounds(home) == (2, 6)
        assert home.deployment()["spec"]["strategy"] == first
        assert "minReadySeconds" not in home.deployment()["spec"]


async def test_an_autoscaler_keeps_an_upper_bound_that_more_pods_need_now(tmp_path: Path):
    async with house(tmp_path, SCALER) as home:
        await home.run(UpdateApp(app="web", version="v2"))
        edit(home, "HorizontalPodAutoscaler", "web", minReplicas=8, maxReplicas=12)
        edit(home, "Deployment", "web", replicas=8)
        await home.box.settled()

        record = await home.run(RollbackApp(app="web"))

        assert (record.state, bounds(home)) == ("done", (8, 12))
        assert any("keeps its bounds of 8 to 12" in note.text for note in record.plan.notes)


async def test_the_template_alone_goes_back_where_that_is_asked_for(tmp_path: Path):
    async with house(tmp_path, SCALER) as home:
        await home.run(UpdateApp(app="web", version="v2"))
        edit(home, "HorizontalPodAutoscaler", "web", maxReplicas=12)

        record = await home.run(RollbackApp(app="web", template_only=True))

        assert (record.state, bounds(home)) == ("done", (2, 12))


async def test_a_service_that_went_elsewhere_is_brought_back_and_one_that_is_gone_is_named(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        await home.run(UpdateApp(app="bare", version="v2"))
        edit(home, "Service", "bare", selector={"app": "somebody-else"})
        home.box.store.delete("Service", "bare-admin", "shop")

        record = await home.run(RollbackApp(app="bare"))

        assert (record.state, home.selector("bare")) == ("done", {"app": "bare"})
        assert any("Service bare-admin" in note.text and "is gone" in note.text for note in record.plan.notes)


async def test_the_strategy_of_a_set_comes_back_too(tmp_path: Path):
    async with house(tmp_path, DATABASE) as home:
        await home.run(UpdateApp(app="db", version="v2"))
        home.box.store.edit(
            "StatefulSet", "db", "shop", lambda found: found["spec"].update(minReadySeconds=1), field_manager="x"
        )
        await home.box.settled()

        record = await home.run(RollbackApp(app="db"))

        assert (record.state, home.deployment("db", "StatefulSet")["spec"].get("minReadySeconds", 0)) == ("done", 0)
