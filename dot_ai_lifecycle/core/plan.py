"""A plan: a change as data. What would be done to which app, step by step, and how it would be taken back."""

import hashlib
import json
from typing import Any, Literal

from pydantic import ConfigDict, Field, computed_field

from dot_ai_lifecycle.core.around import Around
from dot_ai_lifecycle.core.refs import Ref
from dot_ai_lifecycle.core.steps import Frozen, Step


class Note(Frozen):
    """Something the person should know before agreeing; it does not change what would be done."""

    level: Literal["info", "warning"]
    text: str


class Risk(Frozen):
    """How much a plan may hurt, and why: low, medium (wants the plan's id), high (wants a person)."""

    level: Literal["low", "medium", "high"] = "medium"
    reasons: tuple[str, ...] = ()


class Plan(Frozen):
    """A change, decided: what would be done to which app, step by step, and how it would be taken back.

    `facts` are what the decision rests on beyond the steps (the template's digest, the revision); they are part of the
    id. `before` and `after` say in a few words what history should say; `images_before` are the digests that ran, by
    container, and `around` is what was around the app then. `follows` is the operation that this one resumes or undoes;
    `already` are its steps that took effect: they are taken back too where this plan fails. An `order` changes no app:
    it is a word to an operation that runs. `others` are changed as one with `app`, all in its namespace.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")  # its own id comes along in JSON

    operation: str
    parameters: dict[str, Any]
    cluster: str = ""
    app: Ref
    others: tuple[Ref, ...] = ()
    summary: str
    steps: tuple[Step, ...]
    on_failure: Literal["rollback", "hold"] = "rollback"
    facts: dict[str, str] = Field(default_factory=dict)
    before: str = ""
    after: str = ""
    images_before: dict[str, str] = Field(default_factory=dict)
    around: Around | None = None
    notes: tuple[Note, ...] = ()
    risk: Risk = Risk()
    follows: str = ""
    relation: Literal["", "resume", "undo", "order"] = ""
    already: tuple[Step, ...] = ()

    @computed_field  # type: ignore[prop-decorator] # mypy#1362: computed_field over property
    @property
    def id(self) -> str:
        """12 hex digits of SHA-256 over operation, parameters, cluster, app, facts, steps: same sight, same id."""
        content = self.model_dump(
            mode="json",
            include={
                "operation",
                "parameters",
                "cluster",
                "app",
                "facts",
                "steps",
                "on_failure",
                "follows",
                "relation",
            },
        )
        return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:12]
