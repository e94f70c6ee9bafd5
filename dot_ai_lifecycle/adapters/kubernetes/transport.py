"""What carries a request to an API server and its answer back: one small port with two implementations.

The real one goes over a pooled HTTP session (`pooled.py`); the embedded cluster brings one that stays in the process.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from types import MappingProxyType
from typing import Protocol

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class ConnectTimeout(TimeoutError):
    """No connection came about in time: nothing was sent."""


class Answer(Protocol):
    """A complete answer; header names are in lower case."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> bytes: ...


class Stream(Protocol):
    """An answer that goes on: iterate its lines where `status` is 200; `body` holds what an error said."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> bytes: ...
    def __aiter__(self) -> AsyncIterator[bytes]: ...


class Transport(Protocol):
    """Carries requests; an HTTP error is an answer, not an exception.

    Where no answer came it raises an OSError that says why: ConnectionRefusedError, `socket.gaierror`, ConnectTimeout
    or `ssl.SSLError` where nothing was sent; else TimeoutError or another ConnectionError.
    """

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] = NO_HEADERS,
        body: bytes = b"",
        timeout: float = 30,
        most: int | None = None,
    ) -> Answer:
        """Send one request and read its whole answer within `timeout` seconds; of the body at most so many bytes."""

    def stream(
        self,
        method: str,
        path: str,
        *,
        query: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] = NO_HEADERS,
        timeout: float = 30,
    ) -> AbstractAsyncContextManager[Stream]:
        """Send one request and hand out its answer line by line; it has to begin within `timeout` seconds."""

    async def close(self) -> None:
        """Let go of all connections."""
