"""One container as its kubelet sees it: what it waits for, how it runs, how it ended, and what it said."""

import hashlib
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal

from dot_ai_lifecycle.embedded.behaviour import App, Exit, digest_of
from dot_ai_lifecycle.embedded.objects import Object
from dot_ai_lifecycle.embedded.probes import Probing
from dot_ai_lifecycle.embedded.rejected import bad_request

LOG_LINES = 1000
FIRST_BACKOFF_S = 10.0
LONGEST_BACKOFF_S = 300.0

Role = Literal["init", "sidecar", "app"]
State = Literal["waiting", "running", "terminated"]
Stage = Literal["idle", "pulling", "pull-backoff", "config", "starting", "running", "dead", "backoff", "done"]


@dataclass(slots=True)
class Backoff:
    """Waits that double from 10 s to 300 s, and begin anew after 600 s without use."""

    wait: float = 0.0
    used: float = 0.0

    def ends(self, since: float) -> float:
        """Until when to wait after a failure at `since`."""
        return since + self.wait

    def advance(self, now: float) -> None:
        fresh = self.wait == 0.0 or now - self.used > 2 * LONGEST_BACKOFF_S
        self.wait = FIRST_BACKOFF_S if fresh else min(2 * self.wait, LONGEST_BACKOFF_S)
        self.used = now


@dataclass(slots=True)
class Container:
    """The state of one container of one pod. Times are on the loop's clock, stamps as the API writes them."""

    spec: Object
    role: Role
    state: State = "waiting"
    stage: Stage = "idle"
    reason: str = "ContainerCreating"
    message: str = ""
    due: float | None = None
    """When its stage goes on by itself; None when only something else can move it."""
    restarts: int = 0
    starts: int = 0
    crash: Backoff = field(default_factory=Backoff)
    pull: Backoff = field(default_factory=Backoff)
    pull_began: float = 0.0
    app: App | None = None
    exit: Exit | None = None
    running_since: float = 0.0
    ended_at: float = 0.0
    started_stamp: str = ""
    ended_stamp: str = ""
    code: int = 0
    container_id: str = ""
    image_id: str = ""
    ready: bool = False
    started: bool = False
    draining: bool = False
    kill_at: float | None = None
    """When SIGTERM is due in a pod that stops."""
    last: dict[str, Any] | None = None
    probing: dict[str, Probing] = field(default_factory=dict)
    served: int = 0
    """Requests it answered, which decides which of them it fails."""
    log: deque[str] = field(default_factory=lambda: deque(maxlen=LOG_LINES))
    previous_log: list[str] | None = None

    @property
    def name(self) -> str:
        return str(self.spec["name"])

    @property
    def image(self) -> str:
        return str(self.spec["image"])

    @property
    def succeeded(self) -> bool:
        return self.state == "terminated" and self.code == 0

    def wait(self, stage: Stage, reason: str, message: str = "", *, until: float | None = None) -> None:
        self.state, self.stage, self.reason, self.message, self.due = "waiting", stage, reason, message, until

    def run(self, app: App, pod_uid: str, *, now: float, stamp: str) -> None:
        """The process is there: fresh log, fresh id, its own end decided."""
        if self.starts:
            self.previous_log = list(self.log)
            self.log.clear()
        self.state, self.stage, self.reason, self.message = "running", "running", "", ""
        identity = f"{pod_uid}/{self.name}/{self.starts}"
        self.container_id = "containerd://" + hashlib.sha256(identity.encode()).hexdigest()
        name = self.image.partition("@")[0]
        path, _, tag = name.rpartition("/")
        self.image_id = f"{path + '/' if path else ''}{tag.partition(':')[0]}@{digest_of(self.image)}"
        self.restarts = self.starts
        self.starts += 1
        self.app, self.exit = app, app.exit()
        self.due = now + self.exit.after if self.exit else None
        self.running_since, self.started_stamp = now, stamp
        self.draining, self.kill_at, self.ready, self.started = False, None, False, False
        if self.exit is None or self.exit.after >= 1:
            self.log.extend(app.starts_with())

    def end(self, code: int, reason: str, *, now: float, stamp: str, said: tuple[str, ...] = ()) -> None:
        """The process is gone."""
        self.log.extend(said)
        self.state, self.stage, self.code, self.reason = "terminated", "dead", code, reason
        self.ended_at, self.ended_stamp, self.due = now, stamp, None
        self.ready = self.started = False
        self.probing.clear()

    def _terminated(self) -> dict[str, Any]:
        return {
            "exitCode": self.code,
            "reason": self.reason,
            "startedAt": self.started_stamp,
            "finishedAt": self.ended_stamp,
            "containerID": self.container_id,
        }

    def remember_end(self) -> None:
        """Keep how it ended as the last state, before it is started again."""
        self.last = {"terminated": self._terminated()}

    def status(self) -> dict[str, Any]:
        """The containerStatus of the API."""
        shown: dict[str, Any]
        if self.state == "running":
            shown = {"running": {"startedAt": self.started_stamp}}
        elif self.state == "terminated":
            shown = {"terminated": self._terminated()}
        else:
            shown = {"waiting": {"reason": self.reason} | ({"message": self.message} if self.message else {})}
        status: dict[str, Any] = {
            "name": self.name,
            "state": shown,
            "lastState": self.last or {},
            "ready": self.ready,
            "restartCount": self.restarts,
            "image": self.image,
            "imageID": self.image_id,
            "started": self.started,
        }
        if self.container_id:
            status["containerID"] = self.container_id
        return status


def containers_of(spec: Object) -> list[Container]:
    """The containers of a pod in the order in which they start: init containers and sidecars, then the others."""
    first = [
        Container(one, "sidecar" if one.get("restartPolicy") == "Always" else "init")
        for one in spec.get("initContainers") or ()
    ]
    waiting = "PodInitializing" if first else "ContainerCreating"
    others = [Container(one, "app", reason=waiting) for one in spec["containers"]]
    for one in first:
        one.reason = "PodInitializing"
    return first + others


def kept_lines(one: Container, pod: str, *, previous: bool) -> list[str]:
    """The log of a container, or of its life before; raises `Rejected` 400 where there is none.

    While a container waits for its next start, the life that ended last is both.
    """
    if previous and one.state != "waiting" and one.previous_log is not None:
        return one.previous_log
    if one.starts and not (previous and one.state != "waiting"):
        return list(one.log)
    if previous:
        raise bad_request(f'previous terminated container "{one.name}" in pod "{pod}" not found')
    pulling = one.reason in ("ErrImagePull", "ImagePullBackOff")
    why = "trying and failing to pull image" if pulling else one.reason
    raise bad_request(f'container "{one.name}" in pod "{pod}" is waiting to start: {why}')


def go_duration(seconds: float) -> str:
    """A whole number of seconds as Go writes durations: `10s`, `2m40s`."""
    whole = int(seconds)
    return f"{whole // 60}m{whole % 60}s" if whole >= 60 else f"{whole}s"
