"""The border to whoever sits in front: three streams, and whether somebody is there to be asked."""

import json
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO, cast

from pydantic import BaseModel
from rich.console import Console, RenderableType
from rich.text import Text

from dot_ai_lifecycle.core.errors import LifecycleError
from dot_ai_lifecycle.core.redaction import redact
from dot_ai_lifecycle.faces.cli.invocation import Output
from dot_ai_lifecycle.faces.cli.outlet import Outlet, into_nothing
from dot_ai_lifecycle.faces.render.layout import Trimmed
from dot_ai_lifecycle.faces.render.words import clean, for_people, one_line

PIPE_WIDTH = 120
"""Columns where nothing says how wide a line may be."""


class _Out(Console):
    """A console whose reader may go away: `| head` must not end a run."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        into_nothing(self.file)


class Screen:
    """Shows, complains and asks. In the form `json` only one document goes to stdout, and nobody is asked."""

    def __init__(self, stdin: TextIO, stdout: TextIO, stderr: TextIO, output: Output = "text") -> None:
        self._stdin, self._stdout = stdin, Outlet(stdout)
        self.output = output
        self.out, self.err = _console(self._stdout), _console(Outlet(stderr))

    @property
    def unwritten(self) -> str:
        """Why not all of the result could be written, in the system's words; empty where it was."""
        error = self._stdout.failure
        return (error.strerror or str(error)) if error else ""

    @property
    def asks(self) -> bool:
        """Whether a question would reach a person."""
        return self.output == "text" and self._stdin.isatty() and self._stdout.isatty()

    @property
    def beside(self) -> Console:
        """Where progress goes: beside the document in the form `json`, else where the result goes."""
        return self.err if self.output == "json" else self.out

    def show(self, view: RenderableType, document: BaseModel) -> None:
        """Show the view to people, or write the document for programs."""
        self.people(view)
        self.programs(document.model_dump(mode="json"))

    def people(self, view: RenderableType) -> None:
        """Show something that only people want to see."""
        if self.output == "text":
            self.out.print(Trimmed(view))

    def programs(self, document: Mapping[str, Any]) -> None:
        """Write the one document that programs get."""
        if self.output == "json":
            self._write(document)

    def _write(self, document: Mapping[str, Any]) -> None:
        utf = self._stdout.encoding.lower().startswith("utf")
        try:
            self._stdout.write(json.dumps(document, ensure_ascii=not utf, indent=2) + "\n")
            self._stdout.flush()
        except BrokenPipeError:
            self.out.on_broken_pipe()

    def complain(self, error: LifecycleError) -> None:
        """Say what went wrong and what to do next, in at most two lines; as a document too in the form `json`."""
        message, hint = redact(one_line(error.message)), redact(for_people(error.hint))
        self.err.print(Text.assemble(("dot-ai: ", "red"), message), soft_wrap=True)
        if hint:
            self.err.print(Text(hint), soft_wrap=True)
        self.programs({"status": "error", "code": error.code, "message": message, "hint": hint})

    def say(self, text: str) -> None:
        """One line for people, whole: what can be copied is not broken."""
        if self.output == "text":
            self.out.print(Text(clean(text)), soft_wrap=True)

    def ask(self, question: str) -> str:
        """What the person answers, one line; empty where input ends. Raises KeyboardInterrupt at Ctrl-C."""
        with _ctrl_c_raises():
            self.out.print(Text(clean(question), style="bold"), end=" ", soft_wrap=True)
            return self._stdin.readline().strip()


def _console(stream: Outlet) -> Console:
    console = _Out(file=cast("TextIO", stream), highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    return console


@contextmanager
def _ctrl_c_raises() -> Iterator[None]:
    """A running loop turns Ctrl-C into a cancellation, which would wait for the answer to be given first."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
