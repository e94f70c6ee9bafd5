"""The real cluster for pytest: `--real`, the fixtures, and what every test under this directory is marked with.

Listed in the top conftest, so that the contract suite can use the same cluster. Without `--real` (or
LIFECYCLE_TEST_REAL=1) nothing here starts anything. Asked for but impossible: the tests skip and say why.

While the cluster stands, the main thread is inside its network namespace: event loops, sockets, subprocesses and
threads of the tests reach 127.0.0.1:6443, Services and pods directly, and nothing of the outside network.
"""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.real.cluster import network
from tests.real.cluster.access import Cluster
from tests.real.cluster.errors import Unavailable
from tests.real.cluster.given import PREFIX_VARIABLE, VARIABLE, GivenCluster
from tests.real.cluster.real import RealCluster
from tests.real.product import Product
from tests.real.web import Web, WebSpec, deploy

_SWITCH = "LIFECYCLE_TEST_REAL"
_NOT_ASKED = f"needs a real Kubernetes: --real or {_SWITCH}=1 (make real)"
_LIMIT = 120.0  # seconds for one test on a real cluster


class WebFactory(Protocol):
    """Deploys the test application into the test's namespace; the keywords are WebSpec's fields."""

    def __call__(self, name: str = "web", **spec: Any) -> Web: ...


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--real", action="store_true", help=f"run the tests that need a real Kubernetes (or {_SWITCH}=1)")


def asked_for(config: pytest.Config) -> bool:
    """Whether this run wants the real cluster."""
    return bool(config.getoption("--real")) or os.environ.get(_SWITCH) == "1"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("real"):
            if not item.get_closest_marker("timeout"):
                item.add_marker(pytest.mark.timeout(_LIMIT, func_only=True))  # fixtures have limits of their own
            if not asked_for(config):
                item.add_marker(pytest.mark.skip(reason=_NOT_ASKED))


@pytest.fixture(scope="session")
def progress(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Prints one line to the terminal at once, captured output or not."""
    plugins = request.config.pluginmanager
    reporter, capture = plugins.get_plugin("terminalreporter"), plugins.get_plugin("capturemanager")

    def tell(line: str) -> None:
        if reporter is None:
            return
        with capture.global_and_fixture_disabled() if capture is not None else nullcontext():
            reporter.ensure_newline()
            reporter.write_line(f"real cluster: {line}")
            reporter.flush()

    return tell


@pytest.fixture(scope="session")
def real_cluster(request: pytest.FixtureRequest, progress: Callable[[str], None]) -> Iterator[Cluster]:
    """A real Kubernetes for the whole session: one of our own, or the one LIFECYCLE_TEST_KUBECONFIG names."""
    if not asked_for(request.config):
        pytest.skip(_NOT_ASKED)
    given = os.environ.get(VARIABLE)
    with ExitStack() as stack:
        try:
            prefix = os.environ.get(PREFIX_VARIABLE) or None
            cluster = stack.enter_context(GivenCluster(Path(given), prefix) if given else RealCluster(progress))
        except Unavailable as reason:
            pytest.skip(str(reason))
        if isinstance(cluster, RealCluster):
            stack.enter_context(network.entered(cluster.pid))
        yield cluster


@pytest.fixture(scope="session")
def own_cluster(real_cluster: Cluster) -> RealCluster:
    """The real cluster where it is our own: its programs can be killed and images loaded; a given one skips."""
    if not isinstance(real_cluster, RealCluster):
        pytest.skip(f"needs a cluster of our own, this one was given by {VARIABLE}")
    return real_cluster


@pytest.fixture(scope="session")
def argo_rollouts(own_cluster: RealCluster) -> RealCluster:
    """The real cluster with the real controller of Argo Rollouts in it."""
    try:
        own_cluster.install_argo_rollouts()
    except Unavailable as reason:
        pytest.skip(str(reason))
    return own_cluster


@pytest.fixture(scope="session")
def real_kubeconfig(real_cluster: Cluster) -> Path:
    """The kubeconfig of the real cluster's admin."""
    return real_cluster.kubeconfig


@pytest.fixture
def namespace(real_cluster: Cluster) -> Iterator[str]:
    """A fresh namespace on the real cluster; its deletion is begun after the test and not waited for."""
    name = f"test-{secrets.token_hex(4)}"
    real_cluster.kubectl("create", "namespace", name)
    # Pods are refused until the controller has made this account; after an outage it takes its time to come back.
    made = ("wait", "--for=create", "serviceaccount/default", "-n", name, "--timeout=60s")
    real_cluster.kubectl(*made, timeout=65.0)
    yield name
    real_cluster.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def web(real_cluster: Cluster, namespace: str) -> WebFactory:
    """Deploys the test application and returns it once every pod answers through the Service."""

    def factory(name: str = "web", **spec: Any) -> Web:
        try:
            return deploy(real_cluster, namespace, WebSpec(name=name, **spec))
        except Unavailable as reason:
            pytest.skip(str(reason))

    return factory


@pytest.fixture
def product(real_kubeconfig: Path, tmp_path: Path) -> Product:
    """The installed console script, as the cluster's admin."""
    return Product(real_kubeconfig, tmp_path)
