"""What goes back to the client: one line and a bounded structure on success; on failure code, cause and next step."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mcp_types import CallToolResult, TextContent

from dot_ai_lifecycle.core.errors import (
    Busy,
    ClusterFailure,
    Conflict,
    Expired,
    LifecycleError,
    Throttled,
    Unreachable,
)
from dot_ai_lifecycle.core.operation import Answer
from dot_ai_lifecycle.core.redaction import redact

MOST_RESULT = 40_000
"""Characters of a structured result: hosts put more than 50,000 into a file the model has to read piecemeal."""

MOST_TEXT = 8_000
"""Characters of an error's text: hosts cut it at about 11,000."""

_AGAIN = (Busy, Unreachable, Throttled, ClusterFailure, Conflict, Expired)
"""Errors that may be gone when the same call is made again."""


class Unexpected(LifecycleError):
    """A defect of this program; details are in its log, not in the answer."""

    code = "unexpected"


def answered(answer: Answer) -> CallToolResult:
    """A question's answer."""
    return succeeded(answer.model_dump(mode="json", exclude_none=True))


def succeeded(content: Mapping[str, Any]) -> CallToolResult:
    """A structure with a `summary`, which is also the line of text."""
    line = " ".join(str(content["summary"]).split())
    return CallToolResult(
        content=[TextContent(type="text", text=_cut(line, MOST_TEXT))], structured_content=bounded(content)
    )


def failed(text: str, content: Mapping[str, Any]) -> CallToolResult:
    """Something asked for did not come about; the text alone has to tell all, for many hosts show nothing else."""
    return CallToolResult(
        content=[TextContent(type="text", text=_cut(text, MOST_TEXT))],
        structured_content=bounded(content),
        is_error=True,
    )


def refusal(error: LifecycleError, **more: Any) -> CallToolResult:
    """An error as the client's model needs it: code, cause, next step. `more` goes into the structure."""
    message, hint, again = redact(error.message), redact(error.hint), isinstance(error, _AGAIN)
    lines = [f"{error.code}: {message}"]
    lines += [f"Next: {hint}"] if hint else []
    lines += ["The same call may succeed later."] if again else []
    return failed("\n".join(lines), {"code": error.code, "message": message, "hint": hint, "retryable": again, **more})


def bounded(content: Mapping[str, Any], most: int = MOST_RESULT) -> dict[str, Any]:
    """The content as JSON of at most `most` characters: the longest list or text is cut until it fits, and says so."""
    kept: dict[str, Any] = json.loads(json.dumps(content))
    cuts: dict[str, str] = {}
    while _size(kept) > most:
        longest = max(_parts(kept), key=lambda part: part.size, default=None)
        if longest is None or longest.size < 2:
            break
        half = longest.length // 2
        longest.holder[longest.key] = longest.value[:half]
        whole = cuts.get(longest.path, f"of {longest.length}").rpartition("of ")[2]
        cuts[longest.path] = f"first {half} of {whole}"
        kept["truncated"] = cuts
    return kept


class _Part(NamedTuple):
    size: int
    path: str
    holder: Any
    key: Any
    value: Any

    @property
    def length(self) -> int:
        return len(self.value)


def _parts(node: Any, path: str = "") -> Iterator[_Part]:
    """Everything in there that can be cut: lists with at least two items, and long texts."""
    for key, value in list(node.items() if isinstance(node, dict) else enumerate(node)):
        here = f"{path}.{key}" if path else str(key)
        if here == "truncated":
            continue
        if isinstance(value, str) and len(value) > 200:
            yield _Part(len(value), here, node, key, value)
        elif isinstance(value, list):
            if len(value) > 1:
                yield _Part(_size(value), here, node, key, value)
            yield from _parts(value, here)
        elif isinstance(value, dict):
            yield from _parts(value, here)


def _size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _cut(text: str, most: int) -> str:
    tail = " … (cut)"
    return text if len(text) < most else text[: most - len(tail) - 1] + tail
