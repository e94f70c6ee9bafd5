"""Probes, asked only when their answer can have changed.

A container that answers yes and has no reason to stop is not asked again until something happens to it; a failing one
is asked every period, because each failure counts and is told.
"""

from dataclasses import dataclass, field
from typing import Any

from dot_ai_lifecycle.embedded.behaviour import App


@dataclass(slots=True)
class Probing:
    """One probe of a running container. `due` is on the loop's clock; None while its answer cannot change."""

    kind: str
    spec: dict[str, Any]
    due: float | None
    passed: bool = False
    run: int = 0
    """Equal answers in a row; negative counts failures."""
    asked: int = field(default=0)

    @classmethod
    def begin(cls, kind: str, spec: dict[str, Any], now: float) -> "Probing":
        return cls(kind, spec, now + spec.get("initialDelaySeconds", 0), passed=kind == "liveness")

    @property
    def period(self) -> float:
        return float(self.spec.get("periodSeconds") or 10)

    def count(self, *, good: bool) -> bool:
        """Take an answer into account; whether the verdict changed."""
        self.run = max(1, self.run + 1) if good else min(-1, self.run - 1)
        before = self.passed
        if good and self.run >= (self.spec.get("successThreshold") or 1):
            self.passed = True
        if not good and -self.run >= (self.spec.get("failureThreshold") or 3):
            self.passed = False
        return before != self.passed

    @property
    def failed(self) -> bool:
        """Whether failures in a row reached the threshold just now."""
        return -self.run >= (self.spec.get("failureThreshold") or 3)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a probe saw; `why` is the kubelet's text for a failure; `steady` says asking again gives the same."""

    good: bool
    why: str = ""
    steady: bool = True


def ask(probing: Probing, app: App, *, ip: str, ports: dict[str, int], age: float, draining: bool) -> Answer:
    """Probe a running app of this age in seconds."""
    spec = probing.spec
    way = next((name for name in ("httpGet", "tcpSocket", "grpc", "exec") if name in spec), "exec")
    if way != "exec":
        port = _port(spec[way].get("port"), ports)
        if not app.listens(port):
            return Answer(good=False, why=_refused(way, spec, ip, port))
    if way == "tcpSocket":
        return Answer(good=True)
    path = spec[way].get("path", "/") if way == "httpGet" else ""
    if probing.kind == "liveness" and path != "/ready":
        return _plain(probing, app, way)
    if draining or age < app.ready_from():
        return Answer(good=False, why=_unready(way), steady=False)
    return Answer(good=True)


def _plain(probing: Probing, app: App, way: str) -> Answer:
    """A request like any other: it fails as often as the app's other answers do."""
    if way != "httpGet" or not app.error_percent:
        return Answer(good=True)
    probing.asked += 1
    if probing.asked % 100 < app.error_percent:
        return Answer(good=False, why="HTTP probe failed with statuscode: 500", steady=False)
    return Answer(good=True, steady=False)


def _unready(way: str) -> str:
    if way == "httpGet":
        return "HTTP probe failed with statuscode: 503"
    if way == "grpc":
        return 'service unhealthy (responded with "NOT_SERVING")'
    return "command failed with exit code 1"


def _refused(way: str, spec: dict[str, Any], ip: str, port: int) -> str:
    refused = f"dial tcp {ip}:{port}: connect: connection refused"
    if way == "httpGet":
        scheme = str(spec[way].get("scheme", "HTTP")).lower()
        return f'Get "{scheme}://{ip}:{port}{spec[way].get("path", "/")}": {refused}'
    return refused


def _port(port: int | str | None, ports: dict[str, int]) -> int:
    if isinstance(port, int):
        return port
    return ports.get(port or "", 0)
