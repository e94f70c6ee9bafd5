"""Writes: under our name, strictly validated, and never over somebody else's change."""

import json

import pytest

from dot_ai_lifecycle.adapters.kubernetes.writing import at_pointer
from dot_ai_lifecycle.core.errors import BadInput, Conflict, Invalid, NotFound
from dot_ai_lifecycle.core.objects import CONFIG_MAPS, DEPLOYMENTS
from dot_ai_lifecycle.core.refs import CONFIG_MAP, DEPLOYMENT, Ref, ref_to
from tests.adapters.conftest import Box, config_map, deployment

THREE_TO_FIVE = (
    {"op": "test", "path": "/spec/replicas", "value": 3},
    {"op": "replace", "path": "/spec/replicas", "value": 5},
)


async def test_every_write_carries_our_field_manager_and_strict_validation(box: Box) -> None:
    made = await box.cluster.create(config_map("a"))
    await box.cluster.patch(ref_to(CONFIG_MAP, "a", "shop"), [{"op": "add", "path": "/data/k", "value": "v"}])
    await box.cluster.replace({**made, "metadata": {"name": "a", "namespace": "shop"}})
    assert [request.method for request in box.requests] == ["POST", "PATCH", "PUT"]
    for request in box.requests:
        assert request.arg("fieldManager") == "dot-ai-lifecycle"
        assert request.arg("fieldValidation") == "Strict"
        assert request.arg("dryRun") == ""


async def test_a_dry_run_of_anything_changes_nothing(box: Box) -> None:
    box.store.create(deployment())
    box.store.create(config_map("a"))
    before = box.store.revision
    ref = ref_to(DEPLOYMENT, "web", "shop")
    assert (await box.cluster.patch(ref, THREE_TO_FIVE, dry_run=True))["spec"]["replicas"] == 5
    await box.cluster.create(config_map("b"), dry_run=True)
    await box.cluster.replace(config_map("a", k="v"), dry_run=True)
    await box.cluster.delete(ref, dry_run=True)
    assert box.store.revision == before


async def test_a_patch_answers_the_object_as_it_stands_then(box: Box) -> None:
    box.store.create(deployment())
    patched = await box.cluster.patch(ref_to(DEPLOYMENT, "web", "shop"), THREE_TO_FIVE)
    assert patched["spec"]["replicas"] == 5
    assert (await box.cluster.get(DEPLOYMENTS, "web")).replicas == 5


async def test_a_test_that_does_not_hold_is_a_conflict_that_names_the_path_and_no_value(box: Box) -> None:
    box.store.create(deployment(replicas=4))
    with pytest.raises(Conflict, match=r"/spec/replicas has changed\. Nothing was written") as refused:
        await box.cluster.patch(ref_to(DEPLOYMENT, "web", "shop"), THREE_TO_FIVE)
    assert refused.value.details["path"] == "/spec/replicas"
    assert box.store.get("Deployment", "web", "shop")["spec"]["replicas"] == 4


async def test_a_patch_for_one_object_does_not_hit_another_of_the_same_name(box: Box) -> None:
    box.store.create(deployment())
    with pytest.raises(Conflict, match="/metadata/uid has changed"):
        await box.cluster.patch(ref_to(DEPLOYMENT, "web", "shop", "of-an-earlier-one"), THREE_TO_FIVE)


async def test_a_patch_that_cannot_be_applied_is_invalid_where_all_tests_hold(box: Box) -> None:
    box.store.create(deployment())
    operations = (THREE_TO_FIVE[0], {"op": "remove", "path": "/spec/template/spec/nodeSelector"})
    with pytest.raises(Invalid, match="look again"):
        await box.cluster.patch(ref_to(DEPLOYMENT, "web", "shop"), operations)


async def test_what_exists_cannot_be_created(box: Box) -> None:
    box.store.create(config_map("a"))
    with pytest.raises(Conflict, match="ConfigMap shop/a exists already"):
        await box.cluster.create(config_map("a"))


async def test_a_missing_namespace_is_told_from_a_missing_object(box: Box) -> None:
    with pytest.raises(NotFound, match="no namespace 'nowhere'") as missing:
        await box.cluster.create(config_map("a", "nowhere"))
    assert missing.value.details["missing"] == "namespace"


async def test_replacing_an_older_version_is_a_conflict(box: Box) -> None:
    old = await box.cluster.create(config_map("a"))
    await box.cluster.replace({**old, "data": {"k": "1"}})
    with pytest.raises(Conflict, match="not what it was when we looked"):
        await box.cluster.replace({**old, "data": {"k": "2"}})
    assert (await box.cluster.get(CONFIG_MAPS, "a")).data == {"k": "1"}


async def test_only_the_very_object_meant_is_deleted(box: Box) -> None:
    uid = box.store.create(config_map("a"))["metadata"]["uid"]
    with pytest.raises(Conflict):
        await box.cluster.delete(ref_to(CONFIG_MAP, "a", "shop", "another"))
    await box.cluster.delete(ref_to(CONFIG_MAP, "a", "shop", uid))
    assert json.loads(box.requests[-1].body)["preconditions"] == {"uid": uid}
    with pytest.raises(NotFound):
        await box.cluster.delete(ref_to(CONFIG_MAP, "a", "shop"))


async def test_a_kind_nobody_taught_us_is_refused_before_anything_is_sent(box: Box) -> None:
    with pytest.raises(BadInput, match=r"example\.com/v1 Widget"):
        await box.cluster.read(Ref(api_version="example.com/v1", kind="Widget", name="w"))
    assert box.requests == []


@pytest.mark.parametrize(
    ("pointer", "found"),
    [("/a/b~1c", 1), ("/a/d~0e", 2), ("/list/1", "y"), ("", {"a": {"b/c": 1, "d~e": 2}, "list": ["x", "y"]})],
)
def test_a_json_pointer_leads_where_rfc_6901_says(pointer: str, found: object) -> None:
    assert at_pointer({"a": {"b/c": 1, "d~e": 2}, "list": ["x", "y"]}, pointer) == found


@pytest.mark.parametrize("pointer", ["/nowhere", "/list/2", "/list/x", "/a/b~1c/deeper"])
def test_a_json_pointer_to_nowhere_equals_nothing(pointer: str) -> None:
    assert at_pointer({"a": {"b/c": 1}, "list": ["x", "y"]}, pointer) not in (None, "", 0, {}, [])
