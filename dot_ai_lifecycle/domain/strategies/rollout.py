"""What is rolled out, whatever the strategy: edits of the pod template, and the fields that set the pace."""

from collections.abc import Mapping

from msgspec import Struct

from dot_ai_lifecycle.core.late import is_late
from dot_ai_lifecycle.core.pointers import pointer, value_at
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.steps import Await, Edit, Patch, Step
from dot_ai_lifecycle.core.way_back import GATED_BY
from dot_ai_lifecycle.core.workload import CHANGE_CAUSE, Workload
from dot_ai_lifecycle.domain.rolling import annotation

SURGE = "/spec/strategy/rollingUpdate/maxSurge"
UNAVAILABLE = "/spec/strategy/rollingUpdate/maxUnavailable"
MIN_READY = "/spec/minReadySeconds"
DEADLINE = "/spec/progressDeadlineSeconds"
MARK = pointer("metadata", "annotations", GATED_BY)

Pace = Mapping[str, object]
"""Values of pace fields by their path; None where a field is absent."""

SERVED = "every pod of the new revision serves, no old one is left"


class Rollout(Struct, frozen=True):
    """A change of a pod template: its `edits`, why it is made, what the history says, and how long it may take."""

    scene: Scene
    edits: tuple[Edit, ...]
    why: str
    cause: str
    within: int

    @property
    def workload(self) -> Workload:
        return self.scene.workload

    def own(self, *fields: str) -> dict[str, object]:
        """The app's own values of those pace fields."""
        return {field: value_at(self.workload.manifest, field) for field in fields}

    def begun(self, before: Pace, after: Pace, why: str, *more: Edit) -> Patch:
        """The template changed, the pace set and the change-cause written, in one patch.

        `more` fields get their new values whatever they hold: ReplicaSets keep a copy of the Deployment's annotations,
        so that `kubectl rollout undo` brings back the mark of an operation that ended long ago.
        """
        cause = annotation(self.workload, CHANGE_CAUSE, self.cause)
        now = self.own(*(edit.path for edit in more))
        found = tuple(edit.model_copy(update={"old": now[edit.path]}) for edit in more)
        return Patch(ref=self.workload.ref, edits=(*self.edits, *cause, *found, *paced(before, after)), why=why)

    def returned(self, before: Pace, after: Pace, why: str, *more: Edit) -> Patch:
        """The template and the change-cause as they were, the pace set, in one patch."""
        begun = self.begun({}, {}, why)
        edits = (*begun.inverse(why).edits, *more, *paced(before, after))
        return Patch(ref=self.workload.ref, edits=edits, why=why)

    def at_pace(self, before: Pace, after: Pace, why: str, *more: Edit) -> Patch:
        """The pace alone, and only where the template is still the new one."""
        ours = tuple(
            Edit(path=edit.path, old=edit.new, new=edit.new)
            for edit in self.edits
            if not edit.scaffold and not is_late(edit.new)
        )
        return Patch(ref=self.workload.ref, edits=(*ours, *paced(before, after), *more), why=why)

    def at_old_pace(self, before: Pace, after: Pace, why: str, *more: Edit) -> Patch:
        """The pace alone, on a way back."""
        return Patch(ref=self.workload.ref, edits=(*paced(before, after), *more), why=why)

    def served(self, why: str = SERVED) -> Step:
        """The proof that one revision alone serves."""
        return Await(ref=self.workload.ref, within=self.within, why=why)


def paced(before: Pace, after: Pace) -> tuple[Edit, ...]:
    """The edits from one pace to another."""
    return tuple(
        Edit(path=path, old=before.get(path), new=value) for path, value in after.items() if before.get(path) != value
    )
