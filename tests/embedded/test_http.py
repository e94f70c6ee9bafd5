"""The front on a port: the same answers, streamed, and broken where faults break them."""

import json
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from dot_ai_lifecycle.embedded.faults import Fault
from dot_ai_lifecycle.embedded.http import HttpFront, kubeconfig
from tests.embedded.clients import Client, client, config_map
from tests.support.http_transport import HttpTransport

pytestmark = pytest.mark.realtime
PATH = "/api/v1/namespaces/default/configmaps"


@pytest.fixture
def box() -> Client:
    return client()


@pytest.fixture
async def wire(box: Client, tmp_path: Path) -> AsyncIterator[HttpTransport]:
    served = HttpFront(box.api)
    kubeconfig(await served.start(), tmp_path / "config")
    async with HttpTransport(tmp_path / "config") as transport:
        yield transport
    await served.stop()


async def test_both_fronts_give_the_same_answer(box: Client, wire: HttpTransport) -> None:
    box.store.create(config_map("a", x="1"))
    over_wire, in_process = await wire.request("GET", PATH), await box.transport.request("GET", PATH)
    assert (over_wire.status, over_wire.body) == (in_process.status, in_process.body)
    assert over_wire.headers["content-type"] == in_process.headers["content-type"]


async def test_a_watch_streams_as_things_happen(box: Client, wire: HttpTransport) -> None:
    query = [("watch", "1"), ("timeoutSeconds", "3")]
    async with wire.stream("GET", PATH, query=query) as stream:
        lines = aiter(stream)
        for name in ("a", "b"):
            box.store.create(config_map(name))
            assert json.loads(await anext(lines))["object"]["metadata"]["name"] == name


async def test_a_cut_connection_is_seen_as_one(box: Client, wire: HttpTransport) -> None:
    box.faults.add(Fault(method="POST", drop="after"))
    with pytest.raises(aiohttp.ClientConnectionError):
        await wire.request("POST", PATH, body=json.dumps(config_map("a")).encode())
    assert box.store.find("ConfigMap", "a") is not None


async def test_a_cut_watch_is_seen_as_one(box: Client, wire: HttpTransport) -> None:
    box.store.create(config_map("a"))
    box.faults.add(Fault(path="watch=1", cut=1))
    seen = 0
    with pytest.raises(aiohttp.ClientError):
        async with wire.stream("GET", PATH, query=[("watch", "1"), ("timeoutSeconds", "3")]) as stream:
            async for _ in stream:
                seen += 1
    assert seen == 1


async def test_names_are_decoded_once(box: Client, wire: HttpTransport) -> None:
    answer = await wire.request("GET", f"{PATH}/a%2Fb")
    assert json.loads(answer.body)["message"] == 'configmaps "a/b" not found'


async def test_a_kubeconfig_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "config"
    kubeconfig("http://127.0.0.1:1", path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
