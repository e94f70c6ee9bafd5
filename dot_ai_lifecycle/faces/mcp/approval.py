"""Asking the person: a change called without a plan's id is proposed, and who can be asked is asked in the same call.

The SDK runs these resolvers before the call itself, and in the newer protocol once more with the answer; so they only
look, and the question is worded from the plan alone.
"""

from typing import Annotated, Any

from mcp.server.mcpserver import Context, Elicit, Resolve
from pydantic import BaseModel, Field

from dot_ai_lifecycle.core.operation import Change
from dot_ai_lifecycle.core.redaction import redact
from dot_ai_lifecycle.core.showing import diff_lines
from dot_ai_lifecycle.engine.proposal import Proposal
from dot_ai_lifecycle.faces.mcp.desk import Desk, can_ask, desk

MOST_LINES = 12
"""Lines of a plan's diff in a question: a dialog shows about twenty lines in all."""


class Agreement(BaseModel):
    """A person's answer to a plan."""

    agree: bool = Field(description="Carry out this plan")


class Unasked(BaseModel):
    """Nobody was asked: no answer was needed, or no question could be put."""


async def proposed(ctx: Context[Desk, Any], request: Any, plan_id: str) -> Proposal | None:
    """What the change would do; None where it asks for none, or the caller names the plan it agrees to.

    Then the engine decides anew.
    """
    change: Change[Any] = request
    if plan_id or change.question() is not None:
        return None
    return await desk(ctx).engine().propose(change)


async def asked(
    ctx: Context[Desk, Any], proposal: Annotated[Proposal | None, Resolve(proposed)]
) -> Elicit[Agreement] | Unasked:
    """The question to the person, where one is needed and can be put."""
    if proposal is None or proposal.needs == "nothing" or desk(ctx).only_plans or not can_ask(ctx):
        return Unasked()
    return Elicit(question(proposal), Agreement)


def question(proposal: Proposal) -> str:
    """What the person reads before agreeing; the same for the same plan, or they would be asked twice."""
    plan = proposal.plan
    lines = [redact(str(line)) for line in diff_lines(plan)]
    more = [f"… and {len(lines) - MOST_LINES} more lines"] if len(lines) > MOST_LINES else []
    reasons = f" ({'; '.join(plan.risk.reasons)})" if plan.risk.reasons else ""
    back = "taken back by itself" if plan.on_failure == "rollback" else "left as it is then"
    return "\n".join(
        [
            plan.summary,
            f"{plan.app}, cluster {proposal.identity.context}",
            *lines[:MOST_LINES],
            *more,
            *(f"Warning: {note.text}" for note in plan.notes if note.level == "warning"),
            f"If it fails, it is {back}.",
            f"Risk: {plan.risk.level}{reasons}. Plan {plan.id}.",
        ]
    )
