"""Waiting for gateways: a route that was changed leads nowhere new until they say that they follow it."""

import asyncio
from collections.abc import AsyncIterator

from dot_ai_lifecycle.core.conditions.reading import Met
from dot_ai_lifecycle.core.gateway import ROUTES, HttpRoute
from dot_ai_lifecycle.core.ports import Cluster, Seen
from dot_ai_lifecycle.core.record import Cause
from dot_ai_lifecycle.core.redaction import redact
from dot_ai_lifecycle.core.steps import Await
from dot_ai_lifecycle.engine.means import Did, Failed
from dot_ai_lifecycle.engine.stage import Told


async def followed(cluster: Cluster, step: Await, told: Told) -> Did:
    """Wait until every gateway of a route follows it, and then until its proxies have had time to.

    Raises Failed where that takes too long, or the route is gone.
    """
    last = "nothing was heard of it"
    try:
        async with asyncio.timeout(step.within):
            fields = f"metadata.name={step.ref.name}"
            async with cluster.watch(ROUTES, step.ref.namespace, fields=fields) as seen:
                async for route in _this(seen, step):
                    reading = route.followed()
                    if isinstance(reading, Met):
                        await asyncio.sleep(step.settle)
                        return Did(reading.words)
                    last = reading.words
                    await told(last, 0, 0)
    except TimeoutError:
        text = f"It was not followed within {step.within:.0f} s: {redact(last)}."
        raise Failed(Cause(code="ROUTE_NOT_FOLLOWED", text=text), undoable=True) from None
    raise Failed(Cause(code="GONE", text=f"{step.ref} was deleted meanwhile."), undoable=False)


async def _this(seen: AsyncIterator[Seen[HttpRoute]], step: Await) -> AsyncIterator[HttpRoute]:
    """The very route as it changes, until it is gone."""
    there = False
    async for one in seen:
        if one.item is None and not there:
            return
        if one.item is None or one.item.uid != step.ref.uid:
            continue
        if one.type == "deleted":
            return
        there = True
        yield one.item
