"""Rows as a table that fits the screen: long texts fold, and the columns that matter least go first."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from dot_ai_lifecycle.faces.render.values import is_empty, shown

PAIR = ("before", "after")
"""Two fields that are one column, `before → after`."""

SHARE = ("ready", "wanted")
"""Two fields that are one column, `3/4`."""

SAME = ("namespace",)
"""Fields that are told above the table where all rows agree."""

FIRST_TO_GO = ("verdict", "closed_by", "owner", "by", "seconds", "times", "node", "probes", "limits", "requests")
"""Columns that are left out first where a screen has no room; after them whatever stands last and need not stay."""

STAYS = ("health", "ready", "status", "state", "operations", "change", "change_cause", "message", "text")
"""Columns that are worth more than others further to the left."""

TITLES = {"operation_id": "id"}

NARROWEST = 16
"""Columns a text is given before the table gives up another one: shorter lines are hard to read."""

NAME = 40
"""Columns a name may take before it folds: what is copied should stand on one line."""

GAP = 2


class Rows:
    """A table of rows of like shape, at least one. Fields stand in the order of their importance."""

    def __init__(self, rows: Sequence[Mapping[str, Any]], now: datetime) -> None:
        self._rows = rows
        self._now = now

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        columns = self._columns()
        left_out = _dropped(columns, options.max_width)
        table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="dim")
        for name, width in _widths(columns, options.max_width).items():
            table.add_column(_title(name).upper(), overflow="fold", width=width)
        for row in zip(*columns.values(), strict=True):
            table.add_row(*row)
        yield table
        if left_out:
            yield Text(f"(no room for: {', '.join(map(_title, left_out))}; -o json has them)", style="dim")

    def _columns(self) -> dict[str, list[Text]]:
        names = [name for name in self._rows[0] if any(not is_empty(row.get(name)) for row in self._rows)]
        names = [name for name in names if name not in SAME or len({row.get(name) for row in self._rows}) > 1]
        columns: dict[str, list[Text]] = {}
        for name in names:
            if name in SHARE and set(SHARE) <= set(self._rows[0]):
                columns.setdefault(SHARE[0], [self._share(row) for row in self._rows])
            elif name in PAIR:
                columns.setdefault("change", [self._pair(row) for row in self._rows])
            else:
                columns[name] = [shown(name, row.get(name), self._now) for row in self._rows]
        return columns

    def _share(self, row: Mapping[str, Any]) -> Text:
        part, whole = (row.get(name) or 0 for name in SHARE)
        return Text(f"{part}/{whole}", style="" if part == whole else "yellow")

    def _pair(self, row: Mapping[str, Any]) -> Text:
        before, after = (shown(name, row.get(name), self._now).plain for name in PAIR)
        return Text(f"{before} → {_without(before, after)}" if before and after else before or after)


def _dropped(columns: dict[str, list[Text]], width: int) -> list[str]:
    """Take out of the columns what has no room; returns what was taken."""
    left_out: list[str] = []
    while len(columns) > 2 and _width(columns) > width:
        may_go = [name for name in list(columns)[1:] if name not in STAYS] or list(columns)[1:]
        name = next((name for name in FIRST_TO_GO if name in may_go), may_go[-1])
        left_out.append(name)
        columns.pop(name)
    return left_out


def _width(columns: Mapping[str, Sequence[Text]]) -> int:
    return sum(_least(place, name, cells) + GAP for place, (name, cells) in enumerate(columns.items())) - GAP


def _widths(columns: Mapping[str, Sequence[Text]], width: int) -> dict[str, int]:
    """What each column gets: its least, and of what is left over as much as it can use, those that matter
    most first, among equals the longest.

    On a screen too narrow even for the least of two columns, both share what there is.
    """
    widths = {name: _least(place, name, cells) for place, (name, cells) in enumerate(columns.items())}
    room = width - sum(widths.values()) - GAP * (len(widths) - 1)
    if room < 0:
        return {name: max(1, width // len(widths) - GAP) for name in widths}
    for name in sorted(columns, key=lambda name: (-_worth(name), -_natural(name, columns[name]))):
        more = min(room, _natural(name, columns[name]) - widths[name])
        widths[name] += more
        room -= more
    return widths


def _worth(name: str) -> int:
    return (name in STAYS) - (name in FIRST_TO_GO)


def _natural(name: str, cells: Sequence[Text]) -> int:
    return max(len(_title(name)), *(cell.cell_len for cell in cells))


def _least(place: int, name: str, cells: Sequence[Text]) -> int:
    """The columns this field needs at least."""
    word = max((cell_len(word) for cell in cells for word in cell.plain.split()), default=0)
    return min(_natural(name, cells), max(NARROWEST, min(word, NAME)) if place else NAME)


def _title(name: str) -> str:
    return TITLES.get(name, name.replace("_", " "))


def _without(before: str, after: str) -> str:
    """The new image without the name it shares with the old one."""
    name, colon, _ = before.rpartition(":")
    return after.removeprefix(f"{name}:") if colon and "," not in after else after
