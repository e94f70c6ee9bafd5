"""The keeper: a small process that holds a cluster's namespaces and cleans up when the test run ends, however it ends.

It sits in a session of its own and waits for one of three: the test run closes the pipe, the test run dies (SIGKILL
included), or somebody sends SIGTERM. Then it ends the namespaces and removes the cgroups and the directory. There is
one way to stop a cluster, and that is it. Should the keeper itself be killed, the namespaces end with it.

`python -m tests.real.cluster.keeper NAME DIRECTORY KEPT…`; says `{"pid": N}` (their first process) when they stand,
or `{"error": TEXT}`.
Standard library only.
"""

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

from tests.real.cluster import cgroups, leftovers

_CLONE_NEWPID = 0x20000000
_LOG = Path("log") / "room.log"


def keep(name: str, directory: Path, kept: list[str]) -> None:
    """Hold the namespaces until the test run ends, then leave nothing behind."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cgroups.create(name)
    first = _first_process(directory, kept)
    try:
        if first.stdout is not None and first.stdout.readline() == b"ready\n":
            _tell({"pid": first.pid})
            _wait_for_the_end()
        else:
            _tell({"error": (directory / _LOG).read_text(errors="replace")})
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        first.kill()
        first.wait()  # returns when every process of the namespace is dead
        leftovers.erase(name, directory)


def _first_process(directory: Path, kept: list[str]) -> subprocess.Popen[bytes]:
    # Only our children enter the new process namespace, and the first of them becomes its process 1.
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWPID) != 0:
        raise OSError(ctypes.get_errno(), "cannot make a process namespace")
    script = str(Path(__file__).with_name("inside.py"))
    command = ["unshare", "--net", "--mount", sys.executable, "-I", script, str(directory), *kept]
    with (directory / _LOG).open("wb") as log:
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)


def _tell(news: dict[str, int | str]) -> None:
    sys.stdout.write(json.dumps(news) + "\n")
    sys.stdout.flush()


def _wait_for_the_end() -> None:
    watched = select.poll()
    watched.register(sys.stdin.fileno(), select.POLLIN | select.POLLHUP)
    try:
        watched.register(os.pidfd_open(os.getppid()), select.POLLIN)
    except ProcessLookupError:
        return
    watched.poll()


if __name__ == "__main__":
    keep(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
