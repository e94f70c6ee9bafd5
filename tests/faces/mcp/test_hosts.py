"""The example configuration, started the way each host would start it."""

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from dot_ai_lifecycle.operations import ALL
from tests.faces.mcp.processes import environment, pipe

pytestmark = [pytest.mark.realtime, pytest.mark.slow, pytest.mark.timeout(30)]

EXAMPLE: dict[str, dict[str, Any]] = json.loads(
    Path(__file__).parents[3].joinpath("mcp-config.example.json").read_text("utf-8")
)
TOKEN = "a-token-for-the-test"

_VARIABLE = re.compile(r"\$\{(?:(?P<kind>env|input):)?(?P<name>[\w-]+)(?::-(?P<default>[^}]*))?\}")


def entries(*, http: bool) -> list[Any]:
    """Every server entry of every host, of one transport."""
    return [
        pytest.param(entry, id=f"{host}:{name}")
        for host, config in EXAMPLE.items()
        for name, entry in config.get("mcpServers", config.get("servers", {})).items()
        if ("url" in entry) is http
    ]


def filled(text: str, known: Mapping[str, str]) -> str:
    """The text with variables as hosts fill them in: from their environment, from what they asked the person."""
    return _VARIABLE.sub(lambda match: known.get(match["name"], match["default"] or ""), text)


def test_there_is_an_entry_for_every_host() -> None:
    assert set(EXAMPLE) == {"claude-desktop", "claude-code", "vscode", "cursor"}


def test_a_secret_a_host_asks_for_is_one_it_names() -> None:
    named = {asked["id"] for asked in EXAMPLE["vscode"]["inputs"]}

    assert named == set(re.findall(r"\$\{input:([\w-]+)\}", json.dumps(EXAMPLE["vscode"])))


@pytest.mark.parametrize("entry", entries(http=False))
async def test_the_host_starts_the_server_and_sees_its_tools(tmp_path: Path, entry: dict[str, Any]) -> None:
    bare = environment(tmp_path)
    given = {name: filled(value, bare) for name, value in entry["env"].items()}
    program, *arguments = entry["args"]
    assert entry["command"] == "uvx", "uvx runs the console script that is called like the package"
    script = Path(sys.executable).with_name(program)
    env = {name: bare[name] for name in ("PATH", "HOME")} | given

    async with Client(StdioServerParameters(command=str(script), args=arguments, env=env)) as client:
        tools = (await client.list_tools()).tools

    assert [tool.name for tool in tools] == [operation.tool() for operation in ALL]


@pytest.mark.parametrize("entry", entries(http=True))
async def test_the_host_reaches_a_server_over_http_with_its_token(tmp_path: Path, entry: dict[str, Any]) -> None:
    known = {"LIFECYCLE_HTTP_TOKEN": TOKEN, "lifecycle-token": TOKEN}
    headers = {name: filled(value, known) for name, value in entry["headers"].items()}
    assert urlsplit(entry["url"]).hostname == "127.0.0.1"
    env = environment(tmp_path, LIFECYCLE_HTTP_TOKEN=TOKEN)
    async with pipe("serve", "--http", "127.0.0.1:0", env=env) as server:
        assert server.process.stderr is not None
        serving = (await server.process.stderr.readline()).decode().split()[-1]
        assert urlsplit(serving).path == urlsplit(entry["url"]).path
        async with (
            httpx2.AsyncClient(headers=headers) as web,
            Client(streamable_http_client(serving, http_client=web)) as client,
        ):
            tools = (await client.list_tools()).tools

    assert len(tools) == len(ALL)
