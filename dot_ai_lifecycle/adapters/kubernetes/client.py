"""The cluster behind the ports: Kubernetes' API over any transport, in our shapes and with our errors."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

from dot_ai_lifecycle.adapters.kubernetes import proxying, reading, writing
from dot_ai_lifecycle.adapters.kubernetes.caller import Caller, wall_clock
from dot_ai_lifecycle.adapters.kubernetes.calls import Call, Place, path_to
from dot_ai_lifecycle.adapters.kubernetes.reading import GONE_BY, document, list_all, list_page, whole
from dot_ai_lifecycle.adapters.kubernetes.reviewing import Rights
from dot_ai_lifecycle.adapters.kubernetes.shapes import shape_of
from dot_ai_lifecycle.adapters.kubernetes.transport import Transport
from dot_ai_lifecycle.adapters.kubernetes.watching import Watch
from dot_ai_lifecycle.core.errors import Forbidden, Invalid
from dot_ai_lifecycle.core.objects import View
from dot_ai_lifecycle.core.ports import ClusterIdentity, JsonPatch, Listing, Seen
from dot_ai_lifecycle.core.refs import NAMESPACE, POD, SERVICE, Kind, Ref
from dot_ai_lifecycle.core.smoke import Reply, Scheme
from dot_ai_lifecycle.core.workload import Manifest, digest_of

T = TypeVar("T")

LOG_BYTES = 16 * 1024
_LOG_BYTES_ASKED = 16 * LOG_BYTES  # the server cuts at the end, where the newest lines are; we cut at the beginning


ABSENT_FOR = timedelta(minutes=10)
"""How long an API that was not there is taken not to be: whatever brings it is installed once."""


class Served(NamedTuple):
    """Whether a kind was served when it was asked for."""

    yes: bool
    asked: datetime


class Groups(NamedTuple):
    """The groups of the API with their versions, when they were asked for; None where they may not be listed."""

    names: frozenset[str] | None
    asked: datetime


class KubernetesCluster:
    """One cluster as one user, over one transport. Every method raises only LifecycleError.

    `address` and `login` appear in the words of errors; `clock` (UTC) is what the server's time is told against.
    """

    def __init__(
        self,
        transport: Transport,
        context: str,
        default_namespace: str = "default",
        *,
        address: str = "",
        login: str = "",
        clock: Callable[[], datetime] = wall_clock,
        chance: random.Random | None = None,
    ) -> None:
        self._default_namespace = default_namespace
        self._caller = Caller(transport, Place(context, address, login), clock=clock, chance=chance or random.Random())
        self._rights = Rights(self._caller)
        self._identity: ClusterIdentity | None = None
        self._identifying = asyncio.Lock()
        self._discovering = asyncio.Lock()
        self._served: dict[Kind, Served] = {}
        self._groups: Groups | None = None

    async def identity(self) -> ClusterIdentity:
        """Name the cluster. Its uid is that of `kube-system`; where we may not read that, one made from the address."""
        async with self._identifying:  # a plan's first reads begin at once, and all want to know
            if self._identity is None:
                self._identity = await self._identified()
            return self._identity

    async def _identified(self) -> ClusterIdentity:
        version = document((await self._caller.ask(Call("get", "/version", repeatable=True))).body)
        place = self._caller.place
        try:
            uid = str((await whole(self._caller, NAMESPACE, "kube-system"))["metadata"]["uid"])
        except Forbidden:
            uid = f"address-{digest_of(place.address or place.context)}"
        return ClusterIdentity(place.context, uid, str(version.get("gitVersion", "")), self._default_namespace)

    def now(self) -> datetime:
        """The API server's time in UTC, from the Date of its answers."""
        return self._caller.time.now()

    async def get(self, view: View[T], name: str, namespace: str | None = None) -> T:
        """Read one object in our shape; without a namespace in the context's. Raises NotFound."""
        kind, place = view.kind, self._home(view.kind, namespace)
        call = Call("get", path_to(kind, place, name), kind, name, place, repeatable=True)
        return shape_of(view).item((await self._caller.ask(call)).body).value

    async def read(self, ref: Ref) -> Manifest:
        """Read one object whole. Raises NotFound; Conflict where the reference has a uid and the object another."""
        kind = writing.kind_of(ref.api_version, ref.kind)
        found = await whole(self._caller, kind, ref.name, self._home(kind, ref.namespace))
        return writing.the_very_one(found, ref)

    async def list(
        self,
        view: View[T],
        namespace: str | None = None,
        *,
        labels: str = "",
        fields: str = "",
        limit: int = 0,
        page: str = "",
    ) -> Listing[T]:
        """List in our shape: all pages of 500, or with `limit` one page. Raises Expired for a `page` too old."""
        if limit or page:
            found = await list_page(self._caller, view, namespace, labels, fields, limit, page)
        else:
            found = await list_all(self._caller, view, namespace, labels, fields)
        return Listing(tuple(item.value for item in found.items), found.version, found.next_page)

    def watch(
        self, view: View[T], namespace: str | None = None, *, labels: str = "", fields: str = "", since: str = ""
    ) -> AbstractAsyncContextManager[AsyncIterator[Seen[T]]]:
        """Tell what happens, for as long as it is read; see `Watch`."""
        return Watch(self._caller, view, namespace, labels, fields).seen(since)

    async def log_lines(
        self, pod: str, namespace: str, container: str, *, previous: bool = False, lines: int = 20
    ) -> tuple[str, ...]:
        """The last log lines, at most 16 KiB; none where the container has not started, or had no previous run."""
        query = (
            ("container", container),
            ("tailLines", str(lines)),
            ("limitBytes", str(_LOG_BYTES_ASKED)),
            *((("previous", "true"),) if previous else ()),
        )
        path = path_to(POD, namespace, pod, "log")
        call = Call("get", path, POD, pod, namespace, query, repeatable=True, subresource="log")
        try:
            answer = await self._caller.ask(call)
        except Invalid as refused:
            if any(mark in refused.message for mark in GONE_BY):
                return ()
            raise
        text = answer.body[-LOG_BYTES:].decode(errors="replace")
        whole_lines = text.partition("\n")[2] if len(answer.body) > LOG_BYTES and "\n" in text else text
        return tuple(whole_lines.splitlines()[-lines:])

    async def would_create(self, manifest: Manifest) -> Manifest:
        """The object as the server would store it, by a dry run asked once. Raises what creating it would."""
        kind, place, _ = self._addressed(manifest)
        return await writing.create(self._caller, kind, place, manifest, dry_run=True, repeatable=False)

    async def would_patch(self, ref: Ref, operations: JsonPatch) -> Manifest:
        """The object as a JSON Patch would leave it, by a dry run."""
        return await self.patch(ref, operations, dry_run=True)

    async def serves(self, kind: Kind) -> bool:
        """Whether the API has that kind: one look at all groups, and one at its own where there is such a one.

        A yes holds for the process, a no for ten minutes.
        """
        async with self._discovering:  # the first reads of a plan begin at once, here too
            known = self._served.get(kind)
            if known is None or not (known.yes or known.asked + ABSENT_FOR > self.now()):
                there = await self._has_group(kind.api_version)
                known = Served(there and await reading.serves(self._caller, kind), self.now())
                self._served[kind] = known
            return known.yes

    async def _has_group(self, version: str) -> bool:
        """Whether the API has that group and version; where they may not be listed, each is to be asked itself."""
        if self._groups is None or self._groups.asked + ABSENT_FOR <= self.now():
            self._groups = Groups(await reading.groups(self._caller), self.now())
        return self._groups.names is None or version in self._groups.names

    async def allowed(self, verb: str, kind: Kind, namespace: str | None = None, *, subresource: str = "") -> bool:
        """Whether we may do that, by the server's own reviews; no namespace asks about all of them."""
        return await self._rights.allowed(verb, kind, namespace, subresource)

    async def patch(self, ref: Ref, operations: JsonPatch, *, subresource: str = "", dry_run: bool = False) -> Manifest:
        """Apply a JSON Patch. Conflict where a `test` did not hold (naming its path), Invalid where validation refused.

        With a uid in `ref` the patch holds for that very object.
        """
        kind = writing.kind_of(ref.api_version, ref.kind)
        home = self._home(kind, ref.namespace)
        return await writing.patch(self._caller, kind, ref, home, operations, subresource=subresource, dry_run=dry_run)

    async def create(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        """Create an object. Raises Conflict where it exists."""
        kind, place, _ = self._addressed(manifest)
        return await writing.create(self._caller, kind, place, manifest, dry_run=dry_run, repeatable=dry_run)

    async def replace(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        """Replace an object; with a resourceVersion in it, only that version. Raises Conflict otherwise, NotFound."""
        kind, place, name = self._addressed(manifest)
        return await writing.replace(self._caller, kind, place, name, manifest, dry_run)

    async def delete(self, ref: Ref, *, dry_run: bool = False, foreground: bool = False) -> None:
        """Delete the object and what it owns, that first if in the `foreground`; with a uid only that very one.

        Raises NotFound.
        """
        kind = writing.kind_of(ref.api_version, ref.kind)
        how: writing.Propagation = "Foreground" if foreground else "Background"
        await writing.delete(self._caller, kind, ref, self._home(kind, ref.namespace), how, dry_run)

    async def ask(self, service: Ref, port: int, path: str, scheme: Scheme = "http") -> Reply:
        """GET a path from a pod behind a Service, once, by the API server's proxy; see `proxying`."""
        home = self._home(SERVICE, service.namespace)
        return await proxying.asked(self._caller, service.name, str(home), port, path, scheme)

    async def close(self) -> None:
        """Let go of all connections."""
        await self._caller.close()

    def _home(self, kind: Kind, namespace: str | None) -> str | None:
        return (namespace or self._default_namespace) if kind.namespaced else None

    def _addressed(self, manifest: Manifest) -> tuple[Kind, str | None, str]:
        metadata = manifest.get("metadata") or {}
        kind = writing.kind_of(str(manifest.get("apiVersion")), str(manifest.get("kind")))
        return kind, self._home(kind, metadata.get("namespace")), str(metadata.get("name", ""))
