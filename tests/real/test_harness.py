"""The harness keeps its promises: a real cluster, real traffic, several at once, and nothing left behind."""

import ssl
import subprocess
from pathlib import Path

import aiohttp
import pytest

from tests.real.cluster.access import Cluster
from tests.real.cluster.errors import CommandFailed, Unavailable
from tests.real.cluster.given import GivenCluster
from tests.real.cluster.prerequisites import kubectl
from tests.real.cluster.real import RealCluster
from tests.real.plugin import WebFactory


def test_the_api_is_reached_from_processes_that_tests_start(real_cluster: Cluster) -> None:
    config = str(real_cluster.kubeconfig)
    command = [kubectl(), "--kubeconfig", config, "get", "nodes", "-o", "name"]

    plain = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)

    assert plain.stdout.startswith("node/")


async def test_the_api_is_reached_from_the_event_loop_of_a_test(own_cluster: RealCluster) -> None:
    tls = ssl.create_default_context(cafile=str(own_cluster.directory / "pki" / "ca.crt"))

    async with aiohttp.ClientSession() as session, session.get("https://127.0.0.1:6443/version", ssl=tls) as answer:
        version = await answer.json()

    assert version["gitVersion"].startswith("v")  # a cluster that was built from source here is v0.0.0


def test_a_deployment_serves_through_its_service(web: WebFactory) -> None:
    shop = web()

    with shop.traffic(rate=50) as traffic:
        shop.kubectl("get", "pods")

    assert traffic.report.ok.keys() == {"v1"}
    assert traffic.report.failed == []


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_other_workloads_serve_too(web: WebFactory, kind: str) -> None:
    shop = web(kind=kind, replicas=2)

    assert shop.object()["kind"] == kind
    assert shop.answer() in [("v1", pod["metadata"]["name"]) for pod in shop.pods()]


def test_an_update_without_a_drain_hook_loses_requests(web: WebFactory) -> None:
    shop = web(pre_stop=None)

    with shop.traffic() as traffic:
        shop.update_with_kubectl("v2")

    assert traffic.report.ok.keys() == {"v1", "v2"}
    assert len(traffic.report.failed) > 0, str(traffic.report)


def test_an_update_with_a_drain_hook_of_three_seconds_loses_none(web: WebFactory) -> None:
    shop = web(pre_stop=3)

    with shop.traffic() as traffic:
        shop.update_with_kubectl("v2")

    assert traffic.report.ok.keys() == {"v1", "v2"}
    assert traffic.report.failed == [], str(traffic.report)
    assert traffic.report.errors == []


def test_an_image_loaded_on_demand_runs_with_its_environment(own_cluster: RealCluster, namespace: str) -> None:
    broken = own_cluster.image("broken")

    own_cluster.load_image(broken, {"VERSION": "broken", "CRASH": "cannot open database"})

    scope = ("-n", namespace)
    own_cluster.kubectl(*scope, "run", "shop", f"--image={broken}", "--restart=Never")
    own_cluster.kubectl(*scope, "wait", "pod/shop", "--for=jsonpath={.status.phase}=Failed", "--timeout=30s")
    assert "cannot open database" in own_cluster.kubectl(*scope, "logs", "shop").stdout


def test_applications_find_each_other_by_name(own_cluster: RealCluster, web: WebFactory) -> None:
    if not own_cluster.has_dns:
        pytest.skip("this cluster has no DNS: there is no coredns among its programs")
    web("database", replicas=1)

    shop = web("shop", replicas=1, env={"CALLS": "http://database/"})
    with shop.traffic(rate=20) as traffic:
        shop.kubectl("get", "pods")

    assert traffic.report.errors == []
    assert traffic.report.answered > 0


def test_an_account_may_do_what_its_rules_say_and_nothing_else(real_cluster: Cluster, namespace: str) -> None:
    reads = {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}

    reader = real_cluster.token_for("reader", [reads], namespace)

    as_reader = (kubectl(), "--kubeconfig", str(reader), "-n", namespace)
    assert real_cluster.run(*as_reader, "get", "pods", check=False).returncode == 0
    with pytest.raises(CommandFailed, match="forbidden"):
        real_cluster.run(*as_reader, "create", "configmap", "mine")


def test_an_api_server_can_be_killed_and_comes_back_with_everything(own_cluster: RealCluster, namespace: str) -> None:
    own_cluster.kubectl("create", "configmap", "kept", "-n", namespace)

    own_cluster.programs.kill("kube-apiserver")
    gone = own_cluster.kubectl("get", "nodes", check=False)
    own_cluster.restart("kube-apiserver")

    assert "refused" in gone.stderr
    assert own_cluster.kubectl("get", "configmap", "kept", "-n", namespace, "-o", "name").stdout == "configmap/kept\n"


def test_a_given_cluster_says_what_it_cannot_have(own_cluster: RealCluster) -> None:
    with GivenCluster(own_cluster.kubeconfig) as given:
        assert given.kubectl("get", "nodes", "-o", "name").stdout == "node/node1\n"
        with pytest.raises(Unavailable, match="LIFECYCLE_TEST_IMAGE_PREFIX"):
            given.image("v1")
    with GivenCluster(own_cluster.kubeconfig, "registry.example/shop") as given:
        assert given.image("v1") == "registry.example/shop/web:v1"


def test_a_kubeconfig_that_leads_nowhere_is_a_reason_to_skip(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="does not lead to a ready cluster"), GivenCluster(tmp_path / "none"):
        pass
