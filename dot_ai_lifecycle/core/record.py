"""The record of an operation: what was asked, planned, done and found, kept next to the app."""

import base64
import gzip
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from dot_ai_lifecycle.core.objects import ConfigMap
from dot_ai_lifecycle.core.plan import Plan
from dot_ai_lifecycle.core.steps import Step

OPERATION_LABEL = "lifecycle.dot-ai/operation"
STATE_LABEL = "lifecycle.dot-ai/state"
APP_LABELS = "app.lifecycle.dot-ai/"
"""Begins the labels by which a record is found under the name of each app that the operation changed."""

State = Literal["running", "done", "undone", "stuck", "interrupted"]
UNFINISHED: tuple[State, ...] = ("running", "stuck", "interrupted")

_IN_NO_BODY: Mapping[str, Any] = {"shared": True, "plan": {"id"}}
"""What a record's body leaves out: where the record lies, and what is reckoned from the rest."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Happening(_Frozen):
    """One line of the story. `step` counts from 0 within `phase`; `late` holds values known only then."""

    at: datetime
    phase: Literal["do", "undo"] = "do"
    step: int = -1
    what: Literal["begun", "done", "failed", "note"]
    text: str
    late: dict[str, str] = {}


class Cause(_Frozen):
    """Why it failed: a code, one sentence, and the lines that decided it; of several apps, which one."""

    code: str
    text: str
    app: str = ""
    subject: str = ""
    container: str = ""
    evidence: tuple[str, ...] = ()
    logs: tuple[str, ...] = ()


class Record(_Frozen):
    """One operation from request to verdict. `closed_by` is the later operation that resumed or undid it.

    `back` are the steps by which it takes itself back, from the moment it began to.
    `images_before` and `images_after` are the digests that ran before and after, by container, as far as the pods told.
    """

    id: str
    plan: Plan
    actor: str
    context: str
    state: State
    started: datetime
    ended: datetime | None = None
    verdict: str = ""
    cause: Cause | None = None
    happenings: tuple[Happening, ...] = ()
    back: tuple[Step, ...] = ()
    approved_by: str = ""
    images_before: dict[str, str] = {}
    images_after: dict[str, str] = {}
    template_before: str = ""
    template_after: str = ""
    closed_by: str = ""
    shared: bool = True

    @property
    def templates_left(self) -> frozenset[str]:
        """The digests of the pod templates that a done operation left running, of every app it changed."""
        made = (h.late.get("template", "") for h in self.happenings if h.phase == "do" and self.state == "done")
        return frozenset(made) - {""}


def name_of(operation_id: str) -> str:
    """The ConfigMap that holds an operation's record."""
    return f"lifecycle-{operation_id}"


def app_label(name: str) -> str:
    """The label under which an operation is found by one of the apps it changed; long names are cut."""
    return f"{APP_LABELS}{name[:63].rstrip('-.')}"


def to_manifest(record: Record) -> dict[str, Any]:
    """The ConfigMap of a record: labels to find it by, the body gzipped (Helm keeps releases the same way)."""
    body = gzip.compress(record.model_dump_json(exclude=_IN_NO_BODY).encode(), compresslevel=6, mtime=0)
    app = record.plan.app
    meta: dict[str, Any] = {
        "name": name_of(record.id),
        "namespace": app.namespace,
        "labels": {
            "app.kubernetes.io/managed-by": "dot-ai-lifecycle",
            OPERATION_LABEL: record.id,
            STATE_LABEL: record.state,
            **{app_label(one.name): "" for one in (app, *record.plan.others)},
        },
    }
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": meta,
        "binaryData": {"record": base64.b64encode(body).decode()},
    }


def from_config_map(found: ConfigMap) -> Record | None:
    """The record in a ConfigMap; None where a stranger's or a broken one carries our label."""
    return from_binary(found.binary)


def from_binary(binary: Mapping[str, str]) -> Record | None:
    """The record in a ConfigMap's binaryData; None where there is none that can be read."""
    try:
        return Record.model_validate_json(gzip.decompress(base64.b64decode(binary["record"])))
    except (KeyError, ValueError, OSError, EOFError):
        return None
