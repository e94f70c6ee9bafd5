"""Pods as the project sees them: only what tells whether an app runs, and why not."""

from datetime import datetime
from types import MappingProxyType
from typing import Literal

from msgspec import Struct, field

NOTHING: MappingProxyType[str, str] = MappingProxyType({})

Phase = Literal["waiting", "running", "terminated"]

_REVISION_LABELS = ("pod-template-hash", "controller-revision-hash", "rollouts-pod-template-hash")


class Owner(Struct, frozen=True):
    """The controller an object belongs to (its controlling ownerReference)."""

    kind: str
    name: str
    uid: str


class Ended(Struct, frozen=True):
    """How a container ended: exit code, signal, the kubelet's reason (Error, OOMKilled, Completed) and message."""

    exit_code: int
    reason: str = ""
    message: str = ""
    signal: int = 0
    at: datetime | None = None


class Container(Struct, frozen=True):
    """The state of one container of a pod.

    `reason` and `message` are those of the waiting or terminated state; `last` is how it ended the time before.
    """

    name: str
    image: str
    image_id: str = ""
    ready: bool = False
    started: bool = False
    restarts: int = 0
    phase: Phase = "waiting"
    reason: str = ""
    message: str = ""
    ended: Ended | None = None
    last: Ended | None = None
    since: datetime | None = None
    init: bool = False


class Pod(Struct, frozen=True):
    """One pod: whose it is, of which revision, whether it serves, and what its containers say.

    `revision` is the label by which its controller tells revisions. `ready_since` is the last transition to Ready.
    """

    name: str
    namespace: str
    uid: str
    labels: MappingProxyType[str, str] = field(default_factory=lambda: NOTHING)
    owner: Owner | None = None
    node: str = ""
    phase: str = "Pending"
    reason: str = ""
    message: str = ""
    created: datetime | None = None
    deleting_since: datetime | None = None
    ready: bool = False
    ready_since: datetime | None = None
    unschedulable: str = ""
    finalizers: tuple[str, ...] = ()
    containers: tuple[Container, ...] = field(default=())

    @property
    def revision(self) -> str:
        """The revision's hash the pod carries; empty where it carries none."""
        return next((self.labels[key] for key in _REVISION_LABELS if self.labels.get(key)), "")

    @property
    def deleting(self) -> bool:
        """Whether somebody asked for its end."""
        return self.deleting_since is not None

    def ready_for(self, seconds: float, now: datetime) -> bool:
        """Whether it has been Ready, undeleted, for that many seconds."""
        if not self.ready or self.deleting:
            return False
        return seconds <= 0 or (self.ready_since is not None and (now - self.ready_since).total_seconds() >= seconds)
