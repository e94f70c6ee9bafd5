"""What the API server refuses, with the field and the reason: objects, their names, and what of them may not change."""

from typing import Any

import pytest

from dot_ai_lifecycle.embedded.objects import Object, copied
from dot_ai_lifecycle.embedded.rejected import Rejected
from tests.embedded.clients import Client, client, config_map, pod

PODS = "/api/v1/namespaces/default/pods"
MAPS = "/api/v1/namespaces/default/configmaps"
MISMATCH = "`selector` does not match template `labels`"


@pytest.fixture
def box() -> Client:
    return client()


def refusal(box: Client, object_: Object) -> str:
    """The causes for which an object is not valid."""
    with pytest.raises(Rejected) as caught:
        box.store.create(object_)
    assert (caught.value.code, caught.value.reason) == (422, "Invalid")
    return caught.value.message.partition(" is invalid: ")[2]


def of(kind: str, api_version: str = "v1", name: str = "a", **fields: Any) -> Object:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}} | fields


def template(**spec: Any) -> Object:
    return {"metadata": {"labels": {"app": "a"}}, "spec": pod("a")["spec"] | spec}


def workload(kind: str, **spec: Any) -> Object:
    whole = {"selector": {"matchLabels": {"app": "a"}}, "template": template()} | spec
    return of(kind, "apps/v1", spec={key: value for key, value in whole.items() if value is not None})


def container(**fields: Any) -> Object:
    """A pod of one container with these fields."""
    return of("Pod", spec={"containers": [{"name": "app", "image": "x:1"} | fields]})


def service(*ports: int, **spec: Any) -> Object:
    named = [{"port": port, "name": f"p{port}"} for port in ports]
    return of("Service", spec={"ports": named} | spec)


def autoscaler(**spec: Any) -> Object:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    whole = {"minReplicas": 1, "maxReplicas": 3, "scaleTargetRef": target} | spec
    return of("HorizontalPodAutoscaler", "autoscaling/v2", spec=whole)


BETWEEN = "must be between 1 and 65535, inclusive"


@pytest.mark.parametrize(
    ("object_", "causes"),
    [
        (workload("Deployment", selector=None), "spec.selector: Required value"),
        (workload("ReplicaSet", selector={"matchLabels": {"app": "b"}}), MISMATCH),
        (
            workload("Deployment", strategy={"rollingUpdate": {"maxSurge": "0%", "maxUnavailable": 0}}),
            "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0",
        ),
        (
            workload("DaemonSet", minReadySeconds=-1),
            "spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0",
        ),
        (
            workload("StatefulSet", template=template(restartPolicy="Never")),
            'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
        ),
        (
            workload("Deployment", template=template(restartPolicy="Sometimes")),
            'Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
        ),
        (of("Pod", spec={}), "spec.containers: Required value"),
        (container(name=""), "spec.containers[0].name: Required value"),
        (container(env=[{"value": "x"}]), "spec.containers[0].env[0].name: Required value"),
        (
            container(volumeMounts=[{"name": "data", "mountPath": "/d"}]),
            'spec.containers[0].volumeMounts[0].name: Not found: "data"',
        ),
        (container(ports=[{"name": "http"}]), "spec.containers[0].ports[0].containerPort: Required value"),
        (
            container(ports=[{"containerPort": 70000}]),
            f"spec.containers[0].ports[0].containerPort: Invalid value: 70000: {BETWEEN}",
        ),
        (
            container(resources={"requests": {"cpu": "2", "memory": "1Gi"}, "limits": {"cpu": "1500m"}}),
            'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of '
            "1500m",
        ),
        (
            of("Pod", spec={"containers": [{"name": "a", "image": "x"}], "initContainers": [{"name": "a"}]}),
            '[spec.initContainers[0].image: Required value, spec.containers[0].name: Duplicate value: "a"]',
        ),
        (service(), "spec.ports: Required value"),
        (service(0), f"spec.ports[0].port: Invalid value: 0: {BETWEEN}"),
        (autoscaler(minReplicas=0), "spec.minReplicas: Invalid value: 0: must be greater than or equal to 1"),
        (
            autoscaler(maxReplicas=0),
            "[spec.maxReplicas: Invalid value: 0: must be greater than 0, spec.maxReplicas: Invalid value: 0: must be "
            "greater than or equal to `minReplicas`]",
        ),
        (
            autoscaler(scaleTargetRef={"apiVersion": "apps/v1"}),
            "[spec.scaleTargetRef.kind: Required value, spec.scaleTargetRef.name: Required value]",
        ),
        (of("ConfigMap", data={"a b": "1"}), 'data[a b]: Invalid value: "a b": a valid config key must consist of'),
        (of("Secret", data={"a/b": "MQ=="}), 'data[a/b]: Invalid value: "a/b": a valid config key must consist of'),
    ],
)
def test_an_object_that_could_not_work_is_refused_by_its_field(box: Client, object_: Object, causes: str) -> None:
    assert causes in refusal(box, object_)


@pytest.mark.parametrize(
    "object_",
    [
        service(clusterIP="None"),
        service(type="ExternalName", externalName="example.org"),
        workload("Deployment", strategy={"type": "Recreate"}),
        container(ports=[{"containerPort": 80}], resources={"requests": {"cpu": "1"}, "limits": {"cpu": "1"}}),
        of("Role", "rbac.authorization.k8s.io/v1", name="system:reader"),
        of("ConfigMap", metadata={"name": "a", "labels": {"app.kubernetes.io/name": "a.B-c_1", "empty": ""}}),
    ],
)
def test_what_may_look_odd_and_is_valid_is_taken(box: Client, object_: Object) -> None:
    assert box.store.create(object_)["metadata"]["uid"]


SUBDOMAIN = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters"


@pytest.mark.parametrize(
    ("kind", "name", "why"),
    [
        ("ConfigMap", "Shop", f'metadata.name: Invalid value: "Shop": {SUBDOMAIN}'),
        ("ConfigMap", "a" * 254, "metadata.name: Too long: may not be more than 253 bytes"),
        ("Namespace", "my.shop", 'metadata.name: Invalid value: "my.shop": a lowercase RFC 1123 label must consist'),
        ("Namespace", "a" * 64, "metadata.name: Too long: may not be more than 63 bytes"),
        ("Service", "1st", 'metadata.name: Invalid value: "1st": a DNS-1035 label must consist of'),
    ],
)
def test_a_name_must_be_one_that_its_kind_allows(box: Client, kind: str, name: str, why: str) -> None:
    spec = {"ports": [{"port": 80}]} if kind == "Service" else {}
    assert why in refusal(box, of(kind, name=name, spec=spec))


@pytest.mark.parametrize(
    ("metadata", "why"),
    [
        ({"labels": {"-a": "x"}}, 'metadata.labels: Invalid value: "-a": name part must consist of'),
        ({"labels": {"a": "x y"}}, 'metadata.labels: Invalid value: "x y": a valid label must be an empty string'),
        ({"labels": {"a": "x" * 64}}, "metadata.labels: Too long: may not be more than 63 bytes"),
        ({"annotations": {"a b": ""}}, 'metadata.annotations: Invalid value: "a b": name part must consist of'),
        ({"annotations": {"a": "x" * (256 << 10)}}, "metadata.annotations: Too long: may not be more than 262144"),
    ],
)
def test_labels_and_annotations_have_their_limits(box: Client, metadata: Object, why: str) -> None:
    assert why in refusal(box, of("ConfigMap", metadata={"name": "a"} | metadata))


def _other_selector(one: Object) -> None:
    one["spec"]["selector"] = {"matchLabels": {"app": "b"}}
    one["spec"]["template"]["metadata"]["labels"] = {"app": "b"}


def _other_service(one: Object) -> None:
    one["spec"]["serviceName"] = "other"


def _other_template(one: Object) -> None:
    one["spec"]["template"]["spec"]["containers"][0]["image"] = "x:2"


def _other_address(one: Object) -> None:
    one["spec"]["clusterIP"] = "10.96.99.99"


def _other_node(one: Object) -> None:
    one["spec"]["nodeName"] = "n2"


def _mutable(one: Object) -> None:
    one.pop("immutable")
    one["binaryData"] = {"y": "MQ=="}


JOB = of("Job", "batch/v1", spec={"template": {"spec": pod("a")["spec"] | {"restartPolicy": "Never"}}})


@pytest.mark.parametrize(
    ("object_", "change", "causes"),
    [
        (workload("Deployment"), _other_selector, "spec.selector: Invalid value: "),
        (workload("DaemonSet"), _other_selector, "field is immutable"),
        (
            workload("StatefulSet", serviceName="a"),
            _other_service,
            "spec: Forbidden: updates to statefulset spec for fields other than 'replicas'",
        ),
        (JOB, _other_template, "spec.template: Invalid value: "),
        (service(80), _other_address, 'spec.clusterIPs[0]: Invalid value: ["10.96.99.99"]: may not change once set'),
        (pod("a", node="n1"), _other_node, "spec: Forbidden: pod updates may not change fields other than"),
        (
            of("Secret", data={"x": "MQ=="}, immutable=True),
            _mutable,
            "[immutable: Forbidden: field is immutable when `immutable` is set, binaryData: Forbidden: field is",
        ),
    ],
)
def test_what_may_not_change_is_refused_and_stays(box: Client, object_: Object, change: Any, causes: str) -> None:
    before = box.store.create(object_)
    with pytest.raises(Rejected) as caught:
        box.store.edit(object_["kind"], "a", "default", change)
    assert causes in caught.value.message
    assert box.store.get(object_["kind"], "a") == before


def _scaled(one: Object) -> None:
    one["spec"]["replicas"] = 5


def _outside(one: Object) -> None:
    one["spec"] |= {"type": "ExternalName", "externalName": "example.org"}
    one["spec"].pop("clusterIP")
    one["spec"].pop("clusterIPs")


def _other_image(one: Object) -> None:
    one["spec"]["containers"][0]["image"] = "x:2"


@pytest.mark.parametrize(
    ("object_", "change"),
    [
        (workload("StatefulSet", serviceName="a"), _scaled),
        (service(80), _outside),
        (pod("a", node="n1"), _other_image),
        (of("ConfigMap", data={"x": "1"}, immutable=True), lambda one: one["metadata"].update(labels={"a": "b"})),
    ],
)
def test_what_may_change_does(box: Client, object_: Object, change: Any) -> None:
    before = copied(box.store.create(object_))
    assert box.store.edit(object_["kind"], "a", "default", change) != before


async def test_a_body_must_be_an_object_of_the_kind_and_the_place_of_its_path(box: Client) -> None:
    for body, why in (
        (["x"], "the object provided is unrecognized"),
        (of("Secret"), "Secret in version 'v1' cannot be handled as a ConfigMap"),
        (of("ConfigMap", metadata={"name": "a", "namespace": "shop"}), "does not match the namespace sent on the"),
    ):
        said = await box.ask("POST", MAPS, body)
        assert (said.status, said.reason) == (400, "BadRequest")
        assert why in said.message
    assert (await box.ask("POST", MAPS, {"metadata": None})).status == 422
    box.store.create(config_map("a"))
    said = await box.ask("PUT", f"{MAPS}/a", config_map("b"))
    assert said.message == "the name of the object (b) does not match the name on the URL (a)"
    assert (await box.ask("POST", "/api/v1/configmaps", config_map("a"))).status == 405


async def test_a_deletion_takes_its_options_from_the_body_or_the_query(box: Client) -> None:
    box.store.create(config_map("owner"))
    uid = box.store.get("ConfigMap", "owner")["metadata"]["uid"]
    owners = [{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid}]
    box.store.create(config_map("child") | {"metadata": {"name": "child", "ownerReferences": owners}})
    assert (await box.ask("DELETE", f"{MAPS}/owner", ["x"])).status == 400
    dry = await box.ask("DELETE", f"{MAPS}/owner", {"dryRun": ["All"]})
    assert (dry.status, box.store.find("ConfigMap", "owner") is not None) == (200, True)
    assert (await box.ask("DELETE", f"{MAPS}/owner", {"orphanDependents": True})).status == 200
    assert "ownerReferences" not in box.store.get("ConfigMap", "child")["metadata"]


@pytest.mark.parametrize(
    ("selector", "why"),
    [("metadata.name", "invalid selector"), ("spec.image=x", '"spec.image" is not a known field selector')],
)
async def test_a_field_selector_must_be_one_that_is_served(box: Client, selector: str, why: str) -> None:
    said = await box.ask("GET", PODS, fieldSelector=selector)
    assert said.status == 400
    assert why in said.message


async def test_events_and_nodes_are_selected_by_their_fields(box: Client) -> None:
    about = {"kind": "Pod", "name": "a", "namespace": "default"}
    box.store.create(of("Event", involvedObject=about, reason="Killing", source={"component": "kubelet"}))
    box.store.create(of("Event", name="b", involvedObject=about, reportingComponent="scheduler"))
    listed = await box.ask("GET", "/api/v1/events", fieldSelector="source=scheduler,involvedObject.kind==Pod")
    assert [one["metadata"]["name"] for one in listed.body["items"]] == ["b"]
    box.store.create(of("Node", name="n1"))
    box.store.create(of("Node", name="n2", spec={"unschedulable": True}))
    for wanted, expected in (("true", "n2"), ("false", "n1")):
        listed = await box.ask("GET", "/api/v1/nodes", fieldSelector=f"spec.unschedulable={wanted}")
        assert [one["metadata"]["name"] for one in listed.body["items"]] == [expected]


@pytest.mark.parametrize(
    ("object_", "why"),
    [
        (of("Pod", spec={"containers": {}}), "json: cannot unmarshal object into Go struct field PodSpec.spec"),
        (of("Pod", spec=["x"]), "json: cannot unmarshal array into Go struct field Pod.spec"),
        (of("Pod", metadata={"name": "a", "labels": "x"}), "cannot unmarshal string into Go struct field ObjectMeta"),
        (container(resources={"limits": {"cpu": "much"}}), "quantities must match the regular expression"),
        (container(tty=1), "cannot unmarshal number into Go struct field Container"),
        (container(image=True), "cannot unmarshal bool into Go struct field Container"),
    ],
)
async def test_a_value_of_another_type_is_refused_with_the_field_it_was_meant_for(
    box: Client, object_: Object, why: str
) -> None:
    said = await box.ask("POST", PODS, object_)
    assert (said.status, said.reason) == (400, "BadRequest")
    assert why in said.message
