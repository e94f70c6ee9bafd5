"""A cluster that is connected when it is first needed, so that a server starts whatever state its cluster is in."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import TypeVar

from dot_ai_lifecycle.adapters.kubernetes.caller import wall_clock
from dot_ai_lifecycle.core.objects import View
from dot_ai_lifecycle.core.ports import Cluster, ClusterIdentity, JsonPatch, Listing, Seen
from dot_ai_lifecycle.core.refs import Kind, Ref
from dot_ai_lifecycle.core.smoke import Reply, Scheme
from dot_ai_lifecycle.core.workload import Manifest

T = TypeVar("T")


class LazyCluster:
    """The cluster `connect` gives, connected at first use and shared. After a failure the next call tries again."""

    def __init__(
        self, connect: Callable[[], Awaitable[Cluster]], *, clock: Callable[[], datetime] = wall_clock
    ) -> None:
        self._connect = connect
        self._clock = clock
        self._alone = asyncio.Lock()
        self._cluster: Cluster | None = None

    async def _there(self) -> Cluster:
        async with self._alone:
            if self._cluster is None:
                self._cluster = await self._connect()
            return self._cluster

    async def identity(self) -> ClusterIdentity:
        return await (await self._there()).identity()

    def now(self) -> datetime:
        """The API server's time; this machine's before the first connection."""
        return self._cluster.now() if self._cluster else self._clock()

    async def get(self, view: View[T], name: str, namespace: str | None = None) -> T:
        return await (await self._there()).get(view, name, namespace)

    async def read(self, ref: Ref) -> Manifest:
        return await (await self._there()).read(ref)

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
        there = await self._there()
        return await there.list(view, namespace, labels=labels, fields=fields, limit=limit, page=page)

    def watch(
        self, view: View[T], namespace: str | None = None, *, labels: str = "", fields: str = "", since: str = ""
    ) -> AbstractAsyncContextManager[AsyncIterator[Seen[T]]]:
        return self._watch(view, namespace, labels, fields, since)

    @asynccontextmanager
    async def _watch(
        self, view: View[T], namespace: str | None, labels: str, fields: str, since: str
    ) -> AsyncIterator[AsyncIterator[Seen[T]]]:
        there = await self._there()
        async with there.watch(view, namespace, labels=labels, fields=fields, since=since) as seen:
            yield seen

    async def log_lines(
        self, pod: str, namespace: str, container: str, *, previous: bool = False, lines: int = 20
    ) -> tuple[str, ...]:
        return await (await self._there()).log_lines(pod, namespace, container, previous=previous, lines=lines)

    async def would_create(self, manifest: Manifest) -> Manifest:
        return await (await self._there()).would_create(manifest)

    async def would_patch(self, ref: Ref, operations: JsonPatch) -> Manifest:
        return await (await self._there()).would_patch(ref, operations)

    async def serves(self, kind: Kind) -> bool:
        return await (await self._there()).serves(kind)

    async def allowed(self, verb: str, kind: Kind, namespace: str | None = None, *, subresource: str = "") -> bool:
        return await (await self._there()).allowed(verb, kind, namespace, subresource=subresource)

    async def patch(self, ref: Ref, operations: JsonPatch, *, subresource: str = "", dry_run: bool = False) -> Manifest:
        return await (await self._there()).patch(ref, operations, subresource=subresource, dry_run=dry_run)

    async def create(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        return await (await self._there()).create(manifest, dry_run=dry_run)

    async def replace(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        return await (await self._there()).replace(manifest, dry_run=dry_run)

    async def delete(self, ref: Ref, *, dry_run: bool = False, foreground: bool = False) -> None:
        await (await self._there()).delete(ref, dry_run=dry_run, foreground=foreground)

    async def ask(self, service: Ref, port: int, path: str, scheme: Scheme = "http") -> Reply:
        return await (await self._there()).ask(service, port, path, scheme)

    async def close(self) -> None:
        """Let go of the connection, if there was one; a later call connects anew."""
        cluster, self._cluster = self._cluster, None
        if cluster:
            await cluster.close()
