"""Reads: one object, all pages, one page, the cluster's name and time, logs and rights."""

import asyncio
import subprocess
import sys

import pytest

from dot_ai_lifecycle.core.errors import ClusterFailure, Conflict, Expired, Forbidden, Invalid, NotFound
from dot_ai_lifecycle.core.objects import CONFIG_MAPS, DEPLOYMENTS, PODS
from dot_ai_lifecycle.core.refs import CONFIG_MAP, DEPLOYMENT, POD, ref_to
from dot_ai_lifecycle.embedded.messages import Request, Response
from tests.adapters.conftest import BEGINNING, Box, config_map, deployment, on_loop_time

LAZY = """
import sys
import dot_ai_lifecycle.adapters.kubernetes
print(sorted({name.partition(".")[0] for name in sys.modules} & {"aiohttp", "kubernetes_asyncio"}))
"""


@pytest.mark.realtime
@pytest.mark.slow
@pytest.mark.timeout(20)
def test_importing_the_adapter_loads_neither_the_client_library_nor_an_http_client() -> None:
    told = subprocess.run([sys.executable, "-c", LAZY], capture_output=True, text=True, check=True, timeout=15)
    assert told.stdout.strip() == "[]"


async def test_a_workload_read_alone_and_in_a_list_is_the_same(box: Box) -> None:
    box.store.create(deployment())
    alone = await box.cluster.get(DEPLOYMENTS, "web")
    listed = await box.cluster.list(DEPLOYMENTS, "shop")
    assert listed.items == (alone,)
    assert alone.kind == "Deployment"
    assert alone.ref.uid == box.store.get("Deployment", "web", "shop")["metadata"]["uid"]


async def test_without_a_namespace_one_object_is_sought_in_the_contexts_and_a_list_goes_over_all(box: Box) -> None:
    box.store.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"}})
    box.store.create(config_map("a"))
    box.store.create(config_map("b", "other"))
    assert (await box.cluster.get(CONFIG_MAPS, "a")).namespace == "shop"
    assert {found.name for found in (await box.cluster.list(CONFIG_MAPS)).items} == {"a", "b"}


async def test_a_missing_object_is_named_with_its_kind_namespace_and_context(box: Box) -> None:
    with pytest.raises(NotFound, match=r"no Deployment shop/web in context 'test' at https://cluster\.test"):
        await box.cluster.get(DEPLOYMENTS, "web")


async def test_a_reference_with_another_uid_is_a_conflict(box: Box) -> None:
    made = box.store.create(config_map("a"))
    ref = ref_to(CONFIG_MAP, "a", "shop", made["metadata"]["uid"])
    assert (await box.cluster.read(ref))["data"] == {"begun": "yes"}
    with pytest.raises(Conflict, match="deleted and made anew"):
        await box.cluster.read(ref.model_copy(update={"uid": "another"}))


async def test_a_list_is_read_in_pages_of_500(box: Box) -> None:
    for number in range(1203):
        box.store.create(config_map(f"c{number:04}"))
    found = await box.cluster.list(CONFIG_MAPS, "shop")
    assert [item.name for item in found.items] == [f"c{number:04}" for number in range(1203)]
    assert found.next_page == ""
    assert [request.arg("limit") for request in box.requests] == ["500", "500", "500"]


async def test_a_list_whose_pages_expire_begins_again_once(box: Box) -> None:
    for number in range(600):
        box.store.create(config_map(f"c{number:04}"))
    box.fault(path="continue=", status=410)
    assert len((await box.cluster.list(CONFIG_MAPS, "shop")).items) == 600
    assert [bool(request.arg("continue")) for request in box.requests] == [False, True, False, True]
    box.fault(path="continue=", status=410, times=0)
    with pytest.raises(Expired):
        await box.cluster.list(CONFIG_MAPS, "shop")


async def test_one_page_is_read_where_a_limit_is_given_and_the_next_where_it_left_off(box: Box) -> None:
    for name in ("a", "b", "c"):
        box.store.create(config_map(name))
    first = await box.cluster.list(CONFIG_MAPS, "shop", limit=2)
    rest = await box.cluster.list(CONFIG_MAPS, "shop", limit=2, page=first.next_page)
    assert [item.name for item in first.items + rest.items] == ["a", "b", "c"]
    assert rest.next_page == ""


async def test_selectors_reach_the_server(box: Box) -> None:
    box.store.create(deployment("web"))
    box.store.create(deployment("api"))
    by_label = await box.cluster.list(DEPLOYMENTS, "shop", labels="app=api")
    by_name = await box.cluster.list(DEPLOYMENTS, "shop", fields="metadata.name=web")
    assert [item.name for item in (*by_label.items, *by_name.items)] == ["api", "web"]


async def test_the_cluster_is_named_once_by_the_uid_of_kube_system(box: Box) -> None:
    identity = await box.cluster.identity()
    assert identity.uid == box.store.get("Namespace", "kube-system")["metadata"]["uid"]
    assert (identity.context, identity.default_namespace) == ("test", "shop")
    assert identity.version.startswith("v1.")
    asked = len(box.requests)
    assert await box.cluster.identity() is identity
    assert len(box.requests) == asked


async def test_of_many_who_ask_at_once_which_cluster_this_is_one_looks(box: Box) -> None:
    first, *others = await asyncio.gather(*(box.cluster.identity() for _ in range(4)))
    assert [request.path for request in box.requests] == ["/version", "/api/v1/namespaces/kube-system"]
    assert all(other is first for other in others)


async def test_a_page_of_a_proxy_in_the_place_of_an_answer_is_called_what_it_is(box: Box) -> None:
    def login_page(_: Request, response: Response) -> None:
        response.body = b"<html>Log in</html>"

    box.faults.after = login_page
    with pytest.raises(ClusterFailure, match="not a JSON object"):
        await box.cluster.identity()
    with pytest.raises(ClusterFailure, match="not a JSON object"):
        await box.cluster.allowed("get", POD, "shop")


async def test_who_may_not_read_kube_system_still_has_a_stable_name_for_the_cluster(box: Box) -> None:
    box.faults.forbid("get", "namespaces")
    first = (await box.cluster.identity()).uid
    assert first.startswith("address-")


async def test_the_servers_time_is_taken_from_its_answers(box: Box) -> None:
    assert box.cluster.now() == on_loop_time()
    box.api.now = lambda: BEGINNING.replace(hour=15)
    await box.cluster.list(CONFIG_MAPS, "shop")
    assert 0 <= (box.cluster.now() - BEGINNING.replace(hour=15)).total_seconds() <= 1


async def test_log_lines_are_the_newest_whole_ones_within_16_kib(box: Box) -> None:
    spec = {"containers": [{"name": "app", "image": "shop/web:v1"}], "nodeName": "node-1"}
    box.store.create({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "shop"}, "spec": spec})
    status = {"phase": "Running", "containerStatuses": [_running("app")]}
    box.store.edit("Pod", "p", "shop", lambda pod: pod.update(status=status), subresource="status")
    lines = await box.cluster.log_lines("p", "shop", "app", lines=20)
    assert [line.split(" ")[1] for line in lines] == [str(number) for number in range(14, 30)]
    assert all(len(line) == 1000 for line in lines)


def _running(name: str) -> dict[str, object]:
    state = {"running": {"startedAt": "2026-03-01T12:00:00Z"}}
    return {"name": name, "image": "shop/web:v1", "imageID": "", "ready": True, "restartCount": 0, "state": state}


async def test_a_container_that_has_not_started_has_no_log_lines(box: Box) -> None:
    said = 'container "app" in pod "p" is waiting to start: trying and failing to pull image'
    box.fault(path="/log", status=400, message=said)
    assert await box.cluster.log_lines("p", "shop", "app") == ()


async def test_an_earlier_runs_log_is_asked_for_where_it_is_wanted(box: Box) -> None:
    box.fault(path="previous=true", status=400, message='previous terminated container "app" in pod "p" not found')
    assert await box.cluster.log_lines("p", "shop", "app", previous=True) == ()
    box.fault(path="/log", status=400, message="container other is not valid for pod p")
    with pytest.raises(Invalid, match="not valid"):
        await box.cluster.log_lines("p", "shop", "other")


async def test_rights_are_asked_of_the_server(box: Box) -> None:
    box.faults.forbid("patch", "deployments")
    assert not await box.cluster.allowed("patch", DEPLOYMENT, "shop")
    assert await box.cluster.allowed("get", POD, "shop", subresource="log")
    assert not await box.cluster.allowed("patch", DEPLOYMENT)


async def test_a_missing_right_comes_with_the_role_that_grants_it(box: Box) -> None:
    box.faults.forbid("list", "pods")
    with pytest.raises(Forbidden, match=r"may not list pods in namespace shop") as refused:
        await box.cluster.list(PODS, "shop")
    assert 'resources: ["pods"]' in str(refused.value.details["role"])
