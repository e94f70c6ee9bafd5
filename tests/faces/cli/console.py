"""The installed console script, as a shell and as a person at a terminal run it, against a cluster on a port."""

import asyncio
import fcntl
import os
import pty
import re
import struct
import sys
import termios
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from dot_ai_lifecycle.embedded.cluster import EmbeddedCluster
from dot_ai_lifecycle.embedded.http import HttpFront, kubeconfig
from tests.support.house import SHOP

STYLE = re.compile(r"\x1b\[[0-9;]*m")

SLOW = "box.local/web:v2-slow"
"""Long enough on its way to be interrupted, short enough to be waited for."""

SCRIPT = str(Path(sys.executable).with_name("dot-ai"))


@dataclass
class Console:
    """A cluster on a port, and an environment that points at it."""

    box: EmbeddedCluster
    environment: dict[str, str]

    def image(self) -> str:
        """The image the shop wants now."""
        found = self.box.store.get("Deployment", "web", "shop")
        return str(found["spec"]["template"]["spec"]["containers"][0]["image"])

    async def start(self, *words: str, **more: str) -> Process:
        """Start the script with nobody at the terminal."""
        environment = {**self.environment, **more}
        return await asyncio.create_subprocess_exec(
            SCRIPT, *words, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, env=environment
        )

    async def run(self, *words: str, **more: str) -> tuple[int, str, str]:
        """Run it to its end: exit code, stdout, stderr."""
        process = await self.start(*words, **more)
        out, err = await process.communicate()
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()


@asynccontextmanager
async def console(tmp_path: Path) -> AsyncIterator[Console]:
    """A running shop behind a kubeconfig, and nothing of this machine's own settings."""
    async with EmbeddedCluster(seed=7) as box:
        box.behaviour.images[SLOW] = {"SLOW_START_S": "3"}
        box.apply(SHOP)
        front = HttpFront(box.api)
        kubeconfig(await front.start(), tmp_path / "kubeconfig")
        try:
            yield Console(box, bare_environment(tmp_path))
        finally:
            await front.stop()


def bare_environment(tmp_path: Path) -> dict[str, str]:
    """What the script finds: a home, a kubeconfig, UTF-8."""
    return {
        "PATH": f"{Path(SCRIPT).parent}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "KUBECONFIG": str(tmp_path / "kubeconfig"),
        "LIFECYCLE_STATE_DIR": str(tmp_path / "state"),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
    }


@dataclass
class Terminal:
    """A person's side of a terminal."""

    descriptor: int
    seen: bytearray = field(default_factory=bytearray)

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self.descriptor, text.encode())

    async def until(self, text: str) -> str:
        """Everything on the screen, styles taken out, once the text is there or the other side is gone."""
        while text not in (screen := STYLE.sub("", self.seen.decode(errors="replace"))):
            await self._readable()
            try:
                self.seen += os.read(self.descriptor, 65_536)
            except OSError:  # Linux says EIO where the last process has closed its side
                break
        return screen

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        ready = loop.create_future()
        loop.add_reader(self.descriptor, lambda: ready.done() or ready.set_result(None))
        try:
            await ready
        finally:
            loop.remove_reader(self.descriptor)


@contextmanager
def terminal(columns: int = 80) -> Iterator[tuple[Terminal, int]]:
    """A terminal of that width: the person's side, and the descriptor for the program's."""
    person, program = pty.openpty()
    fcntl.ioctl(program, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    try:
        yield Terminal(person), program
    finally:
        os.close(person)


async def at_terminal(desk: Console, program: int, *words: str, **more: str) -> Process:
    """Start the script with all three streams on the terminal, in the foreground of a session of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "import fcntl, os, sys, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
        "os.execv(sys.argv[1], sys.argv[1:])",
        SCRIPT,
        *words,
        stdin=program,
        stdout=program,
        stderr=program,
        env={**desk.environment, **more},
    )
    os.close(program)
    return process
