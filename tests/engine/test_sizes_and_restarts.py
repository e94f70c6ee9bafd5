"""Scaling and restarting from the user's side."""

from pathlib import Path

import pytest

from dot_ai_lifecycle.core.errors import Ambiguous, BadInput, NotFound, Refused
from dot_ai_lifecycle.operations.restart_app import RestartApp
from dot_ai_lifecycle.operations.resume_operation import ResumeOperation
from dot_ai_lifecycle.operations.scale_app import ScaleApp
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.requirements import claims
from tests.support.house import AGENT, DATABASE, house, with_image

SCALER = """
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web-scaler, namespace: shop}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 8
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]
"""

TWIN = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web, namespace: shop}
spec:
  serviceName: web
  replicas: 1
  selector: {matchLabels: {app: web-data}}
  template:
    metadata: {labels: {app: web-data}}
    spec: {containers: [{name: web, image: "box.local/data:v1"}]}
"""


@claims("scale.horizontal")
async def test_more_replicas_are_waited_for(tmp_path: Path):
    async with house(tmp_path) as home:
        record = await home.run(ScaleApp(app="web", replicas=6))

        assert record.state == "done"
        assert home.deployment()["status"]["readyReplicas"] == 6


@claims("scale.vertical")
async def test_a_new_size_goes_through_the_template_and_is_spelled_as_the_server_does(tmp_path: Path):
    async with house(tmp_path) as home:
        record = await home.run(ScaleApp(app="web", cpu="0.05", memory="128Mi"))

        resources = home.deployment()["spec"]["template"]["spec"]["containers"][0]["resources"]
        assert record.state == "done"
        assert resources == {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "128Mi"}}


async def test_a_size_no_node_can_hold_is_called_and_taken_back(tmp_path: Path):
    async with house(tmp_path) as home:
        before = home.deployment()["spec"]["template"]
        record = await home.run(ScaleApp(app="web", cpu="500"))

        assert record.state == "undone"
        assert record.cause is not None
        assert "cpu" in record.cause.text.lower()
        assert home.deployment()["spec"]["template"] == before


async def test_an_autoscaler_is_not_fought(tmp_path: Path):
    async with house(tmp_path, SCALER) as home:
        with pytest.raises(Refused, match=r"web-scaler \(2 to 8 replicas\).*minReplicas: 6"):
            await home.engine.propose(ScaleApp(app="web", replicas=6))


@pytest.mark.parametrize("replicas", [0, 2, 6])
async def test_a_paused_deployment_of_one_version_is_scaled_and_its_size_is_not_touched(tmp_path: Path, replicas: int):
    async with house(tmp_path) as home:
        home.edit(lambda web: web["spec"].update(paused=True))
        await home.box.settled()

        record = await home.run(ScaleApp(app="web", replicas=replicas))
        back = await home.run(ResumeOperation(operation_id=record.id, action="undo"))

        assert (record.state, record.plan.after) == ("done", f"{replicas} replicas")
        assert (back.state, home.deployment()["spec"]["replicas"]) == ("done", 4)
        with pytest.raises(Refused, match="is paused: its controller would not roll out"):
            await home.engine.propose(ScaleApp(app="web", replicas=replicas, cpu="50m"))


async def test_a_deployment_paused_between_two_versions_is_not_scaled(tmp_path: Path):
    async with house(tmp_path) as home:
        home.edit(lambda web: web["spec"].update(paused=True))
        home.edit(with_image("box.local/web:v2"))
        await home.box.settled()

        with pytest.raises(Refused, match=r"between two versions.*kubectl rollout resume deployment/web -n shop"):
            await home.engine.propose(ScaleApp(app="web", replicas=6))


async def test_an_on_delete_set_is_scaled_only_when_its_pods_are_of_one_version(tmp_path: Path):
    async with house(tmp_path, DATABASE) as home:
        home.edit(lambda db: db["spec"].update(updateStrategy={"type": "OnDelete"}), "db", "StatefulSet")
        await home.box.settled()

        record = await home.run(ScaleApp(app="db", replicas=4))
        home.edit(with_image("box.local/db:v2"), "db", "StatefulSet")
        await home.box.settled()

        assert (record.state, home.deployment("db", "StatefulSet")["status"]["readyReplicas"]) == ("done", 4)
        with pytest.raises(Refused, match=r"another version: db-0.*kubectl delete pod db-0 -n shop"):
            await home.engine.propose(ScaleApp(app="db", replicas=5))


async def test_a_daemon_set_has_no_replicas(tmp_path: Path):
    async with house(tmp_path, AGENT) as home:
        with pytest.raises(BadInput, match="one pod on each node"):
            await home.engine.propose(ScaleApp(app="agent", replicas=6))


async def test_a_restart_replaces_every_pod_and_can_be_repeated(tmp_path: Path):
    async with house(tmp_path) as home:
        first = {pod["metadata"]["uid"] for pod in home.box.store.list("Pod", "shop")}
        record = await home.run(RestartApp(app="web", reason="new certificate"))
        await home.box.settled()
        second = {pod["metadata"]["uid"] for pod in home.box.store.list("Pod", "shop")}
        again = await home.engine.propose(RestartApp(app="web"))

        assert record.state == "done"
        assert not first & second
        assert again.plan.steps


async def test_a_restart_that_is_undone_leaves_the_template_as_it_was(tmp_path: Path):
    async with house(tmp_path) as home:
        await home.run(RestartApp(app="web"))
        before = home.deployment()["spec"]["template"]
        restart = await home.run(RestartApp(app="web"))

        await home.run(ResumeOperation(operation_id=restart.id, action="undo"))

        assert home.deployment()["spec"]["template"] == before


async def test_at_zero_replicas_an_update_is_made_and_said_to_be_unproven(tmp_path: Path):
    async with house(tmp_path) as home:
        await home.run(ScaleApp(app="web", replicas=0))
        proposal = await home.engine.propose(UpdateApp(app="web", version="v2"))

        record = await home.run(UpdateApp(app="web", version="v2"))

        assert any("no pod proves" in note.text for note in proposal.plan.notes)
        assert (record.state, home.image()) == ("done", "box.local/web:v2")


async def test_one_pod_is_not_spoken_of_as_many(tmp_path: Path):
    async with house(tmp_path) as home:
        scaled = await home.run(ScaleApp(app="web", replicas=1))
        restart = (await home.engine.propose(RestartApp(app="web"))).plan

        assert scaled.plan.summary == "Scale Deployment shop/web: 4 replicas → 1 replica"
        assert restart.summary == "Restart Deployment shop/web, 1 pod"


@claims("update.zero_downtime")
async def test_a_single_replica_is_updated_without_a_failed_request(tmp_path: Path):
    async with house(tmp_path) as home:
        await home.run(ScaleApp(app="web", replicas=1))
        flow = home.box.traffic.start("web", "shop", rate=100)
        record = await home.run(UpdateApp(app="web", version="v2"))
        await home.box.settled()
        flow.stop()

        assert record.state == "done"
        assert sum(flow.failed.values()) == 0


@pytest.mark.parametrize(
    ("name", "hint"), [("wbe", "Did you mean web"), ("nothing-like-it", "list_apps"), ("job/web", "deployment/NAME")]
)
async def test_an_unknown_app_is_answered_with_near_names(tmp_path: Path, name: str, hint: str):
    async with house(tmp_path) as home:
        with pytest.raises(NotFound) as caught:
            await home.engine.propose(RestartApp(app=name))

        assert hint in caught.value.hint


async def test_two_workloads_of_one_name_are_listed_not_guessed(tmp_path: Path):
    async with house(tmp_path, TWIN) as home:
        with pytest.raises(Ambiguous, match="deployment/web in shop, statefulset/web in shop"):
            await home.engine.propose(RestartApp(app="web"))

        proposal = await home.engine.propose(RestartApp(app="sts/web"))
        assert proposal.plan.app.kind == "StatefulSet"


async def test_the_running_version_needs_no_update(tmp_path: Path):
    async with house(tmp_path) as home:
        proposal = await home.engine.propose(UpdateApp(app="web", version="v1"))

        assert proposal.plan.steps == ()
        assert proposal.plan.summary == "Deployment shop/web already runs v1: nothing to do."


@pytest.mark.parametrize("image", ["UPPER/case:v1", "web:v 1", "web@sha256:short", ":v1", "web:-bad"])
async def test_an_odd_image_reference_is_refused_before_anything_is_touched(tmp_path: Path, image: str):
    async with house(tmp_path) as home:
        revision = home.box.store.revision
        with pytest.raises(BadInput, match="not an image reference"):
            await home.engine.propose(UpdateApp(app="web", image=image))

        assert home.box.store.revision == revision
