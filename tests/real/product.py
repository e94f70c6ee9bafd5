"""The product as its users have it: the installed console script, as a command line and as an MCP server."""

import asyncio
import json
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mcp import Client, StdioServerParameters
from mcp.types import CallToolResult, ElicitRequestParams, ElicitResult

SCRIPT = Path(sys.executable).with_name("dot-ai")

ENDED = ("done", "undone", "stuck", "interrupted")


def seconds_until_called(outcome: Mapping[str, Any]) -> float:
    """How long an operation took from its first step to the verdict that it fails; the way back is not counted.

    These are the record's times. A process's start, and how busy the machine is that it starts on, is no part of them.
    """
    forward = [step for step in outcome["steps"] if step["phase"] == "do"]
    assert forward[-1]["state"] == "failed", forward
    return sum(float(step["seconds"]) for step in forward)


@dataclass(frozen=True)
class Said:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def json(self) -> dict[str, Any]:
        """The one document that `-o json` prints."""
        document: dict[str, Any] = json.loads(self.out)
        return document

    def __str__(self) -> str:
        return f"exit code {self.code} after {self.seconds:.1f} s\n{self.out}\n{self.err}"


@dataclass(frozen=True)
class Answer:
    """What a tool answered."""

    error: bool
    text: str
    content: dict[str, Any]

    @classmethod
    def of(cls, result: CallToolResult) -> "Answer":
        (part,) = result.content
        assert part.type == "text"
        return cls(bool(result.is_error), part.text, result.structured_content or {})


class Session:
    """A client's session with `dot-ai serve`."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def call(self, tool: str, **arguments: Any) -> Answer:
        """What one call answers."""
        return Answer.of(await self.client.call_tool(tool, arguments))

    async def change(self, tool: str, **arguments: Any) -> Answer:
        """A change as a host without a dialog makes it: plan, call again with the plan's id, ask until it has ended."""
        planned = await self.call(tool, **arguments)
        assert planned.content.get("status") == "planned", planned.text
        call = planned.content["next_call"]
        return await self.ended(await self.call(call["tool"], **call["arguments"]))

    async def ended(self, answer: Answer) -> Answer:
        """The answer once its operation has ended."""
        while answer.content.get("status") == "running":
            operation, namespace = answer.content["operation_id"], answer.content["namespace"]
            answer = await self.call("get_operation", operation_id=operation, namespace=namespace, wait=45)
        return answer


class Command:
    """A command of the console script that was started."""

    def __init__(self, process: Process, began: float) -> None:
        self._process = process
        self._began = began
        self._saying = asyncio.create_task(process.communicate())

    async def ended(self, within: float = 100.0) -> Said:
        """What it said, once it has ended by itself."""
        out, err = await asyncio.wait_for(asyncio.shield(self._saying), within)
        code = self._process.returncode
        assert code is not None
        return Said(code, out.decode(), err.decode(), time.monotonic() - self._began)

    async def kill(self) -> None:
        """End it at once, as a crash does; it has no say in it."""
        if self._process.returncode is None:
            self._process.kill()
        await asyncio.wait({self._saying})


class Product:
    """The installed script with one kubeconfig and a home of its own."""

    def __init__(self, kubeconfig: Path, home: Path) -> None:
        self.kubeconfig = kubeconfig
        self.home = home

    def environment(self, **more: str) -> dict[str, str]:
        """A bare environment: what the machine sets for itself must not reach the tests."""
        return {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "COLUMNS": "160",
            "KUBECONFIG": str(self.kubeconfig),
            "LIFECYCLE_STATE_DIR": str(self.home / "state"),
            "LIFECYCLE_ACTOR": "cli:tester",
            **more,
        }

    def with_kubeconfig(self, kubeconfig: Path) -> "Product":
        """The same product with another kubeconfig."""
        return Product(kubeconfig, self.home)

    @asynccontextmanager
    async def running(self, *words: str, env: Mapping[str, str] | None = None) -> AsyncIterator["Command"]:
        """The command while it runs; killed at the end of the block if it still does."""
        began = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            str(SCRIPT),
            *words,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            env=self.environment(**(env or {})),
            limit=1 << 22,
        )
        command = Command(process, began)
        try:
            yield command
        finally:
            await command.kill()

    async def run(self, *words: str, within: float = 100.0, env: Mapping[str, str] | None = None) -> Said:
        """What the command said, waited for at most `within` seconds."""
        async with self.running(*words, env=env) as command:
            return await command.ended(within)

    @asynccontextmanager
    async def serving(
        self, person: "Person | None" = None, mode: Literal["auto", "legacy"] = "auto", **env: str
    ) -> AsyncIterator[Session]:
        """A session with the server; with a person the client can ask them."""
        server = StdioServerParameters(command=str(SCRIPT), args=["serve"], env=self.environment(**env))
        callback = person.answer if person else None
        async with Client(server, mode=mode, elicitation_callback=callback) as client:
            yield Session(client)


class Person:
    """Somebody in front of a client who agrees to everything; `asked` is what they were shown."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def answer(self, _: Any, params: ElicitRequestParams) -> ElicitResult:
        self.asked.append(params.message)
        return ElicitResult(action="accept", content={"agree": True})
