"""Asking a new version what it was agreed that it has to answer, while nobody else asks it."""

import asyncio
from functools import partial

from dot_ai_lifecycle.core.errors import Conflict, Forbidden, Invalid, NotFound
from dot_ai_lifecycle.core.ports import Cluster
from dot_ai_lifecycle.core.record import Cause
from dot_ai_lifecycle.core.redaction import redact
from dot_ai_lifecycle.core.refs import SERVICE, ref_to
from dot_ai_lifecycle.core.smoke import Check, Reply
from dot_ai_lifecycle.core.steps import Smoke
from dot_ai_lifecycle.engine.means import Did, Failed
from dot_ai_lifecycle.engine.outages import outlived
from dot_ai_lifecycle.engine.stage import Told

AGAIN = 0.5
"""Seconds until what reached no pod is asked again."""


async def smoked(cluster: Cluster, step: Smoke, told: Told) -> Did:
    """Ask for one path after another. Raises Failed at the first that is not answered as expected."""
    for number, check in enumerate(step.checks, start=1):
        await told(f"asking for {check.path}, {number} of {len(step.checks)}", 0, 0)
        reply = await _reply(cluster, step, check)
        if not check.holds(reply.status):
            line = redact(reply.first_line)
            evidence = (f"GET {check.path}: {reply.status}", line) if reply.status else (f"GET {check.path}", line)
            cause = Cause(code="SMOKE_FAILED", text=_words(check, reply, line, step), evidence=evidence)
            raise Failed(cause, undoable=True)
    return Did(f"{', '.join(map(str, step.checks))} answered as expected")


async def _reply(cluster: Cluster, step: Smoke, check: Check) -> Reply:
    service, loop = ref_to(SERVICE, step.at.service, step.ref.namespace), asyncio.get_running_loop()
    deadline = loop.time() + step.within
    while True:
        try:
            reply = await outlived(partial(cluster.ask, service, step.at.port, check.path, step.at.scheme))
        except (Conflict, Forbidden, Invalid, NotFound) as error:
            raise Failed(Cause(code="REFUSED_BY_CLUSTER", text=redact(error.message)), undoable=True) from error
        if reply.status or loop.time() >= deadline:
            return reply
        await asyncio.sleep(AGAIN)


def _words(check: Check, reply: Reply, line: str, step: Smoke) -> str:
    if not reply.status:
        return f"The new version did not answer GET {check.path} within {step.within:.0f} s: {line}."
    said = f': "{line}"' if line else ""
    return f"The new version answered GET {check.path} with {reply.status} instead of {check.expected}{said}."
