"""Canary on sets, by the real controllers: what they do under a partition and under OnDelete, and on the way back."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.real.cluster.real import RealCluster
from tests.real.plugin import WebFactory
from tests.real.product import Product, Said
from tests.real.web import Web

CANARY = ("--strategy", "canary", "--steps", "10,50", "--interval", "4s", "--yes", "-o", "json")
HOLLOW = "node2"
EVERYWHERE = {"tolerations": [{"operator": "Exists"}]}


@pytest.fixture
def crashing(own_cluster: RealCluster) -> str:
    """The tag of a version that ends at once."""
    own_cluster.load_image(own_cluster.image("crash"), {"VERSION": "crash", "CRASH": "cannot open database"})
    return "crash"


def as_at_first(shop: Web, before: dict[str, Any]) -> bool:
    """Whether the strategy is byte by byte what it was, and nothing of ours is left on the set."""
    found = shop.object()
    left = [key for key in found["metadata"].get("annotations") or {} if key.startswith("lifecycle.dot-ai/")]
    return bool(found["spec"]["updateStrategy"] == before["updateStrategy"] and not left)


def until(holds: Callable[[], Any], within: float = 40.0) -> Any:
    """What `holds` returns as soon as that is something."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if found := holds():
            return found
        time.sleep(0.2)
    raise TimeoutError(f"not within {within:.0f} s")


def uids(shop: Web) -> dict[str, str]:
    """The uid of every pod by where it is: its node in a DaemonSet, else its name."""
    daemon = shop.kind == "DaemonSet"
    return {
        pod["spec"].get("nodeName", "") if daemon else pod["metadata"]["name"]: pod["metadata"]["uid"]
        for pod in shop.pods()
        if "deletionTimestamp" not in pod["metadata"]
    }


def new_ones(shop: Web, tag: str) -> list[str]:
    """Where pods of that version are ready."""
    return sorted(
        pod["spec"]["nodeName"] if shop.kind == "DaemonSet" else pod["metadata"]["name"]
        for pod in shop.pods()
        if pod["spec"]["containers"][0]["image"] == shop.cluster.image(tag) and _ready(pod)
    )


def _ready(pod: dict[str, Any]) -> bool:
    conditions = pod["status"].get("conditions") or ()
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def operation_of(shop: Web) -> str:
    """The id of the one operation that was begun on it."""
    label = "lifecycle.dot-ai/operation"
    (record,) = shop.cluster.read("-n", shop.namespace, "configmaps", "-l", label)["items"]
    return str(record["metadata"]["labels"][label])


@contextmanager
def hollow_node(shop: Web) -> Iterator[None]:
    """A second node without a kubelet, whose pods this test reports as ready: controllers and scheduler are real.

    It takes no pods but those that tolerate everything, and is gone afterwards.
    """
    cluster, ended = shop.cluster, threading.Event()
    taints = [{"key": "hollow", "effect": "NoSchedule"}]
    cluster.apply(
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": HOLLOW}, "spec": {"taints": taints}},
    )

    def live() -> None:
        while not ended.wait(0.3):
            _beat(shop)
            _run_pods(shop)

    thread = threading.Thread(target=live)
    _beat(shop)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        cluster.kubectl("delete", "node", HOLLOW)


def _beat(shop: Web) -> None:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    room = {"cpu": "4", "memory": "4Gi", "pods": "20", "ephemeral-storage": "10Gi"}
    ready = {"type": "Ready", "status": "True", "reason": "Hollow", "message": "", "lastHeartbeatTime": now}
    _patch_status(shop, "node", HOLLOW, {"capacity": room, "allocatable": room, "conditions": [ready]})


def _run_pods(shop: Web) -> None:
    for pod in shop.pods():
        name = pod["metadata"]["name"]
        if pod["spec"].get("nodeName") != HOLLOW:
            continue
        if "deletionTimestamp" in pod["metadata"]:
            scope = ("-n", shop.namespace, "--grace-period=0", "--force")
            shop.cluster.kubectl("delete", f"pod/{name}", *scope, check=False)
        elif not _ready(pod):
            _patch_status(shop, "pod", name, _running(pod))


def _running(pod: dict[str, Any]) -> dict[str, Any]:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    containers = [
        {
            "name": one["name"],
            "image": one["image"],
            "imageID": one["image"],
            "ready": True,
            "started": True,
            "restartCount": 0,
            "state": {"running": {"startedAt": now}},
        }
        for one in pod["spec"]["containers"]
    ]
    kinds = ("Initialized", "ContainersReady", "Ready")
    conditions = [{"type": kind, "status": "True", "lastTransitionTime": now} for kind in kinds]
    return {"phase": "Running", "startTime": now, "conditions": conditions, "containerStatuses": containers}


def _patch_status(shop: Web, kind: str, name: str, status: dict[str, Any]) -> None:
    body = json.dumps({"status": status})
    scope = ("-n", shop.namespace) if kind == "pod" else ()
    shop.cluster.kubectl("patch", kind, name, *scope, "--subresource=status", "-p", body, check=False)


@contextmanager
def on_two_nodes(web: WebFactory) -> Iterator[Web]:
    """The application as a DaemonSet with a ready pod on both nodes."""
    shop = web(kind="DaemonSet", pre_stop=None, pod=EVERYWHERE)
    with hollow_node(shop):
        until(lambda: len(new_ones(shop, "v1")) == 2)
        yield shop


async def test_a_stateful_set_gets_its_canary_at_the_highest_ordinals(web: WebFactory, product: Product) -> None:
    shop = web(kind="StatefulSet", replicas=3, pre_stop=3)
    before = shop.object()["spec"]
    with shop.traffic(rate=100) as traffic:
        said = await product.run("update", "web", "-n", shop.namespace, "--version", "v2", *CANARY)

    assert said.code == 0, str(said)
    assert traffic.report.failed == [], str(traffic.report)
    assert traffic.report.ok["v2"] > 0
    assert as_at_first(shop, before)
    assert len(new_ones(shop, "v2")) == 3
    steps = [step["step"] for step in said.json["steps"]]
    assert any("1 pod of v2 ready" in step for step in steps), steps
    assert any("2 pods of v2 ready" in step for step in steps), steps


async def test_a_bad_version_is_met_by_one_ordinal_alone_and_taken_back(
    web: WebFactory, product: Product, crashing: str
) -> None:
    shop = web(kind="StatefulSet", replicas=3, pre_stop=None)
    before, there = shop.object()["spec"], uids(shop)
    said = await product.run("update", "web", "-n", shop.namespace, "--version", crashing, *CANARY)

    assert said.code == 1, str(said)
    assert said.json["cause"]["code"] == "CRASH_LOOP"
    assert as_at_first(shop, before)
    assert shop.object()["spec"]["template"] == before["template"]
    assert [name for name, uid in uids(shop).items() if there[name] != uid] == ["web-2"]
    assert shop.object()["status"]["readyReplicas"] == 3


async def test_whoever_aborts_a_canary_has_the_old_version_back_at_its_ordinal(
    web: WebFactory, product: Product
) -> None:
    shop = web(kind="StatefulSet", replicas=2, pre_stop=None)
    before, on = shop.object()["spec"], ("-n", shop.namespace)
    words = ("update", "web", *on, "--version", "v2", "--strategy", "canary", "--interval", "10m", "--yes")
    async with product.running(*words, "-o", "json") as command:
        until(lambda: new_ones(shop, "v2") == ["web-1"])
        held = shop.object()["spec"]["updateStrategy"]["rollingUpdate"]["partition"]
        aborted = await product.run("abort", operation_of(shop), *on, "--yes")
        said = await command.ended()

    assert (said.code, held, aborted.code) == (1, 1, 0), f"{said}{aborted}"
    assert said.json["cause"]["code"] == "ABORTED"
    assert as_at_first(shop, before)
    assert new_ones(shop, "v1") == ["web-0", "web-1"]


async def test_a_daemon_set_gets_its_canary_on_its_first_node_by_name(web: WebFactory, product: Product) -> None:
    with on_two_nodes(web) as shop:
        before, there, on = shop.object()["spec"], uids(shop), ("-n", shop.namespace)
        words = ("update", "web", *on, "--version", "v2", *CANARY, "--approve")
        async with product.running(*words) as command:
            until(lambda: new_ones(shop, "v2") == ["node1"])
            waiting = await asked(product, operation_of(shop), *on)
            held, canary, beside = shop.object()["spec"]["updateStrategy"], new_ones(shop, "v2"), uids(shop)
            promoted = await product.run("promote", operation_of(shop), *on, "--yes")
            said = await command.ended()

        assert (canary, beside[HOLLOW]) == (["node1"], there[HOLLOW]), str(waiting)
        assert held == {**before["updateStrategy"], "type": "OnDelete"}
        assert (promoted.code, said.code) == (0, 0), f"{promoted}{said}"
        assert new_ones(shop, "v2") == ["node1", HOLLOW]
        assert as_at_first(shop, before)


async def asked(product: Product, operation: str, *on: str) -> Said:
    """The story of an operation once it waits for somebody to promote it."""
    while True:
        story = await product.run("operation", operation, *on, "-o", "json")
        if story.json["status"] != "running" or "somebody to promote" in story.json["summary"]:
            return story


async def test_a_daemon_set_restored_to_rolling_updates_replaces_the_bad_version_by_itself(
    web: WebFactory, product: Product, crashing: str
) -> None:
    with on_two_nodes(web) as shop:
        before, there = shop.object()["spec"], uids(shop)
        said = await product.run("update", "web", "-n", shop.namespace, "--version", crashing, *CANARY)

        assert said.code == 1, str(said)
        assert said.json["cause"]["code"] == "CRASH_LOOP"
        assert uids(shop)[HOLLOW] == there[HOLLOW], "it never met the bad version"
        assert as_at_first(shop, before)
        assert new_ones(shop, "v1") == ["node1", HOLLOW]
