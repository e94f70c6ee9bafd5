"""One app, looked at closely."""

from pathlib import Path

import pytest

from dot_ai_lifecycle.core.errors import NotFound
from dot_ai_lifecycle.operations.inspect_app import InspectApp
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.support.house import DATABASE, house

AROUND = """
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: shop}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 4
  maxReplicas: 9
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web, namespace: shop}
spec: {minAvailable: 3, selector: {matchLabels: {app: web}}}
"""


async def test_a_healthy_app_is_shown_with_everything_around_it(tmp_path: Path):
    async with house(tmp_path, AROUND) as home:
        app = await home.engine.ask(InspectApp(app="web"))

        assert (app.health, app.ready, app.wanted) == ("healthy", 4, 4)
        assert app.summary.startswith("deployment/web in shop is healthy at v1@")
        assert app.autoscaler.startswith("web: 4 to 9 pods on cpu 80%")
        assert app.disruption_budgets[0].startswith("web: minAvailable 3;")
        assert [(s.service, s.ready, s.endpoints) for s in app.services] == [("web", 4, 4)]
        assert [(r.revision, r.current, r.pods) for r in app.revisions] == [("#1", True, 4)]
        assert [(c.name, c.probes) for c in app.containers] == [("web", "readiness")]
        assert {pod.state for pod in app.pods} == {"Ready"}
        assert [event.reason for event in app.events] == ["ScalingReplicaSet"]
        assert (app.problems, app.next_steps) == ((), ())


async def test_an_app_whose_update_fails_shows_cause_evidence_events_and_the_way_on(tmp_path: Path):
    async with house(tmp_path) as home:
        held = await home.run(UpdateApp(app="web", version="missing", on_failure="hold"))

        app = await home.engine.ask(InspectApp(app="web"))

        assert app.health == "degraded"
        assert app.problems[0].code == "IMAGE_NOT_FOUND"
        assert "not found" in app.problems[0].evidence[0]
        assert app.pods[0].state in ("ErrImagePull", "ImagePullBackOff")
        assert app.events[0].type == "Warning"
        assert [(r.revision, r.current) for r in app.revisions] == [("#2", True), ("#1", False)]
        assert [(o.operation_id, o.state) for o in app.operations] == [(held.id, "stuck")]
        assert held.id in app.next_steps[0]
        assert app.next_steps[1].startswith("rollback_app app=deployment/web namespace=shop")


async def test_values_of_variables_are_never_shown(tmp_path: Path):
    async with house(tmp_path) as home:
        home.edit(
            lambda live: live["spec"]["template"]["spec"]["containers"][0].update(
                env=[
                    {"name": "MODE", "value": "a-plain-value"},
                    {"name": "PASSWORD", "value": "hunter2"},
                    {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "t", "optional": True}}},
                ]
            )
        )
        await home.box.settled()

        app = await home.engine.ask(InspectApp(app="web", detail="full"))

        assert app.configuration == ("Secret keys (env)",)
        shown = app.model_dump_json()
        assert "hunter2" not in shown
        assert "a-plain-value" not in shown


async def test_a_stateful_set_is_shown_with_its_headless_service_and_revisions(tmp_path: Path):
    async with house(tmp_path, DATABASE) as home:
        app = await home.engine.ask(InspectApp(app="statefulset/db"))

        assert (app.app, app.health) == ("statefulset/db", "healthy")
        assert [(s.service, s.type, s.ready) for s in app.services] == [("db", "headless", 3)]
        assert [(r.revision, r.current, r.pods) for r in app.revisions] == [("#1", True, 3)]


async def test_full_detail_of_a_big_app_stays_bounded(tmp_path: Path):
    async with house(tmp_path) as home:
        home.edit(lambda live: live["spec"].update(replicas=45))
        await home.box.settled()

        app = await home.engine.ask(InspectApp(app="web", detail="full"))

        assert len(app.pods) == 40
        assert len(app.model_dump_json()) <= 40_000


async def test_a_misspelt_app_is_met_with_the_near_name(tmp_path: Path):
    async with house(tmp_path) as home:
        with pytest.raises(NotFound, match="Did you mean web"):
            await home.engine.ask(InspectApp(app="wed", namespace="shop"))


@pytest.mark.parametrize("resource", ["events", "endpointslices", "poddisruptionbudgets", "horizontalpodautoscalers"])
async def test_what_may_not_be_seen_is_named_and_the_rest_is_shown(tmp_path: Path, resource: str):
    async with house(tmp_path) as home:
        home.box.faults.forbid("list", resource)

        seen = await home.engine.ask(InspectApp(app="web"))

        assert (seen.health, seen.unread) == ("healthy", (resource,))
