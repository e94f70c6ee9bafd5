"""Why the API says no: one exception that is also the `Status` object a client receives."""

from collections.abc import Iterable, Mapping
from typing import Any

from dot_ai_lifecycle.embedded.kinds import Kind

Cause = dict[str, str]


class Rejected(Exception):
    """A request the API server refuses; `status()` is what goes over the wire."""

    def __init__(self, code: int, reason: str, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = None if details is None else dict(details)
        self.metadata: dict[str, Any] = {}

    def status(self) -> dict[str, Any]:
        """The `v1.Status` object of this refusal."""
        body: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": self.metadata, "status": "Failure"}
        body["message"] = self.message
        if self.reason:
            body["reason"] = self.reason
        if self.details is not None:
            body["details"] = self.details
        return body | {"code": self.code}


def _about(kind: Kind, name: str) -> dict[str, Any]:
    details = {"name": name, "group": kind.group, "kind": kind.plural}
    return {key: value for key, value in details.items() if value}


def not_found(kind: Kind, name: str) -> Rejected:
    """404 for an object that does not exist."""
    return Rejected(404, "NotFound", f'{kind.resource} "{name}" not found', _about(kind, name))


def already_exists(kind: Kind, name: str) -> Rejected:
    """409 for a second create under the same name."""
    return Rejected(409, "AlreadyExists", f'{kind.resource} "{name}" already exists', _about(kind, name))


def conflict(kind: Kind, name: str, why: str) -> Rejected:
    """409 for a write that was made against another version of the object."""
    message = f'Operation cannot be fulfilled on {kind.resource} "{name}": {why}'
    return Rejected(409, "Conflict", message, _about(kind, name))


MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


def forbidden(kind: Kind, name: str, why: str, causes: Iterable[Cause] = ()) -> Rejected:
    """403 by admission or authorization."""
    details = _about(kind, name)
    if found := list(causes):
        details["causes"] = found
    return Rejected(403, "Forbidden", f'{kind.resource} "{name}" is forbidden: {why}', details)


def invalid(kind: Kind, name: str, causes: Iterable[Cause]) -> Rejected:
    """422 for an object that fails validation; each cause has `reason`, `message` and `field`."""
    found = list(causes)
    said = [f"{cause['field']}: {cause['message']}" for cause in found]
    whole = said[0] if len(said) == 1 else "[" + ", ".join(said) + "]"
    qualified = f"{kind.kind}.{kind.group}" if kind.group else kind.kind
    details: dict[str, Any] = {"name": name, "group": kind.group, "kind": kind.kind, "causes": found}
    details = {key: value for key, value in details.items() if value}
    return Rejected(422, "Invalid", f'{qualified} "{name}" is invalid: {whole}', details)


def bad_request(message: str) -> Rejected:
    """400 for a request that cannot be understood."""
    return Rejected(400, "BadRequest", message)


def gone(message: str) -> Rejected:
    """410 for a resourceVersion or a continue token that is too old."""
    return Rejected(410, "Expired", message)
