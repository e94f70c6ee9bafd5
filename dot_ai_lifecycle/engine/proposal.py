"""What a change would do, and who agreed to it."""

from msgspec import Struct
from pydantic import BaseModel, ConfigDict

from dot_ai_lifecycle.core.plan import Plan
from dot_ai_lifecycle.core.policy import Needs
from dot_ai_lifecycle.core.ports import ClusterIdentity


class Proposal(Struct, frozen=True):
    """A plan, the cluster it is for, and what it wants before it may run."""

    plan: Plan
    needs: Needs
    identity: ClusterIdentity


class Consent(Struct, frozen=True):
    """Somebody's agreement to one plan. `person` is True only where a human said yes; no model can fill it in."""

    by: str
    plan_id: str
    person: bool = False


class Approval(BaseModel):
    """A person's yes to a plan, kept on this machine until it is used or a quarter of an hour is over."""

    model_config = ConfigDict(frozen=True)

    plan_id: str
    by: str
    at: float


APPROVAL_LASTS = 900.0
"""Seconds an approval stands."""
