"""Acting through the engine that owns an app: words to it, and waiting for it while people may say some."""

import asyncio
from functools import partial

from dot_ai_lifecycle.core.errors import Conflict, Forbidden, Invalid, NotFound
from dot_ai_lifecycle.core.orders import Order
from dot_ai_lifecycle.core.ports import Cluster
from dot_ai_lifecycle.core.record import Cause
from dot_ai_lifecycle.core.redaction import redact
from dot_ai_lifecycle.core.refs import Ref
from dot_ai_lifecycle.core.steering import said
from dot_ai_lifecycle.core.steps import Await, Steer
from dot_ai_lifecycle.engine.means import Did, Failed, Means
from dot_ai_lifecycle.engine.outages import outlived
from dot_ai_lifecycle.engine.stage import Told
from dot_ai_lifecycle.engine.watch import Verdict, verdict_on

TRIES = 5
"""Looks at an engine that moves on while it is spoken to; it moves a few times a second at most."""


async def steered(cluster: Cluster, step: Steer) -> Did:
    """Say the word. Raises Failed where the cluster does not let us."""
    return await spoken(cluster, step.ref, step.word)


async def spoken(cluster: Cluster, ref: Ref, word: str) -> Did:
    """Say a word to the engine, by how it stands now; again where it moved on in between. Raises Failed."""
    for _ in range(TRIES):
        try:
            return await outlived(partial(_said_once, cluster, ref, word))
        except NotFound as error:
            raise Failed(Cause(code="GONE", text=f"{ref} was deleted meanwhile."), undoable=False) from error
        except (Invalid, Forbidden) as error:
            raise Failed(Cause(code="REFUSED_BY_CLUSTER", text=redact(error.message)), undoable=True) from error
        except Conflict:
            continue
    raise Failed(Cause(code="CONFLICT", text=f"{ref} kept changing while it was told to {word}."), undoable=True)


async def _said_once(cluster: Cluster, ref: Ref, word: str) -> Did:
    patches = said(ref, await cluster.read(ref), word)
    for patch, subresource in patches:
        await cluster.patch(ref, patch.operations(), subresource=subresource)
    return Did(f"{ref} was told to {word}" if patches else f"{ref} had no need to be told to {word}")


async def delivered(means: Means, step: Await, number: int, template: str, told: Told) -> Verdict:
    """The verdict on an app that an engine delivers; what people say to step `number` meanwhile is passed on to it."""
    waiting = asyncio.ensure_future(_verdict(means, step, template, told))
    try:
        while True:
            word = asyncio.ensure_future(means.orders.said(number))
            await asyncio.wait({waiting, word}, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                word.cancel()
                return waiting.result()
            await _passed_on(means.cluster, step.by or step.ref, word.result(), told)
    finally:
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


async def _verdict(means: Means, step: Await, template: str, told: Told) -> Verdict:
    return await verdict_on(await means.stages.of(step.ref, step.by), step, template, told)


async def _passed_on(cluster: Cluster, ref: Ref, order: Order, told: Told) -> None:
    """What cannot be said is told, and the waiting goes on: the engine's own way is no worse for it."""
    try:
        did = await spoken(cluster, ref, order.word)
    except Failed as failed:
        await told(f"{order.by} said {order.word}: {failed.cause.text}", 0, 0)
        return
    await told(f"{order.by} said {order.word}: {did.text}", 0, 0)
