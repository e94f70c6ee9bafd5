"""Room for pods: what a namespace may use, what nodes offer, and what is asked of both."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType

from msgspec import Struct, field

from dot_ai_lifecycle.core.errors import BadInput
from dot_ai_lifecycle.core.objects import View
from dot_ai_lifecycle.core.pods import NOTHING
from dot_ai_lifecycle.core.quantities import amount
from dot_ai_lifecycle.core.refs import LIMIT_RANGE, POD, RESOURCE_QUOTA
from dot_ai_lifecycle.core.workload import Manifest

Amounts = Mapping[str, Decimal]
"""Cores, bytes or counts by resource name."""


class Quota(Struct, frozen=True):
    """A ResourceQuota: its bounds, what is used of them, and for which pods it counts (as the API has it)."""

    name: str
    namespace: str
    uid: str
    hard: Amounts
    used: Amounts
    scopes: tuple[str, ...] = ()
    selector: tuple[Manifest, ...] = ()

    def left(self, resource: str) -> Decimal:
        """How much of a bounded resource is free; negative where the bound was lowered below what is used."""
        return self.hard[resource] - self.used.get(resource, Decimal(0))


class LimitRange(Struct, frozen=True):
    """A LimitRange: the rules for containers and pods of a namespace, as the API has them."""

    name: str
    namespace: str
    uid: str
    limits: tuple[Manifest, ...] = ()


class Booking(Struct, frozen=True):
    """A pod as its node's scheduler counts it."""

    name: str
    namespace: str
    uid: str
    node: str
    labels: MappingProxyType[str, str] = field(default_factory=lambda: NOTHING)
    requests: Amounts = field(default_factory=dict)
    finished: bool = False


QUOTAS = View(RESOURCE_QUOTA, Quota)
LIMIT_RANGES = View(LIMIT_RANGE, LimitRange)
BOOKINGS = View(POD, Booking)


def amounts(written: Mapping[str, object] | None) -> dict[str, Decimal]:
    """Quantities as numbers; what cannot be read as one is left out."""
    found = {}
    for resource, quantity in (written or {}).items():
        try:
            found[resource] = amount(str(quantity))
        except BadInput:
            continue
    return found


def asked(spec: Manifest, side: str = "requests") -> dict[str, Decimal]:
    """What a pod asks for as a whole, `requests` or `limits`, by the scheduler's rule.

    The larger of all containers together and of each init container with the sidecars started before it; the overhead
    comes on top (KEP-753). A limit stands for a request that is not there, as admission fills it in.
    """
    steady = _added(_of_container(one, side) for one in spec.get("containers") or ())
    sidecars: dict[str, Decimal] = {}
    peak: dict[str, Decimal] = {}
    for one in spec.get("initContainers") or ():
        own = _of_container(one, side)
        if one.get("restartPolicy") == "Always":
            sidecars = _added((sidecars, own))
            peak = _larger(peak, sidecars)
        else:
            peak = _larger(peak, _added((sidecars, own)))
    return _added((_larger(_added((steady, sidecars)), peak), amounts(spec.get("overhead"))))


def _of_container(container: Manifest, side: str) -> dict[str, Decimal]:
    resources = container.get("resources") or {}
    limits = amounts(resources.get("limits"))
    return {**limits, **amounts(resources.get("requests"))} if side == "requests" else limits


def _added(parts: Iterable[Amounts]) -> dict[str, Decimal]:
    total: dict[str, Decimal] = {}
    for part in parts:
        for resource, value in part.items():
            total[resource] = total.get(resource, Decimal(0)) + value
    return total


def _larger(one: Amounts, other: Amounts) -> dict[str, Decimal]:
    return {key: max(one.get(key, Decimal(0)), other.get(key, Decimal(0))) for key in {*one, *other}}
