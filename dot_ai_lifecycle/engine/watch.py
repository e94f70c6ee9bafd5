"""Waiting for a verdict: by watch, not by polling; failing as soon as the pods say that it will never be."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import assert_never

from msgspec import Struct

from dot_ai_lifecycle.core.conditions.engines import delivered
from dot_ai_lifecycle.core.conditions.reading import Foreign, Gone, Met, Reading, Signal, Waiting
from dot_ai_lifecycle.core.conditions.rollout import rolled_out
from dot_ai_lifecycle.core.conditions.routing import routed
from dot_ai_lifecycle.core.conditions.sides import wanted_hashes
from dot_ai_lifecycle.core.conditions.signals import signals
from dot_ai_lifecycle.core.conditions.surge import surged
from dot_ai_lifecycle.core.errors import LifecycleError
from dot_ai_lifecycle.core.ports import Cluster
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.steps import Await
from dot_ai_lifecycle.engine.stage import Stage, Told

SETTLE = 0.05
"""Seconds in which changes that arrive together are read together."""


RETRIED = 30.0
"""Seconds for what was wrong before anybody of us looked: a person may just have mended its cause, and a kubelet
looks again at a container it could not configure only every ten to twenty seconds."""


NOTICED = 10.0
"""Seconds after which what speaks against a version is said, though it may still pass."""


class Doomed(Struct, frozen=True):
    """It will not be: the signals that have stood long enough, the first of them deciding."""

    signals: tuple[Signal, ...]


class TimedOut(Struct, frozen=True):
    """It was not so within the time given; `waiting` is what was still missing, a person's word if `unpromoted`."""

    waiting: str
    signals: tuple[Signal, ...] = ()
    unpromoted: bool = False


class Verdict(Struct, frozen=True):
    """How the waiting ended, and the last scene that was seen."""

    result: Met | Foreign | Gone | Doomed | TimedOut
    scene: Scene | None


Look = Callable[[Scene], Awaitable[None]]


class _Patience:
    """How long each signal has stood; with `grace`, what stood at the first look gets at least so many seconds.

    What was to be waited for once is waited for as long: a quota is not freed before the pods that used it are gone,
    and their controller tries again only a while after.
    """

    def __init__(self, grace: float = 0.0) -> None:
        self._since: dict[tuple[str, str, str], float] = {}
        self._given: dict[tuple[str, str, str], float] = {}
        self._grace = grace
        self._found_so: frozenset[tuple[str, str, str]] | None = None
        self._noticed: dict[Signal, float] = {}

    def sort(self, found: tuple[Signal, ...], now: float) -> tuple[tuple[Signal, ...], float | None]:
        """The signals that count now, and in how many seconds the next one would, or would be worth saying."""
        keys = {(signal.code, signal.subject, signal.container): signal for signal in found}
        self._since = {key: self._since.get(key, now) for key in keys}
        if self._found_so is None:
            self._found_so = frozenset(keys)
        least = {key: self._grace if key in self._found_so else 0.0 for key in keys}
        self._given = {key: max(keys[key].patience, least[key], self._given.get(key, 0.0)) for key in keys}
        left = {key: self._given[key] - (now - self._since[key]) for key in keys}
        counting = tuple(keys[key] for key in keys if left[key] <= 0)
        self._noticed = {keys[key]: left[key] for key in keys if left[key] > 0 and now - self._since[key] >= NOTICED}
        unsaid = (NOTICED - (now - since) for since in self._since.values())
        return counting, min((wait for wait in (*left.values(), *unsaid) if wait > 0), default=None)

    @property
    def noticed(self) -> str:
        """What has spoken against the version for a while, and how long it may go on; empty where nothing has."""
        if not self._noticed:
            return ""
        signal = min(self._noticed, key=lambda one: self._noticed[one])
        given = self._given[signal.code, signal.subject, signal.container]
        return f". {signal.words.rstrip('.')}; after {given:.0f} s of that it counts as failed"


class _TimeLeft:
    """How long it may still take: the pauses of an engine do not count, but each waits only so long for a person."""

    def __init__(self, step: Await, now: float) -> None:
        self._step, self._deadline, self._last = step, now + step.within, now
        self._asking_since: float | None = None
        self._was_held = False

    def at(self, now: float, reading: Reading) -> float:
        """Seconds left, after what was read now."""
        held = reading.held if isinstance(reading, Waiting) else ""
        if self._was_held:
            self._deadline += now - self._last
        self._last, self._was_held = now, bool(held)
        self._asking_since = (self._asking_since or now) if held == "person" else None
        asks = math.inf if self._asking_since is None else self._asking_since + self._step.asks - now
        return min(asks, math.inf if held else self._deadline - now)


async def verdict_on(stage: Stage, step: Await, template: str, told: Told, in_passing: Look | None = None) -> Verdict:
    """Watch until the condition holds or never will. `template` is the digest that must stay wanted; empty: any.

    `in_passing` is told every scene that is whole.
    Raises LifecycleError where watching itself fails for good.
    """
    loop = asyncio.get_running_loop()
    time_left, last, held_since = _TimeLeft(step, loop.time()), "", None
    patience = _Patience(grace=0.0 if template else RETRIED)
    while True:
        if stage.failure is not None:
            raise stage.failure
        scene, reading, standing = _look(stage, step, template)
        if in_passing is not None and scene is not None and stage.synced:
            await in_passing(scene)
        now = loop.time()
        held_since = (held_since or now) if isinstance(reading, Met) else None
        left = max(0.0, held_since + step.settle - now) if held_since is not None else None
        if isinstance(reading, Foreign | Gone) or (isinstance(reading, Met) and left == 0):
            return Verdict(reading, scene)
        counting, next_signal = patience.sort(standing, now) if stage.synced else ((), None)
        if counting:
            return Verdict(Doomed(counting), scene)
        rest = time_left.at(now, reading)
        if isinstance(reading, Waiting) and rest <= 0:
            return Verdict(TimedOut(reading.words, standing, unpromoted=reading.held == "person"), scene)
        words = reading.words + (patience.noticed if isinstance(reading, Waiting) else "")
        if words != last:
            last = words
            await told(words, *_counted(reading))
        waits = (rest if left is None else left, next_signal, getattr(reading, "check_in", None))
        soonest = min(wait for wait in waits if wait is not None)
        await stage.next_change(None if math.isinf(soonest) else soonest)
        await asyncio.sleep(SETTLE)


def _counted(reading: Met | Waiting) -> tuple[int, int]:
    return (reading.total, reading.total) if isinstance(reading, Met) else (reading.done, reading.total)


def _look(stage: Stage, step: Await, template: str) -> tuple[Scene | None, Reading, tuple[Signal, ...]]:
    scene = stage.scene()
    if scene is None:
        return None, Gone("it was deleted, or another object has its name now"), ()
    if not stage.synced:
        return scene, Waiting("looking at the app"), ()
    reading = reading_of(scene, step, template)
    # Services that are led back to the old pods are not kept from it by what the new pods do.
    about_new = step.until != "routed" or step.to in wanted_hashes(scene)
    unmet = isinstance(reading, Waiting) or step.until == "routed"
    return scene, reading, signals(scene, step.since) if about_new and unmet else ()


def reading_of(scene: Scene, step: Await, template: str) -> Reading:
    """How the scene stands to the condition that is waited for."""
    match step.until:
        case "rolled_out":
            own = scene.workload.kind == "Rollout" or step.by is not None
            return delivered(scene, template, step.since, str(step.to)) if own else rolled_out(scene, template)
        case "surged":
            return surged(scene, template, step.pods, step.ready_for)
        case "routed":
            return routed(scene, template, step.services, str(step.to))
        case "followed":
            raise AssertionError("a route is waited for without a scene")
        case _:
            assert_never(step.until)


async def log_lines_of(cluster: Cluster, scene: Scene, signal: Signal, lines: int = 12) -> tuple[str, ...]:
    """The last log lines behind a signal, while its pod still exists; none where they cannot be had."""
    if not signal.wants_logs:
        return ()
    namespace = scene.workload.namespace
    for previous in (signal.previous, not signal.previous):
        try:
            found = await cluster.log_lines(signal.subject, namespace, signal.container, previous=previous, lines=lines)
        except LifecycleError:
            continue
        if found:
            return found
    return ()
