"""A request and its answer, as both fronts hand them to the API."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import yaml

from dot_ai_lifecycle.embedded import protobuf
from dot_ai_lifecycle.embedded.objects import YAML
from dot_ai_lifecycle.embedded.rejected import Rejected, bad_request

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode

JSON = "application/json"
TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})


def _unknown_format() -> Rejected:
    message = f"the body of the request was in an unknown format - accepted media types include: {JSON}"
    return Rejected(415, "UnsupportedMediaType", message)


@dataclass(frozen=True, slots=True)
class Request:
    """One request to the API; header names are lower-case."""

    method: str
    path: str
    query: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def arg(self, name: str, default: str = "") -> str:
        """The first value of a query parameter."""
        return next((value for key, value in self.query if key == name), default)

    def flag(self, name: str) -> bool:
        """Whether a query parameter is true, spelled as Go spells booleans."""
        return self.arg(name) in TRUE

    def number(self, name: str) -> int | None:
        """A query parameter as a number, None when absent; raises 400 when it is not one."""
        text = self.arg(name)
        if not text:
            return None
        try:
            return int(text)
        except ValueError as error:
            raise bad_request(f"strconv.ParseInt: parsing {text!r}: invalid syntax in parameter {name}") from error

    @property
    def content_type(self) -> str:
        """The body's media type without parameters."""
        return self.headers.get("content-type", JSON).partition(";")[0].strip().lower()

    @property
    def dry_run(self) -> bool:
        """Whether nothing may be persisted; raises 422 for a value the API does not know."""
        values = [value for key, value in self.query if key == "dryRun"]
        if unknown := [value for value in values if value != "All"]:
            options = {"POST": "Create", "PUT": "Update", "PATCH": "Patch"}.get(self.method, "Delete") + "Options"
            said = f'Unsupported value: ["{unknown[0]}"]: supported values: "All"'
            cause = {"reason": "FieldValueNotSupported", "message": said, "field": "dryRun"}
            details = {"group": "meta.k8s.io", "kind": options, "causes": [cause]}
            raise Rejected(422, "Invalid", f'{options}.meta.k8s.io "" is invalid: dryRun: {said}', details)
        return bool(values)

    @property
    def field_manager(self) -> str:
        """Who writes: the `fieldManager` parameter, else the first word of the user agent, as upstream."""
        agent = self.headers.get("user-agent", "").partition("/")[0].partition(" ")[0]
        return self.arg("fieldManager") or agent or "unknown"

    def decoded(self) -> Any:
        """The body out of JSON or YAML; raises 400 when it does not parse and 415 for media types not spoken here."""
        if "cbor" in self.content_type:
            raise _unknown_format()
        try:
            if "protobuf" in self.content_type:
                return protobuf.decode(self.body)
            if "yaml" in self.content_type:
                return yaml.load(self.body, YAML)
            return _decode(self.body)
        except (protobuf.Unreadable, UnicodeDecodeError) as error:
            raise _unknown_format() from error
        except (msgspec.DecodeError, yaml.YAMLError) as error:
            raise bad_request(f"couldn't get version/kind; json parse error: {error}") from error


@dataclass(slots=True)
class Response:
    """An answer: a whole body, or frames that come as time passes."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": JSON})
    frames: AsyncIterator[bytes] | None = None


def answer(body: Any, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(status, _encode(body))


def text(body: str, status: int = 200) -> Response:
    """A plain-text answer."""
    return Response(status, body.encode(), {"content-type": "text/plain; charset=utf-8"})


def refusal(error: Rejected) -> Response:
    """The answer to a refused request, with `Retry-After` when its details ask for it."""
    response = answer(error.status(), error.code)
    seconds = (error.details or {}).get("retryAfterSeconds")
    if seconds:
        response.headers["retry-after"] = str(seconds)
    return response
