"""How much a plan may hurt, and whose yes it needs. Computed from facts; no flag a model fills in counts as consent."""

from collections.abc import Sequence
from fnmatch import fnmatch
from typing import Literal

from msgspec import Struct

from dot_ai_lifecycle.core.plan import Plan, Risk

Needs = Literal["nothing", "plan_id", "person"]


class Policy(Struct, frozen=True):
    """The rules of an installation.

    `auto_approve` "low" lets low-risk plans run at once; "none" wants the plan's id for everything.
    `protected_namespaces` are patterns; every change there is of high risk.
    """

    auto_approve: Literal["none", "low"] = "none"
    protected_namespaces: Sequence[str] = ("kube-*",)

    def judged(self, plan: Plan) -> Plan:
        """The plan with what this installation adds to its risk."""
        namespace = plan.app.namespace or ""
        pattern = next((p for p in self.protected_namespaces if fnmatch(namespace, p)), None)
        if pattern is None:
            return plan
        reason = f"namespace {namespace} is protected ({pattern})"
        reasons = dict.fromkeys((*plan.risk.reasons, reason))  # an undo brings those of what it undoes
        return plan.model_copy(update={"risk": Risk(level="high", reasons=tuple(reasons))})

    def needs(self, plan: Plan) -> Needs:
        """What a plan wants before it may run."""
        if plan.risk.level == "high":
            return "person"
        if plan.risk.level == "low" and self.auto_approve == "low":
            return "nothing"
        return "plan_id"
