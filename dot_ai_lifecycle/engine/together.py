"""Waiting and watching for several apps at the same time."""

import asyncio
from collections.abc import Awaitable, Callable

from dot_ai_lifecycle.core.parts import blamed
from dot_ai_lifecycle.core.steps import Await, Observe, Together
from dot_ai_lifecycle.engine.means import Did, Failed
from dot_ai_lifecycle.engine.stage import Told

Wait = Callable[[Await | Observe, Told], Awaitable[Did]]
"""Carries out one of the waits, and tells how far it is."""


async def together(step: Together, told: Told, wait: Wait) -> Did:
    """Carry out all waits of the step at once. Raises Failed, with the app in its cause, as soon as one does."""
    counts = _Counts(told)
    waiting = [asyncio.ensure_future(_blaming(one, wait(one, counts.of(one.part)))) for one in step.steps]
    try:
        dids = await asyncio.gather(*waiting)
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    late = {name: value for did in dids for name, value in did.late.items()}
    texts = (f"{one.part}: {did.text}" for one, did in zip(step.steps, dids, strict=True))
    return Did("; ".join(texts), late)


async def _blaming(step: Await | Observe, doing: Awaitable[Did]) -> Did:
    try:
        return await doing
    except Failed as failed:
        raise Failed(blamed(failed.cause, step.part), undoable=failed.undoable) from failed


class _Counts:
    """What all of them tell, as one: the pods of all are counted together."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._seen: dict[str, tuple[int, int]] = {}

    def of(self, part: str) -> Told:
        """Takes what one of them tells."""

        async def tell(text: str, done: int, total: int) -> None:
            self._seen[part] = (done, total)
            await self._told(f"{part}: {text}", *map(sum, zip(*self._seen.values(), strict=True)))

        return tell
