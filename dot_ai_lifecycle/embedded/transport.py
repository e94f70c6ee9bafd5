"""The API without a network: what a client's transport does, in the same process and in the loop's own time."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

from dot_ai_lifecycle.embedded.api import Api
from dot_ai_lifecycle.embedded.messages import Request

Query = Sequence[tuple[str, str]]
_NO_HEADERS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Stream:
    """An answer that goes on: iterate over its lines. `body` holds a refusal, which has no lines."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    frames: AsyncIterator[bytes] | None = field(default=None, repr=False)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self.frames is None:
            for line in self.body.splitlines(keepends=True):
                yield line
            return
        async for frame in self.frames:
            for line in frame.splitlines(keepends=True):
                yield line


class InProcess:
    """Requests straight into the API; deterministic, without threads and sockets."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        headers: Mapping[str, str] = _NO_HEADERS,
        body: bytes = b"",
        timeout: float = 30,
        most: int | None = None,
    ) -> Answer:
        """One request and its whole answer.

        Raises `TimeoutError` after `timeout` seconds of the loop's time, `ConnectionError` where a fault cuts it.
        """
        async with asyncio.timeout(timeout):
            response = await self._api.handle(_request(method, path, query, headers, body))
            parts = [response.body]
            if response.frames is not None:
                parts += [frame async for frame in response.frames]
        return Answer(response.status, response.headers, b"".join(parts)[:most])

    def stream(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        headers: Mapping[str, str] = _NO_HEADERS,
        timeout: float = 30,
    ) -> AbstractAsyncContextManager[Stream]:
        """A request whose answer is read as it comes; `timeout` (seconds) is for the answer to begin."""
        return self._stream(_request(method, path, query, headers, b""), timeout)

    @asynccontextmanager
    async def _stream(self, request: Request, timeout: float) -> AsyncIterator[Stream]:
        async with asyncio.timeout(timeout):
            response = await self._api.handle(request)
        stream = Stream(response.status, response.headers, response.body, response.frames)
        try:
            yield stream
        finally:
            close = getattr(response.frames, "aclose", None)
            if close is not None:
                await close()

    async def close(self) -> None:
        """Nothing to let go of; here because transports have it."""


def _request(method: str, path: str, query: Query, headers: Mapping[str, str], body: bytes) -> Request:
    return Request(method, path, query, {name.lower(): value for name, value in headers.items()}, body)
