"""StatefulSets and DaemonSets: their own order, their own traps."""

import time

import pytest

from tests.real.cluster.real import RealCluster
from tests.real.plugin import WebFactory
from tests.real.product import Product
from tests.real.web import Web


@pytest.fixture
def crashing(own_cluster: RealCluster) -> str:
    """The tag of a version that ends at once."""
    own_cluster.load_image(own_cluster.image("crash"), {"VERSION": "crash", "CRASH": "cannot open database"})
    return "crash"


def _broken(shop: Web) -> None:
    """Wait until the set's last pod has crashed."""

    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        pod = f"pod/{shop.name}-1"
        found = shop.cluster.kubectl(
            "-n", shop.namespace, "get", pod, "-o", "jsonpath={.status.containerStatuses[0].restartCount}", check=False
        ).stdout
        if found not in ("", "0"):
            return
        time.sleep(0.3)
    raise TimeoutError(f"{shop.name} did not crash within 30 s")


async def test_a_stateful_set_is_updated_pod_by_pod_without_a_lost_request(web: WebFactory, product: Product) -> None:
    shop = web(kind="StatefulSet", replicas=2, pre_stop=3)
    with shop.traffic(rate=100) as traffic:
        said = await product.run("update", "web", "-n", shop.namespace, "--version", "v2", "--yes")

    assert said.code == 0, str(said)
    assert "all 2 pods of v2 serve" in said.out
    assert traffic.report.failed == [], str(traffic.report)
    status = shop.object()["status"]
    assert status["currentRevision"] == status["updateRevision"]


async def test_a_bad_version_of_a_stateful_set_is_taken_back_and_its_broken_pod_freed(
    web: WebFactory, product: Product, crashing: str
) -> None:
    shop = web(kind="StatefulSet", replicas=2, pre_stop=None)
    good = shop.template()
    said = await product.run("update", "web", "-n", shop.namespace, "--version", crashing, "--yes", "-o", "json")

    assert said.code == 1, str(said)
    assert said.json["cause"]["code"] == "CRASH_LOOP"
    assert any("deleted the broken web-1" in step["step"] for step in said.json["steps"])
    assert shop.template() == good
    assert shop.object()["status"]["readyReplicas"] == 2


async def test_a_stateful_set_that_others_left_stuck_on_a_broken_pod_is_freed_by_a_rollback(
    web: WebFactory, product: Product, crashing: str
) -> None:
    """The controller never replaces a broken pod of a bad revision, `kubectl rollout undo` or not."""
    shop = web(kind="StatefulSet", replicas=2, pre_stop=None)
    good = shop.template()
    shop.kubectl("set", "image", "statefulset/web", f"web={shop.cluster.image(crashing)}")
    _broken(shop)
    said = await product.run("rollback", "web", "-n", shop.namespace, "--yes")

    assert said.code == 0, str(said)
    assert "deleted the broken web-1" in said.out
    assert shop.template() == good
    assert shop.object()["status"]["readyReplicas"] == 2


async def test_pods_below_the_partition_keep_their_version(web: WebFactory, product: Product) -> None:
    strategy = {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}}
    shop = web(kind="StatefulSet", replicas=2, pre_stop=None, workload=strategy)
    said = await product.run("update", "web", "-n", shop.namespace, "--version", "v2", "--yes")
    images = {pod["metadata"]["name"]: pod["spec"]["containers"][0]["image"] for pod in shop.pods()}

    assert said.code == 0, str(said)
    assert images == {"web-0": shop.cluster.image("v1"), "web-1": shop.cluster.image("v2")}


async def test_a_daemon_set_is_updated_taken_back_and_rolled_back(
    web: WebFactory, product: Product, crashing: str
) -> None:
    shop = web(kind="DaemonSet", pre_stop=None)
    first, on = shop.template(), ("web", "-n", shop.namespace, "--yes")
    updated = await product.run("update", *on, "--version", "v2")
    assert updated.code == 0, str(updated)
    second = shop.template()
    crashed = await product.run("update", *on, "--version", crashing)
    assert (crashed.code, shop.template()) == (1, second), str(crashed)
    back = await product.run("rollback", *on)
    assert (back.code, shop.template()) == (0, first), str(back)
    scaled = await product.run("scale", *on, "--replicas", "2")
    assert scaled.code == 2
    assert "one pod on each node" in scaled.err


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
async def test_a_set_whose_pods_change_only_by_hand_is_refused(web: WebFactory, product: Product, kind: str) -> None:
    shop = web(kind=kind, replicas=1, pre_stop=None, probe=None)
    shop.kubectl(
        "patch",
        f"{kind}/web",
        "--type=merge",
        "-p",
        '{"spec":{"updateStrategy":{"type":"OnDelete","rollingUpdate":null}}}',
    )
    before = shop.object()["spec"]
    said = await product.run("update", "web", "-n", shop.namespace, "--version", "v2", "--yes")

    assert said.code == 2, str(said)
    assert "OnDelete" in said.err
    assert "RollingUpdate" in said.err
    assert shop.object()["spec"] == before
