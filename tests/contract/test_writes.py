"""Creating, replacing, and what the server makes of it: identity, versions, generation, defaults, refusals."""

import re

import pytest

from tests.contract.talk import JSON_PATCH, MERGE, STRATEGIC, Json, Talk, config_map, deployment


async def test_a_new_object_gets_its_identity(talk: Talk) -> None:
    metadata = (await talk.made("deployments", deployment()))["metadata"]
    assert metadata["resourceVersion"].isdigit()
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", metadata["uid"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", metadata["creationTimestamp"])
    assert (metadata["generation"], metadata["namespace"]) == (1, talk.namespace)


async def test_a_deployment_gets_its_defaults(talk: Talk) -> None:
    spec = (await talk.made("deployments", deployment(replicas=None)))["spec"]
    pod = spec.pop("template")["spec"]
    [container] = pod.pop("containers")
    assert spec == {
        "replicas": 1,
        "selector": {"matchLabels": {"app": "web"}},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}},
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
    }
    assert pod == {
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "securityContext": {},
        "schedulerName": "default-scheduler",
    }
    assert container == {
        "name": "app",
        "image": "example.org/app:1",
        "env": [{"name": "MODE", "value": "a"}],
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
    }


async def test_a_service_gets_an_address_and_defaults(talk: Talk) -> None:
    wanted = {"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}}
    spec = (await talk.made("services", wanted))["spec"]
    address = spec.pop("clusterIP")
    assert spec.pop("clusterIPs") == [address]
    assert spec == {
        "ports": [{"protocol": "TCP", "port": 80, "targetPort": 80}],
        "selector": {"app": "web"},
        "type": "ClusterIP",
        "sessionAffinity": "None",
        "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
        "internalTrafficPolicy": "Cluster",
    }


async def test_an_autoscaler_gets_defaults(talk: Talk) -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    wanted = {"metadata": {"name": "web"}, "spec": {"maxReplicas": 3, "scaleTargetRef": target}}
    spec = (await talk.made("horizontalpodautoscalers", wanted))["spec"]
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}
    metrics = [{"type": "Resource", "resource": cpu}]
    assert spec == {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 3, "metrics": metrics}


async def test_zero_values_that_go_omits_are_not_read_back(talk: Talk) -> None:
    made = await talk.made("deployments", deployment(minReadySeconds=0, paused=False))
    assert not {"minReadySeconds", "paused"} & made["spec"].keys()
    scaled = await talk.patch("deployments", "web", {"spec": {"replicas": 0}})
    assert scaled.body["spec"]["replicas"] == 0


async def test_a_generated_name_gets_five_letters(talk: Talk) -> None:
    made = await talk.made("configmaps", {"metadata": {"generateName": "app-"}})
    assert re.fullmatch(r"app-[a-z0-9]{5}", made["metadata"]["name"])


async def test_generation_moves_with_the_spec_alone(talk: Talk) -> None:
    await talk.made("deployments", deployment())
    labelled = await talk.patch("deployments", "web", {"metadata": {"labels": {"a": "b"}}})
    assert labelled.body["metadata"]["generation"] == 1
    changed = await talk.patch("deployments", "web", {"spec": {"revisionHistoryLimit": 3}})
    assert changed.body["metadata"]["generation"] == 2


async def test_a_write_to_the_object_leaves_its_status_and_the_other_way_round(talk: Talk) -> None:
    await talk.made("leases", {"metadata": {"name": "unrelated"}})
    await talk.made("deployments", deployment())
    said = await talk.patch("deployments", "web", {"status": {"replicas": 7}})
    assert said.body["status"].get("replicas") is None
    path = talk.path("deployments", "web/status")
    patch = {"spec": {"replicas": 9}, "status": {"collisionCount": 3}}
    said = await talk.ask("PATCH", path, patch, MERGE)
    assert said.body["spec"]["replicas"] == 0
    assert said.body["status"]["collisionCount"] == 3


async def test_the_scale_of_a_workload_can_be_read_and_changed(talk: Talk) -> None:
    await talk.made("deployments", deployment())
    path = talk.path("deployments", "web/scale")
    scale = (await talk.ask("GET", path)).body
    assert (scale["kind"], scale["spec"], scale["status"]["selector"]) == ("Scale", {}, "app=web")
    said = await talk.ask("PATCH", path, {"spec": {"replicas": -1}}, MERGE)
    assert said.message == (
        'Scale.autoscaling "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0'
    )


async def test_a_replace_against_an_old_version_conflicts(talk: Talk) -> None:
    made = await talk.made("configmaps", config_map("a", x="1"))
    await talk.patch("configmaps", "a", {"data": {"x": "2"}})
    said = await talk.put("configmaps", "a", made)
    assert (said.status, said.reason) == (409, "Conflict")
    del made["metadata"]["resourceVersion"]
    assert (await talk.put("configmaps", "a", made)).body["data"] == {"x": "1"}


async def test_a_lease_is_created_once_and_replaced_by_version_only(talk: Talk) -> None:
    lease: Json = {"metadata": {"name": "lock"}, "spec": {"holderIdentity": "a", "leaseDurationSeconds": 15}}
    made = await talk.made("leases", lease)
    again = await talk.create("leases", lease)
    assert (again.status, again.reason) == (409, "AlreadyExists")
    assert again.message == 'leases.coordination.k8s.io "lock" already exists'
    blind = await talk.put("leases", "lock", lease)
    assert (blind.status, blind.reason) == (422, "Invalid")
    taken = await talk.put("leases", "lock", made | {"spec": {"holderIdentity": "b"}})
    assert taken.status == 200
    late = await talk.put("leases", "lock", made | {"spec": {"holderIdentity": "c"}})
    assert (late.status, late.reason) == (409, "Conflict")


async def test_a_dry_run_answers_and_persists_nothing(talk: Talk) -> None:
    said = await talk.create("configmaps", config_map("a"), dryRun="All")
    assert said.status == 201
    assert said.body["metadata"]["uid"]
    assert (await talk.get("configmaps", "a")).status == 404
    made = await talk.made("configmaps", config_map("b", x="1"))
    for said in (
        await talk.patch("configmaps", "b", {"data": {"x": "2"}}, dryRun="All"),
        await talk.put("configmaps", "b", made | {"data": {"x": "2"}}, dryRun="All"),
    ):
        assert (said.status, said.body["data"]) == (200, {"x": "2"})
    assert (await talk.delete("configmaps", "b", dryRun="All")).status == 200
    assert (await talk.get("configmaps", "b")).body == made


async def test_a_dry_run_of_what_exists_conflicts(talk: Talk) -> None:
    await talk.made("configmaps", config_map("a"))
    assert (await talk.create("configmaps", config_map("a"), dryRun="All")).reason == "AlreadyExists"
    assert (await talk.create("configmaps", config_map("b"), dryRun="Some")).status == 422


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        ({"replicas": -1}, "spec.replicas: Invalid value: -1: must be greater than or equal to 0"),
        (
            {"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}},
            "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0",
        ),
        (
            {"strategy": {"rollingUpdate": {"maxSurge": "0%", "maxUnavailable": 0}}},
            "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0",
        ),
        (
            {"strategy": {"type": "Recreate"}},
            "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
        ),
        (
            {"minReadySeconds": 600},
            "spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds",
        ),
        (
            {"template": {"metadata": {"labels": {"app": "other"}}}},
            'spec.template.metadata.labels: Invalid value: {"app":"other"}: '
            "`selector` does not match template `labels`",
        ),
        ({"template": {"spec": {"containers": []}}}, "spec.template.spec.containers: Required value"),
        (
            {"template": {"spec": {"restartPolicy": "Never"}}},
            'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
        ),
        (
            {
                "selector": {"matchLabels": {"app": "other"}},
                "template": {"metadata": {"labels": {"app": "other"}}},
            },
            'spec.selector: Invalid value: {"matchLabels":{"app":"other"}}: field is immutable',
        ),
    ],
)
async def test_an_invalid_deployment_is_refused_in_these_words(talk: Talk, patch: Json, message: str) -> None:
    await talk.made("deployments", deployment())
    said = await talk.patch("deployments", "web", {"spec": patch})
    assert (said.status, said.reason) == (422, "Invalid")
    assert said.message == f'Deployment.apps "web" is invalid: {message}'
    assert said.body["details"]["causes"][0]["field"] == message.partition(":")[0]


async def test_several_causes_are_listed_in_brackets(talk: Talk) -> None:
    await talk.made("deployments", deployment())
    said = await talk.patch("deployments", "web", {"spec": {"selector": {"matchLabels": {"app": "other"}}}})
    assert said.message == (
        'Deployment.apps "web" is invalid: [spec.template.metadata.labels: Invalid value: {"app":"web"}: '
        "`selector` does not match template `labels`, "
        'spec.selector: Invalid value: {"matchLabels":{"app":"other"}}: field is immutable]'
    )


async def test_names_must_be_names(talk: Talk) -> None:
    said = await talk.create("configmaps", config_map("Not_A_Name"))
    assert (said.status, said.reason) == (422, "Invalid")
    assert "a lowercase RFC 1123 subdomain must consist of" in said.message
    said = await talk.create("configmaps", {"metadata": {}})
    assert said.message.endswith("metadata.name: Required value: name or generateName is required")


async def test_strict_validation_refuses_unknown_fields_by_their_path(talk: Talk) -> None:
    wanted = deployment(replica=1)
    wanted["spec"]["template"]["spec"]["containers"][0]["imagee"] = "x"
    said = await talk.create("deployments", wanted, fieldValidation="Strict")
    assert (said.status, said.reason) == (400, "BadRequest")
    assert said.message == (
        'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: '
        'unknown field "spec.template.spec.containers[0].imagee", unknown field "spec.replica"'
    )


@pytest.mark.parametrize(
    ("media", "patch"),
    [
        (MERGE, {"spec": {"replica": 1}}),
        (STRATEGIC, {"spec": {"replica": 1}}),
        (JSON_PATCH, [{"op": "add", "path": "/spec/replica", "value": 1}]),
    ],
)
async def test_strict_validation_of_a_patch_refuses_as_invalid(talk: Talk, media: str, patch: object) -> None:
    await talk.made("deployments", deployment())
    said = await talk.patch("deployments", "web", patch, media, fieldValidation="Strict")
    assert (said.status, said.reason) == (422, "Invalid")
    assert said.message.endswith('strict decoding error: unknown field "spec.replica"')


async def test_the_refusal_of_a_patch_quotes_the_whole_object(talk: Talk) -> None:
    """Why the words of such a refusal must never be passed on: of a Secret they hold the secret."""
    await talk.made("secrets", {"metadata": {"name": "key"}, "data": {"password": "aHVudGVyMg=="}})
    said = await talk.patch("secrets", "key", {"datta": {"x": "1"}}, MERGE, fieldValidation="Strict")
    assert said.status == 422
    assert "aHVudGVyMg==" in said.message


async def test_without_strict_validation_an_unknown_field_vanishes_with_a_warning(talk: Talk) -> None:
    said = await talk.create("deployments", deployment(replica=1))
    assert said.status == 201
    assert "replica" not in said.body["spec"]
    assert said.headers["warning"] == '299 - "unknown field \\"spec.replica\\""'


async def test_a_value_of_the_wrong_type_is_refused(talk: Talk) -> None:
    said = await talk.create("deployments", deployment(replicas="two"))
    assert said.status == 400
    assert said.message.endswith(
        "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32"
    )


async def test_an_immutable_config_map_stays_as_it_is(talk: Talk) -> None:
    await talk.made("configmaps", config_map("a", x="1") | {"immutable": True})
    said = await talk.patch("configmaps", "a", {"data": {"x": "2"}})
    assert said.message == ('ConfigMap "a" is invalid: data: Forbidden: field is immutable when `immutable` is set')


async def test_a_config_map_holds_a_mebibyte(talk: Talk) -> None:
    said = await talk.create("configmaps", config_map("a", x="y" * (1024 * 1024 + 1)))
    assert said.status == 422
    assert "Too long: may not be more than 1048576 bytes" in said.message


async def test_nothing_is_created_in_a_namespace_that_is_not_there(talk: Talk) -> None:
    said = await talk.ask("POST", "/api/v1/namespaces/nowhere/configmaps", config_map("a"))
    assert (said.status, said.message) == (404, 'namespaces "nowhere" not found')
    assert (await talk.ask("GET", "/api/v1/namespaces/nowhere/configmaps")).body["items"] == []


async def test_who_wrote_what_is_recorded(talk: Talk) -> None:
    made = await talk.made("configmaps", config_map("a", x="1"))
    [entry] = made["metadata"]["managedFields"]
    assert (entry["manager"], entry["operation"], entry["fieldsType"]) == ("contract", "Update", "FieldsV1")
    assert entry["fieldsV1"] == {"f:data": {".": {}, "f:x": {}}}
    said = await talk.patch("configmaps", "a", {"data": {"x": "2"}}, fieldManager="other")
    owners = {one["manager"]: one["fieldsV1"] for one in said.body["metadata"]["managedFields"]}
    assert owners["other"] == {"f:data": {"f:x": {}}}
    assert "f:x" not in owners["contract"]["f:data"]
