"""`dot-ai`: one command, run to its exit code.

Importing makes thousands of objects of which none dies: looking for garbage among them costs a quarter of the start, so
the collector sleeps until whatever the command needs is loaded; the composition root wakes it, for what comes then. A
server is read and started without the rest of the command line: its host waits.
"""

import gc
import os
import sys


def main() -> None:
    """Run one command of the command line and exit with its code."""
    gc.disable()
    _fill_closed_streams()
    from dot_ai_lifecycle.composition import Composition, served

    composition, argv = Composition(), sys.argv[1:]
    code = served(argv, composition)
    if code is None:
        from dot_ai_lifecycle.faces.cli.running import run

        code = run(argv, composition)
    sys.exit(code)


def _fill_closed_streams() -> None:
    """Give a program started without one of its three streams an empty one: else the next socket would take its number.

    The lowest free number is what a file gets, so that each falls into its own place.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8"))
