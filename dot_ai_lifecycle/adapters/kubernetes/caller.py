"""Ask the API server, patiently: a few requests at a time, again where that is safe, never longer than bearable.

A request that may have taken effect is not sent twice. Reads and dry runs may be; a write only where the server says
it has not looked at it (429), or where nothing was sent at all.
"""

import asyncio
import errno
import random
import socket
import ssl
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from dot_ai_lifecycle.adapters.kubernetes.calls import Call, Place
from dot_ai_lifecycle.adapters.kubernetes.failures import refusal, retry_after, status_of, unreachable
from dot_ai_lifecycle.adapters.kubernetes.transport import Answer, ConnectTimeout, Stream, Transport
from dot_ai_lifecycle.core.errors import LifecycleError

AT_ONCE = 8
READ_TIMEOUT = 20.0
ATTEMPTS = 5
PATIENCE = 30.0
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
_WORTH_REPEATING = frozenset((429, 500, 502, 503, 504))


def wall_clock() -> datetime:
    """This machine's time in UTC."""
    return datetime.now(UTC)


def pause(attempt: int, chance: random.Random, longest: float = LONGEST_PAUSE) -> float:
    """Seconds before the next attempt: doubling from 0.2 s, between half and all of it, so that many do not march."""
    return float(min(longest, FIRST_PAUSE * 2 ** min(attempt, 16)) * chance.uniform(0.5, 1.0))


class ServerClock:
    """The API server's time, from the Date of its answers; it tells whole seconds, so a clock within them is kept."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._offset = timedelta()

    def now(self) -> datetime:
        return self._clock() + self._offset

    def heard(self, date: str, took: float) -> None:
        """Take in a Date header; `took` is how many seconds ago it may have been written."""
        try:
            told = parsedate_to_datetime(date).astimezone(UTC)
        except (ValueError, TypeError):
            return
        behind = (self.now() - told).total_seconds()
        if not 0 <= behind < 1 + took:
            self._offset = told + timedelta(seconds=0.5) - self._clock()


class _Setback(NamedTuple):
    failure: LifecycleError
    again: bool
    after: float | None = None


class Caller:
    """Sends calls over a transport and raises our errors for what is not a success."""

    def __init__(
        self, transport: Transport, place: Place, *, clock: Callable[[], datetime], chance: random.Random
    ) -> None:
        self.place = place
        self.chance = chance
        self.time = ServerClock(clock)
        self._transport = transport
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def ask(self, call: Call) -> Answer:
        """The answer, tried up to 5 times within 30 s where trying again is safe. Raises a LifecycleError."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE
        attempt = 0
        while True:
            outcome = await self._once(call)
            if not isinstance(outcome, _Setback):
                return outcome
            wait = pause(attempt, self.chance)
            if outcome.after is not None:
                wait = outcome.after + self.chance.uniform(0, 0.5)
            attempt += 1
            if not outcome.again or attempt == ATTEMPTS or loop.time() + wait > deadline:
                raise outcome.failure
            await asyncio.sleep(wait)

    async def _once(self, call: Call) -> Answer | _Setback:
        loop = asyncio.get_running_loop()
        try:
            async with self._turn:
                began = loop.time()
                answer = await self._transport.request(
                    call.method,
                    call.path,
                    query=call.query,
                    headers=_headers(call),
                    body=call.body,
                    timeout=READ_TIMEOUT,
                )
        except OSError as error:
            failure = unreachable(error, call, self.place)
            failure.__cause__ = error
            return _Setback(failure, _worth_repeating(call, error))
        self.time.heard(answer.headers.get("date", ""), loop.time() - began)
        if answer.status < 300:
            return answer
        after = retry_after(answer.headers, status_of(answer.body), self.time.now())
        again = answer.status == 429 or (call.repeatable and answer.status in _WORTH_REPEATING)
        return _Setback(refusal(answer.status, answer.body, call, self.place), again, after)

    async def ask_once(self, call: Call, *, timeout: float, most: int) -> Answer:
        """Whatever is answered, at most `most` bytes of it; its Date may be anybody's, and is not ours to believe.

        Raises Unreachable, and TimeoutError where the connection stands and the answer takes longer.
        """
        try:
            async with asyncio.timeout(timeout), self._turn:
                return await self._transport.request(
                    call.method, call.path, query=call.query, headers=_headers(call), timeout=timeout, most=most
                )
        except OSError as error:
            if isinstance(error, TimeoutError) and not isinstance(error, ConnectTimeout):
                raise
            raise unreachable(error, call, self.place) from error

    def stream(self, call: Call) -> AbstractAsyncContextManager[Stream]:
        """Open a stream; it takes none of the turns of ordinary requests. Raises OSError as transports do."""
        return self._transport.stream(
            call.method, call.path, query=call.query, headers=_headers(call), timeout=READ_TIMEOUT
        )

    async def close(self) -> None:
        await self._transport.close()


def nothing_was_sent(error: OSError) -> bool:
    """Whether the request cannot have reached the server: no connection came about."""
    unreached = (errno.EHOSTUNREACH, errno.ENETUNREACH)
    return isinstance(error, ConnectionRefusedError | socket.gaierror | ConnectTimeout) or error.errno in unreached


def _worth_repeating(call: Call, error: OSError) -> bool:
    """TLS that fails once fails again."""
    return not isinstance(error, ssl.SSLError) and (call.repeatable or nothing_was_sent(error))


def _headers(call: Call) -> dict[str, str]:
    headers = {"accept": "application/json"}
    if call.body:
        headers["content-type"] = call.content_type
    return headers
