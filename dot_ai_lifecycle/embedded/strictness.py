"""What becomes of fields nobody knows: `fieldValidation` refuses them, warns of them or lets them vanish."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from dot_ai_lifecycle.embedded.decoding import Decoded, Unfit, decoded
from dot_ai_lifecycle.embedded.kinds import Kind
from dot_ai_lifecycle.embedded.messages import Request, Response
from dot_ai_lifecycle.embedded.objects import Object, as_go_prints, name_of, namespace_of
from dot_ai_lifecycle.embedded.rejected import Rejected, bad_request

_WARNED = 10
"""How many unknown fields are named in warnings at most."""


def accepted(
    kind: Kind, object_: Object, request: Request, refuse: Callable[[Kind, str], Rejected]
) -> tuple[Object, list[str]]:
    """The object as its kind knows it, and what to warn the client of.

    Raises what `refuse` makes of the sentence for a value of the wrong type, and for unknown fields under Strict.
    """
    try:
        found = decoded(kind.root, object_)
    except Unfit as error:
        raise refuse(kind, str(error)) from error
    said = [f'unknown field "{path}"' for path in found.unknown]
    mode = request.arg("fieldValidation", "Warn")
    if said and mode == "Strict":
        raise refuse(kind, f"strict decoding error: {', '.join(said)}")
    return found.object, said[:_WARNED] if mode == "Warn" else []


def refused_body(kind: Kind, said: str) -> Rejected:
    """400 for a body that does not decode."""
    return bad_request(f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}: {said}')


def refused_patch(patch: Any, outcome: Object, *, strategic: bool) -> Callable[[Kind, str], Rejected]:
    """422 for a patch whose outcome does not decode.

    The API server quotes the whole outcome (of a strategic merge only the patch), contents of Secrets included:
    clients must not pass such a message on.
    """

    def refuse(kind: Kind, said: str) -> Rejected:
        quoted = f'"{as_go_prints(patch)}"' if strategic else json.dumps(json.dumps(outcome, separators=(",", ":")))
        why = f"Invalid value: {quoted}: {said}"
        cause = {"reason": "FieldValueInvalid", "message": why, "field": "patch"}
        return Rejected(422, "Invalid", f' "" is invalid: patch: {why}', {"causes": [cause]})

    return refuse


def typed(kind: Kind, object_: Object) -> Object:
    """The object out of an apply patch; raises 500 for fields its schema does not declare, as the API server does."""
    try:
        found: Decoded = decoded(kind.root, object_)
    except Unfit as error:
        raise _untyped(kind, object_, str(error)) from error
    if found.unknown:
        said = ", ".join(f".{path}: field not declared in schema" for path in found.unknown)
        raise _untyped(kind, object_, said)
    return found.object


def _untyped(kind: Kind, object_: Object, said: str) -> Rejected:
    where = f"{namespace_of(object_)}/{name_of(object_)}; {kind.api_version}, Kind={kind.kind}"
    return Rejected(500, "", f"failed to create typed patch object ({where}): {said}")


def warned(response: Response, warnings: Sequence[str]) -> Response:
    """The response with its warnings in the header clients print them from."""
    if warnings:
        quoted = [text.replace('"', '\\"') for text in warnings]
        response.headers["warning"] = ", ".join(f'299 - "{text}"' for text in quoted)
    return response
