"""Which events of a namespace matter to one app: its own, folded, warnings first."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from msgspec import Struct

from dot_ai_lifecycle.core.conditions.words import shortened
from dot_ai_lifecycle.core.objects import Event
from dot_ai_lifecycle.core.scene import Scene

ROUTINE = frozenset(
    {"Scheduled", "Pulling", "Pulled", "Created", "Started", "SuccessfulCreate", "SuccessfulDelete", "Killing"}
)
"""Reasons of normal events that every start and stop of a pod brings; they drown what matters."""

_NEVER = datetime.min.replace(tzinfo=UTC)


class Folded(Struct, frozen=True):
    """Events that say the same of like objects: how often, when last, about how many."""

    type: str
    reason: str
    about: str
    message: str
    times: int
    last: datetime | None


def chronicle(scene: Scene, most: int) -> tuple[Folded, ...]:
    """What was said about the app, its revisions, pods, Services and autoscaler; warnings first, then the latest."""
    folded = tuple(_folded(_own(scene)))
    ordered = sorted(folded, key=lambda one: (one.type == "Warning", one.last or _NEVER), reverse=True)
    return tuple(ordered[:most])


def _own(scene: Scene) -> list[Event]:
    things = (scene.workload, *scene.revisions, *scene.pods, *scene.services, scene.autoscaler)
    uids = {thing.uid for thing in things if thing is not None}
    return [event for event in scene.events if event.about_uid in uids and not _is_routine(event)]


def _is_routine(event: Event) -> bool:
    return event.type != "Warning" and event.reason in ROUTINE


def _folded(events: Iterable[Event]) -> Iterator[Folded]:
    """Events of one reason whose messages differ only in the name of the object are one."""
    groups: dict[tuple[str, str, str, str], list[Event]] = {}
    for event in events:
        same = event.message.replace(event.about_name, "…")
        groups.setdefault((event.type, event.reason, event.about_kind, same), []).append(event)
    for (kind, reason, about, _), group in groups.items():
        latest = max(group, key=lambda event: event.last or _NEVER)
        names = {event.about_name for event in group}
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        times = sum(event.count for event in group)
        named = f"{about} {latest.about_name}{more}"
        yield Folded(kind, reason, named, shortened(latest.message), times, latest.last)
