"""The Kubernetes API over a store: one `handle`, which the in-process transport and the HTTP front both call."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from email.utils import format_datetime

import msgspec

from dot_ai_lifecycle.embedded.discovery import Discovery
from dot_ai_lifecycle.embedded.faults import Fault, Faults, denial
from dot_ai_lifecycle.embedded.messages import Request, Response, refusal
from dot_ai_lifecycle.embedded.metrics import Metrics, Usage
from dot_ai_lifecycle.embedded.openapi import openapi
from dot_ai_lifecycle.embedded.paging import Pages
from dot_ai_lifecycle.embedded.reading import Reading
from dot_ai_lifecycle.embedded.rejected import Rejected, gone
from dot_ai_lifecycle.embedded.reviews import Reviews
from dot_ai_lifecycle.embedded.routes import Target, target_of, unknown_path
from dot_ai_lifecycle.embedded.store import Store
from dot_ai_lifecycle.embedded.subresources import Logs, Subresources
from dot_ai_lifecycle.embedded.watch import Hub
from dot_ai_lifecycle.embedded.writing import Writing

Act = Callable[[Target, Request], Response]


class Api:
    """Answers requests as an API server of Kubernetes 1.34 would.

    `logs` gives a container's log; `faults` makes requests fail on purpose; with `usage`, the resource
    metrics API is served; `proxied` answers what is asked of Services through the API.
    """

    def __init__(
        self,
        store: Store,
        *,
        now: Callable[[], datetime],
        logs: Logs,
        faults: Faults | None = None,
        usage: Usage | None = None,
        proxied: Act | None = None,
    ) -> None:
        self.store = store
        self.now = now
        self.faults = faults or Faults()
        self.hub = Hub(store)
        self.pages = Pages(now)
        reading, writing, parts = Reading(store, self.hub, self.pages), Writing(store), Subresources(store, logs)
        self._verbs: dict[str, Act] = {
            "get": reading.get,
            "list": reading.collection,
            "watch": reading.watch,
            "create": writing.create,
            "update": writing.update,
            "patch": writing.patch,
            "delete": writing.delete,
            "deletecollection": writing.delete_collection,
        }
        self._discovery = Discovery(store.kinds, metrics=usage is not None)
        self._reviews = Reviews(store.kinds, self.faults)
        self._metrics = Metrics(store, usage) if usage else None
        self._parts: dict[tuple[str, str], Act] = {
            ("GET", "scale"): parts.scale,
            ("PUT", "scale"): parts.scale,
            ("PATCH", "scale"): parts.scale,
            ("GET", "log"): parts.log,
            ("POST", "eviction"): parts.evict,
            ("POST", "binding"): parts.bind,
            ("PUT", "finalize"): parts.finalize,
        }
        if proxied:
            self._parts["GET", "proxy"] = proxied

    def compact(self) -> None:
        """Forget all history: older watches and page tokens get 410 from now on."""
        self.hub.forget()
        self.pages.forget()

    async def handle(self, request: Request) -> Response:
        """The answer to a request; raises `ConnectionError` only where a fault cuts the connection."""
        fault = self.faults.strike(request)
        if fault and fault.delay:
            await asyncio.sleep(fault.delay)
        if fault and fault.drop == "before":
            raise ConnectionResetError("the connection was cut before the request took effect")
        if self.faults.before and inspect.isawaitable(waiting := self.faults.before(request)):
            await waiting
        response = self._answer(request, fault)
        response.headers.setdefault("date", format_datetime(self.now(), usegmt=True))
        if self.faults.after and inspect.isawaitable(waiting := self.faults.after(request, response)):
            await waiting
        if fault and fault.drop == "after":
            raise ConnectionResetError("the connection was cut after the request took effect")
        return response

    def _answer(self, request: Request, fault: Fault | None) -> Response:
        try:
            if fault and fault.status:
                raise fault.refusal()
            response = self._dispatch(request)
        except Rejected as error:
            return refusal(error)
        if fault and response.frames is not None:
            response.frames = _spoiled(response.frames, fault)
        return response

    def _aside(self, request: Request) -> Response | None:
        """The answer to what is not about stored objects."""
        if request.method == "GET" and (found := self._discovery.answer(request.path)):
            return found
        if request.method == "GET" and (found := openapi(request.path, self.store.kinds)):
            return found
        if self._metrics and (found := self._metrics.answer(request)):
            return found
        return self._reviews.answer(request)

    def _dispatch(self, request: Request) -> Response:
        if (found := self._aside(request)) is not None:
            return found
        target = target_of(request.path, self.store.kinds)
        if target is None:
            raise unknown_path()
        verb = target.verb(request)
        if not self.faults.allows(verb, target.resource, target.namespace):
            raise denial(target, verb)
        act = self._parts.get((request.method, target.subresource))
        if act is None and target.subresource != "proxy":
            act = self._verbs.get(verb)
        if act is None:
            raise Rejected(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
        return act(target, request)


async def _spoiled(frames: AsyncIterator[bytes], fault: Fault) -> AsyncIterator[bytes]:
    """The frames of a watch that is cut, or that has expired."""
    if fault.expire:
        status = msgspec.json.encode(gone("too old resource version").status())
        yield b'{"type":"ERROR","object":%s}\n' % status
        return
    left = fault.cut
    if left == 0:
        raise ConnectionResetError("the watch was cut")
    async for frame in frames:
        yield frame
        if left is not None:
            left -= 1
            if left == 0:
                raise ConnectionResetError("the watch was cut")
