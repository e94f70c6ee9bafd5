"""A server on the other end of a pipe, spoken to line by line: no client library stands between us and the clock."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.measured import WentWrong

SCRIPT = str(Path(sys.executable).with_name("dot-ai"))
BARE = (sys.executable, str(Path(__file__).with_name("bare_server.py")))

_HELLO = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "benchmarks", "version": "1"},
}


class Peer:
    """A server process and a session with it. `started` is the time from its start to the answer of `initialize`."""

    def __init__(self, command: Sequence[str], **environment: str) -> None:
        began = time.perf_counter()
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **environment},
        )
        self._number = 0
        self.ask("initialize", _HELLO)
        self.started = time.perf_counter() - began
        self._send({"method": "notifications/initialized"})

    def ask(self, method: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The result of one request. Raises WentWrong for an error of the protocol."""
        return self._result(self.ask_raw(method, params))

    def ask_raw(self, method: str, params: Mapping[str, Any] | None = None) -> bytes:
        """The line that answers one request, as it came."""
        self._number += 1
        self._send({"id": self._number, "method": method, "params": params or {}})
        assert self._process.stdout is not None
        mine = f'"id":{self._number}'.encode()
        for line in self._process.stdout:
            if mine in line[:200] + line[-200:] and json.loads(line).get("id") == self._number:
                return line
        raise WentWrong(f"{self._process.args!r} ended while it was asked for {method}")

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """What a tool answers. Raises WentWrong for an error."""
        result = self.ask("tools/call", {"name": tool, "arguments": arguments})
        if result.get("isError"):
            raise WentWrong(f"{tool}: {result['content'][0]['text']}")
        return result

    def resident(self, *, peak: bool = False) -> float:
        """MiB of memory the process has (at its peak: has had)."""
        field = "VmHWM:" if peak else "VmRSS:"
        lines = Path(f"/proc/{self._process.pid}/status").read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024

    def worked(self) -> float:
        """Seconds of processor time the process has used, all its threads together; hundredths are all there are."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # user and system, proc(5)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._process as process:
            try:
                process.communicate(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        self._process.stdin.flush()

    @staticmethod
    def _result(line: bytes) -> dict[str, Any]:
        answer = json.loads(line)
        if "error" in answer:
            raise WentWrong(answer["error"]["message"])
        result: dict[str, Any] = answer["result"]
        return result
