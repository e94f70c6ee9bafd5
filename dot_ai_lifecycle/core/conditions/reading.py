"""The words in which a condition answers."""

from datetime import datetime
from typing import Literal

from msgspec import Struct


class Met(Struct, frozen=True):
    """It is so; `words` says what was seen, `total` how many pods serve."""

    words: str
    total: int = 0


class Waiting(Struct, frozen=True):
    """Not yet. `words` names what is still missing; `done` of `total` pods are where they should be.

    `check_in` is when time alone may change the answer, in seconds (minReadySeconds); None where only an event can.
    `held` says that nothing is late: the engine that owns the app pauses, until a `person` or its `clock` goes on.
    """

    words: str
    done: int = 0
    total: int = 0
    check_in: float | None = None
    held: Literal["", "person", "clock"] = ""


class Foreign(Struct, frozen=True):
    """Somebody else changed the workload meanwhile: what we wait for is no longer what is wanted."""

    words: str


class Gone(Struct, frozen=True):
    """The object is gone, or another one has its name: nothing to wait for."""

    words: str


Reading = Met | Waiting | Foreign | Gone


class Signal(Struct, frozen=True):
    """One thing that speaks against the new revision ever running.

    `code` is the cause (IMAGE_NOT_FOUND, CRASH_LOOP, …); `subject` the pod or ReplicaSet, `container` the container;
    `words` one sentence for the app's developer; `evidence` the deciding lines as the cluster wrote them. It counts
    once it has stood for `patience` seconds (0: at once). `wants_logs` asks for the container's last log lines, of its
    previous run where `previous`. `since` is when it began to stand, by the cluster's clock, as far as an object tells.
    """

    code: str
    subject: str
    words: str
    container: str = ""
    evidence: tuple[str, ...] = ()
    patience: float = 0
    wants_logs: bool = False
    previous: bool = False
    since: datetime | None = None

    def counts(self, now: datetime) -> bool:
        """Whether it has stood long enough, going by the cluster's own times; an undated one is believed."""
        return self.patience <= 0 or self.since is None or (now - self.since).total_seconds() >= self.patience
