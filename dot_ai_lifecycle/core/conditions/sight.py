"""One pod under the lens, with what the cluster said about it."""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from dot_ai_lifecycle.core.conditions.reading import Signal
from dot_ai_lifecycle.core.conditions.rules import Judged
from dot_ai_lifecycle.core.conditions.words import shortened
from dot_ai_lifecycle.core.objects import Event
from dot_ai_lifecycle.core.pods import Container, Pod
from dot_ai_lifecycle.core.scene import Scene

MOST_EVIDENCE = 3


class Sight(Struct, frozen=True):
    """A pod of the scene. `proven` says that another pod of its revision serves, so the version itself can run."""

    scene: Scene
    pod: Pod
    proven: bool = False

    def events(self, *reasons: str) -> tuple[Event, ...]:
        """What was said about this very pod for those reasons, latest first."""
        own = [
            event
            for event in self.scene.events
            if event.about_uid == self.pod.uid and event.about_kind == "Pod" and event.reason in reasons
        ]
        return tuple(sorted(own, key=lambda event: event.last.timestamp() if event.last else 0.0, reverse=True))

    def signal(
        self,
        found: Judged,
        container: Container | None = None,
        *,
        evidence: Iterable[str] = (),
        since: datetime | None = None,
        wants_logs: bool = False,
        previous: bool = False,
    ) -> Signal:
        """The signal of what was found; an init container's code says so."""
        init = container is not None and container.init
        lines = dict.fromkeys(shortened(line) for line in evidence if line.strip())
        return Signal(
            code=f"INIT_{found.code}" if init else found.code,
            subject=self.pod.name,
            words=_of_init(container.name, found.words) if init and container else found.words,
            container=container.name if container else "",
            evidence=tuple(lines)[:MOST_EVIDENCE],
            patience=found.patience,
            wants_logs=wants_logs,
            previous=previous,
            since=since or (container.since if container else None) or self.pod.created,
        )


def _of_init(name: str, words: str) -> str:
    """The words, saying that it is an init container they speak of."""
    plain = f"Container {name} "
    return (
        f"Init container {name} {words.removeprefix(plain)}"
        if words.startswith(plain)
        else f"Init container {name}: {words}"
    )
