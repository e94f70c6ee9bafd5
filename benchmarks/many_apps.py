"""The list of a large cluster: 5,000 pods in 200 apps, in time, memory and characters a model can afford."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measured import Measured, WentWrong, at_most, exactly, plain
from benchmarks.peer import SCRIPT, Peer
from benchmarks.site import Site
from tests.real.cluster.prerequisites import kubectl

APPS, PODS_PER_APP = 200, 25
TIMES = 5
SEEN = "deployments,statefulsets,daemonsets,pods"


def measure(_: Site) -> Measured:
    """List all apps through a server, page by page, and all pods with kubectl."""
    with tempfile.TemporaryDirectory() as directory, _cluster(Path(directory) / "kubeconfig") as config:
        state = str(Path(directory) / "state")
        kubectl_seconds, written = zip(*(_kubectl(config) for _ in range(3)), strict=True)
        with Peer((SCRIPT, "serve"), KUBECONFIG=str(config), LIFECYCLE_STATE_DIR=state) as peer:
            first, pages = _listed(peer)
            warm = [_listed(peer)[0] for _ in range(TIMES)]
            peak = peer.resident(peak=True)
    names = {app["app"] for page in pages for app in page["structuredContent"]["apps"]}
    longest = max(len(json.dumps(page, ensure_ascii=False)) for page in pages)
    return Measured(
        title="A large cluster",
        how=(
            f"{APPS * PODS_PER_APP:,} pods in {APPS} apps on the embedded cluster, served over HTTP by a process of "
            "its own: `list_apps` with `all_namespaces` through `dot-ai serve` over stdio; the first call also "
            "connects. The time of one page; the embedded cluster's own work is in it, as it is in kubectl's."
        ),
        beside=f"`kubectl get {SEEN} -A -o json`",
        figures=[
            at_most("first call", first, 1.5, "s", kubectl_seconds[0]),
            at_most(f"further calls, slowest of {TIMES}", max(warm), 1.5, "s", max(kubectl_seconds)),
            plain("further calls, median", median(warm), "s", median(kubectl_seconds)),
            at_most("peak resident memory of the server", peak, 160, "MiB"),
            at_most(f"longest of {len(pages)} answers", longest, 40_000, "characters", written[0]),
            exactly("apps in them", len(names), APPS),
        ],
    )


@contextmanager
def _cluster(config: Path) -> Iterator[Path]:
    command = [sys.executable, "-m", "benchmarks.cluster_of_many", str(APPS), str(PODS_PER_APP), str(config)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout is None or process.stdout.readline() != "ready\n":
                raise WentWrong("the embedded cluster did not start")
            yield config
        finally:
            process.communicate(timeout=20)


def _kubectl(config: Path) -> tuple[float, int]:
    """Seconds, and how much it wrote."""
    began = time.perf_counter()
    command = [kubectl(), "--kubeconfig", str(config), "get", SEEN, "-A", "-o", "json"]
    written = subprocess.run(command, check=True, capture_output=True).stdout
    return time.perf_counter() - began, len(written)


def _listed(peer: Peer) -> tuple[float, list[dict[str, Any]]]:
    """Seconds for the first page, and all pages."""
    began = time.perf_counter()
    pages = [peer.call("list_apps", all_namespaces=True, limit=APPS)]
    seconds = time.perf_counter() - began
    while token := pages[-1]["structuredContent"].get("page"):
        pages.append(peer.call("list_apps", all_namespaces=True, limit=APPS, page=token))
    return seconds, pages
