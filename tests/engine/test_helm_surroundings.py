"""What else a Helm release has goes back with it: Services, autoscalers, sets; and what must not go stays."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dot_ai_lifecycle.operations.resume_operation import ResumeOperation
from dot_ai_lifecycle.operations.rollback_app import RollbackApp
from tests.faces.cli.calling import call
from tests.support.house import house
from tests.support.releases import FIRST, SECOND, THIRD, Chart, Helm

SCALER = """
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: site}
spec:
  minReplicas: 2
  maxReplicas: %d
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: site}
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]
"""
ADMIN = """
apiVersion: v1
kind: Service
metadata: {name: site-admin}
spec: {selector: {%s}, ports: [{port: 81, targetPort: http}]}
"""
CLAIM = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: site-files}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"""
KEPT = """
apiVersion: v1
kind: ConfigMap
metadata: {name: site-kept, annotations: {helm.sh/resource-policy: keep}}
data: {a: b}
"""
KEPT_SECRET = """
apiVersion: v1
kind: Secret
metadata: {name: site-key, annotations: {helm.sh/resource-policy: keep}}
data: {key: YQ==}
"""
SET = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: store}
spec:
  serviceName: store
  replicas: 2
  selector: {matchLabels: {app: store}}
  template:
    metadata: {labels: {app: store}}
    spec:
      containers:
      - name: store
        image: box.local/store:%s
"""
JOB = """
apiVersion: batch/v1
kind: CronJob
metadata: {name: site-report}
spec:
  schedule: "%s"
  jobTemplate:
    spec: {template: {spec: {restartPolicy: Never, containers: [{name: report, image: box.local/report:v1}]}}}
"""


async def test_an_autoscaler_goes_back_and_keeps_deciding_the_replicas(tmp_path: Path):
    async with house(tmp_path) as home:
        helm = Helm(home)
        await helm.upgrade(replace(FIRST, more=SCALER % 6), replace(SECOND, more=SCALER % 12))
        home.edit(lambda found: found["spec"].update(replicas=5), "site")
        await home.box.settled()
        now = home.deployment("site")["spec"]["replicas"]

        record = await home.run(RollbackApp(app="site"))

        assert record.state == "done", record.verdict
        assert home.box.store.get("HorizontalPodAutoscaler", "site", "shop")["spec"]["maxReplicas"] == 6
        assert home.deployment("site")["spec"]["replicas"] == now
        order = [step.ref.kind for step in record.plan.steps]
        assert order.index("HorizontalPodAutoscaler") > order.index("Deployment")


async def test_a_selector_that_suits_both_goes_first_and_users_notice_nothing(tmp_path: Path):
    async with house(tmp_path) as home:
        helm = Helm(home)
        await helm.upgrade(replace(FIRST, more=ADMIN % "app: site"), _adorned(SECOND, ADMIN % "app: site, tier: two"))
        flow = home.box.traffic.start("site-admin", "shop", rate=50)

        record = await home.run(RollbackApp(app="site"))
        await home.box.settled()

        assert record.state == "done", record.verdict
        assert home.selector("site-admin") == {"app": "site"}
        assert flow.failed == {}
        assert record.plan.risk.level == "medium"
        undone = await home.run(ResumeOperation(operation_id=record.id, action="undo"))
        assert (undone.state, home.selector("site-admin")) == ("done", {"app": "site", "tier": "two"})


async def test_a_selector_that_suits_neither_goes_last_and_a_person_is_told_of_the_gap(tmp_path: Path):
    async with house(tmp_path) as home:
        helm = Helm(home)
        first = _adorned(FIRST, ADMIN % "app: site, tier: one", tier="one")
        await helm.upgrade(first, _adorned(SECOND, ADMIN % "app: site, tier: two"))

        proposal = await home.engine.propose(RollbackApp(app="site"))
        record = await home.run(RollbackApp(app="site"))

        assert proposal.needs == "person"
        assert "Service site-admin sends to nobody between the two revisions" in str(proposal.plan.risk.reasons)
        assert (record.state, home.selector("site-admin")) == ("done", {"app": "site", "tier": "one"})


def _adorned(chart: Chart, more: str, tier: str = "two") -> Chart:
    return replace(chart, more=more, labels=f", tier: {tier}")


async def test_data_and_what_helm_is_to_keep_stay_and_that_is_told(tmp_path: Path):
    async with house(tmp_path) as home:
        helm = Helm(home)
        await helm.upgrade(FIRST, replace(SECOND, more="---".join((CLAIM, KEPT, KEPT_SECRET))))

        record = await home.run(RollbackApp(app="site"))

        assert record.state == "done", record.verdict
        assert home.box.store.get("PersistentVolumeClaim", "site-files", "shop")
        assert home.box.store.get("ConfigMap", "site-kept", "shop")
        assert home.box.store.get("Secret", "site-key", "shop")
        told = " ".join(note.text for note in record.plan.notes)
        assert "PersistentVolumeClaim site-files stays" in told
        assert (
            "ConfigMap site-kept stays, though that revision does not have it: it says that Helm is to keep it" in told
        )


async def test_sets_and_jobs_of_the_release_go_back_too(tmp_path: Path):
    async with house(tmp_path) as home:
        helm = Helm(home)
        old, new = "---".join((SET % "v1", JOB % "0 1 * * *")), "---".join((SET % "v2", JOB % "0 2 * * *"))
        await helm.upgrade(replace(FIRST, more=old), replace(SECOND, more=new))

        record = await home.run(RollbackApp(app="site"))

        assert record.state == "done", record.verdict
        assert home.image("store", "StatefulSet") == "box.local/store:v1"
        assert home.box.store.get("CronJob", "site-report", "shop")["spec"]["schedule"] == "0 1 * * *"
        assert any(step.step == "unstick" for step in record.plan.steps)


async def test_what_the_chart_says_besides_the_template_goes_back_after_it(tmp_path: Path):
    async with house(tmp_path) as home:
        helm = Helm(home)
        await helm.upgrade(FIRST, replace(SECOND, spec="minReadySeconds: 1\n  replicas: 3"))

        record = await home.run(RollbackApp(app="site"))

        assert record.state == "done", record.verdict
        spec = home.deployment("site")["spec"]
        assert (spec["replicas"], spec.get("minReadySeconds", 0)) == (4, 0)
        undone = await home.run(ResumeOperation(operation_id=record.id, action="undo"))
        spec = home.deployment("site")["spec"]
        assert (undone.state, spec["replicas"], spec["minReadySeconds"]) == ("done", 3, 1)


async def test_configuration_alone_goes_back_without_new_pods_and_says_so(tmp_path: Path):
    reads = "envFrom: [{configMapRef: {name: site-settings}}]"
    async with house(tmp_path) as home:
        helm = Helm(home)
        await helm.upgrade(replace(SECOND, pod=reads), replace(SECOND, pod=reads, colour="red"))
        pods = {one["metadata"]["uid"] for one in home.box.store.list("Pod", "shop")}

        record = await home.run(RollbackApp(app="site"))

        assert record.state == "done", record.verdict
        assert home.box.store.get("ConfigMap", "site-settings", "shop")["data"] == {"colour": "green"}
        assert {one["metadata"]["uid"] for one in home.box.store.list("Pod", "shop")} == pods
        assert any("ConfigMap site-settings changes, the pod template does not" in n.text for n in record.plan.notes)
        again = await home.engine.propose(RollbackApp(app="site"))
        assert again.plan.steps == ()


async def test_a_release_that_was_applied_by_the_server_warns_of_the_next_upgrade(tmp_path: Path):
    async with house(tmp_path) as home:
        helm = Helm(home)
        await helm.upgrade(FIRST, SECOND)
        helm.edit(2, lambda release: release.update(apply_method="ssa"))

        proposal = await home.engine.propose(RollbackApp(app="site"))

        assert any("--force-conflicts" in note.text for note in proposal.plan.notes)


@pytest.mark.parametrize("values", [{}, {f"key{number}": number for number in range(20)}], ids=["none", "many"])
async def test_of_values_the_differences_are_told_and_not_too_many(tmp_path: Path, values: dict[str, Any]):
    async with house(tmp_path) as home:
        helm = Helm(home)
        await helm.upgrade(FIRST, SECOND)
        helm.edit(1, lambda release: release.update(config={}))
        helm.edit(2, lambda release: release.update(config=values))

        notes = " ".join(note.text for note in (await home.engine.propose(RollbackApp(app="site"))).plan.notes)

        assert ("key0 0 → (not set)" in notes and "and 8 more" in notes) if values else "values are the same" in notes


async def test_on_the_command_line_values_objects_and_history_are_shown_and_no_secret(tmp_path: Path):
    async with house(tmp_path) as home:
        await Helm(home).upgrade(FIRST, SECOND, THIRD)

        shown = await call(home, "rollback", "site", "-n", "shop", "--to-version", "#1", "--plan")
        ran = await call(home, "rollback", "site", "-n", "shop", "--to-version", "#1", "--yes")
        document = await call(home, "rollback", "site", "-n", "shop", "--to-version", "#2", "--plan", "-o", "json")

        plain = " ".join(shown.out.split())
        assert "Roll back Helm release site of Deployment shop/site: revision 3 (shop-1.1.0, 3) → revision 1" in plain
        assert "image.tag v3 → v1" in plain
        assert "next upgrade" not in plain
        assert "ConfigMap/site-settings data.colour" in plain
        assert "Write revision 4 of the release as pending-rollback" in plain
        assert "Delete ConfigMap shop/site-settings" in plain
        assert ran.code == 0, ran.out
        assert "done: all 4 pods of v1 serve" in ran.out
        assert "+ ConfigMap/site-settings data.colour: green" in document.document["plan"]["diff"]
        for text in (shown.out, ran.out, json.dumps(document.document)):
            assert "-secret" not in text


async def test_what_is_gone_already_is_no_step_and_what_was_lost_is_made_anew(tmp_path: Path):
    async with house(tmp_path) as home:
        await Helm(home).upgrade(FIRST, SECOND, THIRD)
        home.box.store.delete("ConfigMap", "site-settings", "shop")

        first = await home.engine.propose(RollbackApp(app="site", to_version="#1"))
        second = await home.engine.propose(RollbackApp(app="site"))

        assert "ConfigMap" not in [step.ref.kind for step in first.plan.steps]
        assert ("create", "ConfigMap") in [(step.step, step.ref.kind) for step in second.plan.steps]
