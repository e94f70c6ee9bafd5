"""Deleting: preconditions, finalizers, dependents, collections."""

from typing import Any

import pytest

from tests.contract.talk import Json, Talk, config_map, deployment


def _owned_by(owner: Json, *, blocking: bool = False) -> list[Json]:
    reference: Json = {"apiVersion": "v1", "kind": "ConfigMap", "name": owner["metadata"]["name"]}
    return [reference | {"uid": owner["metadata"]["uid"], "blockOwnerDeletion": blocking}]


async def test_a_deletion_answers_with_success_and_the_uid(talk: Talk) -> None:
    made = await talk.made("deployments", deployment())
    said = await talk.delete("deployments", "web")
    assert (said.status, said.body["status"]) == (200, "Success")
    details = {"name": "web", "group": "apps", "kind": "deployments", "uid": made["metadata"]["uid"]}
    assert said.body["details"] == details
    assert (await talk.delete("deployments", "web")).status == 404


@pytest.mark.parametrize("key", ["uid", "resourceVersion"])
async def test_a_deletion_of_another_object_or_version_conflicts(talk: Talk, key: str) -> None:
    made = await talk.made("configmaps", config_map("a"))
    said = await talk.delete("configmaps", "a", {"preconditions": {key: "1"}})
    assert (said.status, said.reason) == (409, "Conflict")
    assert "in the precondition (1) does not match" in said.message
    right: dict[str, Any] = {"preconditions": {key: made["metadata"][key]}}
    assert (await talk.delete("configmaps", "a", right)).status == 200


async def test_a_finalizer_holds_an_object_until_it_is_taken_off(talk: Talk) -> None:
    await talk.made("configmaps", config_map("a", finalizers=["example.org/hold"]))
    said = await talk.delete("configmaps", "a")
    assert said.body["metadata"]["deletionTimestamp"]
    held = (await talk.get("configmaps", "a")).body["metadata"]
    assert (held["deletionTimestamp"], held["finalizers"]) == (
        said.body["metadata"]["deletionTimestamp"],
        ["example.org/hold"],
    )
    await talk.patch("configmaps", "a", {"metadata": {"finalizers": None}})
    assert (await talk.get("configmaps", "a")).status == 404


async def test_dependents_follow_their_owner(talk: Talk) -> None:
    owner = await talk.made("configmaps", config_map("owner"))
    await talk.made("configmaps", config_map("child", ownerReferences=_owned_by(owner)))
    await talk.delete("configmaps", "owner", {"propagationPolicy": "Background"})
    await talk.until_gone("configmaps", "child")


async def test_orphans_stay_and_forget_their_owner(talk: Talk) -> None:
    owner = await talk.made("configmaps", config_map("owner"))
    await talk.made("configmaps", config_map("child", ownerReferences=_owned_by(owner)))
    await talk.delete("configmaps", "owner", {"propagationPolicy": "Orphan"})
    await talk.until_gone("configmaps", "owner")
    await talk.until("configmaps", "child", lambda one: one is not None and "ownerReferences" not in one["metadata"])


async def test_a_foreground_deletion_waits_for_the_dependents_that_block(talk: Talk) -> None:
    owner = await talk.made("configmaps", config_map("owner"))
    hold = ["example.org/hold"]
    child = config_map("child", ownerReferences=_owned_by(owner, blocking=True), finalizers=hold)
    await talk.made("configmaps", child)
    said = await talk.delete("configmaps", "owner", {"propagationPolicy": "Foreground"})
    assert said.body["metadata"]["finalizers"] == ["foregroundDeletion"]
    await talk.until("configmaps", "child", lambda one: one is not None and "deletionTimestamp" in one["metadata"])
    assert (await talk.get("configmaps", "owner")).status == 200
    await talk.patch("configmaps", "child", {"metadata": {"finalizers": None}})
    await talk.until_gone("configmaps", "owner")


async def test_a_dependent_with_a_living_owner_stays(talk: Talk) -> None:
    one, other = [await talk.made("configmaps", config_map(name)) for name in ("one", "other")]
    await talk.made("configmaps", config_map("child", ownerReferences=_owned_by(one) + _owned_by(other)))
    await talk.delete("configmaps", "one")

    def released(child: Json | None) -> bool:
        return child is not None and [ref["name"] for ref in child["metadata"]["ownerReferences"]] == ["other"]

    await talk.until("configmaps", "child", released)


async def test_a_collection_is_deleted_as_selected(talk: Talk) -> None:
    for name, tier in (("a", "x"), ("b", "x"), ("c", "y")):
        await talk.made("leases", {"metadata": {"name": name, "labels": {"tier": tier}}, "spec": {}})
    assert (await talk.delete("leases", labelSelector="tier=x")).status == 200
    left = (await talk.get("leases")).body["items"]
    assert [one["metadata"]["name"] for one in left] == ["c"]


async def test_a_name_is_free_again_under_another_uid(talk: Talk) -> None:
    first = await talk.made("configmaps", config_map("a"))
    await talk.delete("configmaps", "a")
    second = await talk.made("configmaps", config_map("a"))
    assert first["metadata"]["uid"] != second["metadata"]["uid"]
    said = await talk.put("configmaps", "a", config_map("a") | {"metadata": {"name": "a", "uid": "0"}})
    assert (said.status, said.reason) == (409, "Conflict")


async def test_nothing_is_created_in_a_namespace_that_ends(talk: Talk) -> None:
    await talk.made("configmaps", config_map("hold", finalizers=["example.org/hold"]))
    await talk.ask("DELETE", f"/api/v1/namespaces/{talk.namespace}")
    said = await talk.create("configmaps", config_map("late"))
    await talk.patch("configmaps", "hold", {"metadata": {"finalizers": None}})
    assert (said.status, said.reason) == (403, "Forbidden")
    assert said.message == (
        f'configmaps "late" is forbidden: unable to create new content in namespace {talk.namespace} '
        "because it is being terminated"
    )
    assert said.body["details"]["causes"] == [
        {
            "reason": "NamespaceTerminating",
            "message": f"namespace {talk.namespace} is being terminated",
            "field": "metadata.namespace",
        }
    ]
