"""Server-side apply: ownership, conflicts, and what goes when its owner no longer names it."""

from typing import Any

from tests.contract.talk import APPLY, Json, Said, Talk, config_map, deployment


async def _apply(talk: Talk, body: Json, manager: str, plural: str = "configmaps", **query: str) -> Said:
    typed = {"apiVersion": "v1", "kind": "ConfigMap"} | body
    return await talk.patch(plural, body["metadata"]["name"], typed, APPLY, fieldManager=manager, **query)


def _owners(body: Json) -> dict[tuple[str, str], Json]:
    return {(one["manager"], one["operation"]): one["fieldsV1"] for one in body["metadata"]["managedFields"]}


async def test_applying_what_is_not_there_creates_it(talk: Talk) -> None:
    said = await _apply(talk, config_map("a", x="1"), "one")
    assert (said.status, said.body["data"]) == (201, {"x": "1"})
    assert _owners(said.body) == {("one", "Apply"): {"f:data": {"f:x": {}}}}


async def test_applying_the_same_again_changes_nothing(talk: Talk) -> None:
    first = await _apply(talk, config_map("a", x="1"), "one")
    again = await _apply(talk, config_map("a", x="1"), "one")
    assert (again.status, again.body) == (200, first.body)


async def test_what_is_no_longer_applied_is_removed(talk: Talk) -> None:
    await _apply(talk, config_map("a", x="1", y="2"), "one")
    said = await _apply(talk, config_map("a", x="1"), "one")
    assert said.body["data"] == {"x": "1"}


async def test_what_another_manager_owns_too_stays(talk: Talk) -> None:
    await _apply(talk, config_map("a", x="1", y="2"), "one")
    await _apply(talk, config_map("a", y="2"), "two")
    said = await _apply(talk, config_map("a", x="1"), "one")
    assert said.body["data"] == {"x": "1", "y": "2"}


async def test_another_value_for_anothers_field_conflicts(talk: Talk) -> None:
    await _apply(talk, config_map("a", x="1"), "one")
    said = await _apply(talk, config_map("a", x="2"), "two")
    assert (said.status, said.reason) == (409, "Conflict")
    assert said.message == 'Apply failed with 1 conflict: conflict with "one": .data.x'
    assert said.body["details"]["causes"] == [
        {"reason": "FieldManagerConflict", "message": 'conflict with "one"', "field": ".data.x"}
    ]


async def test_several_conflicts_are_listed_by_manager(talk: Talk) -> None:
    await _apply(talk, config_map("a", x="1", y="1"), "one")
    said = await _apply(talk, config_map("a", x="2", y="2"), "two")
    assert said.message == 'Apply failed with 2 conflicts: conflicts with "one":\n- .data.x\n- .data.y'


async def test_a_conflict_with_an_update_tells_its_api_version(talk: Talk) -> None:
    await talk.made("configmaps", config_map("a", x="1"))
    said = await _apply(talk, config_map("a", x="2"), "two")
    assert said.message == 'Apply failed with 1 conflict: conflict with "contract" using v1: .data.x'


async def test_force_takes_the_field(talk: Talk) -> None:
    await _apply(talk, config_map("a", x="1"), "one")
    said = await _apply(talk, config_map("a", x="2"), "two", force="true")
    assert said.body["data"] == {"x": "2"}
    assert _owners(said.body) == {("two", "Apply"): {"f:data": {"f:x": {}}}}


async def test_an_update_takes_the_fields_it_changes(talk: Talk) -> None:
    await _apply(talk, config_map("a", x="1", y="1"), "one")
    said = await talk.patch("configmaps", "a", {"data": {"x": "2"}})
    owners = _owners(said.body)
    assert owners["one", "Apply"] == {"f:data": {"f:y": {}}}
    assert owners["contract", "Update"]["f:data"]["f:x"] == {}


async def test_items_of_keyed_lists_are_owned_and_removed_one_by_one(talk: Talk) -> None:
    one = deployment()
    await _apply(talk, one, "one", "deployments")
    side: Any = {"name": "side", "image": "example.org/side:1"}
    only_side = {"template": {"spec": {"containers": [side]}}}
    two = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": only_side}
    said = await _apply(talk, two, "two", "deployments")
    assert [item["name"] for item in _containers(said.body)] == ["app", "side"]
    without = two | {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 5}}}}
    said = await _apply(talk, without, "two", "deployments")
    assert [item["name"] for item in _containers(said.body)] == ["app"]


async def test_a_conflict_within_a_list_names_the_item(talk: Talk) -> None:
    await _apply(talk, deployment(), "one", "deployments")
    two = deployment()
    two["spec"]["template"]["spec"]["containers"][0]["image"] = "example.org/app:2"
    said = await _apply(talk, two, "two", "deployments")
    field = '.spec.template.spec.containers[name="app"].image'
    assert said.message == f'Apply failed with 1 conflict: conflict with "one": {field}'


async def test_scaling_takes_the_replicas_from_who_applied_them(talk: Talk) -> None:
    await _apply(talk, deployment(paused=True), "one", "deployments")
    scale = {"spec": {"replicas": 1}}
    path = talk.path("deployments", "web/scale")
    await talk.ask("PATCH", path, scale, "application/merge-patch+json")
    said = await _apply(talk, deployment(paused=True), "one", "deployments")
    assert said.status == 409
    assert said.message.startswith('Apply failed with 1 conflict: conflict with "contract" with subresource "scale"')
    assert said.message.endswith(": .spec.replicas")


async def test_an_apply_needs_a_manager_and_known_fields(talk: Talk) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap"} | config_map("a")
    said = await talk.patch("configmaps", "a", body, APPLY)
    assert (said.status, said.reason) == (422, "Invalid")
    said = await _apply(talk, config_map("a") | {"dataa": {"x": "1"}}, "one")
    assert said.status == 500
    assert said.message.endswith(": .dataa: field not declared in schema")


async def test_a_dry_run_of_an_apply_persists_nothing(talk: Talk) -> None:
    assert (await _apply(talk, config_map("a", x="1"), "one", dryRun="All")).status == 201
    assert (await talk.get("configmaps", "a")).status == 404


def _containers(body: Json) -> list[Json]:
    found: list[Json] = body["spec"]["template"]["spec"]["containers"]
    return found
