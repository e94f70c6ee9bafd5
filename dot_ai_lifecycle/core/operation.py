"""What a person asks for: a frozen model whose fields are the parameters and whose docstring is the description."""

import re
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from dot_ai_lifecycle.core.plan import Plan

if TYPE_CHECKING:
    from dot_ai_lifecycle.core.world import World

A = TypeVar("A", bound="Answer")
S = TypeVar("S")

AppName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=270,
        pattern=r"^([A-Za-z]+/)?[a-z0-9]([-a-z0-9.]*[a-z0-9])?$",
        description="App name; kind/name if ambiguous",
    ),
]
Namespace = Annotated[
    str,
    Field(max_length=63, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", description="Namespace; default: context's"),
]


Seconds = Annotated[int, BeforeValidator(lambda given: _seconds(given))]
"""A span of time in seconds; on the command line also as `90s`, `10m`, `2h`."""

_UNITS = {"s": 1, "m": 60, "h": 3600}


def _seconds(given: Any) -> Any:
    """`10m` as 600; whatever is not of that form as it is, for the field to judge."""
    found = re.fullmatch(r"(\d{1,6})([smh])", given.strip()) if isinstance(given, str) else None
    return int(found[1]) * _UNITS[found[2]] if found else given


class Answer(BaseModel):
    """What a question returns: structured, with a `summary` in one line and what may be done next."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    summary: str
    next_steps: tuple[str, ...] = ()


class Operation(BaseModel):
    """A request: the class `UpdateApp` is the tool `update_app`; `command` is its word on the command line."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, populate_by_name=True)

    command: ClassVar[str]
    title: ClassVar[str]
    positional: ClassVar[tuple[str, ...]] = ("app",)
    """Fields the command line takes by place."""

    @classmethod
    def tool(cls) -> str:
        """The name of the MCP tool."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    @classmethod
    def asked_as(cls, field: str) -> str:
        """The name by which users give a field: its own, but for one that is a word of Python (`with`)."""
        return cls.model_fields[field].serialization_alias or field

    @classmethod
    def description(cls) -> str:
        """The docstring, as one text."""
        return re.sub(r"\s*\n\s*", " ", (cls.__doc__ or "").strip())


class Question(Operation, Generic[A]):
    """A request that looks and answers; it never changes anything."""

    async def answer(self, world: "World") -> A:
        """Answer from what can be seen. Raises LifecycleError."""
        raise NotImplementedError


class Change(Operation, Generic[S]):
    """A request to change something: observe, then purely decide a plan."""

    destructive: ClassVar[bool] = True
    idempotent: ClassVar[bool] = True

    def question(self) -> Question[Any] | None:
        """The question this amounts to where it asks for no change; None where it does."""
        return None

    async def observe(self, world: "World") -> S:
        """Look at everything the decision needs, once. Raises LifecycleError."""
        raise NotImplementedError

    def decide(self, seen: S) -> Plan:
        """What to do, from what was seen alone. A plan without steps says in its summary why nothing is to do."""
        raise NotImplementedError

    def parameters(self) -> dict[str, Any]:
        """What was asked, as it goes into the plan: only what was set."""
        return self.model_dump(mode="json", exclude_none=True, by_alias=True)
