"""Holding an app: a Lease, renewed while the run lives, taken over only when its holder stopped renewing."""

import asyncio
from datetime import datetime

from dot_ai_lifecycle.core.errors import Busy, Conflict, Forbidden, LifecycleError, NotFound, Refused
from dot_ai_lifecycle.core.leases import DURATION, RENEW_EVERY, Held, held, lease_manifest, lease_of
from dot_ai_lifecycle.core.ports import Cluster
from dot_ai_lifecycle.core.refs import Ref
from dot_ai_lifecycle.core.workload import Manifest

_TRIES = 3


class Hold:
    """One run's hold on one app. Times are the API server's, so clocks that differ between holders do not matter."""

    def __init__(self, cluster: Cluster, app: Ref, holder: str) -> None:
        self._cluster = cluster
        self._app = app
        self._holder = holder
        self._since: datetime | None = None
        self._version = ""
        self._renewing: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()
        self.lost = asyncio.Event()
        self.lost_to = ""

    async def check(self) -> None:
        """Raise Busy where somebody else holds the app now."""
        try:
            holding = held(await self._cluster.read(lease_of(self._app)))
        except (NotFound, Forbidden):
            return
        if holding is not None and holding.expires_in(self._cluster.now()) > 0:
            raise self._busy(holding)

    async def take(self, *, instead_of: str = "") -> None:
        """Take the lease and keep renewing it.

        `instead_of` names an operation that may have died: its lease is waited out, at most fifteen seconds. Raises
        Busy with who holds it and since when; who may not write Leases is let through, guarded by the patches' tests.
        """
        try:
            await self._taken(instead_of)
        except Forbidden:
            return
        self._renewing = asyncio.create_task(self._renew(), name=f"renew {self._holder}")

    async def _taken(self, instead_of: str) -> None:
        """The lease of an earlier operation is there most of the time: it is looked for first."""
        for _ in range(_TRIES):
            if await self._taken_over(instead_of):
                return
            now = self._cluster.now()
            self._since = now
            try:
                self._keep(await self._cluster.create(lease_manifest(self._app, self._holder, since=now, now=now)))
            except Conflict:
                continue
            return
        raise Busy(f"{self._app} is being taken by several at once.", hint="Try again in a few seconds.")

    async def _taken_over(self, instead_of: str) -> bool:
        """Whether the lease that is there is ours now; False where it went away or moved meanwhile."""
        try:
            found = await self._cluster.read(lease_of(self._app))
            holding = held(found)
            if holding is not None and holding.operation == instead_of:
                found = await self._waited_out(found, holding)
                holding = held(found)
            if holding is not None and holding.expires_in(self._cluster.now()) > 0:
                raise self._busy(holding)
            now = self._cluster.now()
            self._since = now
            lease = lease_manifest(self._app, self._holder, since=now, now=now)
            lease["metadata"]["resourceVersion"] = found["metadata"]["resourceVersion"]
            self._keep(await self._cluster.replace(lease))
        except (NotFound, Conflict):
            return False
        return True

    async def _waited_out(self, lease: Manifest, holding: Held) -> Manifest:
        """The lease once its silent holder's time is over. Raises Busy where the holder turns out to be alive."""
        left = holding.expires_in(self._cluster.now())
        if left <= 0:
            return lease
        await asyncio.sleep(left + 0.1)
        later = await self._cluster.read(lease_of(self._app))
        now_holding = held(later)
        if now_holding is None:
            raise Refused(
                f"Operation {holding.operation} was alive and has ended by itself.",
                hint=f"Look at it with `get_operation` (`dot-ai operation {holding.operation}`).",
            )
        if now_holding.renewed != holding.renewed:
            raise self._busy(now_holding)
        return later

    def _busy(self, holding: Held) -> Busy:
        return Busy(
            f"{self._app} is being changed by {holding.actor} since {holding.since:%H:%M:%S} UTC "
            f"(operation {holding.operation}).",
            hint=f"Wait for it with `get_operation` (`dot-ai operation {holding.operation} --wait 45`).",
            details={"operation": holding.operation, "actor": holding.actor, "since": holding.since.isoformat()},
        )

    def _keep(self, lease: Manifest) -> None:
        self._version = str(lease["metadata"]["resourceVersion"])

    async def _renew(self) -> None:
        while not await self._stopped_within(RENEW_EVERY):
            try:
                async with asyncio.timeout(RENEW_EVERY):  # a connection that hangs must not outlast the lease
                    await self._write(self._holder)
            except Conflict:
                if await self._lost():
                    return
            except (LifecycleError, TimeoutError):
                continue

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._stop.wait()
        except TimeoutError:
            return False

    async def _lost(self) -> bool:
        """Whether somebody else holds the app now. A renewal whose answer was lost moved the lease too: still ours."""
        try:
            found = await self._cluster.read(lease_of(self._app))
        except LifecycleError:
            return False
        holding = held(found)
        if holding is not None and holding.holder == self._holder:
            self._keep(found)
            return False
        self.lost_to = holding.holder if holding else "nobody"
        self.lost.set()
        return True

    async def _write(self, holder: str) -> None:
        now = self._cluster.now()
        lease = lease_manifest(self._app, holder, since=self._since or now, now=now)
        lease["metadata"]["resourceVersion"] = self._version
        self._keep(await self._cluster.replace(lease))

    async def let_go(self) -> None:
        """Stop renewing and free the lease, if it is still ours. Never an error: an unfreed lease expires by itself."""
        if self._renewing is None:
            return
        self._stop.set()
        await asyncio.wait({self._renewing}, timeout=RENEW_EVERY)
        self._renewing = None
        if self.lost.is_set():
            return
        try:
            async with asyncio.timeout(DURATION):
                await self._write("")
        except (LifecycleError, TimeoutError):
            return
