"""The installed console script as a host starts it: over pipes, with a bare environment."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

SCRIPT = str(Path(sys.executable).with_name("dot-ai"))

NOWHERE = """
apiVersion: v1
kind: Config
current-context: nowhere
contexts: [{name: nowhere, context: {cluster: nowhere, user: nobody}}]
clusters: [{name: nowhere, cluster: {server: "http://127.0.0.1:9"}}]
users: [{name: nobody, user: {}}]
"""
"""A kubeconfig of a cluster that nobody serves."""


def environment(tmp_path: Path, **more: str) -> dict[str, str]:
    """What a host with a graphical interface gives a server: little."""
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(NOWHERE)
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "KUBECONFIG": str(kubeconfig),
        "LIFECYCLE_STATE_DIR": str(tmp_path / "state"),
        **more,
    }


class Pipe:
    """A JSON-RPC conversation with a server over its stdin and stdout."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.heard: list[dict[str, Any]] = []
        self._next = 0

    async def say(self, line: str) -> None:
        """Write one line, whatever it is."""
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        await self.process.stdin.drain()

    async def send(self, method: str, params: Mapping[str, Any], *, notify: bool = False) -> int:
        """Send a request or notification; the id of the request."""
        self._next += 1
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params}
        await self.say(json.dumps(message if notify else {**message, "id": self._next}))
        return self._next

    async def answer(self, number: int) -> dict[str, Any]:
        """The answer to that request; every line heard until then is kept, and must be JSON."""
        return await self._hear(lambda message: message.get("id") == number and "method" not in message)

    async def heard_of(self, method: str) -> dict[str, Any]:
        """The next request or notification of that kind from the server."""
        return await self._hear(lambda message: message.get("method") == method)

    async def _hear(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        assert self.process.stdout is not None
        while True:
            line = await self.process.stdout.readline()
            assert line, "the server closed its stdout"
            self.heard.append(json.loads(line))
            if wanted(self.heard[-1]):
                return self.heard[-1]

    async def ask(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Send a request and wait for its answer."""
        return await self.answer(await self.send(method, params))

    async def initialize(self, *, elicits: bool = False) -> dict[str, Any]:
        """Shake hands as an older host does."""
        hello = {
            "protocolVersion": "2025-06-18",
            "capabilities": {"elicitation": {}} if elicits else {},
            "clientInfo": {"name": "test-host", "version": "1"},
        }
        answer = await self.ask("initialize", hello)
        await self.send("notifications/initialized", {}, notify=True)
        return answer

    async def end(self, within: float) -> tuple[bytes, bytes]:
        """Close its stdin and wait for its end; what it still wrote to stdout and stderr."""
        return await asyncio.wait_for(self.process.communicate(b""), within)


@asynccontextmanager
async def pipe(*arguments: str, env: Mapping[str, str], command: str = SCRIPT) -> AsyncIterator[Pipe]:
    """A server started as a host would, and gone at the end whatever happens."""
    process = await asyncio.create_subprocess_exec(
        command, *arguments, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=dict(env), limit=1 << 24
    )
    try:
        yield Pipe(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
