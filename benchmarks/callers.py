"""MCP over HTTP as plain requests, one POST a message: cheap enough for one process to be fifty callers."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector

_ACCEPT = {"Accept": "application/json, text/event-stream"}
_SPOKEN = "2026-07-28"
_META = {
    "io.modelcontextprotocol/protocolVersion": _SPOKEN,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "benchmarks", "version": "1"},
}


class Caller:
    """Somebody, or many, who call a server; what fails is noted. `most` is how many calls were open at one time."""

    def __init__(self, session: ClientSession, address: str) -> None:
        self._session, self._address = session, address
        self._open = 0
        self.calls = 0
        self.most = 0
        self.failures: list[str] = []

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The structured answer; empty where the call failed."""
        self.calls += 1
        self._open += 1
        self.most = max(self.most, self._open)
        params = {"name": tool, "arguments": arguments, "_meta": _META}
        headers = {"MCP-Protocol-Version": _SPOKEN, "Mcp-Method": "tools/call", "Mcp-Name": tool}
        result = await self.post({"method": "tools/call", "params": params}, headers)
        self._open -= 1
        if result.get("isError"):
            self.failures.append(f"{tool}: {result['content'][0]['text']}")
        content: dict[str, Any] = result.get("structuredContent") or {}
        return content

    async def post(self, message: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        """The result of one message; empty where it failed."""
        body = {"jsonrpc": "2.0", "id": 1, **message}
        try:
            async with self._session.post(self._address, json=body, headers={**_ACCEPT, **headers}) as response:
                text = await response.text()
        except (ClientError, TimeoutError) as error:
            self.failures.append(f"{message['method']}: {error!r}")
            return {}
        # Alone the answer is plain JSON; where progress and news came before, it is the last message of a stream.
        answer = [line.removeprefix("data: ") for line in text.splitlines() if "{" in line[:7]] or ["{}"]
        result: dict[str, Any] | None = json.loads(answer[-1]).get("result")
        if result is None:
            self.failures.append(f"{message['method']}: HTTP {response.status} {text[:200]}")
        return result or {}


@asynccontextmanager
async def calling(address: str) -> AsyncIterator[Caller]:
    """A caller of that server with as many connections as it has open calls."""
    async with ClientSession(connector=TCPConnector(limit=0), timeout=ClientTimeout(total=60)) as session:
        yield Caller(session, address)
