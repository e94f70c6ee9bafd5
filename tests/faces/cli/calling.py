"""Calling the command line inside the test's loop, on the embedded cluster, with streams that are read afterwards."""

import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dot_ai_lifecycle.core.policy import Policy
from dot_ai_lifecycle.core.record import Record
from dot_ai_lifecycle.engine.engine import Engine
from dot_ai_lifecycle.faces.cli.commands import output_wanted
from dot_ai_lifecycle.faces.cli.invocation import Approve, Ask, Do, Where
from dot_ai_lifecycle.faces.cli.running import engaged, explained, understood
from dot_ai_lifecycle.faces.cli.screen import Screen
from tests.support.house import House


@dataclass(frozen=True)
class Knobs:
    """The settings the command line looks at."""

    state_dir: Path
    actor: str = "cli:tester"
    completion_seconds: float = 0.6


@dataclass(frozen=True)
class OnHouse:
    """A composition whose cluster is the house of a test."""

    home: House
    policy: Policy

    def settings(self, **_: str | None) -> Knobs:
        return Knobs(self.home.state_dir)

    def engine(self, settings: Knobs) -> Engine:
        return self.home.another_engine(actor=settings.actor, policy=self.policy)

    def serve(self, settings: Knobs, *, http: str | None, embedded: bool) -> int:
        raise NotImplementedError

    def cluster(self, settings: Knobs, *, port: int, kubeconfig: str | None) -> int:
        raise NotImplementedError

    def demo(self, *, keep: bool) -> int:
        raise NotImplementedError


@dataclass(frozen=True)
class Called:
    """What a command printed and how it exited; `left` are the operations it left for another process."""

    code: int
    out: str
    err: str
    left: list[str] = field(default_factory=list)

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)


async def call(home: House, *words: str, policy: Policy | None = None) -> Called:
    """Call `dot-ai` with these words; nobody sits at the terminal."""
    out, err, left = io.StringIO(), io.StringIO(), []

    def go_on(record: Record, where: Where, state_dir: Path) -> Path:
        left.append(record.id)
        return state_dir / "background" / record.id

    compose = OnHouse(home, policy or Policy())
    screen = Screen(io.StringIO(), out, err, output_wanted(words))
    try:
        asked = understood(list(words), compose)
        assert isinstance(asked, Ask | Do | Approve)
        code = await engaged(asked, words, compose, screen, go_on)
    except Exception as error:  # noqa: BLE001 # as the command line itself does it
        code = explained(error, compose, screen)
    return Called(code, out.getvalue(), err.getvalue(), left)
