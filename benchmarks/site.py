"""Where benchmarks run: this machine, and a real cluster that is started when the first benchmark asks for it."""

import secrets
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from benchmarks.measured import NotHere
from tests.real.cluster import audit, network
from tests.real.cluster.audit import Request
from tests.real.cluster.errors import Unavailable
from tests.real.cluster.real import RealCluster
from tests.real.product import Product
from tests.real.web import Web, WebSpec, deploy

_ACCOUNT = "measured"
_EVERYTHING = ({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}, {"nonResourceURLs": ["*"], "verbs": ["*"]})


class Real:
    """A real cluster whose API server writes down every request, and an account of our own there, to be counted by."""

    def __init__(self, cluster: RealCluster) -> None:
        self.cluster = cluster
        self._kubeconfig = cluster.token_for(_ACCOUNT, _EVERYTHING)

    def product(self) -> Product:
        """The installed script, acting under the account that is counted."""
        home = self.cluster.directory / f"home-{secrets.token_hex(3)}"
        home.mkdir()
        return Product(self._kubeconfig, home)

    def deployed(self, **spec: Any) -> Web:
        """The test application in a namespace of its own, once every pod answers."""
        return deploy(self.cluster, self.namespace(), WebSpec(**spec))

    def namespace(self) -> str:
        """A fresh namespace in which pods may start."""
        name = f"bench-{secrets.token_hex(3)}"
        self.cluster.kubectl("create", "namespace", name)
        self.cluster.kubectl("wait", "--for=create", "serviceaccount/default", "-n", name, "--timeout=20s")
        return name

    def drop(self, *apps: Web) -> None:
        """Begin to delete the namespaces of these apps."""
        for app in apps:
            self.cluster.kubectl("delete", "namespace", app.namespace, "--wait=false")

    def asked(self, before: Sequence[Request] = ()) -> list[Request]:
        """What the account asked of the API server since `before`; events are written as they are answered."""
        user = f"system:serviceaccount:default:{_ACCOUNT}"
        return audit.requests(Path(self.cluster.directory), user)[len(before) :]


class Site:
    """Use it as a context manager: what was started for a benchmark stands until the end."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._real: Real | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def real(self) -> Real:
        """The real cluster. Raises NotHere where there can be none."""
        if self._real is None:
            try:
                cluster = self._open.enter_context(RealCluster(tell, audited=True))
            except Unavailable as reason:
                raise NotHere(str(reason)) from reason
            self._open.enter_context(network.entered(cluster.pid))
            self._real = Real(cluster)
        return self._real


def tell(line: str) -> None:
    """A line of progress, apart from the tables."""
    print(f"{time.strftime('%H:%M:%S')}  {line}", file=sys.stderr, flush=True)
