"""The cluster in a box: store, API, controllers, nodes and traffic, put together and started as one thing."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

import yaml

from dot_ai_lifecycle.embedded.api import Api
from dot_ai_lifecycle.embedded.behaviour import Behaviour
from dot_ai_lifecycle.embedded.controllers.hpa import Autoscaler
from dot_ai_lifecycle.embedded.controllers.plane import Plane
from dot_ai_lifecycle.embedded.controllers.queue import Item
from dot_ai_lifecycle.embedded.controllers.running import Running
from dot_ai_lifecycle.embedded.controllers.wiring import CONTROLLERS, concerned
from dot_ai_lifecycle.embedded.faults import Faults
from dot_ai_lifecycle.embedded.kubelet import Kubelets
from dot_ai_lifecycle.embedded.nodes import node
from dot_ai_lifecycle.embedded.objects import YAML, Object, copied
from dot_ai_lifecycle.embedded.proxying import Proxying
from dot_ai_lifecycle.embedded.samples import sample_app
from dot_ai_lifecycle.embedded.scheduler import Scheduler
from dot_ai_lifecycle.embedded.store import Change, Store
from dot_ai_lifecycle.embedded.traffic import Traffic
from dot_ai_lifecycle.embedded.transport import InProcess
from dot_ai_lifecycle.embedded.usage import Usage


class EmbeddedCluster:
    """A Kubernetes in this process.

    `now` gives the date (UTC); without it the date runs with the event loop's clock, from the wall clock at creation,
    so that in virtual time it leaps along. Equal seeds give equal names, delays and choices. Use it as an async
    context manager: controllers run inside.
    """

    def __init__(self, *, now: Callable[[], datetime] | None = None, nodes: int = 3, seed: int = 0) -> None:
        self._began = datetime.now(UTC)
        self._offset = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None
        self.now = now or self._loop_date
        self.store = Store(self.now, seed=seed)
        self.faults = Faults()
        self.behaviour = Behaviour()
        self.plane = Plane(self.store, now=self.now, clock=self._clock, seed=seed)
        self.kubelets = Kubelets(self.plane, self.behaviour, seed=seed)
        self.scheduler = Scheduler(self.plane, seed=seed)
        self.traffic = Traffic(self.plane, self.kubelets, seed=seed)
        self.usage = Usage(self.plane, self.kubelets, self.traffic)
        self.api = Api(
            self.store,
            now=self.now,
            logs=self.kubelets.logs,
            faults=self.faults,
            usage=lambda pod: self.usage.of(pod) or None,
            proxied=Proxying(self.store, self.traffic, seed=seed).service,
        )
        self.transport = InProcess(self.api)
        reconcilers = {
            **CONTROLLERS,
            "kubelet": self.kubelets.reconcile,
            "scheduler": self.scheduler.reconcile,
            "proxies": self.traffic.reconcile,
            "HorizontalPodAutoscaler": Autoscaler(self.usage).reconcile,
        }
        self._running = Running(self.plane, reconcilers)
        self._task: asyncio.Task[None] | None = None
        for kind in self.store.kinds:
            for thing in self.store.list(kind.kind):
                self._note(Change("ADDED", kind, thing, None))
        self.store.subscribe(self._note)
        self.add_nodes(nodes)

    # time

    def _clock(self) -> float:
        return self._loop.time() if self._loop else self._offset

    def _loop_date(self) -> datetime:
        return self._began + timedelta(seconds=self._clock() - self._offset)

    # life

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._offset = self._loop.time()
        self._task = self._loop.create_task(self._running.forever(), name="embedded controllers")
        self._running.wake()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        task, self._task = self._task, None
        if task is None:
            return
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            if (me := asyncio.current_task()) is not None and me.cancelling():
                raise

    async def settled(self, timeout: float = 600.0) -> None:
        """Wait until the cluster is at rest: nothing is due but probes, backoffs and deadlines.

        Raises `TimeoutError` after `timeout` seconds of the loop's time, and whatever defect stopped the controllers.
        """
        if self._task is None:
            raise RuntimeError("the cluster is not running: enter it first (async with EmbeddedCluster() as cluster)")
        waiting = asyncio.ensure_future(self._running.settled())
        try:
            async with asyncio.timeout(timeout):
                await asyncio.wait({waiting, self._task}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if self._task.done():
            await self._task

    # content

    def add_nodes(self, number: int, *, cpu: str = "8", memory: str = "32Gi", pods: int = 110) -> None:
        """Add worker nodes of this size."""
        have = len(list(self.plane.index.all("Node")))
        for position in range(have + 1, have + number + 1):
            self.store.create(node(position, cpu=cpu, memory=memory, pods=pods, stamp=self.plane.stamp()))

    async def fill(self, *, apps: int = 200, pods_per_app: int = 25, namespace: str = "default") -> None:
        """Make a cluster that has been running for long: apps `app-1`… with a Service each, and nodes enough for them.

        The cluster's time stands still meanwhile, and there are no events of it.
        """
        self.add_nodes(max(0, -(-apps * pods_per_app // 100) - len(list(self.plane.index.all("Node")))))
        if self.store.find("Namespace", namespace) is None:
            self.store.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        self.plane.events.muted = self.behaviour.instant = True
        try:
            for number in range(1, apps + 1):
                for thing in sample_app(f"app-{number}", namespace, pods_per_app):
                    self.store.create(thing)
            await self.settled()
        finally:
            self.plane.events.muted = self.behaviour.instant = False

    def apply(self, manifests: str) -> list[Object]:
        """Create what the YAML documents say, or put them in the place of what exists; the objects as stored.

        Annotations that others set stay. Raises `Rejected` as the API would.
        """
        return [self._apply(one) for one in yaml.load_all(manifests, YAML) if one]

    def _apply(self, wanted: Object) -> Object:
        meta = wanted.get("metadata") or {}
        kind = self.store.kind_of(wanted)
        old = self.store.find(kind.kind, meta.get("name", ""), meta.get("namespace"))
        if old is None:
            return self.store.create(wanted)
        fresh: Object = copied(wanted)
        kept = old["metadata"].get("annotations") or {}
        if kept:
            fresh["metadata"]["annotations"] = {**kept, **(meta.get("annotations") or {})}
        if kind.kind == "Service":
            for name in ("clusterIP", "clusterIPs"):
                if name in old["spec"]:
                    fresh["spec"].setdefault(name, copied(old["spec"][name]))
        return self.store.replace(fresh)

    # wiring

    def _note(self, change: Change) -> None:
        gone = change.type == "DELETED"
        if change.kind.kind == "Event":
            return
        if gone:
            self.plane.index.drop(change.old or change.object)
        else:
            self.plane.index.put(change.object, change.old)
        if change.kind.kind == "Pod":
            self.scheduler.note(change.object, gone=gone)
        elif change.kind.kind in ("Node", "PersistentVolumeClaim"):
            self.scheduler.retry()
        for item in concerned(self.plane, change):
            self._queue(item)

    def _queue(self, item: Item) -> None:
        self.plane.queue.add(item)
        self._running.wake()
