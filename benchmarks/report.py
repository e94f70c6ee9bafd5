"""Tables for the terminal and for the page; the page keeps what this run did not measure."""

import datetime as dates
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.machine import described
from benchmarks.measured import Figure, Measured

_DOCS = Path(__file__).parents[1] / "docs"
PAGE = _DOCS / "benchmarks.md"
FULL = _DOCS / "benchmarks-full.md"

_TOP = """\
# Benchmarks

Every figure here is made by `make bench` (`python -m benchmarks NAME` for one of them), beside another tool in the same
run, so that a slow machine slows both. A bound that is not kept makes the command fail. What takes an hour is made by
`make bench-full` and has [a page of its own](benchmarks-full.md).
"""

_TOP_OF_FULL = """\
# The whole matrix

Every figure here is made by `make bench-full` (`python -m benchmarks NAME` for one section), which takes an hour and a
machine of its own. What `make bench` measures within ten minutes, and how cells are measured, is in
[benchmarks](benchmarks.md).
"""

_HEADINGS = ("", "dot-ai", "bound", "")


def show(console: Console, measured: Measured) -> None:
    """Print the table of one benchmark."""
    table = Table(title=measured.title, title_justify="left", title_style="bold", header_style="dim", box=None)
    for heading in (*_HEADINGS[:2], measured.beside, *_HEADINGS[2:]):
        table.add_column(heading.replace("`", ""), overflow="fold")
    for figure in measured.figures:
        style = "red" if figure.holds is False else ""
        cells = (figure.what.replace("`", ""), figure.ours, figure.beside, figure.bound, _kept(figure))
        table.add_row(*cells, style=style)
    console.print(table)


def write(name: str, measured: Measured, load: float, page: Path = PAGE) -> None:
    """Put the figures of one benchmark into the page, in the place of its earlier ones; `load` is in cores."""
    sections = _sections(page)
    sections[name] = _section(name, measured, load)
    page.parent.mkdir(exist_ok=True)
    top = _TOP_OF_FULL if page.name == FULL.name else _TOP
    page.write_text("\n".join([top, *sections.values()]), encoding="utf-8")


def _sections(page: Path) -> dict[str, str]:
    """What the page has now: the command's name -> its section."""
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    found = {}
    for part in text.split("\n## ")[1:]:
        name = part.partition("python -m benchmarks ")[2].partition("`")[0]
        found[name] = f"## {part}".rstrip("\n") + "\n"
    return found


def _section(name: str, measured: Measured, load: float) -> str:
    day = dates.datetime.now(dates.UTC).date().isoformat()
    rows = [("", "dot-ai", measured.beside, "bound", ""), ("---", "---:", "---:", "---:", "---")]
    rows += [(f.what, f.ours, f.beside, f.bound, _kept(f)) for f in measured.figures]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(
        [
            f"## {measured.title}",
            "",
            measured.how,
            "",
            *lines,
            "",
            f"`python -m benchmarks {name}`, {day}: {described()}; load before: {load:.1f}.",
            "",
        ]
    )


def _kept(figure: Figure) -> str:
    return {True: "kept", False: "**missed**", None: ""}[figure.holds]
