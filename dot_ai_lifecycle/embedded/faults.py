"""Faults on demand: what networks, busy API servers and missing rights do, but never when a test needs it."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from dot_ai_lifecycle.embedded.messages import Request, Response
from dot_ai_lifecycle.embedded.rejected import Rejected
from dot_ai_lifecycle.embedded.routes import Target

Before = Callable[[Request], Awaitable[None] | None]
After = Callable[[Request, Response], Awaitable[None] | None]

_REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    410: "Expired",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}
USER = "embedded-admin"


@dataclass(slots=True)
class Fault:
    """What happens to the requests that match, from the `nth` matching one on, so many `times` (0: always).

    `status` answers without doing anything, `retry_after` (seconds) goes with it. `drop` cuts the connection
    "before" or "after" the request took effect. `delay` (seconds) comes first. `cut` ends a watch after so many
    events; `expire` answers a watch with one ERROR 410 event.
    """

    method: str = ""
    path: str = ""
    nth: int = 1
    times: int = 1
    status: int = 0
    retry_after: int = 0
    message: str = ""
    drop: str = ""
    delay: float = 0.0
    cut: int | None = None
    expire: bool = False
    matched: int = field(default=0, init=False)

    def strikes(self, request: Request) -> bool:
        """Whether it is this request's turn; counts it when it matches."""
        line = f"{request.path}?{'&'.join(f'{key}={value}' for key, value in request.query)}"
        if not re.fullmatch(self.method or ".*", request.method) or not re.search(self.path, line):
            return False
        self.matched += 1
        return self.matched >= self.nth and (not self.times or self.matched < self.nth + self.times)

    def refusal(self) -> Rejected:
        """The refusal to answer with."""
        details = {"retryAfterSeconds": self.retry_after} if self.retry_after else None
        message = self.message or "the embedded cluster was told to refuse this request"
        return Rejected(self.status, _REASONS.get(self.status, ""), message, details)


@dataclass(frozen=True, slots=True)
class Ban:
    """A right that is missing; `resource` may name a subresource, `*` stands for all."""

    verb: str
    resource: str
    namespace: str | None = None

    def hits(self, verb: str, resource: str, namespace: str | None) -> bool:
        """Whether it forbids this."""
        if self.namespace is not None and self.namespace != namespace:
            return False
        return self.verb in {verb, "*"} and self.resource in {resource, "*"}


class Faults:
    """All faults of one API, and hooks to act between two requests."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.bans: list[Ban] = []
        self.before: Before | None = None
        self.after: After | None = None

    def add(self, fault: Fault) -> Fault:
        """Let this fault happen; returns it, so that its `matched` can be read."""
        self.faults.append(fault)
        return fault

    def forbid(self, verb: str, resource: str, *, namespace: str | None = None) -> None:
        """Take a right away: requests get 403, and access reviews say no."""
        self.bans.append(Ban(verb, resource, namespace))

    def clear(self) -> None:
        """No more faults, bans and hooks."""
        self.faults.clear()
        self.bans.clear()
        self.before = self.after = None

    def strike(self, request: Request) -> Fault | None:
        """The fault that hits this request; every matching one counts it."""
        struck = [fault for fault in self.faults if fault.strikes(request)]
        return struck[0] if struck else None

    def allows(self, verb: str, resource: str, namespace: str | None) -> bool:
        """Whether no ban forbids this."""
        return not any(ban.hits(verb, resource, namespace) for ban in self.bans)


def denial(target: Target, verb: str) -> Rejected:
    """403 in the words of the authorizer."""
    kind = target.kind
    where = f'in the namespace "{target.namespace}"' if target.namespace else "at the cluster scope"
    about = f'{kind.resource} "{target.name}"' if target.name else kind.resource
    what = f'cannot {verb} resource "{target.resource}" in API group "{kind.group}" {where}'
    details = {"name": target.name, "group": kind.group, "kind": kind.plural}
    kept = {key: value for key, value in details.items() if value}
    return Rejected(403, "Forbidden", f'{about} is forbidden: User "{USER}" {what}', kept)
