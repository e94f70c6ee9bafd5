"""The steps plans are made of: a closed set. Each can be shown, checked, performed and taken back.

What only the cluster can know beforehand (the moment of a write, the hash of a new ReplicaSet) stands in a step as a
named late value; the run fills it in when it is known, and records it.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from dot_ai_lifecycle.core.analysis.queries import OwnQuery
from dot_ai_lifecycle.core.late import OPERATION, is_late, known_in
from dot_ai_lifecycle.core.pointers import value_at
from dot_ai_lifecycle.core.refs import Ref
from dot_ai_lifecycle.core.smoke import Check, Door


class Frozen(BaseModel):
    """A value: it does not change, and knows no other fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Edit(Frozen):
    """One field from one value to another; None is absent. A `scaffold` is an empty parent that is never taken back."""

    path: str
    old: Any = None
    new: Any = None
    scaffold: bool = False

    def test(self) -> dict[str, Any]:
        """What was seen, as JSON Patch tests it; the API server lets a test for null hold where there is nothing."""
        return {"op": "test", "path": self.path, "value": self.old}

    def change(self) -> dict[str, Any]:
        """The change alone, as JSON Patch makes it."""
        if self.new is None:
            return {"op": "remove", "path": self.path}
        return {"op": "add" if self.old is None else "replace", "path": self.path, "value": self.new}

    def inverse(self) -> "Edit":
        return Edit(path=self.path, old=self.new, new=self.old)

    def filled(self, known: Mapping[str, Any]) -> "Edit":
        """The edit with those late values in place that are known by name."""
        if not (is_late(self.old) or is_late(self.new)):
            return self
        return self.model_copy(update={"old": known_in(self.old, known), "new": known_in(self.new, known)})


class WayBack(Frozen):
    """How a step is taken back, where its inverse is not good enough; `whole`: with the steps of its part before it."""

    steps: tuple["Step", ...]
    whole: bool = False


class Kept(Frozen):
    """A workload that nobody may give another pod template meanwhile than the one with that digest."""

    ref: Ref
    template: str


class BaseStep(Frozen):
    """What every step has: the object it is about, why it is done, and its way back where its inverse will not do.

    `part` names the app that it is for, where a plan changes several. What takes time ends as soon as a workload that
    it `keeps` is changed by somebody else.
    """

    ref: Ref
    why: str
    back: WayBack | None = None
    part: str = ""
    keeps: Kept | None = None


class Patch(BaseStep):
    """Change fields of one object, refusing where they are not what was seen."""

    step: Literal["patch"] = "patch"
    edits: tuple[Edit, ...]

    def operations(self) -> list[dict[str, Any]]:
        """The whole JSON Patch: first that the object is what was seen, uid included, then every change.

        Below a parent that is missing, too, nothing can be tested; that the parent is missing says it all.
        """
        guard = [{"op": "test", "path": "/metadata/uid", "value": self.ref.uid}] if self.ref.uid else []
        made = {edit.path for edit in self.edits if edit.scaffold}
        tests = [edit.test() for edit in self.edits if edit.path.rpartition("/")[0] not in made]
        return [*guard, *tests, *(edit.change() for edit in self.edits)]

    def inverse(self, why: str) -> "Patch":
        """The patch that restores what was there, last edit first; scaffolds stay."""
        back = tuple(edit.inverse() for edit in reversed(self.edits) if not edit.scaffold)
        return Patch(ref=self.ref, edits=back, why=why)

    def stands(self, manifest: Mapping[str, Any]) -> Literal["before", "after", "neither"]:
        """Whether the object looks as before this patch, as after it, or like somebody else's.

        A patch whose every edit makes no difference stands `after`. A late value counts as made wherever the field
        holds something other than the old value.
        """
        edits = [edit for edit in self.edits if not edit.scaffold]
        if all(_made(edit, value_at(manifest, edit.path)) for edit in edits):
            return "after"
        if all(value_at(manifest, edit.path) == edit.old for edit in edits):
            return "before"
        return "neither"


class Await(BaseStep):
    """Wait until a condition holds, failing early where it never will.

    `rolled_out`: the wanted revision alone serves. `surged`: `pods` pods of it (None: as many as the app wants) are
    ready for `ready_for` seconds, whatever else runs; the hash of its revision is known as `learns` from then on.
    `routed`: the Services named send to pods of the revision `to` alone. `followed`: the gateways of a route have
    taken it as it is. What holds must go on holding for `settle` seconds. Where the engine that owns the app pauses
    for a person, it waits `asks` seconds for one each time; pauses do not count for `within`. `by` is the object that
    another engine delivers the workload by, whose word then counts; `since` is what that said of the spec it saw last,
    `to` what it says of the one that is wanted, where that is known.
    """

    step: Literal["await"] = "await"
    until: Literal["rolled_out", "surged", "routed", "followed"] = "rolled_out"
    within: float = Field(gt=0, description="seconds")
    pods: int | None = None
    ready_for: int = 0
    learns: str = ""
    services: tuple[str, ...] = ()
    to: Any = ""
    settle: float = 0
    asks: float = Field(1800, ge=0, description="seconds")
    by: Ref | None = None
    since: str = ""


class Steer(BaseStep):
    """Say a word to the engine that owns the workload, in its own objects.

    `restore` gives back what earlier words set for the time of the operation.

    Which fields that takes is decided by how the engine stands at that moment (`core/steering.py`); what it does
    already is not said again.
    """

    step: Literal["steer"] = "steer"
    word: Literal["promote", "full", "pause", "abort", "retry", "restore"]


class Unstick(BaseStep):
    """Delete those pods of a StatefulSet that are broken and not of its update revision.

    An ordered StatefulSet never replaces a broken pod of a bad revision by itself (kubernetes#67250).
    """

    step: Literal["unstick"] = "unstick"


class Renew(BaseStep):
    """Have `pods` pods of a DaemonSet that waits for deletions (OnDelete) replaced by ready ones of its new revision.

    Nodes are taken by name, of those whose pod serves, `at_once` at a time; pods that are new already count. A new pod
    has to be ready for `ready_for` seconds, each lot within `within`. `learns` names the hash of the revision.
    """

    step: Literal["renew"] = "renew"
    pods: int = Field(ge=1)
    at_once: int = Field(1, ge=1)
    ready_for: int = 0
    learns: str = ""
    within: float = Field(gt=0, description="seconds")


class Create(BaseStep):
    """Create an object of our own; one that is there already and is ours will do.

    Its pod template is that of the workload `like` with those `edits`, read when it is made: what a template holds
    stands in no plan. What `lasts` stays however the operation ends: revisions name it.
    """

    step: Literal["create"] = "create"
    manifest: dict[str, Any]
    like: Ref | None = None
    edits: tuple[Edit, ...] = ()
    lasts: bool = False

    def inverse(self, why: str) -> "Delete":
        """The deletion of what was created."""
        return Delete(ref=self.ref, was=self.manifest, why=why)


class Delete(BaseStep):
    """Delete an object of our own; one that is gone already is as good. `was` is what it was created as.

    It is waited for at most `within` seconds until all that it owns is gone too; 0 waits for nothing.
    """

    step: Literal["delete"] = "delete"
    was: dict[str, Any]
    within: float = Field(0, ge=0, description="seconds")

    def inverse(self, why: str) -> Create:
        """The creation of what was deleted."""
        return Create(ref=self.ref, manifest=self.was, why=why)


class Inscribe(BaseStep):
    """Write into the Secret of a Helm release in which status that revision is, as Helm itself would.

    `was` and `status` are its statuses before and after; empty where the revision is not there: it is then made as
    `number` with the content of `copy_of`, marked as made by the operation `maker`, or deleted. What a release holds
    stands in no plan and no record.
    """

    step: Literal["inscribe"] = "inscribe"
    was: str
    status: str
    number: int = Field(ge=1)
    copy_of: Ref
    maker: Any = OPERATION

    def inverse(self, why: str) -> "Inscribe":
        """The revision in the status in which it was, or gone where it was not there."""
        return self.model_copy(update={"was": self.status, "status": self.was, "why": why})


class Reissue(BaseStep):
    """Make a Secret of a Helm release what the revision `then` says of it, where `now` says something else.

    Both are read from the release's own Secrets when it is done: what a Secret holds stands in no plan and no record.
    """

    step: Literal["reissue"] = "reissue"
    now: Ref
    then: Ref

    def inverse(self, why: str) -> "Reissue":
        """What the other revision says."""
        return self.model_copy(update={"now": self.then, "then": self.now, "why": why})


class Observe(BaseStep):
    """Watch the new pods beside the old ones, `windows` times `seconds`, and decide: go on, take back, or ask.

    `new` and `old` are the hashes that pods of both carry; `switched` says that the old ones get no requests any more.
    What stays unclear waits `asks` seconds for somebody to say promote or abort; nobody's word is an abort. `queries`
    are the user's own, of which each has to keep its bound.
    """

    step: Literal["observe"] = "observe"
    new: Any
    old: str
    seconds: float = Field(gt=0)
    windows: int = Field(1, ge=1)
    switched: bool = False
    asks: float = Field(1800, gt=0)
    queries: tuple[OwnQuery, ...] = ()


class Approve(BaseStep):
    """Wait until somebody says promote, at most `within` seconds; abort, and nobody's word, take the whole back."""

    step: Literal["approve"] = "approve"
    within: float = Field(gt=0, description="seconds")


class Smoke(BaseStep):
    """Ask the workload's new pods by HTTP, at a Service; again, for `within` seconds, only where none is reached."""

    step: Literal["smoke"] = "smoke"
    at: Door
    checks: tuple[Check, ...]
    within: float = Field(gt=0, description="seconds")


class Together(BaseStep):
    """Wait and watch for several apps at the same time; the first that fails ends it."""

    step: Literal["together"] = "together"
    steps: tuple[Await | Observe, ...]


Lasting = Await | Renew | Observe | Approve | Smoke | Together
"""What takes time, and ends on the way forward as soon as somebody says abort."""

Step = Annotated[Patch | Steer | Unstick | Create | Delete | Inscribe | Reissue | Lasting, Field(discriminator="step")]


def _made(edit: Edit, found: Any) -> bool:
    return found not in (edit.old, None) if is_late(edit.new) else bool(found == edit.new)
