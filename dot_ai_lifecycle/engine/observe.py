"""Watching new pods beside old ones, and asking people where that tells nothing."""

import asyncio
from collections.abc import Coroutine
from typing import Any, NoReturn

from dot_ai_lifecycle.core.analysis.native import Tally
from dot_ai_lifecycle.core.analysis.verdict import Look, Verdict, decide
from dot_ai_lifecycle.core.conditions.reading import Foreign, Gone
from dot_ai_lifecycle.core.conditions.rollout import not_begun
from dot_ai_lifecycle.core.orders import Order
from dot_ai_lifecycle.core.record import Cause
from dot_ai_lifecycle.core.redaction import redact
from dot_ai_lifecycle.core.refs import Ref
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.steps import Approve, Observe
from dot_ai_lifecycle.engine.gauge import gauge_for, own_readings
from dot_ai_lifecycle.engine.means import Did, Failed, Means
from dot_ai_lifecycle.engine.stage import Stage, Told


async def observed(means: Means, step: Observe, number: int, template: str, told: Told) -> Did:
    """Watch until the windows are over, or somebody says promote. Raises Failed where the new pods do badly."""
    watching = asyncio.ensure_future(_watched(means, step, number, template, told))
    word = asyncio.ensure_future(means.orders.promoted(number))
    try:
        await asyncio.wait({watching, word}, return_when=asyncio.FIRST_COMPLETED)
        if not watching.done():
            return _promoted(word.result())
        verdict = watching.result()
    finally:
        watching.cancel()
        word.cancel()
        await asyncio.gather(watching, word, return_exceptions=True)
    match verdict.decision:
        case "promote":
            return Did(verdict.words)
        case "abort":
            raise Failed(_cause(verdict), undoable=True)
        case "hold":
            await told(f"{verdict.words} Somebody has to say promote or abort.", 0, 0)
            return await asked(means, number, step.asks, verdict.words)


async def approved(means: Means, step: Approve, number: int) -> Did:
    """Wait for somebody to promote. Raises Failed where nobody does."""
    return await asked(means, number, step.within, "")


async def while_ours(means: Means, ref: Ref, template: str, doing: Coroutine[Any, Any, Did]) -> Did:
    """What `doing` comes to. Raises Failed as soon as the app is somebody else's, or gone."""
    acting, watching = asyncio.ensure_future(doing), asyncio.ensure_future(_lost(means, ref, template))
    try:
        await asyncio.wait({acting, watching}, return_when=asyncio.FIRST_COMPLETED)
        return acting.result() if acting.done() and not watching.done() else await watching
    finally:
        acting.cancel()
        watching.cancel()
        await asyncio.gather(acting, watching, return_exceptions=True)


async def _lost(means: Means, ref: Ref, template: str) -> NoReturn:
    stage = await means.stages.of(ref)
    while True:
        await _scene(stage, template)
        await stage.next_change(None)


async def asked(means: Means, number: int, within: float, why: str) -> Did:
    """Wait that many seconds for somebody to say promote. Raises Failed where nobody does."""
    try:
        async with asyncio.timeout(within):
            return _promoted(await means.orders.promoted(number))
    except TimeoutError:
        text = f"{why} Nobody promoted it within {within:.0f} s.".strip()
        raise Failed(Cause(code="NOT_PROMOTED", text=text), undoable=True) from None


def _promoted(order: Order) -> Did:
    return Did(f"promoted by {order.by}")


def aborted(order: Order) -> Failed:
    """That somebody had it stopped."""
    return Failed(Cause(code="ABORTED", text=f"It was aborted by {order.by}."), undoable=True)


def _cause(verdict: Verdict) -> Cause:
    return Cause(
        code=verdict.code, text=redact(verdict.words), evidence=tuple(redact(e)[:300] for e in verdict.evidence)
    )


async def _watched(means: Means, step: Observe, number: int, template: str, told: Told) -> Verdict:
    stage = await means.stages.of(step.ref)
    scene, new = await _scene(stage, template), str(step.new)
    tally = Tally.of(scene, new, step.old)
    gauge = await gauge_for(means.metrics, scene, new, step.old, switched=step.switched)
    seconds, looks = gauge.long_enough(step.seconds), list[Look]()
    while True:
        await told(f"watching the new pods, window {len(looks) + 1} of {step.windows}", 0, 0)
        tally = await _window(stage, tally, seconds, template)
        own = await own_readings(means.metrics, step.queries, scene, (new, step.old), seconds)
        looks.append(Look(tally.reading(), await gauge.measured(seconds), own))
        verdict = decide(looks, step.windows)
        if verdict.decision == "promote" and (pause := means.orders.paused(number)):
            await told(f"paused by {pause.by}; somebody has to say promote or abort", 0, 0)
            return await _kept(stage, step, tally, template, pause)
        if verdict.decision != "hold" or not verdict.looking:
            return verdict


async def _kept(stage: Stage, step: Observe, tally: Tally, template: str, pause: Order) -> Verdict:
    """Watch on until the pods do badly or nobody has said anything for too long; whoever promotes ends this.

    Only the pods' own signals count now: a comparison of figures that is made for ever finds a difference at last.
    """
    loop, looks = asyncio.get_running_loop(), list[Look]()
    end = loop.time() + step.asks
    while (left := end - loop.time()) > 0:
        tally = await _window(stage, tally, min(left, step.seconds), template)
        looks = [*looks[-1:], Look(tally.reading())]
        if (verdict := decide(looks, len(looks) + 1)).decision == "abort":
            return verdict
    return Verdict("abort", "NOT_PROMOTED", f"{pause.by} paused it, and nobody promoted it within {step.asks:.0f} s.")


async def _window(stage: Stage, tally: Tally, seconds: float, template: str) -> Tally:
    """The tally after so many seconds, or as soon as it is grave enough to decide alone."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while (left := end - loop.time()) > 0:
        await stage.next_change(left)
        tally = tally.seen(await _scene(stage, template))
        if tally.reading().critical:
            break
    return tally


async def _scene(stage: Stage, template: str) -> Scene:
    """The scene as soon as it is whole. Raises Failed where the app is somebody else's, or gone."""
    while True:
        if stage.failure is not None:
            raise stage.failure
        scene = stage.scene()
        reading = not_begun(scene, template) if scene is not None and stage.synced else None
        if stage.gone or isinstance(reading, Gone):
            raise Failed(Cause(code="GONE", text=f"{stage.ref} was deleted meanwhile."), undoable=False)
        if isinstance(reading, Foreign):
            text = f"{reading.words} Nothing of theirs was touched."
            raise Failed(Cause(code="FOREIGN_CHANGE", text=text), undoable=False)
        if scene is not None and stage.synced:
            return scene
        await stage.next_change(None)
