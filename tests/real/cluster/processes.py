"""The running programs of one cluster: started in its room, watched, and stoppable one by one for fault tests."""

import signal
import subprocess
import time
from collections.abc import Callable
from os import kill
from pathlib import Path

from tests.real.cluster.errors import StartFailed
from tests.real.cluster.room import Room


class Programs:
    """The programs of a cluster by name. They end with the room, whatever happens to us."""

    def __init__(self, room: Room, lines: dict[str, list[str]]) -> None:
        self._room = room
        self._lines = lines
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def add(self, name: str, line: list[str]) -> None:
        """Start a further program beside the cluster's own."""
        self._lines[name] = line
        self.start(name)

    def start(self, *names: str) -> None:
        """Start programs; each writes its log under its name. A name that this cluster does not have is left out."""
        for name in names:
            if name in self._lines:
                with self._log(name).open("ab") as log:
                    self._running[name] = subprocess.Popen(
                        self._room.command(*self._lines[name]),
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                        start_new_session=True,
                    )

    def kill(self, name: str) -> None:
        """End one program as a power failure would, and wait until it is gone. `start` brings it back."""
        self.signal(name, signal.SIGKILL)
        self._running.pop(name).wait(10)

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to one program, for example SIGSTOP and SIGCONT for one that hangs for a while."""
        entered = self._running[name].pid  # nsenter, which waits outside for the program it started inside
        children = Path(f"/proc/{entered}/task/{entered}/children").read_text().split()
        for child in children:
            kill(int(child), number)

    def wait_for(self, what: str, ready: Callable[[], bool], within: float = 40.0) -> None:
        """Wait until `ready`; StartFailed with the last log lines when a program has ended or the time is over."""
        deadline = time.monotonic() + within
        while not ready():
            ended = [name for name, process in self._running.items() if process.poll() is not None]
            if ended:
                raise StartFailed(f"waiting for {what}: {', '.join(ended)} ended\n{self.last_words(*ended)}")
            if time.monotonic() > deadline:
                raise StartFailed(f"waiting for {what}: not within {within:.0f} s\n{self.last_words(*self._running)}")
            time.sleep(0.05)

    def last_words(self, *names: str, lines: int = 3) -> str:
        """The last log lines of programs."""
        return "\n".join(f"{name}: {line}" for name in names for line in self._tail(name, lines))

    def ended(self) -> None:
        """Collect what is left of the processes after their room has closed."""
        for process in self._running.values():
            process.wait(10)
        self._running.clear()

    def _log(self, name: str) -> Path:
        return self._room.directory / "log" / f"{name}.log"

    def _tail(self, name: str, lines: int) -> list[str]:
        return self._log(name).read_text(errors="replace").splitlines()[-lines:]
