"""The patch kinds, as clients rely on them."""

from typing import Any

from tests.contract.talk import JSON_PATCH, MERGE, STRATEGIC, Talk, config_map, deployment


async def test_a_json_patch_applies_its_operations_in_order(talk: Talk) -> None:
    await talk.made("configmaps", config_map("a", x="1"))
    operations = [
        {"op": "test", "path": "/data/x", "value": "1"},
        {"op": "replace", "path": "/data/x", "value": "2"},
        {"op": "add", "path": "/metadata/labels", "value": {"a/b": "c"}},
        {"op": "replace", "path": "/metadata/labels/a~1b", "value": "d"},
        {"op": "copy", "from": "/data/x", "path": "/data/y"},
        {"op": "remove", "path": "/data/x"},
    ]
    said = await talk.patch("configmaps", "a", operations, JSON_PATCH)
    assert (said.status, said.body["data"]) == (200, {"y": "2"})
    assert said.body["metadata"]["labels"] == {"a/b": "d"}


async def test_a_json_patch_whose_test_fails_is_refused_as_invalid_and_changes_nothing(talk: Talk) -> None:
    made = await talk.made("configmaps", config_map("a", x="1"))
    operations = [{"op": "add", "path": "/data/y", "value": "2"}, {"op": "test", "path": "/data/x", "value": "0"}]
    said = await talk.patch("configmaps", "a", operations, JSON_PATCH)
    assert (said.status, said.reason) == (422, "Invalid")
    assert said.message == "the server rejected our request due to an error in our request"
    assert (await talk.get("configmaps", "a")).body == made


async def test_a_json_patch_test_on_the_resource_version_is_a_fence(talk: Talk) -> None:
    made = await talk.made("configmaps", config_map("a", x="1"))
    fence = {"op": "test", "path": "/metadata/resourceVersion", "value": made["metadata"]["resourceVersion"]}
    write = {"op": "replace", "path": "/data/x", "value": "2"}
    assert (await talk.patch("configmaps", "a", [fence, write], JSON_PATCH)).status == 200
    assert (await talk.patch("configmaps", "a", [fence, write], JSON_PATCH)).status == 422


async def test_a_json_patch_to_a_path_that_is_not_there_is_refused(talk: Talk) -> None:
    await talk.made("configmaps", config_map("a", x="1"))
    for operation in (
        {"op": "remove", "path": "/data/none"},
        {"op": "add", "path": "/none/below", "value": "1"},
        {"op": "replace", "path": "/none/below", "value": "1"},
        {"op": "move", "from": "/data/none", "path": "/data/y"},
    ):
        assert (await talk.patch("configmaps", "a", [operation], JSON_PATCH)).status == 422, operation


async def test_a_json_patch_replace_of_an_absent_key_adds_it(talk: Talk) -> None:
    """Contrary to the RFC: who must know that something is there says so with a test."""
    await talk.made("configmaps", config_map("a", x="1"))
    said = await talk.patch("configmaps", "a", [{"op": "replace", "path": "/data/y", "value": "2"}], JSON_PATCH)
    assert (said.status, said.body["data"]) == (200, {"x": "1", "y": "2"})


async def test_what_is_no_json_patch_is_a_bad_request(talk: Talk) -> None:
    await talk.made("configmaps", config_map("a"))
    said = await talk.patch("configmaps", "a", {"data": {}}, JSON_PATCH)
    assert (said.status, said.reason) == (400, "BadRequest")


async def test_a_merge_patch_replaces_lists_and_deletes_with_null(talk: Talk) -> None:
    await talk.made("deployments", deployment())
    one = {"name": "app", "image": "example.org/app:2"}
    patch = {
        "metadata": {"labels": {"a": "b"}},
        "spec": {"template": {"spec": {"containers": [one]}}, "revisionHistoryLimit": None},
    }
    said = await talk.patch("deployments", "web", patch, MERGE)
    [container] = said.body["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "example.org/app:2"
    assert "env" not in container
    assert said.body["metadata"]["labels"] == {"a": "b"}
    assert said.body["spec"]["revisionHistoryLimit"] == 10, "a deleted field with a default gets its default"


async def test_a_strategic_merge_patch_keeps_what_it_does_not_name(talk: Talk) -> None:
    await talk.made("deployments", deployment())
    containers = [
        {"name": "app", "image": "example.org/app:2", "env": [{"name": "MORE", "value": "1"}]},
        {"name": "sidecar", "image": "example.org/side:1"},
    ]
    said = await talk.patch("deployments", "web", _containers(*containers), STRATEGIC)
    app, sidecar = sorted(_of(said.body), key=lambda one: one["name"])
    assert app["image"] == "example.org/app:2"
    assert {one["name"] for one in app["env"]} == {"MODE", "MORE"}
    assert sidecar["image"] == "example.org/side:1"


async def test_a_strategic_merge_patch_deletes_by_directive(talk: Talk) -> None:
    await talk.made("deployments", deployment())
    variable = {"name": "MODE", "$patch": "delete"}
    said = await talk.patch("deployments", "web", _containers({"name": "app", "env": [variable]}), STRATEGIC)
    assert "env" not in _of(said.body)[0]


async def test_a_strategic_merge_patch_replaces_by_directive(talk: Talk) -> None:
    await talk.made("deployments", deployment())
    env = [{"name": "ONLY", "value": "1"}, {"$patch": "replace"}]
    said = await talk.patch("deployments", "web", _containers({"name": "app", "env": env}), STRATEGIC)
    assert [one["name"] for one in _of(said.body)[0]["env"]] == ["ONLY"]


async def test_a_strategic_merge_patch_retains_only_named_keys(talk: Talk) -> None:
    await talk.made("deployments", deployment())
    patch = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    said = await talk.patch("deployments", "web", patch, STRATEGIC)
    assert said.body["spec"]["strategy"] == {"type": "Recreate"}


async def test_a_strategic_merge_patch_orders_elements(talk: Talk) -> None:
    await talk.made("deployments", deployment())
    entry: dict[str, Any] = {"name": "app", "env": [{"name": "FIRST", "value": "1"}]}
    entry["$setElementOrder/env"] = [{"name": "FIRST"}, {"name": "MODE"}]
    said = await talk.patch("deployments", "web", _containers(entry), STRATEGIC)
    assert [one["name"] for one in _of(said.body)[0]["env"]] == ["FIRST", "MODE"]


async def test_a_strategic_merge_of_an_old_template_keeps_what_was_added_since(talk: Talk) -> None:
    """Why nothing here rolls back by strategic merge."""
    old = (await talk.made("deployments", deployment()))["spec"]["template"]
    await talk.patch("deployments", "web", _containers({"name": "sidecar", "image": "example.org/side:1"}), STRATEGIC)
    said = await talk.patch("deployments", "web", {"spec": {"template": old}}, STRATEGIC)
    assert {one["name"] for one in _of(said.body)} == {"app", "sidecar"}


async def test_a_patch_names_the_version_it_wants_to_change(talk: Talk) -> None:
    await talk.made("configmaps", config_map("a"))
    said = await talk.patch("configmaps", "a", {"metadata": {"resourceVersion": "1"}, "data": {"x": "1"}})
    assert (said.status, said.reason) == (409, "Conflict")
    assert said.message.endswith("please apply your changes to the latest version and try again")


async def test_a_patch_of_nothing_new_changes_no_version(talk: Talk) -> None:
    made = await talk.made("configmaps", config_map("a", x="1"))
    said = await talk.patch("configmaps", "a", {"data": {"x": "1"}})
    assert said.body["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


async def test_an_unknown_patch_kind_is_refused(talk: Talk) -> None:
    await talk.made("configmaps", config_map("a"))
    assert (await talk.patch("configmaps", "a", {}, "application/json")).status == 415


def _containers(*containers: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"containers": list(containers)}}}}


def _of(body: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = body["spec"]["template"]["spec"]["containers"]
    return found
