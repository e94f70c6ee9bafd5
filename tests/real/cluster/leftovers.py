"""What a cluster has outside its namespaces, a directory and cgroups, and how it is erased, by its keeper or later.

Standard library only: the keeper imports this.
"""

import fcntl
import shutil
import tempfile
import time
from pathlib import Path
from typing import BinaryIO

from tests.real.cluster import cgroups

PREFIX = "dot-ai-lifecycle-"
_LOCK = "keeper.lock"


def place() -> Path:
    """The directory in which clusters have their directories."""
    return Path(tempfile.gettempdir()).resolve()


def claim(directory: Path) -> BinaryIO:
    """A lock on a cluster's directory, held for as long as any process keeps this file open."""
    lock = (directory / _LOCK).open("wb")
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return lock


def erase(name: str, directory: Path) -> None:
    """Remove the cgroups and the directory of a cluster whose processes are dead."""
    cgroups.remove(name)
    for _ in range(50):  # a dying mount namespace may hold a directory for a moment
        shutil.rmtree(directory, ignore_errors=True)
        if not directory.exists():
            return
        time.sleep(0.1)


def remove() -> None:
    """Erase clusters whose keeper was killed too: their processes died with it, these remains did not."""
    for lock in place().glob(f"{PREFIX}*/{_LOCK}"):
        try:
            with lock.open("rb") as held:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                erase(lock.parent.name, lock.parent)
        except (BlockingIOError, FileNotFoundError):  # it is in use, or somebody else was faster
            continue
