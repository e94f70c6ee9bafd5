"""Custom kinds: served from the moment their definition is there."""

import pytest

from dot_ai_lifecycle.embedded.rejected import Rejected
from tests.embedded.clients import Client, client

DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "rollouts.argoproj.io"},
    "spec": {
        "group": "argoproj.io",
        "scope": "Namespaced",
        "names": {"plural": "rollouts", "singular": "rollout", "kind": "Rollout", "shortNames": ["ro"]},
        "versions": [{"name": "v1alpha1", "served": True, "storage": True, "subresources": {"status": {}}}],
    },
}
ROLLOUT = {"metadata": {"name": "web"}, "spec": {"replicas": 2, "strategy": {"canary": {"steps": [{"setWeight": 20}]}}}}
PATH = "/apis/argoproj.io/v1alpha1/namespaces/default/rollouts"


@pytest.fixture
def served() -> Client:
    made = client()
    made.store.create(DEFINITION)
    return made


async def test_a_definition_serves_its_kind_at_once(served: Client) -> None:
    assert (await served.ask("POST", PATH, ROLLOUT)).status == 201
    listed = await served.ask("GET", PATH)
    assert listed.body["items"][0]["kind"] == "Rollout", "items of custom lists carry their kind"
    found = await served.ask("GET", "/apis/argoproj.io/v1alpha1")
    assert [one["name"] for one in found.body["resources"]] == ["rollouts", "rollouts/status"]


async def test_a_definition_says_that_it_is_established(served: Client) -> None:
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/rollouts.argoproj.io"
    status = (await served.ask("GET", path)).body["status"]
    assert {one["type"]: one["status"] for one in status["conditions"]} == {
        "NamesAccepted": "True",
        "Established": "True",
    }


async def test_custom_objects_keep_unknown_fields_and_generation(served: Client) -> None:
    await served.ask("POST", PATH, ROLLOUT)
    said = await served.ask("PATCH", f"{PATH}/web", {"spec": {"anything": {"a": [1]}}}, "application/merge-patch+json")
    assert said.body["spec"]["anything"] == {"a": [1]}
    assert said.body["metadata"]["generation"] == 2
    status = {"spec": {"replicas": 9}, "status": {"phase": "Healthy"}}
    said = await served.ask("PATCH", f"{PATH}/web/status", status, "application/merge-patch+json")
    assert (said.body["spec"]["replicas"], said.body["status"]) == (2, {"phase": "Healthy"})


async def test_custom_objects_take_no_strategic_merge_and_no_blind_replace(served: Client) -> None:
    await served.ask("POST", PATH, ROLLOUT)
    said = await served.ask("PATCH", f"{PATH}/web", {}, "application/strategic-merge-patch+json")
    assert said.status == 415
    assert (await served.ask("PUT", f"{PATH}/web", ROLLOUT)).status == 422


async def test_deleting_a_definition_ends_its_objects(served: Client) -> None:
    await served.ask("POST", PATH, ROLLOUT)
    served.store.delete("CustomResourceDefinition", "rollouts.argoproj.io")
    assert (await served.ask("GET", PATH)).status == 404
    with pytest.raises(Rejected, match="no kind"):
        served.store.create({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout"} | ROLLOUT)
