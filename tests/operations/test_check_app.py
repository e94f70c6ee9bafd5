"""Whether an update can be lossless, asked of whole apps on the embedded cluster."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from dot_ai_lifecycle.core.errors import BadInput, NotFound
from dot_ai_lifecycle.embedded.faults import Fault
from dot_ai_lifecycle.operations.check_app import CheckApp, Checked
from tests.requirements import claims
from tests.support.house import AGENT, BARE, DATABASE, House, house
from tests.support.rollouts import CANARY

PODS = "/namespaces/shop/pods"
QUOTA = """
apiVersion: v1
kind: ResourceQuota
metadata: {name: small, namespace: shop}
spec: {hard: {pods: "5"}}
"""
AROUND = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop, namespace: shop}
spec:
  rules:
  - host: shop.example.org
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web, namespace: shop}
spec: {minAvailable: 4, selector: {matchLabels: {app: web}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: shop}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, minReplicas: 4, maxReplicas: 9}
"""
GUARD = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: guard}
webhooks:
- name: guard.example.org
  clientConfig: {service: {namespace: shop, name: guard}}
  rules: [{operations: [CREATE], apiGroups: [""], apiVersions: [v1], resources: [pods]}]
  sideEffects: None
  admissionReviewVersions: [v1]
"""


def levels(checked: Checked) -> dict[str, str]:
    return {line.check: line.level for line in checked.findings}


def text(checked: Checked, check: str) -> str:
    return next(line.text for line in checked.findings if line.check == check)


async def asked(home: House, app: str = "web", **more: Any) -> Checked:
    return await home.engine.ask(CheckApp(app=app, **more))


@claims("update.preflight")
async def test_an_app_that_drains_rolls_safely(tmp_path: Path):
    async with house(tmp_path) as home:
        found = await asked(home)

        assert (found.verdict, found.strategy) == ("safe-with-fixes", "rolling")
        assert found.summary == "deployment/web in shop: an update would be safe-with-fixes (rolling)."
        assert levels(found) == {"Z02": "mended", "Z05": "info", "Z14": "info"}
        assert len(found.passed) == 25
        assert found.next_steps == ()


@claims("update.preflight")
async def test_an_app_that_does_not_drain_wants_its_services_switched(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        found = await asked(home, "bare", version="v2")
        rolling = await asked(home, "bare", version="v2", strategy="rolling")

        assert (found.verdict, found.strategy) == ("safe-with-fixes", "blue-green")
        assert levels(found)["Z06"] == "mended"
        assert found.images == "box.local/bare:v1 → box.local/bare:v2"
        assert found.next_steps == (
            "update_app app=deployment/bare namespace=shop version=v2  "
            "(dot-ai update deployment/bare -n shop --version v2)",
        )
        assert (rolling.verdict, rolling.why) == ("degraded", "as asked")
        assert levels(rolling)["Z06"] == "blocks"


async def test_sets_replace_pods_in_their_place_and_say_so(tmp_path: Path):
    async with house(tmp_path, DATABASE, AGENT) as home:
        database, agent = await asked(home, "db"), await asked(home, "agent")

        assert (database.verdict, database.extra_pods) == ("degraded", None)
        assert [line.check for line in database.findings if line.level == "blocks"] == ["Z02", "Z06"]
        assert (agent.verdict, levels(agent)["Z02"], levels(agent)["Z28"]) == ("safe", "warning", "info")


async def test_what_argo_rollouts_owns_is_checked_for_its_own_way_of_replacing_pods(tmp_path: Path):
    async with house(tmp_path, CANARY) as home:
        found = await asked(home, "api", version="v2")

        assert (found.app, found.verdict, found.strategy) == ("rollout/api", "safe", "rolling")
        assert found.why == "Argo Rollouts replaces its pods, by its own steps"
        assert "Z20" in found.passed


async def test_checking_writes_nothing(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        before = home.box.store.revision
        await asked(home, "bare", version="v2")

        assert home.box.store.revision == before


async def test_a_quota_bounds_the_extra_pods_and_decides_the_strategy(tmp_path: Path):
    async with house(tmp_path, QUOTA) as home:
        await home.box.settled()
        one = await asked(home)
        switched = await asked(home, strategy="blue-green")
        home.box.store.edit("ResourceQuota", "small", "shop", lambda live: live["spec"]["hard"].update(pods="4"))
        await home.box.settled()
        none = await asked(home)
        home.box.store.edit("ResourceQuota", "small", "shop", lambda live: live["spec"]["hard"].update(pods="3"))
        await home.box.settled()
        over = await asked(home)

        assert (one.verdict, one.extra_pods) == ("safe-with-fixes", 1)
        assert switched.verdict == "impossible"
        assert "There is room for 1 more pod and 4 are wanted: quota small leaves 1 pod." in switched.reasons
        assert (none.verdict, none.extra_pods) == ("degraded", 0)
        assert "1 of 4 pods is missing at a time: quota small leaves 0 pods" in text(none, "Z02")
        assert over.verdict == "impossible"


async def test_what_is_missing_is_named_and_optional_things_are_not(tmp_path: Path):
    async with house(tmp_path) as home:
        home.box.apply(
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: shop}, data: {MODE: a}}"
        )

        def wants(live: dict[str, Any]) -> None:
            live["spec"]["template"]["spec"]["containers"][0]["env"] = [
                {"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "MODE"}}},
                {"name": "SIZE", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "SIZE"}}},
                {"name": "EXTRA", "valueFrom": {"secretKeyRef": {"name": "none", "key": "x", "optional": True}}},
            ]
            live["spec"]["template"]["spec"]["serviceAccountName"] = "nobody"

        home.edit(wants)
        found = await asked(home)

        assert found.verdict == "impossible"
        assert text(found, "Z19") == "The new pods cannot start: ConfigMap settings has no key SIZE (env)."
        assert [line.evidence for line in found.findings if line.check == "Z19"] == [
            ("ServiceAccount nobody does not exist (serviceAccountName)",)
        ]
        assert 'serviceaccount "nobody" not found' in text(found, "Z20")


async def test_what_stands_around_an_app_is_seen(tmp_path: Path):
    async with house(tmp_path, AROUND) as home:
        await home.box.settled()
        found = await asked(home)

        assert text(found, "Z22") == "Ingress shop needs up to 15 s to notice that a pod ends."
        assert text(found, "Z14").startswith("Disruption budget web allows no pod to be evicted")
        assert text(found, "Z15").startswith("HorizontalPodAutoscaler web decides")


@pytest.mark.parametrize(
    ("fault", "verdict", "level", "words"),
    [
        pytest.param(
            Fault("POST", PODS, status=403, message='admission webhook "a.io" denied the request: no latest here'),
            "impossible",
            "blocks",
            "no latest here",
            id="a webhook's no",
        ),
        pytest.param(
            Fault("POST", PODS, status=400, message='admission webhook "a.io" does not support dry run'),
            "safe-with-fixes",
            "unknown",
            "does not support dry run",
            id="no dry run",
        ),
        pytest.param(
            Fault("POST", PODS, status=500, message='failed calling webhook "a.io": connection refused'),
            "safe-with-fixes",
            "unknown",
            "failed calling webhook",
            id="a webhook that is down",
        ),
        pytest.param(Fault("POST", PODS, delay=20), "safe-with-fixes", "unknown", "within 5 s", id="a slow webhook"),
    ],
)
async def test_the_servers_word_on_one_pod_is_heard_once(
    tmp_path: Path, fault: Fault, verdict: str, level: str, words: str
):
    async with house(tmp_path) as home:
        home.box.faults.add(fault)
        found = await asked(home)

        assert (found.verdict, levels(found)["Z20"], words in text(found, "Z20")) == (verdict, level, True)
        assert fault.matched == 1


async def test_a_webhook_that_must_answer_and_cannot_is_found(tmp_path: Path):
    async with house(tmp_path, GUARD) as home:
        home.box.faults.add(Fault("POST", PODS, status=500, message='failed calling webhook "guard.example.org": no'))
        found = await asked(home)

        assert "Webhook guard.example.org must answer for every new pod" in text(found, "Z20")


FORBIDDEN = (
    ("list", "resourcequotas", "Z10"),
    ("list", "nodes", "Z11"),
    ("list", "pods", "Z11"),
    ("create", "pods", "Z20"),
    ("list", "poddisruptionbudgets", "Z14"),
    ("list", "horizontalpodautoscalers", "Z15"),
    ("list", "services", "Z21"),
    ("list", "ingresses", "Z22"),
)


@pytest.mark.parametrize(("verb", "resource", "check"), FORBIDDEN)
async def test_a_right_that_is_missing_makes_a_check_unknown(tmp_path: Path, verb: str, resource: str, check: str):
    async with house(tmp_path) as home:
        if (verb, resource) == ("list", "pods"):  # the app's own pods are a matter of the namespace
            home.box.faults.add(Fault("GET", r"/api/v1/pods", status=403, times=0))
        else:
            home.box.faults.forbid(verb, resource)
        if check == "Z10":
            home.box.faults.forbid("create", "pods")
        found = await asked(home)

        assert levels(found)[check] == "unknown"


async def test_without_any_of_the_further_rights_an_answer_is_given(tmp_path: Path):
    async with house(tmp_path, DATABASE) as home:
        for resource in (
            "resourcequotas", "nodes", "limitranges", "ingresses", "httproutes", "namespaces", "leases",
            "validatingwebhookconfigurations", "mutatingwebhookconfigurations", "configmaps", "secrets",
        ):  # fmt: skip
            home.box.faults.forbid("*", resource)
        home.box.faults.forbid("create", "pods")

        assert (await asked(home)).verdict == "safe-with-fixes"


async def test_a_namespace_that_goes_away_and_a_right_to_change_that_is_missing_are_told(tmp_path: Path):
    async with house(tmp_path) as home:
        home.box.faults.forbid("patch", "deployments")
        found = await asked(home)

        assert text(found, "Z25") == "You may not patch deployments in namespace shop."
        assert found.verdict == "impossible"


async def test_secrets_in_what_policies_say_stay_hidden(tmp_path: Path):
    async with house(tmp_path) as home:
        said = 'admission webhook "a.io" denied the request: password=hunter22 is not allowed'
        home.box.faults.add(Fault("POST", PODS, status=403, message=said))

        assert "hunter22" not in (await asked(home)).model_dump_json()


async def test_an_app_without_a_version_to_go_to_and_bad_questions(tmp_path: Path):
    async with house(tmp_path) as home:
        with pytest.raises(NotFound, match="Did you mean web"):
            await asked(home, "wed", namespace="shop")
        with pytest.raises(BadInput, match="not an image reference"):
            await asked(home, image="Not An Image")
        with pytest.raises(ValidationError, match="not both"):
            CheckApp(app="web", version="v2", image="a:b")

        assert (await asked(home, version="v1")).images == "box.local/web:v1"


async def test_the_answer_of_a_large_app_stays_bounded(tmp_path: Path):
    async with house(tmp_path) as home:
        names = [{"configMapRef": {"name": f"settings-{number}"}} for number in range(200)]
        home.edit(lambda live: live["spec"]["template"]["spec"]["containers"][0].update(envFrom=names))
        found = await asked(home)

        assert len(json.dumps(found.model_dump(mode="json"))) <= 20_000
