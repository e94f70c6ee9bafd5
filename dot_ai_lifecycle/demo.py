"""The demo: a shop under traffic is updated, a bad version is caught and taken back, and the story is told.

It acts only as a host would: through an MCP client, over stdio, on a server process of its own. The cluster is the
embedded one; the traffic is counted at the Service, request by request.
"""

import os
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcp import Client, StdioServerParameters
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dot_ai_lifecycle.embedded.traffic import Flow
from dot_ai_lifecycle.playground import BAD_VERSION, NAMESPACE, Playground, playground, reachable, until_told
from dot_ai_lifecycle.settings import Settings

APP = "my-app"
RATE = 200.0
"""New connections a second, as in the measurements on a real cluster."""

AT_MOST = 45.0
"""Seconds one call may take; a server answers `running` before that."""


class DemoFailed(Exception):
    """The demo did not show what it is there to show."""


@dataclass
class Show:
    """One run of the demo: who speaks, through whom it acts, and who counts."""

    console: Console
    client: Client
    flow: Flow

    def say(self, text: str, style: str = "", indent: int = 2) -> None:
        """One paragraph, indented as a whole; nothing in it is taken for markup."""
        self.console.print(Padding(Text(text, style=style), (0, 0, 0, indent)))

    async def call(self, tool: str, **arguments: Any) -> Mapping[str, Any]:
        """One tool call, as a host makes it; progress is printed as it comes. Raises DemoFailed for an error."""
        spoken = "".join(f" {name}={value}" for name, value in arguments.items())
        self.console.print(Text.assemble((f"> {tool}", "bold cyan"), spoken))
        result = await self.client.call_tool(
            tool, arguments, read_timeout_seconds=AT_MOST + 15, progress_callback=self._progress
        )
        content: Mapping[str, Any] = result.structured_content or {}
        if result.is_error and "operation_id" not in content:  # an operation that ended badly is an answer, too
            raise DemoFailed(str(content.get("message") or result.content))
        return content

    async def _progress(self, progress: float, total: float | None, message: str | None) -> None:
        del progress, total  # the message has the counts in it
        self.say(message or "", "dim", indent=4)

    async def change(self, tool: str, expected: str, **arguments: Any) -> Mapping[str, Any]:
        """Plan, show the plan, agree to it, and watch it; the way it must end is `expected`. Raises DemoFailed."""
        planned = await self.call(tool, app=APP, namespace=NAMESPACE, **arguments)
        self._show_plan(planned)
        before = self._counted()
        ended = await self.call(tool, app=APP, namespace=NAMESPACE, plan_id=planned["plan_id"], **arguments)
        self._show_end(ended)
        answered, failed = (now - then for now, then in zip(self._counted(), before, strict=True))
        self.say(f"{answered} requests answered meanwhile, {failed} failed\n", "red" if failed else "green")
        if ended["status"] != expected:
            raise DemoFailed(f"{tool} ended {ended['status']}, not {expected}: {ended['summary']}")
        return ended

    def _counted(self) -> tuple[int, int]:
        return sum(self.flow.ok.values()), sum(self.flow.failed.values())

    def _show_plan(self, planned: Mapping[str, Any]) -> None:
        plan = planned["plan"]
        self.say(plan["summary"], "bold")
        for line in plan.get("diff", ()):
            self.say(line, "red" if line.startswith("-") else "green", indent=4)
        self.say(f"risk {plan['risk']}, plan {planned['plan_id']}: agreed")

    def _show_end(self, ended: Mapping[str, Any]) -> None:
        colour = {"done": "bold green", "undone": "bold yellow"}.get(ended["status"], "bold red")
        self.say(f"{ended['status']}: {ended['verdict']}", colour)
        cause = ended.get("cause", {})
        for line in (*cause.get("evidence", ())[:1], *cause.get("logs", ())[-1:]):
            self.say(f"| {line}", "yellow", indent=4)


async def show(settings: Settings, *, keep: bool, console: Console | None = None) -> int:
    """Run the whole demo; with `keep` the cluster stays for kubectl until told to end. Returns the exit code."""
    del settings  # the demo touches neither the user's cluster nor the user's files
    console = console or Console()
    async with playground() as place:
        with tempfile.TemporaryDirectory(prefix="dot-ai-demo-") as directory:
            config = Path(directory) / "kubeconfig"
            async with reachable(place, 0, config) as address:
                code = await _told(console, place, config)
                if keep:
                    console.print(f"The cluster stays at {address}; Ctrl-C ends it.\n  export KUBECONFIG={config}")
                    await until_told()
    return code


async def _told(console: Console, place: Playground, config: Path) -> int:
    console.print("[bold]A shop on an embedded Kubernetes, under traffic, changed through an MCP client[/]\n")
    await place.box.settled(30)
    code = 0
    try:
        async with _session(console, place, config) as act:
            await _story(act)
    except* DemoFailed as failures:  # the client's task group wraps what is raised inside it
        console.print(f"[red]The demo failed:[/] {_innermost(failures)}")
        code = 1
    return code


def _innermost(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _environment(inherited: Mapping[str, str], config: Path) -> dict[str, str]:
    """What the demo's server finds: its own cluster and nothing the user has set, which could name another one."""
    kept = {name: value for name, value in inherited.items() if not name.startswith("LIFECYCLE_")}
    return {**kept, "KUBECONFIG": str(config), "LIFECYCLE_STATE_DIR": str(config.parent / "state")}


@asynccontextmanager
async def _session(console: Console, place: Playground, config: Path) -> AsyncIterator[Show]:
    """A server process of its own, a client on it, and traffic on the Service."""
    environment = _environment(os.environ, config)
    server = StdioServerParameters(command=sys.executable, args=["-m", "dot_ai_lifecycle", "serve"], env=environment)
    flow = place.box.traffic.start(APP, NAMESPACE, rate=RATE)
    async with Client(server) as client:
        yield Show(console, client, flow)
    flow.stop()


async def _story(act: Show) -> None:
    seen = await act.call("inspect_app", app=APP, namespace=NAMESPACE)
    act.say(f"{seen['summary']}\n")
    act.console.rule("a good version", style="dim", align="left")
    await act.change("update_app", "done", version="v2.0.0")
    act.console.rule("a version that cannot start", style="dim", align="left")
    bad = await act.change("update_app", "undone", version=BAD_VERSION)
    if not bad.get("cause"):
        raise DemoFailed("the bad version was taken back, but no cause was named")
    act.console.rule("more of it", style="dim", align="left")
    await act.change("scale_app", "done", replicas=6)
    act.console.rule("what was done", style="dim", align="left")
    history = await act.call("list_operations", app=APP, namespace=NAMESPACE)
    act.console.print(_table(history["operations"]))
    failed = sum(act.flow.failed.values())
    answered = sum(act.flow.ok.values())
    act.console.print(Text(f"\n{answered} requests in all, {failed} failed.", "bold"))
    if failed:
        raise DemoFailed(f"{failed} requests failed")


def _table(operations: list[Mapping[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("OPERATION", "WHAT", "FROM", "TO", "ENDED", "SECONDS"):
        table.add_column(heading, overflow="fold")
    for line in reversed(operations):
        table.add_row(
            line["operation_id"], line["operation"], line["before"], line["after"], line["status"], str(line["seconds"])
        )
    return table
