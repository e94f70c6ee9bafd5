"""The few shapes everything is laid out in: labels, hanging lines, headings, and plain lines of them."""

from io import StringIO

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

LABEL = 9
"""Columns of the labels at the left: as wide as the longest, `Evidence`, and a space."""


def hanging(mark: str, text: Text, style: str = "") -> RenderableType:
    """A mark, and a text whose further lines hang under its first; both in one style."""
    grid = Table.grid(padding=0)
    grid.add_column(no_wrap=True, width=len(mark))
    grid.add_column(overflow="fold")
    grid.add_row(Text(mark, style=style), text, style=style or None)
    return grid


def labelled(label: str, text: Text, style: str = "", width: int = LABEL) -> RenderableType:
    """A label at the left, in its style and `width` columns wide, and the text beside it."""
    grid = Table.grid(padding=0)
    grid.add_column(no_wrap=True, width=width)
    grid.add_column(overflow="fold")
    grid.add_row(Text(label, style=style or "dim"), text)
    return grid


def indented(part: RenderableType, columns: int = 2) -> RenderableType:
    """The part moved to the right."""
    return Padding(part, (0, 0, 0, columns))


def heading(text: str) -> Text:
    """What a section is called."""
    return Text(text, style="bold")


class Trimmed:
    """The part without blanks at the ends of its lines: what is copied or piped should hold only what was meant."""

    def __init__(self, part: RenderableType) -> None:
        self._part = part

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in console.render_lines(self._part, options, pad=False):
            kept = list(line)
            while kept and not kept[-1].text.strip():
                kept.pop()
            if kept:
                last = kept.pop()
                kept.append(Segment(last.text.rstrip(), last.style))
            yield from kept
            yield Segment.line()


def plain_lines(view: RenderableType, width: int = 100) -> tuple[str, ...]:
    """The view as lines of plain text, none wider than `width` columns."""
    screen = Console(file=StringIO(), width=width, color_system=None, highlight=False, markup=False, emoji=False)
    with screen.capture() as captured:
        screen.print(Trimmed(view))
    return tuple(captured.get().rstrip("\n").split("\n"))
