"""The first process of a cluster's namespaces. It furnishes them, says so, and reaps until its input ends.

It is process 1 of a process namespace: when it goes, the kernel kills every process of the cluster, pods and container
shims included, and with the last of them go all mounts and the network. Nothing has to be found and killed one by one.

Run as a script with the standard library only: `inside.py KEPT…`, where KEPT are directories that must stay visible.
"""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

NODE_ADDRESS = "172.30.0.1"  # also in keys.py; this file runs without its package
_TRACKING = Path("/proc/sys/net/netfilter")
_FORGOTTEN_SOON = (
    "time_wait",
    "syn_sent",
    "syn_recv",
    "fin_wait",
    "close_wait",
    "last_ack",
    "close",
    "unacknowledged",
    "max_retrans",
)


def _do(*command: str) -> None:
    subprocess.run(command, check=True)


def mask_directories(kept: list[str]) -> None:
    """Give /run, /tmp and /var a layer that vanishes with us; what must stay is put back in its place.

    Kubernetes and containerd write to fixed places there (/var/log/pods, /var/lib/cni, /run/containerd/s,
    /tmp/hostpath_pv, /run/xtables.lock), which clusters would share and leave behind.
    """
    _do("mount", "-t", "proc", "proc", "/proc")
    _do("mount", "-t", "tmpfs", "tmpfs", "/mnt")
    for number, directory in enumerate(kept):
        place = Path(f"/mnt/{number}")
        place.mkdir()
        _do("mount", "--bind", directory, str(place))
    _do("mount", "-t", "tmpfs", "tmpfs", "/run")
    for part in ("upper", "work"):
        Path(f"/run/var/{part}").mkdir(parents=True)
    layers = "lowerdir=/var,upperdir=/run/var/upper,workdir=/run/var/work"
    _do("mount", "-t", "overlay", "-o", layers, "overlay", "/var")
    _do("mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", "/tmp")
    for number, directory in enumerate(kept):
        Path(directory).mkdir(parents=True, exist_ok=True)
        _do("mount", "--bind", f"/mnt/{number}", directory)
    # Containers may ask for mounts that follow the node's, which private mounts forbid.
    _do("mount", "--make-rshared", "/")


def connect_node() -> None:
    """Give the namespace a loopback and the node's address, on an empty bridge: not every kernel has dummies."""
    _do("ip", "link", "set", "lo", "up")
    _do("ip", "link", "add", "name", "node0", "type", "bridge")
    _do("ip", "addr", "add", f"{NODE_ADDRESS}/24", "dev", "node0")
    _do("ip", "link", "set", "node0", "up")
    _do("ip", "route", "add", "default", "dev", "node0")
    ipv4 = Path("/proc/sys/net/ipv4")
    (ipv4 / "ip_forward").write_text("1")
    # The probe takes its source ports in turn, out of these and those below, so that none comes round for minutes.
    (ipv4 / "ip_local_port_range").write_text("32768 65535")
    if not _TRACKING.exists():
        subprocess.run(["modprobe", "--quiet", "nf_conntrack"], check=False)
    # One probing client reuses its source ports within two minutes; the translation entry of a connection that ended,
    # or never came about, would send the new one to a pod that is gone, and the probe would blame the next update.
    for state in _FORGOTTEN_SOON:
        limit = _TRACKING / f"nf_conntrack_tcp_timeout_{state}"
        if limit.exists():
            limit.write_text("5")


def reap_until_the_keeper_goes() -> None:
    """Collect orphans, as process 1 must, until standard input ends: it does when the keeper closes it or dies."""
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        readable, _, _ = select.select([sys.stdin, wake_read], [], [], 5.0)
        if sys.stdin in readable:
            return
        if wake_read in readable:
            os.read(wake_read, 4096)
        _reap()


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


if __name__ == "__main__":
    mask_directories(sys.argv[1:])
    connect_node()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    reap_until_the_keeper_goes()
