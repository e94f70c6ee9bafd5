"""What speaks against the new revision ever running, gathered from everything that was seen of it."""

from collections.abc import Callable, Iterable, Iterator

from dot_ai_lifecycle.core.conditions.admission import refused
from dot_ai_lifecycle.core.conditions.containers import configured, started, stays
from dot_ai_lifecycle.core.conditions.deadline import overdue
from dot_ai_lifecycle.core.conditions.engines import gave_up
from dot_ai_lifecycle.core.conditions.images import pulled
from dot_ai_lifecycle.core.conditions.probes import answers, held_back
from dot_ai_lifecycle.core.conditions.reading import Signal
from dot_ai_lifecycle.core.conditions.rules import Judged
from dot_ai_lifecycle.core.conditions.scheduling import furnished, placed
from dot_ai_lifecycle.core.conditions.sides import new_pods
from dot_ai_lifecycle.core.conditions.sight import Sight
from dot_ai_lifecycle.core.pods import Container, Pod
from dot_ai_lifecycle.core.scene import Scene

_ON_A_CONTAINER: tuple[Callable[[Sight, Container], Signal | None], ...] = (
    pulled,
    configured,
    started,
    stays,
    answers,
)
"""In the order of a container's life; the first that speaks is the cause, later ones would be its consequences."""


def signals(scene: Scene, since: str = "") -> tuple[Signal, ...]:
    """Everything that speaks against the wanted revision, least patient first. Only pods of that revision are heard.

    `since` is what the engine that delivers the app said of the spec it saw last, before the change.
    """
    pods = new_pods(scene)
    found = [signal for signal in (refused(scene), gave_up(scene, since)) if signal is not None]
    found += signals_of(scene, pods)
    if not found and (late := overdue(scene)):
        found.append(late)
    return tuple(sorted(found, key=lambda signal: signal.patience))


def signals_of(scene: Scene, pods: Iterable[Pod]) -> list[Signal]:
    """What speaks against those pods, taken to be of one revision."""
    alive = [pod for pod in pods if not pod.deleting and pod.phase != "Succeeded"]
    proven = any(pod.ready and not any(c.restarts for c in pod.containers) for pod in alive)
    found = []
    for pod in alive:
        sight = Sight(scene, pod, proven)
        found += list(_about(sight)) if pod.phase != "Failed" else list(_failed(sight))
    return found


def _about(sight: Sight) -> Iterator[Signal]:
    for about_pod in (placed, furnished):
        if signal := about_pod(sight):
            yield signal
            return
    for container in sight.pod.containers:
        for about_container in _ON_A_CONTAINER:
            if signal := about_container(sight, container):
                yield signal
                break
    if signal := held_back(sight):
        yield signal


def _failed(sight: Sight) -> Iterator[Signal]:
    """A pod the node gave up (evicted, refused): its controller makes another, so it matters only where none serves."""
    if sight.proven:
        return
    pod = sight.pod
    words = f"The node gave up the pod: {pod.reason or 'no reason given'}."
    yield sight.signal(Judged("POD_FAILED", words, 30), evidence=[pod.message])
