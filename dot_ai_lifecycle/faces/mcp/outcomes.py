"""What came of a change, as a result: planned, nothing to do, declined, running, or how the run ended."""

from typing import Any

from mcp_types import CallToolResult

from dot_ai_lifecycle.core.operation import Change
from dot_ai_lifecycle.core.record import Cause, Record
from dot_ai_lifecycle.core.redaction import redact, redacted
from dot_ai_lifecycle.core.telling import told
from dot_ai_lifecycle.engine.proposal import Proposal
from dot_ai_lifecycle.faces.mcp.results import failed, succeeded
from dot_ai_lifecycle.faces.render.proposed import proposed

PLANS_ONLY = "This endpoint only plans: run it through the endpoint /mcp, or with dot-ai in a terminal."

_DECLINED = "Ask the person what they want instead; do not repeat the call unasked."


def nothing_to_do(proposal: Proposal) -> CallToolResult:
    """The cluster is as asked already."""
    return succeeded(_shown(proposal, ()))


def declined(proposal: Proposal) -> CallToolResult:
    """A person was asked and did not agree. The plan's id is kept back: their no must not be worked around with it."""
    shown = _shown(proposal, (_DECLINED,))
    kept = {key: shown[key] for key in ("cluster", "namespace", "app", "next_steps")}
    summary = f"Not done: the person did not agree to it. Nothing was changed. ({proposal.plan.summary})"
    return succeeded({"status": "declined", "summary": summary, **kept})


def planned(change: Change[Any], proposal: Proposal, *, only_plans: bool) -> CallToolResult:
    """The plan, and the exact call that carries it out."""
    if only_plans:
        return succeeded({**_unchanged(proposal, (PLANS_ONLY,)), "needs": "another endpoint"})
    return succeeded(planned_content(change, proposal))


def planned_content(change: Change[Any], proposal: Proposal) -> dict[str, Any]:
    """A plan that waits for agreement, with what to do next."""
    arguments = {**change.model_dump(mode="json", exclude_unset=True, by_alias=True), "plan_id": proposal.plan.id}
    next_call = {"tool": change.tool(), "arguments": arguments}
    return {**_unchanged(proposal, _ways_to_agree(change, proposal)), "next_call": next_call}


def _unchanged(proposal: Proposal, next_steps: tuple[str, ...]) -> dict[str, Any]:
    return {**_shown(proposal, next_steps), "summary": f"Nothing was changed yet. {proposal.plan.summary}"}


def _shown(proposal: Proposal, next_steps: tuple[str, ...]) -> dict[str, Any]:
    shown = proposed(proposal.plan, proposal.identity.context, proposal.needs, next_steps)
    return shown.model_dump(mode="json", exclude_none=True)


def _ways_to_agree(change: Change[Any], proposal: Proposal) -> tuple[str, ...]:
    plan_id = proposal.plan.id
    again = f"call {change.tool()} again with the same arguments and plan_id {plan_id}."
    if proposal.needs == "person":
        approve = f"A person has to agree to this plan: ask them to run `dot-ai approve {plan_id}` in a terminal."
        return approve, f"Then {again}"
    return (f"Show the plan to the person; if they agree, {again}",)


def ended(record: Record) -> CallToolResult:
    """How a run stands: done, running, or not come about (undone, stuck, interrupted: an error for the client)."""
    content = _recorded(record)
    if record.state in ("done", "running"):
        return succeeded(content)
    code = record.cause.code if record.cause else record.state
    lines = [f"{code}: {content['summary']}", *_evidence(record.cause)]
    lines += [f"Next: {step}" for step in content["next_steps"]]
    lines += ["Next: remove the cause, then ask for the change again."] if record.state == "undone" else []
    return failed("\n".join(lines), {**content, "code": code, "message": content["summary"], "retryable": False})


def _recorded(record: Record) -> dict[str, Any]:
    content: dict[str, Any] = told(record).model_dump(mode="json", exclude_none=True)
    if record.cause is not None:
        content["cause"] = redacted(record.cause.model_dump(mode="json", exclude_defaults=True))
    return {**content, "plan_id": record.plan.id}


def _evidence(cause: Cause | None) -> list[str]:
    if cause is None:
        return []
    evidence = [f"Evidence: {redact(line)}" for line in cause.evidence[:5]]
    return evidence + [f"Log: {redact(line)}" for line in cause.logs[-10:]]
