"""How many pods a rollout may add and must keep, budgets allow and autoscalers want: as Kubernetes rounds them."""

import math
from dataclasses import dataclass

MAX_INT32 = 2147483647


def scaled(value: int | str | None, total: int, *, up: bool) -> int:
    """The whole number that `3` or `25%` means out of `total`; percentages round up or down as asked.

    Raises ValueError for text that is no percentage.
    """
    if value is None:
        return 0
    if isinstance(value, int):
        return value
    if not value.endswith("%"):
        raise ValueError(f"{value!r} is neither a number nor a percentage")
    share = int(value[:-1]) * total
    return -(-share // 100) if up else share // 100


def fenceposts(surge: int | str | None, unavailable: int | str | None, replicas: int) -> tuple[int, int]:
    """Surge (rounded up) and unavailable (rounded down) of a rolling update; both 0 means one may be unavailable.

    >>> fenceposts("25%", "25%", 4)
    (1, 1)
    >>> fenceposts(0, "10%", 4)
    (0, 1)
    """
    more, fewer = scaled(surge, replicas, up=True), scaled(unavailable, replicas, up=False)
    if more == 0 and fewer == 0:
        return 0, 1
    return more, fewer


@dataclass(frozen=True, slots=True)
class Limits:
    """What a rolling update may do: never more than `most` pods wanted, never fewer than `least` available."""

    replicas: int
    surge: int
    unavailable: int

    @classmethod
    def of(cls, surge: int | str | None, unavailable: int | str | None, replicas: int) -> "Limits":
        more, fewer = fenceposts(surge, unavailable, replicas)
        return cls(replicas, more, min(fewer, replicas))

    @property
    def most(self) -> int:
        return self.replicas + self.surge

    @property
    def least(self) -> int:
        return self.replicas - self.unavailable


def new_set_size(limits: Limits, *, new: int, total: int) -> int:
    """The size the new ReplicaSet should have now, given its own size and that of all sets together."""
    if new >= limits.replicas:
        return limits.replicas
    if total >= limits.most:
        return new
    return new + min(limits.most - total, limits.replicas - new)


def removable(limits: Limits, *, total: int, new: int, new_available: int) -> int:
    """How many old pods may go now: what is above the floor, less the new pods that do not serve yet; never below 0."""
    return max(0, total - limits.least - (new - new_available))


@dataclass(frozen=True, slots=True)
class Share:
    """One ReplicaSet in proportional scaling: its size and the `max-replicas` it was last scaled under (0: unknown)."""

    name: str
    size: int
    scaled_under: int


def _fraction(share: Share, limits: Limits) -> int:
    if limits.replicas == 0:
        return -share.size
    if share.scaled_under == 0:
        return 0
    wanted = share.size * limits.most / share.scaled_under
    return math.floor(wanted + 0.5) - share.size


def proportional(shares: list[Share], limits: Limits) -> dict[str, int]:
    """New sizes when a Deployment is scaled in the middle of a rollout: each set grows or shrinks by its share.

    `shares` come in the order in which they are served (largest first; among equals the newer first when growing, the
    older first when shrinking); the first takes what rounding left over.
    """
    allowed = limits.most if limits.replicas > 0 else 0
    change = allowed - sum(s.size for s in shares)
    given, sizes = 0, {}
    for share in shares:
        part = 0
        if share.size and change != given:
            part = _fraction(share, limits)
            part = min(part, change - given) if change > 0 else max(part, change - given)
        if change == 0:
            part = 0
        sizes[share.name] = share.size + part
        given += part
    if shares and change:
        first = shares[0].name
        sizes[first] = max(0, sizes[first] + change - given)
    return sizes


def wanted_by_utilisation(ready: int, ratio: float, tolerance: float = 0.1) -> int | None:
    """Replicas an autoscaler asks for at usage/target `ratio` over `ready` pods; None inside the tolerance."""
    if abs(ratio - 1.0) <= tolerance:
        return None
    return math.ceil(round(ratio * ready, 9))
