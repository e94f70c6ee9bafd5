"""Lists in pages: a page token names a snapshot, and says 410 when the snapshot is gone."""

import base64
import binascii
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from dot_ai_lifecycle.embedded.objects import Object, name_of, namespace_of
from dot_ai_lifecycle.embedded.rejected import Rejected, bad_request

_LIFETIME = timedelta(minutes=5)
"""How long etcd keeps history by default, hence how long a page token lives."""
_KEPT = 64

_EXPIRED = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)


class Token(msgspec.Struct):
    """What a continue token says: which snapshot, and after which key."""

    v: str
    rv: int
    start: str

    def text(self) -> str:
        """The token as clients carry it."""
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode().rstrip("=")

    @classmethod
    def parsed(cls, text: str) -> "Token":
        """The token out of its text; raises 400 when it is none."""
        try:
            return msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=cls)
        except (binascii.Error, msgspec.DecodeError, ValueError) as error:
            raise bad_request(f"invalid continue token: {error}") from error


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its objects, the version they were seen at, and how to go on."""

    objects: list[Object]
    revision: int
    token: str = ""
    remaining: int = 0


def _key(object_: Object) -> str:
    return f"{namespace_of(object_)}/{name_of(object_)}"


class Pages:
    """Cuts lists into pages and remembers the snapshots that are being paged through."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._snapshots: OrderedDict[tuple[str, int], tuple[datetime, list[Object]]] = OrderedDict()

    def forget(self) -> None:
        """Drop all snapshots, as compaction does."""
        self._snapshots.clear()

    def first(self, what: str, found: list[Object], revision: int, limit: int) -> Page:
        """The first page of what was found; `what` names the list, so that tokens of others do not fit."""
        if not limit or len(found) <= limit:
            return Page(found, revision)
        self._snapshots[what, revision] = (self._now(), found)
        while len(self._snapshots) > _KEPT:
            self._snapshots.popitem(last=False)
        return self._cut(found, revision, limit)

    def next(self, what: str, text: str, limit: int, fresh: Callable[[], list[Object]], revision: int) -> Page:
        """The page after a token; raises 410, with a token that goes on inconsistently, when its snapshot is gone."""
        token = Token.parsed(text)
        if token.rv < 0:
            found, at = fresh(), revision
        else:
            taken, found = self._snapshots.get((what, token.rv), (None, []))
            at = token.rv
            if taken is None or self._now() - taken > _LIFETIME:
                self._snapshots.pop((what, token.rv), None)
                raise _too_old(token)
        rest = [one for one in found if _key(one) > token.start]
        if token.rv < 0:
            return self.first(what, rest, at, limit)
        return self._cut(rest, at, limit)

    def _cut(self, found: list[Object], revision: int, limit: int) -> Page:
        if not limit or len(found) <= limit:
            return Page(found, revision)
        page = found[:limit]
        return Page(page, revision, Token("meta.k8s.io/v1", revision, _key(page[-1])).text(), len(found) - limit)


def _too_old(token: Token) -> Rejected:
    error = Rejected(410, "Expired", _EXPIRED)
    error.metadata = {"continue": Token(token.v, -1, token.start).text()}
    return error
