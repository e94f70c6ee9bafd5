"""A cluster of our own, from nothing to a ready node in seconds."""

import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Self

from tests.real.cluster import binaries, configuration, images, keys, kubeconfig, network, prerequisites, programs
from tests.real.cluster.access import Cluster, Result
from tests.real.cluster.errors import StartFailed
from tests.real.cluster.images import Image
from tests.real.cluster.processes import Programs
from tests.real.cluster.readiness import Readiness
from tests.real.cluster.room import Room

_KUBERNETES = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy")
_VERSIONS = ("v1", "v2", "v3")


class RealCluster(Cluster):
    """etcd, the Kubernetes programs, containerd and DNS, in a room of their own. Use it as a context manager.

    Its API is at 127.0.0.1:6443 inside the room's network only; `run` and `kubectl` go there by themselves, and
    `network.entered(cluster.pid)` takes the calling thread there. Several can run at once. When `audited`, the API
    server writes down every request (`audit.py` reads it).
    """

    def __init__(self, tell: binaries.Tell = lambda _: None, *, audited: bool = False) -> None:
        self._room = Room()
        super().__init__(self._room.directory / "pki" / "admin.conf", self._room.directory, "box.local")
        self._tell = tell
        self._audited = audited
        self._began = time.monotonic()
        self._open = ExitStack()
        self._loaded = 0
        self.programs = Programs(self._room, {})

    @property
    def pid(self) -> int:
        """The first process of the room, in whose namespaces the cluster lives."""
        return self._room.pid

    @property
    def name(self) -> str:
        """The name of the cluster's cgroup and directory."""
        return self._room.name

    def __enter__(self) -> Self:
        prerequisites.check()
        self._began = time.monotonic()
        with ExitStack() as stack:
            # Whoever uses the cluster enters its network; what is built later needs the one outside: this thread's.
            self._outside = stack.enter_context(ThreadPoolExecutor(1, "outside the cluster"))
            self._outside.submit(int).result()
            self._binaries = binaries.find(binaries.Places.of_this_machine(), self._tell)
            stack.enter_context(self._room)
            self._start(stack)
            self._open = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()
        self.programs.ended()

    def inside(self, *command: str) -> list[str]:
        return self._room.command(*command, network_only=True)

    def visit(self, function: Callable[[], Result]) -> Result:
        return self._visitor.call(function)

    @property
    def has_dns(self) -> bool:
        """Whether Services have names in this cluster."""
        return self._binaries.coredns is not None

    def install_argo_rollouts(self) -> None:
        """Serve the kinds of Argo Rollouts and run its controller beside the cluster; Unavailable without a program."""
        found = self._outside.submit(binaries.argo_rollouts, binaries.Places.of_this_machine(), self._tell).result()
        program = self.directory / "bin" / "rollouts-controller"
        shutil.copy(found.controller, program)  # only this directory can be seen from the room
        self.kubectl("create", "-f", "-", text=found.definitions)
        self.kubectl("create", "namespace", "argo-rollouts")
        self.kubectl("wait", "--for=condition=Established", "crd/rollouts.argoproj.io", "--timeout=30s")
        config = self.directory / "pki" / "admin.conf"
        self.programs.add(
            "rollouts-controller", [str(program), "--kubeconfig", str(config), "--namespace", "argo-rollouts"]
        )
        self._stage("Argo Rollouts runs")

    def restart(self, program: str) -> None:
        """Start a program again that was killed, and wait until the cluster is as ready as it was."""
        self.programs.start(program)
        self._wait_until_ready()

    def load_image(self, ref: str, env: Mapping[str, str] | None = None) -> None:
        """Make the test application available as `ref`, at once; `env` is what the application reads (go/testapp)."""
        self._import(Image(ref, env=env or {}))

    def _start(self, stack: ExitStack) -> None:
        self._furnish()
        self._visitor = network.Visitor(self._room.pid)
        stack.callback(self._visitor.close)
        self._readiness = Readiness(self._visitor, self.kubeconfig)
        self.programs = Programs(self._room, self._command_lines())
        self.programs.start("etcd", "containerd", "kube-apiserver")
        self._stage("etcd, containerd and the API server are starting")
        self._import_defaults()
        self.programs.wait_for("the API server", self._readiness.api_server)
        # These two end when RBAC is not yet there, and it is once the API server calls itself ready.
        self.programs.start("kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy")
        self._stage("the API server is ready")
        self.apply(*configuration.base_objects())
        self.programs.start("coredns")
        self._wait_until_ready()
        self._stage("the node is ready")

    def _command_lines(self) -> dict[str, list[str]]:
        return programs.command_lines(self.directory, self._binaries.coredns, audited=self._audited)

    def _wait_until_ready(self) -> None:
        self.programs.wait_for("the API server", self._readiness.api_server)
        self.programs.wait_for("the node", self._readiness.node)
        self.programs.wait_for("the controllers", self._readiness.controllers)
        self.programs.wait_for("kube-proxy", self._readiness.proxy)

    def _furnish(self) -> None:
        """Open the room and lay out the directory that the programs work in."""
        found = self._binaries
        self._room.open(*{path.resolve().parent for path in (found.clusterbox, found.coredns) if path is not None})
        pki, links = self.directory / "pki", self.directory / "bin"
        for directory in (pki, links):
            directory.mkdir()
        for program in _KUBERNETES:
            (links / program).symlink_to(found.clusterbox.resolve())
        keys.make_certificates(pki)
        authority = (pki / "ca.crt").read_bytes()
        for user, token in keys.make_tokens(pki).items():
            kubeconfig.write(pki / f"{user}.conf", authority=authority, user=user, token=token)
        configuration.write_all(self.directory, self._room.name)

    def _import_defaults(self) -> None:
        versions = [Image(self.image(v), env={"VERSION": v}) for v in _VERSIONS]
        self.programs.wait_for("containerd", lambda: self._ctr("version").returncode == 0)
        self._import(Image(configuration.SANDBOX_IMAGE, arguments=("pause",)), *versions)
        self._stage("images are loaded")

    def _import(self, *loaded: Image) -> None:
        self._loaded += 1
        archive = self.directory / f"images-{self._loaded}.tar"
        images.write_archive(archive, self._binaries.testapp, loaded)
        imported = self._ctr("-n", "k8s.io", "images", "import", str(archive))
        archive.unlink()
        if imported.returncode != 0:
            raise StartFailed(f"images {[image.ref for image in loaded]} could not be imported: {imported.stderr}")

    def _ctr(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = self._room.command("ctr", "--address", configuration.CONTAINERD_SOCKET, *arguments)
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    def _stage(self, reached: str) -> None:
        self._tell(f"{time.monotonic() - self._began:4.1f} s: {reached}")
