"""Finds what a cluster has, or has left, on this machine. After its end that is nothing, is the promise."""

import os
from collections.abc import Iterator, Set
from contextlib import ExitStack, contextmanager
from pathlib import Path


@contextmanager
def spaces_of(name: str, first: int) -> Iterator[frozenset[str]]:
    """The process namespaces of the cluster `name`, held: those of its first process and of every pod.

    The kernel gives the number of a namespace that is gone to the next one that is made, which may be another
    cluster's. An open descriptor keeps the number taken, and keeps no process and no mount alive.
    """
    with ExitStack() as held:
        pods = [pid for pid, _, cgroup in _running() if name in cgroup]
        yield frozenset(space for pid in (str(first), *pods) for space in _held(held, pid))


def of(name: str, spaces: Set[str] = frozenset()) -> list[str]:
    """Processes, mounts, cgroups and directories of the cluster `name`, each as a readable line.

    Processes are known by the name in their command line, by their cgroup (pods) or by being in one of the process
    namespaces `spaces`, which somebody has to hold; mounts by the name.
    """
    return [*_processes(name, spaces), *_mounts(name), *_directories(name)]


def _held(held: ExitStack, pid: str) -> frozenset[str]:
    """The process namespace of a process, held until `held` ends; none where the process has ended."""
    try:
        descriptor = os.open(f"/proc/{pid}/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return frozenset()
    held.callback(os.close, descriptor)
    return frozenset({str(Path(f"/proc/self/fd/{descriptor}").readlink())})


def _space(pid: str) -> str:
    try:
        return str(Path(f"/proc/{pid}/ns/pid").readlink())
    except OSError:  # it has ended
        return ""


def _running() -> Iterator[tuple[str, str, str]]:
    """(pid, command line, cgroups) of every process; the dead that nobody collected have no command line."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                if command:
                    yield entry.name, command, (entry / "cgroup").read_text(encoding="utf-8")
            except OSError:  # it ended while we looked
                continue


def _processes(name: str, spaces: Set[str]) -> Iterator[str]:
    for pid, command, cgroup in _running():
        if name in command or name in cgroup or _space(pid) in spaces:
            yield f"process {pid}: {command}"


def _mounts(name: str) -> Iterator[str]:
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        if name in line:
            yield f"mount {line}"


def _directories(name: str) -> Iterator[str]:
    for root in (Path("/run"), Path("/tmp"), Path("/sys/fs/cgroup")):
        for found in (*root.glob(f"*{name}*"), *root.glob(f"*/*{name}*")):
            yield f"directory {found}"
