"""The adapter on an API server in the process: no controllers, so nothing happens that a test did not ask for."""

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dot_ai_lifecycle.adapters.kubernetes import KubernetesCluster
from dot_ai_lifecycle.embedded.api import Api
from dot_ai_lifecycle.embedded.faults import Fault, Faults
from dot_ai_lifecycle.embedded.messages import Request
from dot_ai_lifecycle.embedded.store import Store
from dot_ai_lifecycle.embedded.transport import InProcess

BEGINNING = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def on_loop_time() -> datetime:
    """A clock that leaps along with virtual time."""
    return BEGINNING + timedelta(seconds=asyncio.get_running_loop().time())


def log_of(pod: Any, container: str, previous: bool, tail: int | None, limit: int | None) -> bytes:
    """Thirty lines of a thousand bytes, counted from the oldest."""
    lines = [f"line {number} ".encode().ljust(1000, b".") for number in range(30)]
    return b"\n".join(lines[-(tail or len(lines)) :]) + b"\n"


@dataclass
class Box:
    """An API server with one namespace, the adapter on it, and what was asked of it."""

    store: Store
    faults: Faults
    api: Api
    cluster: KubernetesCluster
    requests: list[Request] = field(default_factory=list)

    def noted(self, request: Request) -> None:
        self.requests.append(request)

    def fault(self, **what: Any) -> Fault:
        return self.faults.add(Fault(**what))


@pytest.fixture
def box() -> Iterator[Box]:
    faults = Faults()
    store = Store(lambda: BEGINNING)
    api = Api(store, now=on_loop_time, logs=log_of, faults=faults)
    cluster = KubernetesCluster(
        InProcess(api), "test", "shop", address="https://cluster.test", clock=on_loop_time, chance=random.Random(1)
    )
    store.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    made = Box(store, faults, api, cluster)
    faults.before = made.noted
    yield made


def config_map(name: str, namespace: str = "shop", **text: str) -> dict[str, Any]:
    """A ConfigMap: the smallest thing that can be written and watched."""
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": text or {"begun": "yes"}}


def deployment(name: str = "web", replicas: int = 3) -> dict[str, Any]:
    """A Deployment with one container."""
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": "shop/web:v1"}]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    metadata = {"name": name, "namespace": "shop", "labels": labels}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}
