"""One cgroup root for one cluster: every pod lives below it, and it goes when the cluster goes.

Standard library only: the keeper, which must outlive a failing test run, imports this.
"""

import contextlib
import os
import time
from pathlib import Path

_V2_CONTROLLERS = ("cpu", "cpuset", "memory", "pids", "hugetlb", "io")


def _mounted(kind: str) -> list[Path]:
    lines = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    return [Path(line.split()[1]) for line in lines if line.split()[2] == kind]


def create(name: str) -> None:
    """Make the cgroup `name` in every hierarchy; a new cpuset is useless until it names its CPUs and memory nodes."""
    for hierarchy in _mounted("cgroup"):
        own = hierarchy / name
        own.mkdir(exist_ok=True)
        for file in ("cpuset.cpus", "cpuset.mems"):
            if (hierarchy / file).exists():
                (own / file).write_text((hierarchy / file).read_text())
    if not _mounted("cgroup"):
        root = _mounted("cgroup2")[0]
        (root / name).mkdir(exist_ok=True)
        for level in (root, root / name):
            _enable(level)


def _enable(level: Path) -> None:
    offered = (level / "cgroup.controllers").read_text().split()
    for controller in _V2_CONTROLLERS:
        if controller in offered:
            # The root's may be ours to read only, with the controllers already enabled.
            with contextlib.suppress(OSError):
                (level / "cgroup.subtree_control").write_text(f"+{controller}")


def remove(name: str, within: float = 10.0) -> None:
    """Remove the cgroup `name` and all below it from every hierarchy; its processes must be dead already.

    The kernel lets go of a dead process a moment after it is reaped, so a refusal is tried again for `within` seconds.
    """
    deadline = time.monotonic() + within
    for hierarchy in (*_mounted("cgroup"), *_mounted("cgroup2")):
        while not _removed(hierarchy / name) and time.monotonic() < deadline:
            time.sleep(0.05)


def _removed(root: Path) -> bool:
    for folder, _, _ in os.walk(root, topdown=False):
        with contextlib.suppress(OSError):
            Path(folder).rmdir()
    return not root.exists()
