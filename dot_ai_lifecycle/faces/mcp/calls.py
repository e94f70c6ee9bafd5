"""Running a call: a question is answered; a change is planned, agreed to, started, and waited for within bounds."""

from typing import Annotated, Any

import anyio
from mcp.server.mcpserver import AcceptedElicitation, Context, ElicitationResult, Resolve
from mcp_types import CallToolResult

from dot_ai_lifecycle.core.errors import LifecycleError, PlanChanged
from dot_ai_lifecycle.core.operation import Change, Question
from dot_ai_lifecycle.engine.proposal import Consent, Proposal
from dot_ai_lifecycle.faces.mcp.approval import Agreement, Unasked, asked, proposed
from dot_ai_lifecycle.faces.mcp.desk import Desk, caller, desk
from dot_ai_lifecycle.faces.mcp.outcomes import declined, ended, nothing_to_do, planned, planned_content
from dot_ai_lifecycle.faces.mcp.progress import Teller, followed
from dot_ai_lifecycle.faces.mcp.results import answered, refusal

WAIT = 45.0
"""Seconds one call may take: several hosts cut it at 60, and nobody can tell them to wait longer."""

Answered = ElicitationResult[Agreement | Unasked]


async def answer_question(ctx: Context[Desk, Any], request: Any) -> CallToolResult:
    """The answer to a question."""
    wanted: Question[Any] = request
    return answered(await desk(ctx).engine().ask(wanted))


async def make_change(
    ctx: Context[Desk, Any],
    request: Any,
    plan_id: str,
    proposal: Annotated[Proposal | None, Resolve(proposed)],
    answer: Annotated[Answered, Resolve(asked)],
) -> CallToolResult:
    """What came of a change: its plan where nobody agreed yet, else how its run stands within 45 s."""
    change: Change[Any] = request
    if (question := change.question()) is not None:
        return await answer_question(ctx, question)
    if proposal is not None:
        settled = _settled(change, proposal, answer, only_plans=desk(ctx).only_plans)
        if settled is not None:
            return settled
    person = proposal is not None and _agreed(answer)
    by = f"{caller(ctx)} (person agreed)" if person else caller(ctx)
    consent = Consent(by=by, plan_id=proposal.plan.id if proposal else plan_id, person=person)
    return await _run(ctx, change, consent)


def _settled(change: Change[Any], proposal: Proposal, answer: Answered, *, only_plans: bool) -> CallToolResult | None:
    """The result where the call ends with the proposal; None where the plan may run."""
    if not proposal.plan.steps:
        return nothing_to_do(proposal)
    if only_plans:
        return planned(change, proposal, only_plans=True)
    if proposal.needs == "nothing" or _agreed(answer):
        return None
    unasked = isinstance(answer, AcceptedElicitation) and isinstance(answer.data, Unasked)
    return planned(change, proposal, only_plans=False) if unasked else declined(proposal)


def _agreed(answer: Answered) -> bool:
    return isinstance(answer, AcceptedElicitation) and isinstance(answer.data, Agreement) and answer.data.agree


async def _run(ctx: Context[Desk, Any], change: Change[Any], consent: Consent) -> CallToolResult:
    began = anyio.current_time()
    teller = Teller(ctx.report_progress)
    run = await desk(ctx).engine().start(change, consent, teller)
    return ended(await followed(run, teller, WAIT - (anyio.current_time() - began)))


def told(change: Change[Any] | Question[Any] | None, error: LifecycleError) -> CallToolResult:
    """An error as a result; where the plan has changed, the new one comes with it."""
    renewed = error.details.get("proposal")
    if not (isinstance(error, PlanChanged) and isinstance(renewed, Proposal) and isinstance(change, Change)):
        return refusal(error)
    if not renewed.plan.steps:
        return nothing_to_do(renewed)
    content = planned_content(change, renewed)
    new = PlanChanged(
        f"{error.message} The new plan: {renewed.plan.summary} {'; '.join(content['plan']['diff'][:20])}",
        hint=" ".join(content["next_steps"]),
    )
    return refusal(new, proposal=content)
