"""Canary by weight on the real API server. There is no gateway: the test says of the route what one would.

So what is proven is what is asked of the API server, in which order, and that it is all put back; not that requests are
divided.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.real.cluster.access import Cluster
from tests.real.plugin import WebFactory
from tests.real.product import Product
from tests.real.web import Web
from tests.support.gateway import DEFINITION

KIND = "httproutes.gateway.networking.k8s.io"
PATH = {"path": {"type": "PathPrefix", "value": "/"}}
OWN = [{"matches": [PATH], "timeouts": {"request": "5s"}, "backendRefs": [{"name": "web", "port": 80}]}]


@pytest.fixture
def gateway_api(real_cluster: Cluster) -> Iterator[None]:
    """The kind HTTPRoute."""
    real_cluster.apply(DEFINITION)
    real_cluster.kubectl("wait", "--for=condition=Established", f"crd/{KIND}", "--timeout=30s")
    yield
    real_cluster.kubectl("delete", f"crd/{KIND}", "--wait=false")


@contextmanager
def routed(shop: Web) -> Iterator[list[Any]]:
    """A route to the application, followed by what stands for a gateway; the rules of each generation it has seen."""
    spec = {"parentRefs": [{"name": "front"}], "rules": OWN}
    metadata = {"name": "web", "namespace": shop.namespace}
    route = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": metadata, "spec": spec}
    shop.cluster.apply(route)
    seen: list[Any] = []
    ended = threading.Event()

    def live() -> None:
        while not ended.wait(0.3):
            _follow(shop, seen)

    _follow(shop, seen)
    thread = threading.Thread(target=live)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


def _follow(shop: Web, seen: list[Any]) -> None:
    found = shop.object(KIND)
    generation, rules = found["metadata"]["generation"], found["spec"]["rules"]
    if len(seen) >= generation:
        return
    # Whether what a rule names can be reached is to be so before it names it, not after.
    named = {one["name"] for rule in rules for one in rule["backendRefs"]}
    ready = {name: _ready(shop, name) for name in sorted(named)}
    seen.append((rules, ready))
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    conditions = [
        {"type": kind, "status": "True", "reason": kind, "observedGeneration": generation, "lastTransitionTime": now}
        for kind in ("Accepted", "ResolvedRefs")
    ]
    parents = [{"parentRef": {"name": "front"}, "controllerName": "test/gateway", "conditions": conditions}]
    patch = json.dumps({"status": {"parents": parents}})
    shop.kubectl("patch", KIND, "web", "--subresource=status", "--type=merge", "-p", patch)


def _ready(shop: Web, service: str) -> int:
    label = f"kubernetes.io/service-name={service}"
    slices = shop.cluster.read("-n", shop.namespace, "endpointslices", "-l", label)["items"]
    return sum(one["conditions"]["ready"] for piece in slices for one in piece.get("endpoints") or ())


def divided(weight: int) -> list[Any]:
    """The rules by which so many percent, and who has the header, meet the new version."""
    header = {"type": "Exact", "name": "x-canary", "value": "yes"}
    backend = {"name": "web", "port": 80}
    beside = {"name": "web-canary", "port": 80}
    named = {**OWN[0], "matches": [{**PATH, "headers": [header]}], "backendRefs": [beside]}
    return [named, {**OWN[0], "backendRefs": [{**backend, "weight": 100 - weight}, {**beside, "weight": weight}]}]


def as_at_first(shop: Web, before: dict[str, Any]) -> bool:
    """Whether the strategy, the route and the Services are as they were, and nothing of ours is left."""
    found = shop.object()
    for field in ("strategy", "minReadySeconds", "progressDeadlineSeconds"):
        assert found["spec"].get(field) == before.get(field)
    assert not [key for key in found["metadata"]["annotations"] if key.startswith("lifecycle.dot-ai/")]
    assert shop.object(KIND)["spec"]["rules"] == OWN
    services = shop.cluster.read("-n", shop.namespace, "services")["items"]
    return [(one["metadata"]["name"], one["spec"]["selector"]) for one in services] == [("web", {"app": "web"})]


WORDS = ("--strategy", "canary", "--steps", "25,50", "--interval", "4s", "--header", "x-canary=yes", "--yes")


async def test_a_route_gets_the_weights_asked_for_and_is_put_back(
    web: WebFactory, product: Product, gateway_api: None
) -> None:
    shop = web(pre_stop=None)
    before = shop.object()["spec"]
    with routed(shop) as seen, shop.traffic(rate=100) as traffic:
        said = await product.run("update", "web", "-n", shop.namespace, "--version", "v2", *WORDS)

    assert said.code == 0, str(said)
    assert [rules for rules, _ in seen] == [OWN, divided(25), divided(50), OWN]
    assert [ready.get("web-canary") for _, ready in seen] == [None, 1, 2, None]
    assert as_at_first(shop, before)
    report = traffic.report
    assert (report.failed, report.errors) == ([], []), str(report)


async def test_whoever_aborts_finds_the_route_as_it_was(web: WebFactory, product: Product, gateway_api: None) -> None:
    shop = web(pre_stop=None)
    before = shop.object()["spec"]
    with routed(shop) as seen:
        async with product.running("update", "web", "-n", shop.namespace, "--version", "v2", *WORDS) as command:
            while len(seen) < 2:
                shop.object()
            label = "lifecycle.dot-ai/operation"
            (record,) = shop.cluster.read("-n", shop.namespace, "configmaps", "-l", label)["items"]
            operation = record["metadata"]["labels"][label]
            aborted = await product.run("abort", operation, "-n", shop.namespace, "--yes")
            said = await command.ended()

    assert (aborted.code, said.code) == (0, 1), f"{aborted}{said}"
    assert seen[0][0] == seen[-1][0] == OWN
    assert as_at_first(shop, before)
