"""Patches at their edges: positions, directives, orders, and what the API server says to those that do not fit."""

from typing import Any

import pytest

from dot_ai_lifecycle.embedded.objects import Object
from tests.contract.talk import APPLY, JSON_PATCH, MERGE, STRATEGIC, Said
from tests.embedded.clients import Client, client, config_map

BASE = "/api/v1/namespaces/default"
WEB = "/apis/apps/v1/namespaces/default/deployments/web"


@pytest.fixture
def box() -> Client:
    made = client()
    made.store.create(config_map("a", x="1") | {"metadata": {"name": "a", "finalizers": ["a/1", "a/2", "a/3"]}})
    return made


async def finalizers(box: Client, *operations: Object) -> tuple[int, list[str]]:
    """The status of a JSON patch of the ConfigMap, and the finalizers it has then."""
    said = await box.ask("PATCH", f"{BASE}/configmaps/a", list(operations), JSON_PATCH)
    return said.status, box.store.get("ConfigMap", "a")["metadata"]["finalizers"]


def at(op: str, position: str, value: str = "") -> Object:
    return {"op": op, "path": f"/metadata/finalizers{position}"} | ({"value": value} if value else {})


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (at("add", "/-", "b/1"), ["a/1", "a/2", "a/3", "b/1"]),
        (at("add", "/0", "b/1"), ["b/1", "a/1", "a/2", "a/3"]),
        (at("add", "/3", "b/1"), ["a/1", "a/2", "a/3", "b/1"]),
        (at("add", "/-1", "b/1"), ["a/1", "a/2", "a/3", "b/1"]),
        (at("replace", "/1", "b/1"), ["a/1", "b/1", "a/3"]),
        (at("replace", "/-1", "b/1"), ["a/1", "a/2", "b/1"]),
        (at("remove", "/-3"), ["a/2", "a/3"]),
        (at("move", "/0") | {"from": "/metadata/finalizers/2"}, ["a/3", "a/1", "a/2"]),
        (at("test", "/-1", "a/3"), ["a/1", "a/2", "a/3"]),
    ],
)
async def test_positions_in_lists_count_from_both_ends(box: Client, operation: Object, expected: list[str]) -> None:
    assert await finalizers(box, operation) == (200, expected)


@pytest.mark.parametrize(
    "operation",
    [
        at("add", "/4", "b/1"),
        at("add", "/-5", "b/1"),
        at("replace", "/3", "b/1"),
        at("remove", "/3"),
        at("remove", "/first"),
        at("remove", "/--1"),
        at("test", "/0", "a/2"),
        {"op": "test", "path": "/data/x", "value": True},
        {"op": "test", "path": "/data/x/below", "value": None},
        {"op": "test", "path": "/none/below", "value": None},
        {"op": "add", "path": "/data/x/below", "value": "1"},
        {"op": "add", "path": "", "value": {}},
        {"op": "replace", "path": "", "value": []},
        {"op": "remove", "path": ""},
        {"op": "replace", "path": "data", "value": {}},
        {"op": "copy", "from": "/none/below", "path": "/data/y"},
        {"op": "copy", "path": "/data/y"},
        {"op": "rename", "path": "/data/x"},
    ],
)
async def test_what_does_not_fit_the_document_is_refused_and_changes_nothing(box: Client, operation: Object) -> None:
    before = box.store.get("ConfigMap", "a")
    status, _ = await finalizers(box, operation)
    assert (status, box.store.get("ConfigMap", "a")) == (422, before)


async def test_a_test_for_null_holds_where_there_is_nothing(box: Client) -> None:
    status, _ = await finalizers(box, {"op": "test", "path": "/data/none", "value": None})
    assert status == 200


async def test_the_whole_object_can_be_replaced_and_tested(box: Client) -> None:
    stored = box.store.get("ConfigMap", "a")
    operations = [
        {"op": "test", "path": "", "value": stored},
        {"op": "replace", "path": "", "value": stored | {"data": {"y": "2"}}},
    ]
    said = await box.ask("PATCH", f"{BASE}/configmaps/a", operations, JSON_PATCH)
    assert (said.status, said.body["data"]) == (200, {"y": "2"})


@pytest.mark.parametrize(
    ("media", "patch", "status", "message"),
    [
        (JSON_PATCH, [{"op": "replace", "path": "/metadata/name", "value": "b"}], 400, "the name of the object (b)"),
        (MERGE, {"metadata": {"namespace": "other"}}, 400, "the namespace of the provided object does not match"),
        (MERGE, {"metadata": None}, 422, "the server rejected our request due to an error in our request"),
        (MERGE, ["x"], 400, "it must be a JSON object"),
    ],
)
async def test_a_patch_must_leave_the_object_what_it_is(
    box: Client, media: str, patch: Any, status: int, message: str
) -> None:
    said = await box.ask("PATCH", f"{BASE}/configmaps/a", patch, media)
    assert said.status == status
    assert message in said.message


async def merged(box: Client, patch: Object) -> Said:
    return await box.ask("PATCH", f"{BASE}/configmaps/a", patch, STRATEGIC)


async def test_a_set_of_values_is_added_to_and_ordered_and_values_leave_it_by_directive(box: Client) -> None:
    patch = {
        "finalizers": ["b/1", "a/3"],
        "$deleteFromPrimitiveList/finalizers": ["a/1"],
        "$setElementOrder/finalizers": ["a/3", "b/1"],
        "$deleteFromPrimitiveList/none": ["x"],
    }
    said = await merged(box, {"metadata": patch})
    assert (said.status, said.body["metadata"]["finalizers"]) == (200, ["a/2", "a/3", "b/1"])


async def test_a_map_is_replaced_or_emptied_by_directive(box: Client) -> None:
    said = await merged(box, {"data": {"$patch": "replace", "y": "2"}})
    assert said.body["data"] == {"y": "2"}
    said = await merged(box, {"data": {"$patch": "delete"}, "binaryData": {"$patch": "delete"}})
    assert said.status == 200
    assert not {"data", "binaryData"} & said.body.keys()


async def test_null_deletes_in_a_strategic_merge_too(box: Client) -> None:
    said = await merged(box, {"data": {"x": None, "none": None, "y": "2"}})
    assert said.body["data"] == {"y": "2"}


def deployment(box: Client, **pod: Any) -> None:
    containers = [{"name": name, "image": "x:1", "args": ["-a"]} for name in ("app", "side")]
    spec = {"containers": containers, "securityContext": {"runAsUser": 1}} | pod
    template = {"metadata": {"labels": {"app": "web"}}, "spec": spec}
    whole = {"selector": {"matchLabels": {"app": "web"}}, "template": template}
    box.store.create({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": whole})


async def pod_patched(box: Client, patch: Object) -> Said:
    return await box.ask("PATCH", WEB, {"spec": {"template": {"spec": patch}}}, STRATEGIC)


def names(said: Said) -> list[str]:
    return [one["name"] for one in said.body["spec"]["template"]["spec"]["containers"]]


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ({"containers": [{"name": "new", "image": "x:1"}]}, ["new", "app", "side"]),
        ({"containers": [{"name": "side", "image": "x:2"}, {"name": "new", "image": "x:1"}]}, ["app", "side", "new"]),
        ({"containers": [{"name": "app", "$patch": "delete"}]}, ["side"]),
        ({"$setElementOrder/containers": [{"name": "side"}, {"name": "app"}]}, ["side", "app"]),
        ({"containers": [{"name": "app", "$setElementOrder/args": ["-a"]}]}, ["app", "side"]),
        ({"containers": [{"name": "new", "image": "x:1"}, {"$patch": "replace"}]}, ["new"]),
    ],
)
async def test_merged_lists_have_the_order_of_the_patch_and_the_new_comes_first(
    box: Client, patch: Object, expected: list[str]
) -> None:
    deployment(box)
    assert names(await pod_patched(box, patch)) == expected


async def test_a_list_without_a_key_is_replaced_whole(box: Client) -> None:
    deployment(box)
    said = await pod_patched(box, {"containers": [{"name": "app", "args": ["-b"]}]})
    assert said.body["spec"]["template"]["spec"]["containers"][0]["args"] == ["-b"]


async def test_a_structure_emptied_by_directive_stays_as_an_empty_one(box: Client) -> None:
    deployment(box)
    said = await pod_patched(box, {"securityContext": {"$patch": "delete"}, "affinity": {"$patch": "delete"}})
    spec = said.body["spec"]["template"]["spec"]
    assert spec["securityContext"] == {}
    assert "affinity" not in spec


@pytest.mark.parametrize(
    ("patch", "status", "message"),
    [
        ({"containers": [{"image": "x"}]}, 500, "map: map[image:x] does not contain declared merge key: name"),
        ({"containers": [{"name": "app", "$patch": "keep"}]}, 500, "unknown patch type: keep in map: map[$patch:keep "),
        ({"securityContext": {"$patch": "keep"}}, 500, "unknown patch type: keep in map: map[$patch:keep]"),
        ({"$retainKeys": ["volumes"], "containers": []}, 400, "invalid patch format of retainKeys"),
    ],
)
async def test_a_directive_that_makes_no_sense_is_refused_as_the_server_does(
    box: Client, patch: Object, status: int, message: str
) -> None:
    deployment(box)
    said = await pod_patched(box, patch)
    assert said.status == status
    assert said.message.startswith(message)


async def test_a_custom_object_has_no_strategic_merge(box: Client) -> None:
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
    named = {"plural": "gadgets", "kind": "Gadget"}
    spec = {"group": "example.org", "scope": "Namespaced", "names": named, "versions": [version]}
    metadata = {"name": "gadgets.example.org"}
    api = "apiextensions.k8s.io/v1"
    box.store.create({"apiVersion": api, "kind": "CustomResourceDefinition", "metadata": metadata, "spec": spec})
    box.store.create({"apiVersion": "example.org/v1", "kind": "Gadget", "metadata": {"name": "g"}})
    path = "/apis/example.org/v1/namespaces/default/gadgets/g"
    assert (await box.ask("PATCH", path, {"spec": {}}, STRATEGIC)).status == 415
    assert (await box.ask("PATCH", path, {"spec": {"a": 1}}, MERGE)).status == 200


async def applied(box: Client, manager: str, **fields: Any) -> Said:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}} | fields
    return await box.ask("PATCH", f"{BASE}/configmaps/b", body, APPLY, fieldManager=manager, force="true")


async def test_items_of_a_set_go_when_their_manager_no_longer_applies_them(box: Client) -> None:
    await applied(box, "one", metadata={"name": "b", "finalizers": ["a/1", "a/2"]})
    said = await applied(box, "one", metadata={"name": "b", "finalizers": ["a/2"]})
    assert said.body["metadata"]["finalizers"] == ["a/2"]
    await applied(box, "two", metadata={"name": "b", "finalizers": ["c/1"]})
    said = await applied(box, "one", metadata={"name": "b"}, data={"x": "1"})
    assert said.body["metadata"]["finalizers"] == ["c/1"]


async def test_a_field_that_is_gone_already_is_not_missed_when_its_manager_lets_go(box: Client) -> None:
    await applied(box, "one", data={"x": "1", "y": "2"}, metadata={"name": "b", "finalizers": ["a/1"]})
    said = await box.ask("PATCH", f"{BASE}/configmaps/b", {"data": None, "metadata": {"finalizers": None}}, MERGE)
    assert "data" not in said.body
    assert "data" not in (await applied(box, "one")).body


async def test_an_apply_orders_items_as_it_names_them(box: Client) -> None:
    deployment(box)
    wanted = [{"name": name, "image": "x:1"} for name in ("side", "app")]
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": wanted}}
    spec = {"selector": {"matchLabels": {"app": "web"}}, "template": template}
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}
    said = await box.ask("PATCH", WEB, body, APPLY, fieldManager="one", force="true")
    assert names(said) == ["side", "app"]
    assert said.body["spec"]["template"]["spec"]["containers"][0]["args"] == ["-a"]


async def test_an_apply_replaces_a_list_that_is_one_value(box: Client) -> None:
    deployment(box)
    one = {"name": "app", "image": "x:1", "args": ["-b", "-c"]}
    spec = {"template": {"spec": {"containers": [one]}}}
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}
    said = await box.ask("PATCH", WEB, body, APPLY, fieldManager="one", force="true")
    assert said.body["spec"]["template"]["spec"]["containers"][0]["args"] == ["-b", "-c"]


async def test_an_apply_does_not_bring_managers_of_its_own(box: Client) -> None:
    said = await applied(box, "one", metadata={"name": "b", "managedFields": [{"manager": "x", "operation": "Apply"}]})
    assert (said.status, said.message) == (400, "metadata.managedFields must be nil")


async def test_an_apply_to_a_part_of_what_is_not_there_is_not_found(box: Client) -> None:
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "status": {"replicas": 1}}
    said = await box.ask("PATCH", f"{WEB}/status", body, APPLY, fieldManager="one")
    assert (said.status, said.reason) == (404, "NotFound")
    assert box.store.find("Deployment", "web") is None


def condition(type_: str) -> Object:
    return {"type": type_, "status": "True"}


async def status_applied(box: Client, *types: str) -> Said:
    status = {"conditions": [condition(type_) for type_ in types]} if types else {"observedGeneration": 1}
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "status": status}
    return await box.ask("PATCH", f"{WEB}/status", body, APPLY, fieldManager="one")


@pytest.mark.parametrize("left", [["C"], []], ids=["among others", "with the whole list"])
async def test_a_condition_a_controller_took_away_is_not_missed_by_who_applied_it(box: Client, left: list[str]) -> None:
    deployment(box)
    await status_applied(box, "A", "B")

    def take(one: Object) -> None:
        one["status"] = {"conditions": [condition(type_) for type_ in left]} if left else {}

    box.store.edit("Deployment", "web", "default", take, subresource="status")
    said = await status_applied(box)
    assert [one["type"] for one in said.body["status"].get("conditions", [])] == left


async def test_a_list_whose_last_item_is_no_longer_applied_goes_with_it(box: Client) -> None:
    deployment(box)
    await status_applied(box, "A")
    said = await status_applied(box)
    assert "conditions" not in said.body["status"]
