"""What a command line means, once read: a value, so that reading it is one thing and doing it another."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from cyclopts import Group, Parameter, validators
from msgspec import Struct

from dot_ai_lifecycle.core.operation import Change, Question

Output = Literal["text", "json"]

WHERE = Group("Where and how", sort_key=2)
AGREEMENT = Group("Agreeing and waiting", sort_key=1)


@Parameter(name="*", group=WHERE)
@dataclass(frozen=True)
class Where:
    """Options of every command: which cluster, and in which form to answer."""

    context: Annotated[str | None, Parameter(help="kubeconfig context; default: its current one")] = None
    kubeconfig: Annotated[str | None, Parameter(help="kubeconfig file; default: as kubectl finds it")] = None
    output: Annotated[Output, Parameter(name=("--output", "-o"), help="Words, or one JSON document")] = "text"


NOWHERE = Where()
"""Where nothing is said: the current context."""


@Parameter(name="*", group=AGREEMENT)
@dataclass(frozen=True)
class Agreement:
    """Options of every change: how it is agreed to, and how long to wait for its end."""

    yes: Annotated[bool, Parameter(name=("--yes", "-y"), help="Agree to the plan without being asked")] = False
    plan: Annotated[bool, Parameter(help="Only show the plan; nothing is changed")] = False
    plan_id: Annotated[str, Parameter(help="Run exactly the plan with this id, or nothing")] = ""
    wait: Annotated[
        float | None, Parameter(validator=validators.Number(gte=0), help="Seconds to wait; default: until it ends")
    ] = None
    no_wait: Annotated[bool, Parameter(help="Do not wait at all; the same as --wait 0")] = False

    @property
    def patience(self) -> float | None:
        """Seconds to wait for the end; None is as long as it takes."""
        return 0.0 if self.no_wait else self.wait


class Ask(Struct, frozen=True):
    """A question to answer."""

    question: Question[Any]
    where: Where


class Do(Struct, frozen=True):
    """A change to propose, agree on and run; `command` is the word it was asked by."""

    change: Change[Any]
    where: Where
    agreement: Agreement
    command: str


class Approve(Struct, frozen=True):
    """A person's yes to a plan that somebody else proposed."""

    plan_id: str
    where: Where
    yes: bool = False


class Serve(Struct, frozen=True):
    """Serve MCP."""

    where: Where
    http: str | None
    embedded: bool


class RunCluster(Struct, frozen=True):
    """Run the embedded cluster."""

    port: int
    write_kubeconfig: str | None


class Demo(Struct, frozen=True):
    """Show what the program does."""

    keep: bool


class Version(Struct, frozen=True):
    """Print which version this is."""

    text: str


Invocation = Ask | Do | Approve | Serve | RunCluster | Demo | Version
