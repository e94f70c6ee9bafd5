"""The API server's refusals and silences, in our errors: what, to which object, why, what to do next."""

import socket
import ssl
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

import msgspec

from dot_ai_lifecycle.adapters.kubernetes.calls import Call, Place
from dot_ai_lifecycle.adapters.kubernetes.rights import denied_by_admission, missing_right
from dot_ai_lifecycle.adapters.kubernetes.words import one_line, sentence
from dot_ai_lifecycle.core.errors import (
    ClusterFailure,
    Conflict,
    Expired,
    Invalid,
    LifecycleError,
    NotFound,
    Throttled,
    Unauthorized,
    Unreachable,
)

ANONYMOUS = 'User "system:anonymous"'


class Cause(msgspec.Struct):
    reason: str = ""
    message: str = ""
    field: str = ""


class Details(msgspec.Struct, rename="camel"):
    name: str = ""
    group: str = ""
    kind: str = ""
    causes: list[Cause] | None = None
    retry_after_seconds: int = 0


class Status(msgspec.Struct):
    """The API's Status object: how every refusal is worded."""

    kind: str = ""
    message: str = ""
    reason: str = ""
    code: int = 0
    details: Details | None = None

    @property
    def causes(self) -> list[Cause]:
        return (self.details.causes if self.details else None) or []

    @property
    def words(self) -> str:
        return one_line(self.message)


_STATUS = msgspec.json.Decoder(Status)


def status_of(body: bytes) -> Status:
    """The Status an error carries; an empty one where something other than an API server answered."""
    try:
        return _STATUS.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Status()


def retry_after(headers: Mapping[str, str], status: Status, now: datetime) -> float | None:
    """Seconds the server wants us to wait: the Retry-After header as seconds or date, else the Status' own word."""
    given = headers.get("retry-after", "").strip()
    if given.isdigit():
        return float(given)
    if given:
        try:
            return max(0.0, (parsedate_to_datetime(given) - now).total_seconds())
        except (ValueError, TypeError):
            pass
    return float(status.details.retry_after_seconds) if status.details and status.details.retry_after_seconds else None


def refusal(code: int, body: bytes, call: Call, place: Place) -> LifecycleError:
    """Our error for an answer of 300 and above. Its `details` hold the HTTP `status` and Kubernetes' `reason`."""
    status = status_of(body)
    told = _TOLD.get(code, _server_error if code >= 500 else _bad_request)(code, status, call, place)
    told.details = {"status": code, "reason": status.reason, **told.details}
    return told


def _unauthorized(code: int, status: Status, call: Call, place: Place) -> LifecycleError:
    seen = "did not accept our credentials" if code == 401 else "saw no credentials of ours (system:anonymous)"
    return Unauthorized(
        f"The cluster ({place}) {seen}.",
        hint=f"Log in again{f' ({place.login})' if place.login else ''}, then retry; "
        f"`kubectl --context {place.context} get --raw /version` shows whether it works.",
    )


def _forbidden(code: int, status: Status, call: Call, place: Place) -> LifecycleError:
    if not status.kind:
        return _bad_request(code, status, call, place)
    if ANONYMOUS in status.message:
        return _unauthorized(code, status, call, place)
    reasons = [cause.reason for cause in status.causes]
    return denied_by_admission(status.words, reasons, call) or missing_right(status.message, call, place)


def _not_found(code: int, status: Status, call: Call, place: Place) -> LifecycleError:
    about = status.details.kind if status.details else ""
    if about == "namespaces" and call.kind and call.kind.plural != "namespaces":
        name = status.details.name if status.details else call.namespace
        return NotFound(
            f"There is no namespace {name!r} in {place}.",
            hint="Check the name with `kubectl get namespaces`, or create it first.",
            details={"missing": "namespace", "namespace": name},
        )
    if call.kind and call.name and (about or (status.reason == "NotFound" and call.name in status.message)):
        return NotFound(f"There is no {call.target} in {place}.", details={"missing": call.kind.name})
    return NotFound(
        sentence(f"The cluster ({place}) does not serve {call.target}: {status.words or 'page not found'}"),
        hint="Its version or its installed extensions may lack that API.",
        details={"missing": "api"},
    )


def _conflict(code: int, status: Status, call: Call, place: Place) -> LifecycleError:
    if status.reason == "AlreadyExists":
        return Conflict(f"{call.target} exists already.", hint="Look at it, and choose another name or change it.")
    return Conflict(
        sentence(f"{call.target} is not what it was when we looked: {status.words or 'another writer was first'}"),
        hint="Look again; somebody or something else changed it.",
    )


def _expired(code: int, status: Status, call: Call, place: Place) -> LifecycleError:
    return Expired(f"The cluster no longer remembers that version of {call.target}.", hint="List again.")


def _invalid(code: int, status: Status, call: Call, place: Place) -> LifecycleError:
    causes = [f"{cause.field}: {cause.message}" if cause.field else cause.message for cause in status.causes]
    said = "; ".join(one_line(cause, 300) for cause in causes[:8]) or status.words or f"HTTP {code}"
    return Invalid(
        sentence(f"The cluster does not take {call.verb} of {call.target}: {said}"),
        hint="Correct the named fields."
        if causes
        else "What the patch speaks of may not be there any more; look again.",
        details={"causes": [one_line(cause, 300) for cause in causes[:20]]},
    )


def _bad_request(code: int, status: Status, call: Call, place: Place) -> LifecycleError:
    if not status.kind:
        return ClusterFailure(
            f"Something that is not a Kubernetes API answered HTTP {code} at {place} to {call.verb} {call.target}.",
            hint="Check the server address of the context, and whether a proxy stands in between.",
        )
    said = status.words or status.reason
    words = sentence(f"The cluster refused {call.verb} of {call.target} (HTTP {code}): {said}")
    return Invalid(words, details={"said": said})


def _throttled(code: int, status: Status, call: Call, place: Place) -> LifecycleError:
    return Throttled(
        f"The cluster ({place}) keeps asking us to slow down ({call.verb} {call.target}).",
        hint="Wait a little and try again; its API server is under load.",
    )


def _server_error(code: int, status: Status, call: Call, place: Place) -> LifecycleError:
    said = status.words or "no reason given"
    hint = "Try again; if it stays, look at the API server's health (`kubectl get --raw /readyz?verbose`)."
    if "webhook" in said:
        hint = "An admission webhook of the cluster does not work: check its pods and its configuration."
    elif code in (502, 503, 504):
        hint = "The API server, or a load balancer before it, is not ready or too slow. Try again shortly."
    return ClusterFailure(
        sentence(f"The cluster ({place}) answered HTTP {code} to {call.verb} {call.target}: {said}"), hint=hint
    )


_TOLD: dict[int, Callable[[int, Status, Call, Place], LifecycleError]] = {
    401: _unauthorized,
    403: _forbidden,
    404: _not_found,
    409: _conflict,
    410: _expired,
    422: _invalid,
    429: _throttled,
}


def unreachable(error: OSError, call: Call, place: Place) -> Unreachable:
    """Our error for a request that got no answer. Raises nothing; names address, context, cause and what to check."""
    what, check = _silence(error)
    return Unreachable(
        f"No answer from the cluster ({place}) to {call.verb} {call.target}: {what}.",
        hint=check,
        details={"address": place.address, "context": place.context},
    )


def _silence(error: OSError) -> tuple[str, str]:
    match error:
        case ssl.SSLCertVerificationError():
            why = one_line(getattr(error, "verify_message", "") or _reason(error), 200)
            return (
                f"its certificate is not trusted ({why})",
                "Check certificate-authority and tls-server-name of the context's cluster; "
                "the kubeconfig may be of an earlier cluster.",
            )
        case ssl.SSLError():
            return (
                f"TLS failed ({one_line(_reason(error), 100)})",
                "Check that the server's address begins with the right scheme and port.",
            )
        case socket.gaierror():
            return "its name is not known", "Check the server's address and your DNS or VPN."
        case ConnectionRefusedError():
            return "the connection was refused", "Check that the cluster runs and that address and port are right."
        case TimeoutError():
            return "it took too long", "Check that the cluster runs and that your network or VPN reaches it."
        case ConnectionError():
            return "the connection broke", "Check the network and any proxy in between, then try again."
        case _:
            return one_line(error.strerror or type(error).__name__, 200), "Check the network, then try again."


def _reason(error: ssl.SSLError) -> str:
    """OpenSSL's word for it; errors that were not made by OpenSSL have none."""
    return str(getattr(error, "reason", None) or "no handshake")
