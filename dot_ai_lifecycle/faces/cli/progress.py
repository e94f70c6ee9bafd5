"""A run while it goes on: a display that changes on a terminal, a line for every change elsewhere."""

import asyncio
from types import TracebackType
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from dot_ai_lifecycle.core.record import Record
from dot_ai_lifecycle.core.telling import steps_told
from dot_ai_lifecycle.engine.run import Progress
from dot_ai_lifecycle.faces.render.layout import indented
from dot_ai_lifecycle.faces.render.outcomes import step_line
from dot_ai_lifecycle.faces.render.words import lasting, one_line

SIGN_OF_LIFE = 10.0
"""Seconds after which a line is due although nothing changed."""

FRAME = 0.2
"""Seconds between two frames of the display: the spinner looks alive, the processor sleeps."""

BAR = 20
"""Columns of the bar of pods."""


class Display(Protocol):
    """Shows how a run goes. `every` is how often it wants to be refreshed, in seconds."""

    every: float

    def __enter__(self) -> "Display": ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def tell(self, progress: Progress) -> None:
        """Take what the run tells."""

    def refresh(self, record: Record) -> None:
        """Show the record as it stands."""


def display_on(console: Console, *, quiet: bool = False) -> Display:
    """The display that suits the console. `quiet` is for a console that is not a terminal and should stay clean."""
    return LiveDisplay(console) if console.is_terminal else Lines(console, quiet=quiet)


class Lines:
    """Plain lines, one for each change, and one every ten seconds without any."""

    every = 1.0

    def __init__(self, console: Console, *, quiet: bool) -> None:
        self._console = console
        self._quiet = quiet
        self._began = asyncio.get_running_loop().time()
        self._last = ""
        self._last_at = self._began

    def __enter__(self) -> "Lines":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def tell(self, progress: Progress) -> None:
        pods = f"{progress.done} of {progress.total} pods: " if progress.total else ""
        line = pods + one_line(progress.text)
        if line != self._last:
            self._line(line)

    def refresh(self, record: Record) -> None:
        now = asyncio.get_running_loop().time()
        if self._last and now - self._last_at >= SIGN_OF_LIFE:
            self._line(self._last)

    def _line(self, line: str) -> None:
        self._last, self._last_at = line, asyncio.get_running_loop().time()
        if not self._quiet:
            self._console.print(Text(f"[{lasting(self._last_at - self._began):>8}] {line}"), soft_wrap=True)


class LiveDisplay:
    """The steps with their marks, the pods as a bar, and how long it has taken; gone when the run has ended."""

    every = FRAME

    def __init__(self, console: Console) -> None:
        self._began = asyncio.get_running_loop().time()
        self._newest = Progress("", "starting")
        self._spinner = Spinner("dots", style="cyan")
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> "LiveDisplay":
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def tell(self, progress: Progress) -> None:
        self._newest = progress

    def refresh(self, record: Record) -> None:
        self._live.update(self._view(record), refresh=True)

    def _view(self, record: Record) -> RenderableType:
        elapsed = lasting(asyncio.get_running_loop().time() - self._began)
        self._spinner.update(text=Text.assemble(one_line(self._newest.text), (f"  {elapsed}", "dim")))
        pods = [Text.assemble("  ", bar(self._newest.done, self._newest.total))] if self._newest.total else []
        return Group(*(indented(step_line(step)) for step in steps_told(record)), *pods, self._spinner)


def bar(done: int, total: int) -> Text:
    """`done` of `total` pods as a bar and in numbers."""
    full = round(BAR * min(done, total) / total) if total else 0
    return Text.assemble(("━" * full, "green"), ("━" * (BAR - full), "dim"), f" {done} of {total} pods")
