"""Any answer on a screen: its summary, its rows as a table, its parts as sections; new questions need nothing here."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from rich.console import Group, RenderableType
from rich.text import Text

from dot_ai_lifecycle.core.operation import Answer
from dot_ai_lifecycle.core.redaction import redacted
from dot_ai_lifecycle.core.telling import Outcome
from dot_ai_lifecycle.faces.render.checked import checked_view
from dot_ai_lifecycle.faces.render.layout import heading, indented, labelled
from dot_ai_lifecycle.faces.render.outcomes import next_view, outcome_view
from dot_ai_lifecycle.faces.render.rows import Rows
from dot_ai_lifecycle.faces.render.values import is_empty, shown
from dot_ai_lifecycle.faces.render.words import STYLES
from dot_ai_lifecycle.operations.check_app import Checked

ASIDE = ("summary", "next_steps", "total")
"""Fields that are not parts of their own: `total` is what the summary counts."""


HEALTH = ("healthy", "progressing", "degraded", "failing", "paused", "stopped", "unknown")
"""Words of health that are coloured in a summary."""


def answer_view(answer: Answer, now: datetime) -> RenderableType:
    """The answer laid out; `now` is what ages are counted from."""
    if isinstance(answer, Outcome):
        return outcome_view(answer)
    if isinstance(answer, Checked):
        return checked_view(answer)
    return Group(
        _headline(answer.summary),
        *_parts(answer, now, told=answer.summary),
        *([Text(""), *next_view(answer.next_steps)] if answer.next_steps else []),
    )


def _headline(summary: str) -> Text:
    """The summary as one safe line, words of health in their colours."""
    line = Text(shown("summary", summary).plain, style="bold")
    for word in HEALTH:
        line.highlight_regex(rf"\b{word}\b", STYLES[word])
    return line


def _parts(answer: BaseModel, now: datetime, told: str = "") -> Iterator[RenderableType]:
    """The fields of an answer, those first that fit a line; what the line above has `told` is not said again."""
    fields = {name: getattr(answer, name) for name in type(answer).model_fields if name not in ASIDE}
    values = {name: value for name, value in fields.items() if not is_empty(value)}
    deep = {name: value for name, value in values.items() if _is_deep(value)}
    plain = {name: shown(name, value, now) for name, value in values.items() if name not in deep}
    plain = {name: text for name, text in plain.items() if text.plain not in told}
    width = max((len(_title(name)) + 2 for name in plain), default=0)
    yield from (labelled(_title(name), text, width=width) for name, text in plain.items())
    for name, value in deep.items():
        yield Text("")
        if len(deep) > 1:
            yield heading(_title(name))
        yield _deep(value, now, indent=len(deep) > 1)


def _deep(value: Any, now: datetime, *, indent: bool) -> RenderableType:
    if isinstance(value, BaseModel):
        part: RenderableType = Group(*_parts(value, now))
    elif isinstance(value, Mapping):
        part = Group(*(labelled(str(key), shown(str(key), inner, now)) for key, inner in redacted(value).items()))
    else:
        part = Rows([row.model_dump() if isinstance(row, BaseModel) else dict(row) for row in value], now)
    return indented(part) if indent else part


def _is_deep(value: Any) -> bool:
    rows = isinstance(value, list | tuple) and bool(value) and isinstance(value[0], BaseModel | Mapping)
    return isinstance(value, BaseModel | Mapping) or rows


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()
