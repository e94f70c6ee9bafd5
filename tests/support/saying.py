"""A colleague, in a process of their own, says something to a running operation."""

import asyncio

from dot_ai_lifecycle.engine.proposal import Consent
from dot_ai_lifecycle.engine.run import Run
from dot_ai_lifecycle.operations.promote_operation import PromoteOperation
from tests.support.house import House


async def say(home: House, run: Run, action: str) -> None:
    """Say it (`full`: promote in full), and see that it was put into the cluster."""
    colleague = home.another_engine()
    full = {"action": "promote", "full": True} if action == "full" else {"action": action}
    order = PromoteOperation.model_validate({"operation_id": run.operation_id, **full})
    proposal = await colleague.propose(order)
    assert proposal.plan.steps, proposal.plan.summary
    said = await colleague.start(order, Consent(by="cli:colleague", plan_id=proposal.plan.id, person=True))
    assert (await said.wait()).state == "done"


async def reached(run: Run, kind: str) -> None:
    """Wait until the run is at a step of that kind."""
    while not run.ended:
        begun = [h.step for h in run.record.happenings if h.what == "begun" and h.phase == "do"]
        if run.record.plan.steps[max(begun)].step == kind:
            return
        await asyncio.sleep(0.5)
    raise AssertionError(run.record.verdict)
