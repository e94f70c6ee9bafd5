"""Holding every app of a plan: all of them, or none."""

import asyncio

from dot_ai_lifecycle.core.leases import lease_of
from dot_ai_lifecycle.core.plan import Plan
from dot_ai_lifecycle.core.ports import Cluster
from dot_ai_lifecycle.engine.lease import Hold


class Holds:
    """One run's hold on the apps of its plan, taken in the order of their names, whatever order they are changed in."""

    def __init__(self, cluster: Cluster, plan: Plan, holder: str) -> None:
        apps = sorted((plan.app, *plan.others), key=lambda app: str(lease_of(app)))
        self._holds = tuple(Hold(cluster, app, holder) for app in apps)

    async def check(self) -> None:
        """Raise Busy where somebody else holds one of the apps now."""
        for hold in self._holds:
            await hold.check()

    async def take(self, *, instead_of: str = "") -> None:
        """Take every lease and keep renewing them; see `Hold.take`. Where one is not to be had, none is kept."""
        try:
            for hold in self._holds:
                await hold.take(instead_of=instead_of)
        except BaseException:
            await self.let_go()
            raise

    @property
    def lost_to(self) -> str | None:
        """Who took an app over; None as long as all are held."""
        return next((hold.lost_to for hold in self._holds if hold.lost.is_set()), None)

    async def let_go(self) -> None:
        """Free every lease that is still ours. Never an error."""
        await asyncio.gather(*(hold.let_go() for hold in self._holds))
