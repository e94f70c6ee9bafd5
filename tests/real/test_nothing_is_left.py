"""Clusters keep to themselves while they stand and leave nothing when they end, however they end."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.real.cluster import leftovers, network, trace
from tests.real.cluster.errors import StartFailed
from tests.real.cluster.real import RealCluster
from tests.real.cluster.room import Room

_CHECKOUT = Path(__file__).parents[2]
_RUN = """
import sys
from tests.real.cluster.real import RealCluster
with RealCluster() as cluster:
    cluster.kubectl("create", "deployment", "web", "--image", cluster.image("v1"))
    cluster.kubectl("rollout", "status", "deployment/web", "--timeout=60s", timeout=65)
    print(cluster.name, cluster.pid, flush=True)
    sys.stdin.read()
"""


@dataclass(frozen=True)
class Run:
    """A process that has a cluster with a pod, as another test run would."""

    process: subprocess.Popen[str]
    cluster: str
    first: int  # the first process of the cluster's namespaces
    keeper: int


@pytest.fixture
def run(own_cluster: RealCluster) -> Iterator[Run]:
    command = [sys.executable, "-c", _RUN]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=_CHECKOUT, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        name, first = process.stdout.readline().split()
        status = Path(f"/proc/{first}/status").read_text(encoding="utf-8")
        keeper = next(line.split()[1] for line in status.splitlines() if line.startswith("PPid:"))
        yield Run(process, name, int(first), int(keeper))


@contextmanager
def _waiting_for_the_end_of(pid: int, within: float = 20.0) -> Iterator[None]:
    descriptor = os.pidfd_open(pid)
    try:
        yield
        assert select.select([descriptor], [], [], within)[0], f"process {pid} still runs after {within:.0f} s"
    finally:
        os.close(descriptor)


def test_two_clusters_stand_side_by_side(own_cluster: RealCluster, namespace: str) -> None:
    with RealCluster() as second:
        names = second.kubectl("get", "namespaces", "-o", "name").stdout
        with network.entered(second.pid):
            inside = subprocess.run(["ip", "-br", "addr"], capture_output=True, text=True, timeout=5, check=True)
        assert own_cluster.kubectl("get", "namespace", namespace, "-o", "name").stdout == f"namespace/{namespace}\n"

    assert f"namespace/{namespace}" not in names
    assert "172.30.0.1" in inside.stdout
    assert trace.of(second.name) == []


def test_a_run_that_is_killed_leaves_nothing(run: Run) -> None:
    with trace.spaces_of(run.cluster, run.first) as spaces:
        while_it_ran = trace.of(run.cluster, spaces)

        with _waiting_for_the_end_of(run.keeper):
            run.process.send_signal(signal.SIGKILL)
            run.process.wait(10)

        for program in ("etcd", "kubelet", "containerd-shim", "/app"):
            assert any(program in line for line in while_it_ran), program
        assert trace.of(run.cluster, spaces) == []


def test_when_the_keeper_is_killed_too_the_processes_die_and_the_next_cluster_sweeps(run: Run) -> None:
    with trace.spaces_of(run.cluster, run.first) as spaces:
        with _waiting_for_the_end_of(run.first):
            run.process.send_signal(signal.SIGKILL)
            os.kill(run.keeper, signal.SIGKILL)
            run.process.wait(10)
        leftovers.remove()

        assert trace.of(run.cluster, spaces) == []


def test_sweeping_spares_clusters_that_stand(own_cluster: RealCluster) -> None:
    leftovers.remove()

    assert own_cluster.directory.exists()
    assert own_cluster.kubectl("get", "--raw", "/readyz").stdout == "ok"


def test_a_room_that_cannot_be_furnished_says_why_and_leaves_nothing(own_cluster: RealCluster, tmp_path: Path) -> None:
    with Room() as room, pytest.raises(StartFailed, match="does-not-exist"):
        room.open(tmp_path / "does-not-exist")

    assert trace.of(room.name) == []
