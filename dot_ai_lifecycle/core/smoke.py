"""Smoke checks: which paths a new version has to answer, and how, before anybody is served by it."""

import re
from collections.abc import Iterable
from typing import Literal
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict

LONGEST = 1000
"""Characters of a path: half of what the shortest limits on the way allow."""

Scheme = Literal["http", "https"]

_PATH = re.compile(r"/[!-~]*")
_STATUS = re.compile(r"[1-5]\d\d")


class Check(BaseModel):
    """A path, with its query, and the HTTP status it is answered with; None is any of 200 to 399."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    status: int | None = None

    def holds(self, status: int) -> bool:
        """Whether that status is the one expected."""
        return 200 <= status < 400 if self.status is None else status == self.status

    @property
    def expected(self) -> str:
        """What is expected, in words."""
        return "2xx or 3xx" if self.status is None else str(self.status)

    def __str__(self) -> str:
        return self.path if self.status is None else f"{self.path} ({self.status})"


class Door(BaseModel):
    """Where an app is asked: a port of a Service, and what is spoken there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    service: str
    port: int
    scheme: Scheme = "http"


class Reply(BaseModel):
    """How a Service answered one request: the HTTP status and the beginning of the body; 0 where nothing was reached.

    Of what was not reached `text` says why.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: int
    text: str = ""

    @property
    def first_line(self) -> str:
        """The first line that says anything, at most 200 characters of it."""
        return next((line.strip()[:200] for line in self.text.splitlines() if line.strip()), "")


def checks_of(words: Iterable[str]) -> tuple[Check, ...]:
    """Checks as they are written, each once: `/healthz`, `/admin=401`, `/items?page=2`, `/items?page=2=200`.

    Raises ValueError for what is no path, and for one that leads out of the Service.
    """
    return tuple(dict.fromkeys(_check(word) for word in words))


def _check(word: str) -> Check:
    head, sign, last = word.rpartition("=")
    # In a query the first sign of the last value is its own: `?page=200` is a page, `?page=2=200` expects a status.
    parameter = head.rpartition("?")[2].rpartition("&")[2]
    own = "?" in head and "=" not in parameter
    path, status = (head, int(last)) if sign and not own and _STATUS.fullmatch(last) else (word, None)
    if not _PATH.fullmatch(path) or "#" in path or len(path) > LONGEST:
        raise ValueError(f"smoke wants a path such as /healthz, or /admin=401 for another status, not {word[:100]!r}")
    if any(part in (".", "..") for part in re.split(r"[/\\]", unquote(path.partition("?")[0]))):
        raise ValueError(f"smoke wants a path without . and .. in it, not {word[:100]!r}")
    return Check(path=path, status=status)
