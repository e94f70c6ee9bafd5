"""A pod on its node: its containers, its address, and whether it is on its way out."""

from dataclasses import dataclass, field

from dot_ai_lifecycle.embedded.containers import Container
from dot_ai_lifecycle.embedded.controllers.queue import Key
from dot_ai_lifecycle.embedded.objects import Object

SOON_S = 5.0


@dataclass(slots=True)
class PodRun:
    """What a kubelet keeps of one pod beside the API object. Times are on the loop's clock."""

    key: Key
    pod: Object
    containers: list[Container]
    started: str
    """When the kubelet took the pod on, as the API writes it."""
    sandbox_due: float | None = None
    """When the network is there, or the volumes are tried again."""
    mount_wait: float = 0.5
    ip: str = ""
    stopping: bool = False
    deadline: float = 0.0
    """When a stopping pod is killed."""
    gone_at: float | None = None
    dirty: bool = field(default=True)
    """Whether its status has to be written."""

    @property
    def uid(self) -> str:
        return str(self.pod["metadata"]["uid"])

    @property
    def node(self) -> str:
        return str(self.pod["spec"]["nodeName"])

    @property
    def restart_policy(self) -> str:
        return str(self.pod["spec"].get("restartPolicy", "Always"))

    def startable(self) -> list[Container]:
        """The containers whose turn it is: one init container after the other, then all others."""
        for one in self.containers:
            if one.role == "init" and not one.succeeded:
                return [one] if one.stage == "idle" else []
            if one.role == "sidecar" and not one.started:
                return [one] if one.stage == "idle" else []
        return [one for one in self.containers if one.role == "app" and one.stage == "idle"]

    def due(self) -> list[tuple[float, bool]]:
        """When something goes on by itself, each with whether it is routine (a backoff, a failing probe)."""
        times: list[tuple[float, bool]] = []
        for one in self.containers:
            if one.due is not None:
                times.append((one.due, _routine(one)))
            if one.kill_at is not None and one.state == "running":
                times.append((one.kill_at, False))
            times += [(p.due, p.passed or p.run < 0) for p in one.probing.values() if p.due is not None]
        if self.sandbox_due is not None:
            times.append((self.sandbox_due, self.mount_wait > 0.5))
        if self.stopping and any(one.state == "running" for one in self.containers):
            times.append((self.deadline, False))
        if self.gone_at is not None:
            times.append((self.gone_at, False))
        return times


def _routine(one: Container) -> bool:
    """Whether what the container waits for is no progress: a backoff, a retry, an end that is far away."""
    if one.stage == "running":
        return one.exit is not None and one.exit.after > SOON_S and not (one.app and one.app.finishes)
    return one.stage in ("pull-backoff", "config", "backoff")


def port_names(container: Object) -> dict[str, int]:
    """The named ports a container declares."""
    return {one["name"]: one["containerPort"] for one in container.get("ports") or () if one.get("name")}


def field_path(one: Container) -> str:
    """Which part of the pod an event is about."""
    part = "containers" if one.role == "app" else "initContainers"
    return f"spec.{part}{{{one.name}}}"
