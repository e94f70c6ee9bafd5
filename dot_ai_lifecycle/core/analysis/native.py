"""What the pods themselves tell of a new version, with no metrics at all: the new set beside the old over one time.

A `Tally` takes scenes one after another and forgets none of them. Whatever goes wrong in the old set as well is taken
for the environment's doing (a node, a network, a dependency), for which no version is taken back.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from dot_ai_lifecycle.core.analysis.course import Course
from dot_ai_lifecycle.core.analysis.reading import MOST_EVIDENCE, Reading, failing, passing, unclear, worst
from dot_ai_lifecycle.core.conditions.reading import Signal
from dot_ai_lifecycle.core.conditions.sides import is_active
from dot_ai_lifecycle.core.conditions.signals import signals_of
from dot_ai_lifecycle.core.conditions.words import few, pods_in, shortened
from dot_ai_lifecycle.core.objects import Event
from dot_ai_lifecycle.core.pods import Pod
from dot_ai_lifecycle.core.scene import Scene

CRASHES = 2
"""Restarts in the new set that condemn it at once: one may be a race with a dependency."""

FLAPS = 2
"""Times the new set's pods may not lose readiness: one may be a slow answer."""

LOST = 10.0
"""Seconds a pod may be without the readiness it had: one period of the default probe, in which a slow answer mends."""

WARNINGS = 3
"""Warnings about pods that serve: a probe's default failure threshold."""

AS_MUCH = 0.5
"""Share of the new set's trouble the old set must have to take it for the environment's: sets are small, so roughly."""

_ENDINGS = ("CRASH_LOOP", "OUT_OF_MEMORY", "EXITS_AT_ONCE")
FATAL = frozenset((*_ENDINGS, *(f"INIT_{code}" for code in _ENDINGS)))
"""Signals of a container that does not stay: these speak of the version itself; others may be the cluster's doing."""

_OF_READINESS = ("NOT_READY", "POD_HELD_BACK")


class Tally(Struct, frozen=True):
    """What was seen of both sets since `begun` (the API server's time), up to the last scene."""

    new_hash: str
    old_hash: str
    begun: datetime
    scene: Scene
    courses: Mapping[str, Course]

    @classmethod
    def of(cls, scene: Scene, new_hash: str, old_hash: str) -> "Tally":
        """The tally begun with this scene: what happened before it does not count. Hashes are those pods carry."""
        return cls(new_hash, old_hash, scene.now, scene, {})._taken(scene, first=True)

    def seen(self, scene: Scene) -> "Tally":
        """The tally with one more scene; scenes come in the order of their time."""
        return self._taken(scene, first=False)

    def afresh(self) -> "Tally":
        """A tally that begins with the last scene of this one."""
        return Tally.of(self.scene, self.new_hash, self.old_hash)

    def reading(self) -> Reading:
        """What both sets' pods say of the new version."""
        if not self.active(self.new_hash):
            return unclear("NO_NEW_PODS", "No pod of the new version is there.")
        found = [rule(self) for rule in _RULES]
        told = [reading for reading in found if reading is not None]
        if not told:
            return self._healthy()
        grave = worst(told)
        lines = [*grave.evidence, *(other.words for other in told if other is not grave)]
        return replace(grave, evidence=tuple(dict.fromkeys(shortened(line) for line in lines))[:MOST_EVIDENCE])

    def of_hash(self, revision: str) -> tuple[Course, ...]:
        """The courses of all pods of that revision, gone ones included."""
        return tuple(course for course in self.courses.values() if course.pod.revision == revision)

    def active(self, revision: str) -> tuple[Pod, ...]:
        """The pods of that revision that count for their controller now."""
        return tuple(pod for pod in self.scene.pods if pod.revision == revision and is_active(pod))

    def _taken(self, scene: Scene, *, first: bool) -> "Tally":
        there = {pod.uid for pod in scene.pods}
        courses = {uid: course if uid in there else course.gone() for uid, course in self.courses.items()}
        warnings: dict[str, list[Event]] = {}
        for event in scene.events:
            if event.type == "Warning":
                warnings.setdefault(event.about_uid, []).append(event)
        for pod in scene.pods:
            if pod.revision not in (self.new_hash, self.old_hash):
                continue
            events = warnings.get(pod.uid, ())
            known = courses.get(pod.uid)
            newborn = not first and pod.created is not None and pod.created >= self.begun
            courses[pod.uid] = (
                known.seen(pod, events, scene.now) if known else Course.begun(pod, events, newborn=newborn)
            )
        return replace(self, scene=scene, courses=courses)

    def _healthy(self) -> Reading:
        number = len(self.active(self.new_hash))
        hurt = [course for course in self.of_hash(self.new_hash) if course.hurt]
        how = f"; {_names(hurt)} faltered for a moment" if hurt else ", none restarted or lost readiness"
        blind = " Warnings could not be read: listing events is forbidden." if "events" in self.scene.unread else ""
        return passing("PODS_WELL", f"{pods_in(number)} of the new version ready{how}.{blind}", *_said(hurt))

    def judged(self, reading: Reading, hit: Callable[[Course], object]) -> Reading:
        """A failure as it is, or as unclear where as large a share of the old set is hit."""
        new, old = self.of_hash(self.new_hash), self.of_hash(self.old_hash)
        share, base = _share(new, hit), _share(old, hit)
        if base == 0 or base < AS_MUCH * share:
            return reading
        words = (
            f"{reading.words} So it is with {sum(1 for one in old if hit(one))} of {pods_in(len(old))} of the old "
            "version: the environment is to blame, not the version."
        )
        return unclear("ENVIRONMENT", words, *reading.evidence)


def _share(courses: tuple[Course, ...], hit: Callable[[Course], object]) -> float:
    return sum(1 for course in courses if hit(course)) / len(courses) if courses else 0.0


def _killed_for_memory(tally: Tally) -> Reading | None:
    hurt = [course for course in tally.of_hash(tally.new_hash) if course.memory_kills]
    if not hurt:
        return None
    words = f"{_names(hurt)} of the new version used more memory than the limit and was killed."
    reading = failing("OUT_OF_MEMORY", words, *_ends(hurt), critical=True)
    return tally.judged(reading, lambda course: course.memory_kills)


def _restarted(tally: Tally) -> Reading | None:
    hurt = [course for course in tally.of_hash(tally.new_hash) if course.restarts]
    times = sum(course.restarts for course in hurt)
    if not times:
        return None
    if times < CRASHES:
        return unclear("RESTARTED", f"{_names(hurt)} of the new version restarted once.", *_ends(hurt))
    words = f"Containers of the new version restarted {times} times ({_names(hurt)})."
    return tally.judged(failing("RESTARTS", words, *_ends(hurt), critical=True), lambda course: course.restarts)


def _signalled(tally: Tally) -> Reading | None:
    """What the rules of waiting find: crash loops begun before the tally, images lost, pods no node takes."""
    mine, theirs = (_signals(tally, revision) for revision in (tally.new_hash, tally.old_hash))
    if not mine:
        return None
    first = mine[0]
    lines = tuple(line for signal in mine for line in signal.evidence)
    reading = failing(first.code, f"{first.subject}: {first.words}", *lines, critical=first.code in FATAL)
    subjects = {signal.subject for signal in (*mine, *theirs) if signal.code == first.code}
    return tally.judged(reading, lambda course: course.pod.name in subjects)


def _signals(tally: Tally, revision: str) -> list[Signal]:
    """Signals about that set that have stood long enough; readiness lost after it was had is judged apart."""
    proven = {course.pod.name for course in tally.of_hash(revision) if course.proven}
    found = signals_of(tally.scene, tally.active(revision))
    return [
        signal
        for signal in sorted(found, key=lambda signal: signal.code not in FATAL)
        if signal.counts(tally.scene.now) and not (signal.code in _OF_READINESS and signal.subject in proven)
    ]


def _unready(tally: Tally) -> Reading | None:
    now = tally.scene.now
    lost = [course for course in tally.of_hash(tally.new_hash) if _lost_for(course, now) is not None]
    if lost:
        words = f"{_names(lost)} of the new version lost readiness."
        if all((_lost_for(course, now) or 0) < LOST for course in lost):
            return unclear("READINESS_LOST", words, *_said(lost))
        return tally.judged(failing("READINESS_LOST", words, *_said(lost)), lambda course: course.lost_since)
    starting = [pod.name for pod in tally.active(tally.new_hash) if not pod.ready]
    if starting:
        return unclear("STARTING", f"{few(starting)} of the new version is not ready yet.")
    return None


def _lost_for(course: Course, now: datetime) -> float | None:
    return (now - course.lost_since).total_seconds() if course.lost_since else None


def _flapping(tally: Tally) -> Reading | None:
    hurt = [course for course in tally.of_hash(tally.new_hash) if course.flaps]
    times = sum(course.flaps for course in hurt)
    if times < FLAPS:
        return None
    words = f"Pods of the new version lost readiness {times} times ({_names(hurt)})."
    return tally.judged(failing("READINESS_FLAPS", words, *_said(hurt)), lambda course: course.flaps)


def _warned(tally: Tally) -> Reading | None:
    hurt = [course for course in tally.of_hash(tally.new_hash) if course.warnings]
    times = sum(course.warnings for course in hurt)
    if times < WARNINGS:
        return None
    words = f"The cluster warned {times} times about serving pods of the new version ({_names(hurt)})."
    return tally.judged(failing("WARNINGS", words, *_said(hurt)), lambda course: course.warnings)


_RULES: tuple[Callable[[Tally], Reading | None], ...] = (
    _killed_for_memory,
    _signalled,
    _restarted,
    _unready,
    _flapping,
    _warned,
)


def _names(courses: Iterable[Course]) -> str:
    return few([course.pod.name for course in courses])


def _ends(courses: Iterable[Course]) -> tuple[str, ...]:
    return tuple(f"{course.pod.name}, container {end}" for course in courses for end in course.ends)


def _said(courses: Iterable[Course]) -> tuple[str, ...]:
    return tuple(f"{course.pod.name}: {line}" for course in courses for line in course.said)
