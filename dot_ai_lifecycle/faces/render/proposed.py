"""A proposal as programs get it: what would be done, how risky it is, and how to agree to it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from dot_ai_lifecycle.core.operation import Answer
from dot_ai_lifecycle.core.plan import Note, Plan
from dot_ai_lifecycle.core.policy import Needs
from dot_ai_lifecycle.core.showing import diff_lines, step_text


class ShownPlan(BaseModel):
    """A plan in lines of text, secrets hidden."""

    model_config = ConfigDict(frozen=True)

    summary: str
    steps: tuple[str, ...]
    diff: tuple[str, ...]
    risk: Literal["low", "medium", "high"]
    reasons: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    on_failure: Literal["rollback", "hold"]


class Proposed(Answer):
    """What a change would do; nothing was done. `needs` is what it wants before it may run."""

    status: Literal["planned", "nothing_to_do"]
    plan_id: str
    needs: Needs
    cluster: str
    namespace: str
    app: str
    plan: ShownPlan


def proposed(plan: Plan, context: str, needs: Needs, next_steps: tuple[str, ...] = ()) -> Proposed:
    """The plan as an answer; `context` is the kubeconfig's name of the cluster."""
    return Proposed(
        status="planned" if plan.steps else "nothing_to_do",
        summary=plan.summary,
        plan_id=plan.id if plan.steps else "",
        needs=needs,
        cluster=context,
        namespace=plan.app.namespace or "",
        app=f"{plan.app.kind.lower()}/{plan.app.name}",
        plan=ShownPlan(
            summary=plan.summary,
            steps=tuple(step_text(step) for step in plan.steps),
            diff=tuple(str(line) for line in diff_lines(plan)),
            risk=plan.risk.level,
            reasons=plan.risk.reasons,
            notes=plan.notes,
            on_failure=plan.on_failure,
        ),
        next_steps=next_steps,
    )
