"""A change of configuration is an update: planned as a diff, rolled out, proven, and back with a rollback."""

import json
from pathlib import Path
from typing import Any

import pytest

from dot_ai_lifecycle.core.errors import BadInput, LifecycleError, Refused
from dot_ai_lifecycle.core.plan import Plan
from dot_ai_lifecycle.core.showing import diff_lines
from dot_ai_lifecycle.operations.configure_app import ConfigureApp, ShowConfiguration
from dot_ai_lifecycle.operations.resume_operation import ResumeOperation
from dot_ai_lifecycle.operations.rollback_app import RollbackApp
from tests.support.house import House, house

SOURCES = """
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop}
data: {LOG_LEVEL: info, REGION: eu, OLD: "1"}
binaryData: {logo: aGVsbG8=}
---
apiVersion: v1
kind: Secret
metadata: {name: login, namespace: shop}
stringData: {PASSPHRASE: correct-horse-battery, USER: jane}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop, labels: {app: api}}
spec:
  replicas: 2
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      containers:
      - name: api
        image: box.local/api:v1
        readinessProbe: {httpGet: {path: /ready, port: 8080}, periodSeconds: 1}
        envFrom: [{configMapRef: {name: settings}}, {secretRef: {name: login}}]
        env: [{name: MODE, value: light}]
        volumeMounts: [{name: files, mountPath: /etc/api}]
      volumes: [{name: files, configMap: {name: settings}}]
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly, namespace: shop}
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers: [{name: n, image: "box.local/n:v1", envFrom: [{configMapRef: {name: settings}}]}]
"""


def config(**given: Any) -> ConfigureApp:
    return ConfigureApp.model_validate({"app": "api", **given})


async def told(home: House) -> dict[str, str]:
    """The variables of the app, by name, as anybody is shown them."""
    answer = await home.engine.ask(ShowConfiguration(app="api"))
    return {line.name: line.value for line in answer.variables}


def copies(home: House) -> list[dict[str, Any]]:
    found = home.box.store.list("ConfigMap", "shop")
    return [one for one in found if "lifecycle.dot-ai/copy-of" in (one["metadata"].get("annotations") or {})]


def said(plan: Plan) -> list[str]:
    return [str(line) for line in diff_lines(plan) if "change-cause" not in line.path]


async def test_a_variable_is_changed_where_it_is_defined_and_the_original_is_left(tmp_path: Path):
    async with house(tmp_path, SOURCES) as home:
        original = home.box.store.get("ConfigMap", "settings", "shop")
        change = config(set={"LOG_LEVEL": "debug", "MODE": "dark"}, unset=["OLD"])

        plan = (await home.engine.propose(change)).plan
        record = await home.run(change)

        (copy,) = copies(home)
        name = copy["metadata"]["name"]
        assert said(plan) == [
            "- spec.template.spec.containers.0.env.0.value: light",
            "+ spec.template.spec.containers.0.env.0.value: dark",
            "- spec.template.spec.containers.0.envFrom.0.configMapRef.name: settings",
            f"+ spec.template.spec.containers.0.envFrom.0.configMapRef.name: {name}",
            "- spec.template.spec.volumes.0.configMap.name: settings",
            f"+ spec.template.spec.volumes.0.configMap.name: {name}",
            "- ConfigMap/settings data.LOG_LEVEL: info",
            "+ ConfigMap/settings data.LOG_LEVEL: debug",
            "- ConfigMap/settings data.OLD: 1",
        ]
        assert record.state == "done", record.verdict
        assert copy["data"] == {"LOG_LEVEL": "debug", "REGION": "eu"}
        assert (copy["binaryData"], copy["immutable"]) == ({"logo": "aGVsbG8="}, True)
        assert copy["metadata"]["ownerReferences"][0]["name"] == "api"
        assert home.box.store.get("ConfigMap", "settings", "shop") == original
        found = await told(home)
        assert (found["LOG_LEVEL"], found["MODE"], "OLD" in found) == ("debug", "dark", False)
        assert (await home.engine.propose(change)).plan.steps == ()


async def test_a_rollback_an_undo_and_somebody_elses_undo_bring_the_values_back(tmp_path: Path):
    async with house(tmp_path, SOURCES) as home:
        await home.run(config(set={"LOG_LEVEL": "debug"}))
        await home.run(config(set={"LOG_LEVEL": "trace"}))
        assert (await told(home))["LOG_LEVEL"] == "trace"

        assert (await home.run(RollbackApp(app="api", to_version="#1"))).state == "done"
        assert (await told(home))["LOG_LEVEL"] == "info"
        again = await home.run(config(set={"LOG_LEVEL": "trace"}))
        assert (await told(home))["LOG_LEVEL"] == "trace"
        assert (await home.run(ResumeOperation(operation_id=again.id, action="undo"))).state == "done"
        assert (await told(home))["LOG_LEVEL"] == "info"
        assert {one["data"]["LOG_LEVEL"] for one in copies(home)} == {"debug", "trace"}, "equal copies are one"


async def test_what_nobody_defines_comes_into_the_apps_own_config_map_and_stays_one(tmp_path: Path):
    async with house(tmp_path, SOURCES) as home:
        await home.run(config(set={"FEATURE": "on"}))
        await home.run(config(set={"COLOUR": "red"}))

        found = await told(home)
        container = home.deployment("api")["spec"]["template"]["spec"]["containers"][0]
        assert (found["FEATURE"], found["COLOUR"]) == ("on", "red")
        assert len(container["envFrom"]) == 3
        assert await home.run(config(unset=["FEATURE", "COLOUR"]))
        assert not {"FEATURE", "COLOUR"} & set(await told(home))


async def test_inline_stands_in_the_template_and_beats_the_source(tmp_path: Path):
    async with house(tmp_path, SOURCES) as home:
        await home.run(config(set={"LOG_LEVEL": "debug", "NEW": "1"}, inline=True))

        assert copies(home) == []
        assert home.deployment("api")["spec"]["template"]["spec"]["containers"][0]["env"] == [
            {"name": "MODE", "value": "light"},
            {"name": "LOG_LEVEL", "value": "debug"},
            {"name": "NEW", "value": "1"},
        ]
        assert (await told(home))["LOG_LEVEL"] == "debug"
        await home.run(config(unset=["LOG_LEVEL"]))
        assert "LOG_LEVEL" not in await told(home), "no definition is left, the overridden one neither"


async def test_who_else_reads_the_source_is_named(tmp_path: Path):
    async with house(tmp_path, SOURCES) as home:
        plan = (await home.engine.propose(config(set={"LOG_LEVEL": "debug"}))).plan
        answer = await home.engine.ask(ShowConfiguration(app="api"))

        texts = [note.text for note in plan.notes]
        assert "ConfigMap settings is read by CronJob nightly too: they keep the values they have." in texts
        lines = {line.source: line for line in answer.sources}
        assert lines["ConfigMap settings"].read_by == ("deployment/api", "CronJob nightly")


async def test_what_a_pod_cannot_start_without_is_said_wants_a_person_and_is_taken_back(tmp_path: Path):
    async with house(tmp_path, SOURCES) as home:

        def needs_it(workload: dict[str, Any]) -> None:
            source = {"configMapKeyRef": {"name": "settings", "key": "OLD"}}
            workload["spec"]["template"]["spec"]["containers"][0]["env"].append({"name": "X", "valueFrom": source})

        home.edit(needs_it, "api")
        await home.box.settled()
        plan = (await home.engine.propose(config(unset=["OLD"]))).plan
        record = await home.run(config(unset=["OLD"]))

        assert plan.risk.level == "high"
        assert "has no key OLD (env)" in plan.risk.reasons[0]
        assert (record.state, record.cause.code if record.cause else "") == ("undone", "CONFIG_KEY_MISSING")
        assert (await told(home))["OLD"] == "1"
        assert len(copies(home)) == 1, "the revision that failed names it"


async def test_where_somebody_changes_the_app_meanwhile_the_copy_that_it_names_now_stays(tmp_path: Path):
    async with house(tmp_path, SOURCES) as home:

        def follow(workload: dict[str, Any]) -> None:
            workload["spec"]["template"]["spec"]["containers"][0]["image"] = "box.local/api:v2"

        def once(request: Any, _: Any) -> None:
            if request.method == "PATCH" and request.path.endswith("/api") and ("dryRun", "All") not in request.query:
                home.box.faults.clear()
                home.edit(follow, "api")

        run = await home.start(config(set={"LOG_LEVEL": "debug"}))
        home.box.faults.after = once
        record = await run.wait()
        await home.box.settled()

        assert record.state in ("stuck", "undone"), record.verdict
        (copy,) = copies(home)
        container = home.deployment("api")["spec"]["template"]["spec"]["containers"][0]
        assert container["envFrom"][0]["configMapRef"]["name"] == copy["metadata"]["name"]
        assert container["image"] == "box.local/api:v2"


SECRETS = ("hunter2-hunter2", "correct-horse-battery")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"set": {"DB_PASSWORD": SECRETS[0]}}, "looks like a secret"),
        ({"set": {"URL": f"postgres://me:{SECRETS[0]}@db"}}, "looks like a secret"),
        ({"set": {"PASSPHRASE": SECRETS[0]}}, "Secret"),
        ({"set": {"USER": "bob"}, "inline": True}, "USER is defined by Secret login"),
        ({"unset": ["PASSPHRASE"]}, "values of Secrets are not taken here"),
    ],
)
async def test_secrets_go_into_secrets_only_and_are_repeated_nowhere(tmp_path: Path, given: Any, words: str):
    async with house(tmp_path, SOURCES) as home:
        with pytest.raises(Refused, match=words) as refused:
            await home.engine.propose(config(**given))

        shown = json.dumps((await home.engine.ask(ShowConfiguration(app="api"))).model_dump(mode="json"))
        assert not any(secret in f"{refused.value} {refused.value.hint} {shown}" for secret in SECRETS)


async def test_marks_tell_whether_secrets_are_the_same_and_nothing_else(tmp_path: Path):
    async with house(tmp_path, SOURCES) as home:
        first = (await told(home))["PASSPHRASE"]
        assert first == (await told(home))["PASSPHRASE"]
        home.box.store.edit(
            "Secret", "login", "shop", lambda s: s["data"].update(PASSPHRASE="Y29ycmVjdC1ob3JzZS1iYXR0ZXJ4")
        )
        assert (await told(home))["PASSPHRASE"].split("#")[1] != first.split("#")[1]


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        (
            {"labels": {"app.kubernetes.io/managed-by": "Helm"}, "annotations": {"meta.helm.sh/release-name": "r"}},
            "helm",
        ),
        ({"annotations": {"argocd.argoproj.io/tracking-id": "a:/ConfigMap:shop/settings"}}, "argocd a"),
    ],
)
async def test_a_source_that_somebody_owns_is_not_gone_around(tmp_path: Path, metadata: Any, words: str):
    async with house(tmp_path, SOURCES) as home:
        home.box.store.edit("ConfigMap", "settings", "shop", lambda found: found["metadata"].update(metadata))

        with pytest.raises(Refused, match=words) as refused:
            await home.engine.propose(config(set={"LOG_LEVEL": "debug"}))
        assert "LOG_LEVEL=debug" in refused.value.hint


async def test_an_owned_source_with_the_name_of_the_apps_own_is_not_gone_around_either(tmp_path: Path):
    owned = SOURCES.replace("settings", "api-settings")
    async with house(tmp_path, owned) as home:
        mark = {"annotations": {"meta.helm.sh/release-name": "shop"}}
        home.box.store.edit("ConfigMap", "api-settings", "shop", lambda found: found["metadata"].update(mark))

        with pytest.raises(Refused, match="helm shop"):
            await home.engine.propose(config(set={"NEW": "1"}))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"set": {"A": "1"}, "container": "nope"}, "no container 'nope'"),
        ({"set": {"A": "x" * 131_072, **{f"V{n}": "x" * 131_072 for n in range(8)}}}, "may hold 1,048,576"),
    ],
)
async def test_what_cannot_be_is_refused_before_anything_is_touched(tmp_path: Path, given: Any, words: str):
    async with house(tmp_path, SOURCES) as home:
        revision = home.box.store.revision
        with pytest.raises(BadInput, match=words):
            await home.engine.propose(config(**given))
        assert home.box.store.revision == revision


def test_a_variable_cannot_be_both_set_and_unset():
    with pytest.raises(ValueError, match="A is both set and unset"):
        config(set={"A": "1"}, unset=["A"])


async def test_an_original_that_changed_after_the_plan_is_seen(tmp_path: Path):
    async with house(tmp_path, SOURCES) as home:
        change = config(set={"LOG_LEVEL": "debug"})
        proposal = await home.engine.propose(change)
        home.box.store.edit("ConfigMap", "settings", "shop", lambda found: found["data"].update(REGION="asia"))

        with pytest.raises(LifecycleError, match="a different plan is needed now"):
            await home.engine.start(change, home.consent(proposal))
        assert copies(home) == []


async def test_a_config_map_of_the_copys_name_that_holds_something_else_is_not_taken_for_it(tmp_path: Path):
    async with house(tmp_path, SOURCES) as home:
        change = config(set={"LOG_LEVEL": "debug"})
        plan = (await home.engine.propose(change)).plan
        forged = {**plan.steps[0].model_dump()["manifest"], "data": {"LOG_LEVEL": "trace"}}
        home.box.store.create(forged, field_manager="a-stranger")

        with pytest.raises(LifecycleError, match="exists already"):
            await home.run(change)
        assert home.deployment("api")["spec"]["template"]["spec"]["containers"][0]["envFrom"][0] == {
            "configMapRef": {"name": "settings"}
        }


async def test_a_copy_that_somebody_deleted_is_made_anew(tmp_path: Path):
    async with house(tmp_path, SOURCES) as home:
        await home.run(config(set={"LOG_LEVEL": "debug"}))
        await home.run(config(set={"LOG_LEVEL": "info"}))
        (gone,) = [one for one in copies(home) if one["data"]["LOG_LEVEL"] == "debug"]
        home.box.store.delete("ConfigMap", gone["metadata"]["name"], "shop")

        assert (await home.run(config(set={"LOG_LEVEL": "debug"}))).state == "done"
        assert (await told(home))["LOG_LEVEL"] == "debug"


async def test_placeholders_nobody_filled_in_are_pointed_out(tmp_path: Path):
    async with house(tmp_path, SOURCES) as home:
        plan = (await home.engine.propose(config(set={"HOST": "${HOST}"}))).plan

        assert "HOST holds ${HOST}, which Kubernetes does not fill in." in [note.text for note in plan.notes]


def _large() -> str:
    """An app of twenty containers that read two hundred keys out of seven sources."""
    names = [f"part-{number}" for number in range(5)]
    parts = [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": "shop"},
            "data": {f"KEY_{name[-1]}_{key}": str(key) for key in range(40)},
        }
        for name in names
    ]
    containers = [
        {"name": f"c{number}", "image": "box.local/big:v1", "envFrom": [{"configMapRef": {"name": names[number % 5]}}]}
        for number in range(20)
    ]
    spec = {
        "replicas": 1,
        "selector": {"matchLabels": {"app": "big"}},
        "template": {"metadata": {"labels": {"app": "big"}}, "spec": {"containers": containers}},
    }
    metadata = {"name": "big", "namespace": "shop", "labels": {"app": "big"}}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}
    return "\n---\n".join(json.dumps(one) for one in (*parts, deployment))


async def test_a_large_app_is_told_with_few_reads(tmp_path: Path):
    async with house(tmp_path, _large()) as home:
        await home.engine.ask(ShowConfiguration(app="big"))  # the identity of the cluster is remembered
        asked: list[str] = []
        home.box.faults.after = lambda request, _: asked.append(f"{request.method} {request.path}")

        answer = await home.engine.ask(ShowConfiguration(app="big"))

        assert len(answer.variables) + (answer.left_out or 0) == 20 * 40
        assert answer.next_steps[0].startswith("configure_app app=deployment/big namespace=shop container=NAME")
        assert len(asked) <= 12, asked
        assert {line.split()[0] for line in asked} == {"GET"}
