"""How many extra pods an update may really have, out of all that bounds them."""

from typing import NamedTuple

from dot_ai_lifecycle.domain.preflight.beside import rooms_beside
from dot_ai_lifecycle.domain.preflight.case import Case
from dot_ai_lifecycle.domain.preflight.room import Room, node_room, quota_room
from dot_ai_lifecycle.domain.preflight.volumes import volume_room


class Headroom(NamedTuple):
    """Pods beyond those that run; None where nothing is known to bound them. `why` names the tightest bound."""

    pods: int | None
    why: str = ""


def headroom(case: Case) -> Headroom:
    """The tightest of all bounds that are known."""
    rooms = (quota_room(case), node_room(case), volume_room(case), *rooms_beside(case))
    bounds = [room for room in rooms if room.pods is not None]
    tightest = min(bounds, key=lambda room: room.pods or 0, default=Room(None))
    return Headroom(tightest.pods, tightest.why)


def wanted(case: Case) -> int:
    """How many extra pods the strategy needs at least: a whole new set, one, or none where nothing surges."""
    if not case.surges or not case.replicas:
        return 0
    return case.replicas if case.switches else 1


def too_little(case: Case, room: Room) -> bool:
    """Whether that bound alone is too tight for the strategy."""
    return room.pods is not None and room.pods < wanted(case)
