"""What one pod goes through while it is watched: restarts, ends of containers, lost readiness, warnings."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import Struct, field
from msgspec.structs import replace

from dot_ai_lifecycle.core.objects import Event
from dot_ai_lifecycle.core.pods import Container, Ended, Pod

MOST_KEPT = 5
"""Ends and warnings of a pod that are kept to be shown; all are counted."""

TELLING = frozenset({"Unhealthy", "ProbeError", "BackOff", "FailedPostStartHook", "Evicted"})
"""Reasons of the kubelet's warnings that speak of how a running pod does; others speak of its start or its node."""


class End(Struct, frozen=True):
    """That a container ended, and how."""

    container: str
    how: Ended

    @property
    def of_memory(self) -> bool:
        return self.how.reason == "OOMKilled"

    def __str__(self) -> str:
        by = f"signal {self.how.signal}" if self.how.signal else f"exit code {self.how.exit_code}"
        return f"{self.container}: {self.how.reason or 'ended'}, {by}"


class Course(Struct, frozen=True):
    """A pod as it was seen last, and what has happened to it since it was seen first.

    `restarts` of its containers, `memory_kills` among their ends, `flaps` from Ready to not Ready, `warnings` heard
    about it after it was first Ready. `proven` says that it was Ready at some look; `lost_since` since when it is not
    any more. What had happened before the first look does not count, unless the pod itself came after it.
    """

    pod: Pod
    proven: bool = False
    restarts: int = 0
    memory_kills: int = 0
    ends: tuple[End, ...] = ()
    flaps: int = 0
    lost_since: datetime | None = None
    warnings: int = 0
    said: tuple[str, ...] = ()
    heard: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def begun(cls, pod: Pod, events: Iterable[Event], *, newborn: bool) -> "Course":
        """The course of a pod at its first look; with `newborn`, what it has behind it counts."""
        course = cls(pod, proven=pod.ready, heard={event.uid: event.count for event in events})
        if not newborn:
            return course
        unborn = replace(pod, containers=())
        return course._with_containers(unborn, pod)

    @property
    def hurt(self) -> bool:
        """Whether anything at all happened to it."""
        return bool(self.restarts or self.memory_kills or self.flaps or self.warnings)

    def gone(self) -> "Course":
        """The course of a pod that is there no more: what happened to it stays, what it lacked does not."""
        return replace(self, lost_since=None) if self.lost_since else self

    def seen(self, pod: Pod, events: Iterable[Event], now: datetime) -> "Course":
        """The course after one more look. A pod that is to end is left as it was: ending is no fault of its."""
        if pod.deleting:
            return replace(self, pod=pod, lost_since=None)
        return self._with_events(tuple(events))._with_readiness(pod, now)._with_containers(self.pod, pod)

    def _with_containers(self, before: Pod, pod: Pod) -> "Course":
        old = {container.name: container for container in before.containers}
        restarts, ends = 0, []
        for container in pod.containers:
            earlier = old.get(container.name)
            restarts += max(0, container.restarts - (earlier.restarts if earlier else 0))
            known = _ends(earlier) if earlier else ()
            ends += [End(container.name, how) for how in _ends(container) if how not in known]
        bad = [end for end in ends if end.how.exit_code or end.how.signal or end.of_memory]
        return replace(
            self,
            pod=pod,
            restarts=self.restarts + restarts,
            memory_kills=self.memory_kills + sum(1 for end in bad if end.of_memory),
            ends=(*self.ends, *bad)[-MOST_KEPT:],
        )

    def _with_readiness(self, pod: Pod, now: datetime) -> "Course":
        if pod.ready:
            since, before = pod.ready_since, self.pod.ready_since
            between = self.lost_since is None and since is not None and before is not None and since > before
            return replace(self, pod=pod, proven=True, lost_since=None, flaps=self.flaps + between)
        if not self.proven or self.lost_since is not None:
            return self
        return replace(self, lost_since=pod.ready_since or now, flaps=self.flaps + 1)

    def _with_events(self, events: tuple[Event, ...]) -> "Course":
        heard = dict(self.heard)
        more = {event: event.count - heard.get(event.uid, 0) for event in events}
        heard |= {event.uid: event.count for event in events}
        if not self.proven:  # probes fail while a pod starts: that is what they are for
            return replace(self, heard=heard)
        telling = [event for event, times in more.items() if times > 0 and event.reason in TELLING]
        return replace(
            self,
            heard=heard,
            warnings=self.warnings + sum(more[event] for event in telling),
            said=(*self.said, *(f"{event.reason}: {event.message}" for event in telling))[-MOST_KEPT:],
        )


def _ends(container: Container) -> tuple[Ended, ...]:
    """How the container's runs ended, as far as it tells: the present one and the one before."""
    return tuple(how for how in (container.last, container.ended) if how is not None)
