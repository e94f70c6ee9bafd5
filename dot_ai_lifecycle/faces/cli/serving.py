"""Reading `dot-ai serve` without loading the rest of the command line: a host waits for the server's first answer."""

from collections.abc import Sequence
from typing import Annotated

from cyclopts import App, CycloptsError, Parameter

from dot_ai_lifecycle.faces.cli.invocation import NOWHERE, Serve, Where

_HELP = ("--help", "-h")


def frame() -> App:
    """The command line without commands; calling it with words returns what the command's function returns."""
    return App(
        name="dot-ai",
        help="Update, roll back, scale, restart and inspect Kubernetes apps, and prove what was done.",
        version_flags=(),
        help_flags=_HELP,
        help_format="plaintext",
        default_parameter=Parameter(negative=(), show_default=False),
        help_epilogue="Exit codes: 0 done, 1 failed and undone, 2 refused or bad input, 3 still running, 4 stuck.",
        result_action="return_value",
        exit_on_error=False,
        print_error=False,
        suppress_keyboard_interrupt=False,
    )


def serve(
    *,
    http: Annotated[str | None, Parameter(help="HOST:PORT to listen on; default: speak over stdin and stdout")] = None,
    embedded: Annotated[bool, Parameter(help="On a cluster of its own, inside this process")] = False,
    where: Where = NOWHERE,
) -> Serve:
    """Serve these operations as MCP tools."""
    return Serve(where, http, embedded)


def serving(argv: Sequence[str]) -> Serve | None:
    """What a line that begins with `serve` asks for; None for any other, for help, and where it makes no sense.

    Whatever this does not read, the whole command line reads, and explains.
    """
    if argv[:1] != ["serve"] or any(word in _HELP for word in argv):
        return None
    app = frame()
    app.command(serve)
    try:
        asked = app(list(argv))
    except CycloptsError:
        return None
    return asked if isinstance(asked, Serve) else None
