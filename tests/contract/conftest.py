"""The contract suite runs on the embedded cluster, and with `--real` on a real one too: they must not differ."""

import asyncio
from collections.abc import AsyncIterator, Generator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dot_ai_lifecycle.embedded.api import Api
from dot_ai_lifecycle.embedded.store import Store
from dot_ai_lifecycle.embedded.transport import InProcess
from tests.contract.talk import Talk, Transport
from tests.real.plugin import asked_for
from tests.support.http_transport import HttpTransport


@pytest.hookimpl(wrapper=True)
def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> Generator[None, pytest.Module | None, pytest.Module | None]:
    # One event loop serves both clusters of a test, and it is chosen at collection: sockets need the ordinary one.
    module = yield
    if module is not None and asked_for(parent.config):
        module.add_marker(pytest.mark.realtime)
    return module


@pytest.fixture(params=["embedded", pytest.param("real", marks=pytest.mark.real)])
def cluster_under_test(request: pytest.FixtureRequest) -> Path | None:
    """The kubeconfig of the real cluster, None for the embedded one."""
    return request.getfixturevalue("real_kubeconfig") if request.param == "real" else None


@pytest.fixture
async def api(cluster_under_test: Path | None) -> AsyncIterator[Transport]:
    """A transport to the API server under test."""
    if cluster_under_test is not None:
        async with HttpTransport(cluster_under_test) as transport:
            yield transport
        return
    clock, began = asyncio.get_running_loop().time, datetime.now(UTC).timestamp()
    start = clock()

    def now() -> datetime:
        return datetime.fromtimestamp(began + clock() - start, UTC)

    yield InProcess(Api(Store(now), now=now, logs=lambda *_: b""))


@pytest.fixture
async def talk(api: Transport) -> AsyncIterator[Talk]:
    """Requests in a fresh namespace."""
    talk = await Talk.begin(api)
    yield talk
    await talk.end()
