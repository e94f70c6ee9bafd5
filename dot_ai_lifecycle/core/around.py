"""What belongs to a version besides its pod template: the Services before it, its autoscaler's bounds, its pace."""

from typing import Any

from pydantic import Field

from dot_ai_lifecycle.core.steps import Frozen


class Sender(Frozen):
    """A Service that sends to the app, and which pods it selects."""

    name: str
    selector: dict[str, str]


class Bounds(Frozen):
    """Between how many pods an autoscaler keeps the app."""

    name: str
    minimum: int
    maximum: int


class Around(Frozen):
    """The surroundings of an app while a version ran well; `pace` are its strategy fields by path."""

    senders: tuple[Sender, ...] = ()
    bounds: Bounds | None = None
    pace: dict[str, Any] = Field(default_factory=dict)
