"""The command line, made from the operations: their words are its commands, their fields its options."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, get_args, get_origin

from cyclopts import App, CycloptsError, Group, Parameter, validators

from dot_ai_lifecycle import __version__
from dot_ai_lifecycle.core.operation import Change, Operation, Question
from dot_ai_lifecycle.faces.cli.completion import completers
from dot_ai_lifecycle.faces.cli.composition import Composition
from dot_ai_lifecycle.faces.cli.invocation import (
    NOWHERE,
    Agreement,
    Approve,
    Ask,
    Demo,
    Do,
    Invocation,
    Output,
    RunCluster,
    Version,
    Where,
)
from dot_ai_lifecycle.faces.cli.mistakes import built
from dot_ai_lifecycle.faces.cli.parameters import parameters_of, without_pairs
from dot_ai_lifecycle.faces.cli.serving import frame, serve

LOOKING = Group("Look", sort_key=1)
CHANGING = Group("Change", sort_key=2)
RUNNING = Group("Run", sort_key=3)

SPLIT = "action"
"""A change with a field of this name has one command for each word the field may hold."""


def command_line(operations: Sequence[type[Operation]], compose: Composition[Any]) -> App:
    """The whole command line; calling it with words gives an Invocation, or None where help was printed."""
    app = frame()
    found = completers(compose)
    for operation in operations:
        for word, fixed in words_of(operation):
            app.command(
                _reading(operation, word, fixed, found),
                name=word,
                help=operation.description(),
                group=CHANGING if issubclass(operation, Change) else LOOKING,
            )
    for plain in (approve, serve, cluster, demo):
        app.command(plain, group=RUNNING)
    # Not the library's own flag: that answers wherever it stands, also in `updat my-app --version v2`.
    app.command(version, name="--version")
    app.register_install_completion_command(help="Install completion for your shell.")
    return app


def output_wanted(argv: Sequence[str]) -> Output:
    """In which form to answer, also where the rest of the line makes no sense: a program that reads JSON gets JSON."""
    app = App(result_action="return_value", exit_on_error=False, print_error=False, help_flags=(), version_flags=())

    @app.default
    def output(
        *words: Annotated[str, Parameter(allow_leading_hyphen=True)],
        output: Annotated[Output, Parameter(name=("--output", "-o"))] = "text",
    ) -> Output:
        return output

    try:
        return "json" if app(list(argv)) == "json" else "text"
    except CycloptsError:
        return "text"


def words_of(operation: type[Operation]) -> Iterator[tuple[str, dict[str, str]]]:
    """The commands of an operation: each word with the fields it fixes."""
    field = operation.model_fields.get(SPLIT)
    if field is None or get_origin(field.annotation) is not Literal:
        yield operation.command, {}
        return
    for word in get_args(field.annotation):
        yield word, {SPLIT: word}


def _reading(
    operation: type[Operation], word: str, fixed: Mapping[str, str], found: Mapping[str, Any]
) -> Callable[..., Invocation]:
    """The function cyclopts calls with what stands on the line; its signature is the operation's fields."""
    extras: dict[str, Where | Agreement] = {"where_": Where()}
    if issubclass(operation, Change):
        extras["agreement_"] = Agreement()

    signature = inspect.Signature(
        [
            *parameters_of(operation, tuple(fixed), found),
            *(
                inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=type(default))
                for name, default in extras.items()
            ),
        ]
    )

    def read(*placed: Any, **named: Any) -> Invocation:
        given = {**extras, **signature.bind(*placed, **named).arguments}
        where, agreement = given.pop("where_"), given.pop("agreement_", None)
        asked = built(operation, {**without_pairs(operation, given), **fixed})
        if isinstance(asked, Change):
            return Do(asked, where, agreement, word)
        assert isinstance(asked, Question)
        return Ask(asked, where)

    read.__signature__ = signature  # type: ignore[attr-defined] # inspect reads it from functions
    read.__annotations__ = {}
    return read


def version() -> Version:
    """Print the version."""
    return Version(__version__)


def approve(
    plan: Annotated[str, Parameter(help="The id of the plan, as whoever proposed it was told", name="plan")],
    /,
    *,
    yes: Annotated[bool, Parameter(name=("--yes", "-y"), help="Agree without being asked")] = False,
    where: Where = NOWHERE,
) -> Approve:
    """Look at a plan of high risk that was proposed on this machine, and agree to it."""
    return Approve(plan, where, yes)


def cluster(
    *,
    port: Annotated[
        int, Parameter(help="Port on 127.0.0.1; 0 takes a free one", validator=validators.Number(gte=0, lte=65535))
    ] = 0,
    write_kubeconfig: Annotated[str | None, Parameter(help="Where to write the kubeconfig for kubectl")] = None,
) -> RunCluster:
    """Run the embedded cluster, for kubectl and for trying things out, until Ctrl-C."""
    return RunCluster(port, write_kubeconfig)


def demo(*, keep: Annotated[bool, Parameter(help="Leave the cluster running for kubectl afterwards")] = False) -> Demo:
    """Watch an app being updated under traffic, and a bad version being caught and taken back."""
    return Demo(keep)
