"""The look around an app: what it costs, what it sees, and what it says where it may not look."""

from pathlib import Path
from typing import Any

import pytest

from dot_ai_lifecycle.core.errors import Unreachable
from dot_ai_lifecycle.core.surroundings import Depth, Surroundings
from dot_ai_lifecycle.core.trial import pod_of
from dot_ai_lifecycle.embedded.faults import Fault
from tests.support.house import DATABASE, House, house

VOLUMES = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: shop}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: Secret
metadata: {name: keys, namespace: shop}
stringData: {token: hunter2}
"""


async def looked(home: House, depth: Depth = "planning", app: str = "web", **spec: Any) -> Surroundings:
    """What is seen around an app whose new template has these fields besides."""
    world = home.another_engine().world
    workload = await world.workload(app, "shop")
    wanted = {**workload.template, "spec": {**workload.template["spec"], **spec}}
    return await world.surroundings(await world.scene(workload), wanted, depth=depth)


async def requests(home: House, depth: Depth, **spec: Any) -> list[str]:
    """The requests of the look alone."""
    world = home.another_engine().world
    workload = await world.workload("web", "shop")
    wanted = {**workload.template, "spec": {**workload.template["spec"], **spec}}
    scene, asked = await world.scene(workload), list[str]()
    home.box.faults.before = lambda request: asked.append(f"{request.method} {request.path.rpartition('/')[2]}")
    await world.surroundings(scene, wanted, depth=depth)
    return sorted(asked)


async def test_planning_costs_four_requests_and_one_for_each_object_that_is_named(tmp_path: Path):
    volumes = [{"name": "a", "secret": {"secretName": "keys", "items": [{"key": "token", "path": "t"}]}}]
    async with house(tmp_path) as home:
        assert await requests(home, "planning") == ["GET nodes", "GET pods", "GET resourcequotas", "POST pods"]
        assert len(await requests(home, "planning", volumes=volumes)) == 5
        assert len(await requests(home, "whole")) == 14


async def test_keys_are_looked_for_and_values_are_not_kept(tmp_path: Path):
    sources = [{"secret": {"name": "keys", "items": [{"key": key, "path": key}]}} for key in ("token", "other")]
    async with house(tmp_path, VOLUMES) as home:
        seen = await looked(home, volumes=[{"name": "all", "projected": {"sources": sources}}])

        assert [(str(sought.need), sought.fate) for sought in seen.sought] == [
            ("Secret keys", "there"),
            ("Secret keys, key token", "there"),
            ("Secret keys, key other", "no key"),
        ]
        assert "hunter2" not in repr(seen)


async def test_claims_are_seen_with_how_they_may_be_mounted(tmp_path: Path):
    wanted = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in ("data", "none")]
    async with house(tmp_path, VOLUMES) as home:
        seen = await looked(home, volumes=wanted)

        assert [claim.modes for claim in seen.claims.values()] == [("ReadWriteOnce",)]
        assert [sought.fate for sought in seen.sought] == ["there", "missing"]


async def test_more_objects_than_are_looked_for_stay_unknown(tmp_path: Path):
    volumes = [{"name": f"v{number}", "configMap": {"name": f"c{number}"}} for number in range(9)]
    async with house(tmp_path) as home:
        seen = await looked(home, volumes=volumes)

        assert [sought.fate for sought in seen.sought] == ["missing"] * 6 + ["unknown"] * 3


async def test_accounts_and_classes_are_the_servers_to_find_unless_it_does_not_say(tmp_path: Path):
    async with house(tmp_path) as home:
        named: dict[str, Any] = {"serviceAccountName": "default"}
        admitted = await looked(home, **named)
        home.box.faults.forbid("create", "pods")
        withheld = await looked(home, **named, priorityClassName="urgent")
        home.box.faults.forbid("get", "serviceaccounts")
        unseen = await looked(home, **named)

        assert [sought.fate for sought in admitted.sought] == ["there"]
        assert [sought.fate for sought in withheld.sought] == ["there", "missing"]
        assert [sought.fate for sought in unseen.sought] == ["unknown"]


async def test_a_cluster_too_large_to_count_is_left_uncounted(tmp_path: Path):
    async with house(tmp_path) as home:
        await home.box.fill(apps=20, pods_per_app=25)
        seen = await looked(home)
        home.box.add_nodes(500, cpu="1")
        larger = await looked(home)

        assert (seen.bookings, seen.nodes is not None) == (None, True)
        assert seen.unread["pods of all namespaces"] == "The cluster runs more than 500 pods: they are not counted."
        assert larger.nodes is None
        assert "more than 500 nodes" in larger.unread["nodes"]


async def test_nodes_are_listed_once_for_all_who_plan_at_the_same_moment(tmp_path: Path):
    async with house(tmp_path) as home:
        world = home.another_engine().world
        scene = await world.scene(await world.workload("web", "shop"))
        listed = home.box.faults.add(Fault("GET", r"/api/v1/nodes", nth=99))
        await world.surroundings(scene, scene.workload.template)
        await world.surroundings(scene, scene.workload.template)

        assert listed.matched == 1


async def test_webhooks_whose_endpoints_may_not_be_seen_are_not_called_deaf(tmp_path: Path):
    guard = """
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: guard}
webhooks:
- name: guard.example.org
  clientConfig: {service: {namespace: shop, name: guard}}
  rules: [{operations: ["*"], apiGroups: ["*"], apiVersions: ["*"], resources: ["*"]}]
  sideEffects: None
  admissionReviewVersions: [v1]
- name: other.example.org
  clientConfig: {url: "https://guard.example.org"}
  rules: [{operations: [CREATE], apiGroups: [apps], apiVersions: [v1], resources: [deployments]}]
  sideEffects: None
  admissionReviewVersions: [v1]
"""
    async with house(tmp_path, guard) as home:
        deaf = await looked(home, "whole")
        home.box.faults.forbid("list", "endpointslices")
        unseen = await looked(home, "whole")
        home.box.faults.forbid("list", "mutatingwebhookconfigurations")
        none = await looked(home, "whole")

        assert deaf.deaf == {("shop", "guard")}
        assert unseen.deaf == frozenset()
        assert (none.hooks, none.unread["mutatingwebhookconfigurations"] != "") == (None, True)


async def test_a_cluster_that_cannot_be_reached_is_not_passed_over(tmp_path: Path):
    async with house(tmp_path) as home:
        world = home.another_engine().world
        scene = await world.scene(await world.workload("web", "shop"))
        home.box.faults.add(Fault(path="resourcequotas", drop="before", times=0))

        with pytest.raises(Unreachable):
            await world.surroundings(scene, scene.workload.template)


async def test_the_pod_that_is_tried_is_as_its_controller_would_make_it(tmp_path: Path):
    async with house(tmp_path, DATABASE) as home:
        world = home.another_engine().world
        web = await world.scene(await world.workload("web", "shop"))
        database = await world.scene(await world.workload("db", "shop"))
        templates = [{"metadata": {"name": "data"}, "spec": {}}]
        database.workload.manifest["spec"]["volumeClaimTemplates"] = templates

        [owner] = pod_of(web, web.workload.template)["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["uid"]) == ("ReplicaSet", web.revisions[0].uid)
        made = pod_of(database, database.workload.template)
        assert made["metadata"]["ownerReferences"][0]["kind"] == "StatefulSet"
        assert made["spec"]["volumes"] == [{"name": "data", "persistentVolumeClaim": {"claimName": "data-db-0"}}]
        assert (await world.would_admit(web, web.workload.template)).outcome == "admitted"
