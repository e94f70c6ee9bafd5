"""A room: the namespaces, cgroup and directory of one cluster, seen from the test run."""

import json
import os
import secrets
import select
import subprocess
import sys
from pathlib import Path
from typing import Self

from tests.real.cluster import leftovers
from tests.real.cluster.errors import StartFailed

_ROOT = Path(__file__).parents[3]
_LOG = Path("log") / "keeper.log"
_PATIENCE = 20.0  # seconds for the namespaces to stand


class Room:
    """Namespaces of its own for one cluster. Many can stand at once; each goes with the process that opened it."""

    def __init__(self) -> None:
        self.name = f"{leftovers.PREFIX}{os.getpid()}-{secrets.token_hex(3)}"
        self.directory = leftovers.place() / self.name
        self.pid = 0
        self._keeper: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self, *kept: Path) -> None:
        """Make the namespaces. The directories `kept` stay visible in them, as does the room's own."""
        leftovers.remove()
        (self.directory / "log").mkdir(parents=True)
        command = [sys.executable, "-m", "tests.real.cluster.keeper", self.name, str(self.directory), *map(str, kept)]
        # Its errors go where the room's do. The write end of its input is ours alone: it ends when we do.
        with (self.directory / _LOG).open("wb") as log, leftovers.claim(self.directory) as lock:
            self._keeper = subprocess.Popen(
                command,
                cwd=_ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                pass_fds=[lock.fileno()],
            )
        self.pid = self._pid_it_tells(self._keeper)

    def _pid_it_tells(self, keeper: subprocess.Popen[bytes]) -> int:
        if keeper.stdout is None:
            raise StartFailed("the keeper has no output")
        readable, _, _ = select.select([keeper.stdout], [], [], _PATIENCE)
        news = json.loads((keeper.stdout.readline() if readable else b"") or "{}")
        if "pid" not in news:
            said = news.get("error") or (self.directory / _LOG).read_text(errors="replace")
            self.close()
            raise StartFailed(f"the namespaces could not be made: {said.strip() or f'no answer in {_PATIENCE:.0f} s'}")
        return int(news["pid"])

    def command(self, *command: str, network_only: bool = False) -> list[str]:
        """`command`, prefixed so that it runs in the room; with `network_only` it keeps our files and processes."""
        spaces = ("--net",) if network_only else ("--net", "--mount", "--pid")
        return ["nsenter", "--target", str(self.pid), *spaces, *command]

    def close(self) -> None:
        """End everything in the room and wait until nothing of it is left. A room that is not open is left alone."""
        keeper, self._keeper = self._keeper, None
        if keeper is None:
            return
        with keeper:  # closes its input, which is the sign to clean up, and waits for it
            pass
