"""Faults: what happens on demand, to which request, and what the store has seen of it."""

import asyncio
import json

import pytest

from dot_ai_lifecycle.embedded.faults import Fault
from dot_ai_lifecycle.embedded.messages import Request
from tests.embedded.clients import Client, client, config_map

PATH = "/api/v1/namespaces/default/configmaps"
WATCH = (("watch", "1"), ("timeoutSeconds", "5"))


@pytest.fixture
def box() -> Client:
    return client()


async def test_the_nth_matching_request_is_refused_and_no_other(box: Client) -> None:
    fault = box.faults.add(Fault(method="GET", path="configmaps", nth=2, status=500))
    assert [(await box.ask("GET", PATH)).status for _ in range(3)] == [200, 500, 200]
    assert fault.matched == 3


async def test_a_busy_server_says_when_to_come_again(box: Client) -> None:
    box.faults.add(Fault(path="configmaps", times=0, status=429, retry_after=7))
    for _ in range(3):
        said = await box.ask("GET", PATH)
        assert (said.status, said.reason, said.headers["retry-after"]) == (429, "TooManyRequests", "7")


async def test_a_connection_cut_before_leaves_nothing_and_one_cut_after_leaves_the_write(box: Client) -> None:
    box.faults.add(Fault(method="POST", drop="before"))
    with pytest.raises(ConnectionError):
        await box.ask("POST", PATH, config_map("a"))
    assert box.store.find("ConfigMap", "a") is None
    box.faults.clear()
    box.faults.add(Fault(method="POST", drop="after"))
    with pytest.raises(ConnectionError):
        await box.ask("POST", PATH, config_map("a"))
    assert box.store.find("ConfigMap", "a") is not None


async def test_a_slow_server_runs_into_the_clients_timeout(box: Client) -> None:
    box.faults.add(Fault(path="configmaps", delay=40))
    began = asyncio.get_running_loop().time()
    with pytest.raises(TimeoutError):
        await box.transport.request("GET", PATH, timeout=30)
    assert asyncio.get_running_loop().time() - began == pytest.approx(30)


async def test_a_watch_is_cut_after_so_many_events(box: Client) -> None:
    for name in ("a", "b", "c"):
        box.store.create(config_map(name))
    box.faults.add(Fault(path="watch=1", cut=2))
    seen = []
    with pytest.raises(ConnectionError):
        async with box.transport.stream("GET", PATH, query=WATCH) as stream:
            async for line in stream:
                seen.append(json.loads(line)["object"]["metadata"]["name"])  # noqa: PERF401 # the loop ends by raising
    assert seen == ["a", "b"]


async def test_a_watch_expires_inside_its_stream(box: Client) -> None:
    box.faults.add(Fault(path="watch=1", expire=True))
    async with box.transport.stream("GET", PATH, query=WATCH) as stream:
        assert stream.status == 200
        [line] = [json.loads(line) async for line in stream]
    assert (line["type"], line["object"]["code"], line["object"]["reason"]) == ("ERROR", 410, "Expired")


async def test_compaction_ends_older_watches_and_page_tokens(box: Client) -> None:
    for name in ("a", "b", "c"):
        box.store.create(config_map(name))
    token = (await box.ask("GET", PATH, limit="1")).body["metadata"]["continue"]
    since = str(box.store.revision - 1)
    box.api.compact()
    said = await box.ask("GET", PATH, **{"limit": "1", "continue": token})
    assert (said.status, said.reason) == (410, "Expired")
    inconsistent = said.body["metadata"]["continue"]
    rest = await box.ask("GET", PATH, **{"limit": "5", "continue": inconsistent})
    assert [one["metadata"]["name"] for one in rest.body["items"]] == ["b", "c"]
    async with box.transport.stream("GET", PATH, query=(*WATCH, ("resourceVersion", since))) as stream:
        [line] = [json.loads(line) async for line in stream]
    assert line["object"]["message"].startswith(f"too old resource version: {since} (")


async def test_page_tokens_live_five_minutes(box: Client) -> None:
    for name in ("a", "b"):
        box.store.create(config_map(name))
    token = (await box.ask("GET", PATH, limit="1")).body["metadata"]["continue"]
    await asyncio.sleep(301)
    assert (await box.ask("GET", PATH, **{"limit": "1", "continue": token})).status == 410


async def test_a_missing_right_is_refused_in_the_authorizers_words_and_reviews_agree(box: Client) -> None:
    box.faults.forbid("list", "configmaps", namespace="default")
    said = await box.ask("GET", PATH)
    assert (said.status, said.reason) == (403, "Forbidden")
    assert said.message == (
        'configmaps is forbidden: User "embedded-admin" cannot list resource "configmaps" in API group "" '
        'in the namespace "default"'
    )
    assert (await box.ask("GET", "/api/v1/namespaces/kube-system/configmaps")).status == 200
    attributes = {"verb": "list", "resource": "configmaps", "namespace": "default"}
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    review = await box.ask("POST", path, {"spec": {"resourceAttributes": attributes}})
    assert review.body["status"] == {"allowed": False}
    rules = await box.ask("POST", path.replace("access", "rules"), {"spec": {"namespace": "default"}})
    allowed = {
        verb
        for rule in rules.body["status"]["resourceRules"]
        if rule["resources"] == ["configmaps"]
        for verb in rule["verbs"]
    }
    assert "list" not in allowed
    assert "get" in allowed


async def test_a_right_to_a_subresource_can_be_missing_alone(box: Client) -> None:
    box.faults.forbid("create", "pods/eviction")
    said = await box.ask("POST", "/api/v1/namespaces/default/pods/a/eviction", {})
    assert said.message == (
        'pods "a" is forbidden: User "embedded-admin" cannot create resource "pods/eviction" in API group "" '
        'in the namespace "default"'
    )


async def test_somebody_else_can_write_between_two_requests(box: Client) -> None:
    box.store.create(config_map("a", x="1"))

    def edit(request: Request) -> None:
        if request.method == "PATCH":
            box.store.edit("ConfigMap", "a", "default", lambda one: one["data"].update(x="2"))

    box.faults.before = edit
    operations = [{"op": "test", "path": "/data/x", "value": "1"}, {"op": "replace", "path": "/data/x", "value": "3"}]
    said = await box.ask("PATCH", f"{PATH}/a", operations, "application/json-patch+json")
    assert said.status == 422
    assert box.store.get("ConfigMap", "a")["data"] == {"x": "2"}
