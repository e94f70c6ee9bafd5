"""One command line, from its words to its exit code."""

import asyncio
import sys
from typing import Any, assert_never

from cyclopts import CycloptsError
from rich.console import Console

from dot_ai_lifecycle.core.errors import LifecycleError
from dot_ai_lifecycle.faces.cli import exits
from dot_ai_lifecycle.faces.cli.background import go_on
from dot_ai_lifecycle.faces.cli.commands import command_line, output_wanted
from dot_ai_lifecycle.faces.cli.composition import Composition
from dot_ai_lifecycle.faces.cli.defects import in_one_line, kept
from dot_ai_lifecycle.faces.cli.doing import GoOn, Here, performed
from dot_ai_lifecycle.faces.cli.invocation import Approve, Ask, Demo, Do, Invocation, RunCluster, Serve, Version, Where
from dot_ai_lifecycle.faces.cli.mistakes import misread
from dot_ai_lifecycle.faces.cli.screen import Screen
from dot_ai_lifecycle.faces.cli.waiting import WantsToGo
from dot_ai_lifecycle.operations import ALL


def run(argv: list[str], compose: Composition[Any]) -> int:
    """Carry out one command line and return its exit code (see `exits`)."""
    screen = Screen(sys.stdin, sys.stdout, sys.stderr, output_wanted(argv))
    try:
        asked = understood(argv, compose, screen.out)
        code = exits.DONE if asked is None else carried_out(asked, tuple(argv), compose, screen)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 # the one place of this face nothing gets past
        code = explained(error, compose, screen)
    return _heard(code, screen)


def _heard(code: int, screen: Screen) -> int:
    """The exit code, once it is sure that what was said arrived: a script must not take half a document for all."""
    if not screen.unwritten:
        return code
    hint = "Make room and ask again; what was changed stands in `dot-ai history`."
    screen.complain(LifecycleError(f"The output could not be written whole: {screen.unwritten}.", hint=hint))
    return code or exits.UNWRITTEN


def explained(error: BaseException, compose: Composition[Any], screen: Screen) -> int:
    """Say what went wrong, without a traceback; returns the exit code."""
    match error:
        case LifecycleError():
            screen.complain(error)
            return exits.REFUSED
        case BrokenPipeError():
            screen.out.on_broken_pipe()
            return exits.DONE
        case KeyboardInterrupt() | WantsToGo():
            screen.err.print("\nStopped; nothing was changed.")
            return exits.STOPPED
        case _:
            line = in_one_line(error, kept(error, compose))
            screen.complain(LifecycleError(line, hint="Please report it, with that file."))
            return exits.DEFECT


def understood(argv: list[str], compose: Composition[Any], console: Console | None = None) -> Invocation | None:
    """What the words mean; None where they were a wish for help, which the console got. Raises BadInput."""
    try:
        asked = command_line(ALL, compose)(argv, console=console)
    except CycloptsError as error:
        raise misread(error) from error
    return asked if isinstance(asked, Invocation) else None


def carried_out(asked: Invocation, words: tuple[str, ...], compose: Composition[Any], screen: Screen) -> int:
    """Do what was asked; returns the exit code. Raises LifecycleError."""
    match asked:
        case Version():
            screen.say(asked.text)
            return exits.DONE
        case Demo():
            return compose.demo(keep=asked.keep)
        case Serve():
            return compose.serve(_settings(asked.where, compose), http=asked.http, embedded=asked.embedded)
        case RunCluster():
            return compose.cluster(compose.settings(), port=asked.port, kubeconfig=asked.write_kubeconfig)
        case Ask() | Do() | Approve():
            return asyncio.run(engaged(asked, words, compose, screen))
        case _:
            assert_never(asked)


async def engaged(
    asked: Ask | Do | Approve,
    words: tuple[str, ...],
    compose: Composition[Any],
    screen: Screen,
    continued: GoOn = go_on,
) -> int:
    """Do what needs an engine, on the running loop; returns the exit code. Raises LifecycleError, WantsToGo."""
    settings = _settings(asked.where, compose)
    engine = compose.engine(settings)
    try:
        return await performed(asked, Here(engine, screen, words, settings.actor, settings.state_dir, continued))
    finally:
        await engine.close()


def _settings(where: Where, compose: Composition[Any]) -> Any:
    return compose.settings(context=where.context, kubeconfig=where.kubeconfig)
