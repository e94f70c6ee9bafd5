"""Prometheus, and what speaks its HTTP API (Thanos, Mimir, VictoriaMetrics): instant queries and nothing else.

Importing this does not load aiohttp; the first query does. A connection lives for one query: there are a few a minute.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import urlsplit

import msgspec

from dot_ai_lifecycle import __version__
from dot_ai_lifecycle.core.errors import BadInput, LifecycleError, NoMetrics
from dot_ai_lifecycle.core.metrics import Sample
from dot_ai_lifecycle.core.redaction import redact

LIMIT = 5.0
"""Seconds for one query, connecting included: who waits longer judges a window that is over."""

MOST_BYTES = 4 * 1024 * 1024
"""Of an answer; ours have a dozen values, and a user's query that has thousands is not one."""

_TO_SET = "Check LIFECYCLE_PROMETHEUS_URL: it is the address below which /api/v1/query answers."


class _Series(msgspec.Struct):
    metric: dict[str, str] = {}
    value: tuple[float, str] | None = None  # None: a native histogram


class _Found(msgspec.Struct, rename="camel"):
    result_type: str = ""
    result: msgspec.Raw = msgspec.Raw(b"[]")


class _Answer(msgspec.Struct, rename="camel"):
    status: str
    data: _Found | None = None
    error: str = ""


class Prometheus:
    """The provider at that address, asked with that bearer token, which is sent nowhere else and never shown.

    `url` may hold a user and password instead; those are not shown either.
    """

    def __init__(self, url: str, token: str | None = None, *, limit: float = LIMIT) -> None:
        self._url = url.rstrip("/")
        self._token = token
        self._limit = limit
        self._shown = _shown(self._url)

    async def query(self, expression: str, at: datetime | None = None) -> tuple[Sample, ...]:
        """The values of the expression at that moment, else now. Raises BadInput and NoMetrics, within 5 s."""
        form = {"query": expression, "timeout": f"{self._limit:g}s"}
        if at is not None:
            form["time"] = f"{at.timestamp():.3f}"
        with self._translated():
            async with asyncio.timeout(self._limit):
                status, moved_to, body = await self._asked(form)
        if 300 <= status < 400:
            raise self._failure(f"sends us on to {moved_to}, as login pages do")
        return self._samples(status, body)

    async def _asked(self, form: dict[str, str]) -> tuple[int, str, bytes]:
        """The answer's status, where it redirects to, and its body."""
        import aiohttp

        headers = {"User-Agent": f"dot-ai-lifecycle/{__version__}", "Accept": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        # POST, which the API takes as well: an expression with the names of many pods is too long for an address
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.post(f"{self._url}/api/v1/query", data=form, allow_redirects=False) as response,
        ):
            body = bytearray()
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise BadInput(f"The query answers more than {MOST_BYTES // 1024**2} MiB.", hint="Aggregate it.")
            return response.status, _host(response.headers.get("Location", "")), bytes(body)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        import aiohttp

        try:
            yield
        except TimeoutError as error:
            raise self._failure(f"did not answer within {self._limit:g} s") from error
        except aiohttp.ClientSSLError as error:
            raise self._failure(f"has a certificate that is not trusted: {_line(str(error))}") from error
        except aiohttp.ClientConnectorError as error:
            raise self._failure(
                f"cannot be reached: {_line(error.os_error.strerror or str(error.os_error))}"
            ) from error
        except (aiohttp.ClientError, ValueError) as error:
            raise self._failure("broke off its answer, or speaks no HTTP") from error

    def _samples(self, status: int, body: bytes) -> tuple[Sample, ...]:
        try:
            answer = msgspec.json.decode(body, type=_Answer)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._refused(status, "") from error
        if answer.status != "success" or status >= 300:
            raise self._refused(status, answer.error)
        try:
            return _parsed(answer.data or _Found())
        except (msgspec.DecodeError, ValueError, OverflowError, OSError) as error:
            raise self._refused(status, "") from error

    def _refused(self, status: int, said: str) -> LifecycleError:
        """The error for an answer without values: whose doing it is, as the status tells."""
        because = f": {_line(said)}" if said else ""
        if status in (400, 422) and said:
            return BadInput(f"Prometheus at {self._shown} refuses the query{because}.", hint="Correct the expression.")
        if status in (401, 403):
            hint = "Set LIFECYCLE_PROMETHEUS_TOKEN to a token it takes."
            return self._failure(f"does not let us ask (HTTP {status}){because}", hint)
        if status == 404:
            return self._failure("has no query API there (HTTP 404)", _TO_SET)
        if status < 300 and not said:
            return self._failure("does not answer as Prometheus does", _TO_SET)
        return self._failure(f"answers HTTP {status}{because}")

    def _failure(self, what: str, hint: str = "") -> NoMetrics:
        return NoMetrics(f"Prometheus at {self._shown} {what}.", hint=hint, details={"address": self._shown})


def _parsed(found: _Found) -> tuple[Sample, ...]:
    """The samples of an instant vector or a scalar. Raises BadInput for other results, ValueError for garbage."""
    if found.result_type == "scalar":
        return (_sample({}, msgspec.json.decode(found.result, type=tuple[float, str])),)
    if found.result_type != "vector":
        raise BadInput(
            f"The query gives a {_line(found.result_type) or 'nothing'}, not one value a series.",
            hint="Without a range at its end it gives one.",
        )
    series = msgspec.json.decode(found.result, type=list[_Series])
    return tuple(_sample(one.metric, one.value) for one in series if one.value is not None)


def _sample(labels: dict[str, str], value: tuple[float, str]) -> Sample:
    seconds, number = value
    return Sample(labels, float(number), datetime.fromtimestamp(seconds, UTC))


def _shown(url: str) -> str:
    """The address without user and password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _host(location: str) -> str:
    return urlsplit(location).hostname or "another path"


def _line(text: str) -> str:
    """Somebody else's text on one line of at most 300 characters, without secrets."""
    return " ".join(redact(text[:1200]).split())[:300].rstrip(".")
