"""Flagger and OpenKruise on the real API server: what is asked of it, in which order, and that all of it is given back.

Their controllers are not there: those of tests/support stand for them, through kubectl. The definitions are our own, of
the fields that matter here. So what is proven is what we write, and that the API server takes it, not what they do.
"""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from dot_ai_lifecycle.core.set_for_a_time import NOTE
from dot_ai_lifecycle.embedded.cluster import EmbeddedCluster
from tests.real.cluster.errors import CommandFailed
from tests.real.cluster.real import RealCluster
from tests.real.plugin import WebFactory
from tests.real.product import Command, Product
from tests.real.web import Web
from tests.support import flagger, kruise

CANARIES, ROLLOUTS = "canaries.flagger.app", "rollouts.rollouts.kruise.io"
_NAMES = {"Canary": CANARIES, "Rollout": ROLLOUTS}


class Kubectl:
    """As much of the embedded cluster as the controllers want, on a real one."""

    def __init__(self, shop: Web) -> None:
        self._shop = shop
        self.store = self.plane = self

    def stamp(self) -> str:
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def get(self, kind: str, name: str, namespace: str) -> dict[str, Any]:
        return self._shop.cluster.read("-n", namespace, _NAMES.get(kind, kind), name)

    def list(self, kind: str, namespace: str, *, labels: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self._shop.cluster.read("-n", namespace, kind, "-l", labels)["items"]
        return items

    def create(self, manifest: dict[str, Any]) -> None:
        self._shop.cluster.apply(manifest)

    def edit(self, kind: str, name: str, namespace: str, change: Callable[[dict[str, Any]], None], **how: str) -> None:
        for _ in range(5):
            found = self.get(kind, name, namespace)
            change(found)
            part = ["--subresource=status"] if how.get("subresource") else []
            try:
                self._shop.cluster.kubectl("replace", *part, "-f", "-", text=json.dumps(found))
            except CommandFailed:  # somebody else wrote meanwhile
                continue
            return


@contextmanager
def looking(look: Callable[[], None]) -> Iterator[None]:
    """A controller that looks once a second, and again where the API server did not answer."""
    ended = threading.Event()

    def live() -> None:
        while not ended.wait(1.0):
            with suppress(CommandFailed):
                look()

    thread = threading.Thread(target=live)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@pytest.fixture
def definitions(own_cluster: RealCluster) -> Iterator[None]:
    """The kinds Canary and, of OpenKruise, Rollout."""
    own_cluster.apply(flagger.DEFINITION)
    own_cluster.apply(kruise.DEFINITION)
    for name in (CANARIES, ROLLOUTS):
        own_cluster.kubectl("wait", "--for=condition=Established", f"crd/{name}", "--timeout=30s")
    yield
    for name in (CANARIES, ROLLOUTS):
        own_cluster.kubectl("delete", f"crd/{name}", "--wait=false")


@contextmanager
def canary(shop: Web) -> Iterator[flagger.Flagger]:
    """The application behind Flagger's stand-in."""
    analysis = {"interval": "10s", "threshold": 2, "iterations": 30}
    spec = {"targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "analysis": analysis}
    metadata = {"name": "web", "namespace": shop.namespace}
    shop.cluster.apply({"apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": metadata, "spec": spec})
    box = cast("EmbeddedCluster", Kubectl(shop))
    controller = flagger.Flagger(box, name="web", namespace=shop.namespace, replicas=2)
    controller.look()
    shop.kubectl("rollout", "status", "deployment/web-primary", "--timeout=60s")
    shop.kubectl("patch", "service", "web", "-p", '{"spec":{"selector":{"app":"web-primary"}}}')
    with looking(controller.look):
        yield controller


@contextmanager
def rollout(shop: Web) -> Iterator[kruise.Kruise]:
    """The application behind the stand-in of OpenKruise."""
    steps = [{"replicas": "50%", "pause": {}}, {"replicas": "100%", "pause": {}}]
    ref = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"workloadRef": ref, "strategy": {"canary": {"steps": steps}}}
    metadata = {"name": "web", "namespace": shop.namespace}
    made = {"apiVersion": "rollouts.kruise.io/v1beta1", "kind": "Rollout", "metadata": metadata, "spec": spec}
    shop.cluster.apply(made)
    box = cast("EmbeddedCluster", Kubectl(shop))
    controller = kruise.Kruise(box, name="web", namespace=shop.namespace)

    def look() -> None:
        controller.admit()
        controller.look()

    look()
    with looking(look):
        yield controller


async def until(shop: Web, kind: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The engine's object once that holds."""
    async with asyncio.timeout(60):
        while not holds(found := shop.object(kind)):  # noqa: ASYNC110 - a cluster has no asyncio event
            await asyncio.sleep(0.3)
    return found


def update(product: Product, shop: Web, version: str) -> Any:
    """The update by a person in a terminal, while it runs."""
    return product.running("update", "web", "-n", shop.namespace, "--version", version, "--yes", "-o", "json")


async def say(product: Product, shop: Web, *words: str) -> None:
    """What a colleague says to the operation that runs."""
    history = await product.run("history", "web", "-n", shop.namespace, "-o", "json")
    operation = next(one for one in history.json["operations"] if one["status"] == "running")
    word, *more = words
    said = await product.run(word, operation["operation_id"], *more, "-n", shop.namespace, "--yes")
    assert said.code == 0, str(said)


async def outcome(command: Command) -> dict[str, Any]:
    """The document that a command ends with."""
    said = await command.ended()
    return said.json


def note(found: dict[str, Any]) -> str | None:
    """What we noted on an engine's object."""
    return cast("str | None", (found["metadata"].get("annotations") or {}).get(NOTE))


@pytest.mark.usefixtures("definitions")
async def test_flagger_is_held_let_go_and_promoted_in_full_and_has_its_canary_back_as_it_was(
    web: WebFactory, product: Product
) -> None:
    shop = web(replicas=2)
    with canary(shop) as controller:
        before = shop.object(CANARIES)["spec"]
        refused = await product.run("update", "web-primary", "-n", shop.namespace, "--version", "v2", "--yes")
        async with update(product, shop, "v2") as command:
            await until(shop, CANARIES, lambda found: found["status"]["phase"] == "Progressing")
            await say(product, shop, "pause")
            held = await until(shop, CANARIES, lambda found: bool(found["spec"].get("suspend")))
            await say(product, shop, "promote")
            going = await until(shop, CANARIES, lambda found: not found["spec"].get("suspend"))
            await say(product, shop, "promote", "--full")
            skipped = await until(shop, CANARIES, lambda found: bool(found["spec"].get("skipAnalysis")))
            done = await outcome(command)
        after = shop.object(CANARIES)

    assert (refused.code, "Change deployment/web" in refused.err) == (2, True), str(refused)
    assert held["spec"] == before | {"suspend": True}
    assert note(held) == '{"/spec/suspend": null}'
    assert going["spec"] == before | {"suspend": False}
    assert skipped["spec"] == before | {"suspend": False, "skipAnalysis": True}
    assert note(skipped) == '{"/spec/skipAnalysis": null, "/spec/suspend": null}'
    assert done["status"] == "done", done
    assert (after["spec"], note(after)) == (before, None)
    assert controller.image == shop.cluster.image("v2")


@pytest.mark.usefixtures("definitions")
async def test_a_bad_version_is_taken_back_in_the_target_and_flagger_is_told_not_to_analyse_it(
    web: WebFactory, product: Product, own_cluster: RealCluster
) -> None:
    own_cluster.load_image(own_cluster.image("crash"), {"VERSION": "crash", "CRASH": "cannot open database"})
    shop = web(replicas=2)
    with canary(shop) as controller:
        before, template = shop.object(CANARIES)["spec"], shop.template()
        async with update(product, shop, "crash") as command:
            undone = await outcome(command)
        after = shop.object(CANARIES)

    assert (undone["status"], undone["cause"]["code"]) == ("undone", "CRASH_LOOP"), undone
    assert shop.template() == template
    assert controller.image == shop.cluster.image("v1")
    assert (after["spec"], note(after)) == (before, None)


@pytest.mark.usefixtures("definitions")
async def test_a_pause_of_kruise_is_approved_and_a_rollout_that_is_held_goes_back(
    web: WebFactory, product: Product
) -> None:
    # OpenKruise's webhook holds a new template in the write that brings it, its stand-in within some seconds: until
    # then no pod may be old enough for an update to be done.
    shop = web(replicas=2, workload={"minReadySeconds": 8})
    with rollout(shop):
        before = shop.object(ROLLOUTS)["spec"]

        def paused(found: dict[str, Any]) -> bool:
            return bool((found["status"].get("canaryStatus") or {}).get("currentStepState") == "StepPaused")

        async with update(product, shop, "v2") as command:
            await until(shop, ROLLOUTS, paused)
            await say(product, shop, "promote")
            done = await outcome(command)
        async with update(product, shop, "v3") as command:
            await until(shop, ROLLOUTS, paused)
            await say(product, shop, "pause")
            held = await until(shop, ROLLOUTS, lambda found: bool(found["spec"]["strategy"].get("paused")))
            await say(product, shop, "abort")
            undone = await outcome(command)
        after = shop.object(ROLLOUTS)

    assert done["status"] == "done", done
    assert held["spec"]["strategy"] == before["strategy"] | {"paused": True}
    assert note(held) == '{"/spec/strategy/paused": null}'
    assert (undone["status"], undone["cause"]["code"]) == ("undone", "ABORTED"), undone
    assert shop.template()["spec"]["containers"][0]["image"] == shop.cluster.image("v2")
    assert (after["spec"], note(after)) == (before, None)
