"""Exit codes: what a script may rely on."""

DONE = 0
UNDONE = 1
REFUSED = 2
RUNNING = 3
STUCK = 4
DEFECT = 70
"""An error nobody foresaw (EX_SOFTWARE of sysexits.h): told apart from everything the program means to say."""
UNWRITTEN = 74
"""All was done, but its result could not be written (EX_IOERR of sysexits.h), as on a full disk."""
STOPPED = 130
"""Ctrl-C while only looking: 128 and the signal's number, as shells have it."""

_BY_STATUS = {"done": DONE, "undone": UNDONE, "running": RUNNING, "interrupted": RUNNING, "stuck": STUCK}


def code_of(status: str) -> int:
    """The exit code for how an operation stands or ended."""
    return _BY_STATUS.get(status, DONE)
