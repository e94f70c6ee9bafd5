"""A stream whose far end may fail: a full disk under a log must not end a run half-way."""

import io
import os
from typing import IO, TextIO


class Outlet(io.TextIOBase):
    """A stream that goes on when nothing can be written any more; `failure` keeps what the system said first.

    A reader that went away is no failure: BrokenPipeError is raised as ever.
    """

    def __init__(self, stream: TextIO) -> None:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
        self._stream = stream
        self.failure: OSError | None = None

    @property
    def encoding(self) -> str:  # type: ignore[override] # a class attribute there, and its stream's word here
        """How its stream writes letters."""
        return self._stream.encoding or ""

    def isatty(self) -> bool:
        """Whether a person reads it."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """The number the system knows it by."""
        return self._stream.fileno()

    def write(self, text: str) -> int:
        """Write what can be written."""
        try:
            return self._stream.write(text)
        except BrokenPipeError:
            raise
        except OSError as error:
            self._failed(error)
            return len(text)

    def flush(self) -> None:
        """Hand on what was written so far."""
        try:
            self._stream.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            self._failed(error)

    def _failed(self, error: OSError) -> None:
        self.failure = self.failure or error
        into_nothing(self._stream)


def into_nothing(stream: IO[str]) -> None:
    """Let whatever is still written to a stream vanish, also what it holds back until the end of the process."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
