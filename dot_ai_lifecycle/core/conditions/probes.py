"""The container runs, and never says that it is ready."""

from collections.abc import Mapping
from statistics import median
from typing import Any

from dot_ai_lifecycle.core.conditions.reading import Signal
from dot_ai_lifecycle.core.conditions.rules import Judged
from dot_ai_lifecycle.core.conditions.sight import Sight
from dot_ai_lifecycle.core.pods import Container
from dot_ai_lifecycle.core.scene import Scene

SHORTEST = 60.0
"""Seconds every app is given to become ready, whatever its probes say."""

HISTORY = 3
"""How many times the usual start a new version may take: it may well be slower than the one before."""

HELD = 120.0
"""Seconds for a load balancer to register a pod behind a readiness gate; clouds take up to about a minute."""


def answers(sight: Sight, container: Container) -> Signal | None:
    """That a running container does not become ready; it counts after the time its own probes imply."""
    if container.init or container.phase != "running" or container.ready or sight.pod.ready:
        return None
    spec = next((c for c in sight.scene.workload.containers if c["name"] == container.name), {})
    said = sight.events("Unhealthy")
    judged = Judged("NOT_READY", _words(container, spec), max(budget(spec), HISTORY * usual_start(sight.scene)))
    return sight.signal(judged, container, evidence=[event.message for event in said], wants_logs=True)


def held_back(sight: Sight) -> Signal | None:
    """That a pod whose containers are all ready is not: a readiness gate, or the loss of its node."""
    pod = sight.pod
    main = [container for container in pod.containers if not container.init]
    if pod.ready or pod.phase != "Running" or not main or not all(container.ready for container in main):
        return None
    words = "All containers are ready, but the pod is not: a readiness gate or its node holds it back."
    return sight.signal(Judged("POD_HELD_BACK", words, HELD), evidence=[pod.message], since=main[0].since)


def budget(spec: Mapping[str, Any]) -> float:
    """Seconds a container may take to become ready: its startup probe's whole allowance, then its readiness probe's.

    A probe's allowance is initialDelaySeconds + failureThreshold x (periodSeconds + timeoutSeconds), with the API's
    defaults of 0, 3, 10 and 1; never less than a minute in all. Of a readiness probe at most three failures count: a
    higher threshold means that a pod shall stay ready for long, not that it may start for long.
    """
    return max(SHORTEST, _allowance(spec.get("startupProbe")) + _allowance(spec.get("readinessProbe"), most=3))


def usual_start(scene: Scene) -> float:
    """Seconds the pods that serve took from their creation to Ready, in the median; 0 where none serves."""
    took = [
        (pod.ready_since - pod.created).total_seconds()
        for pod in scene.pods
        if pod.ready and pod.ready_since and pod.created and not any(c.restarts for c in pod.containers)
    ]
    return median(took) if took else 0.0


def _allowance(probe: Mapping[str, Any] | None, most: float = float("inf")) -> float:
    if not probe:
        return 0.0
    once = float(probe.get("periodSeconds", 10)) + float(probe.get("timeoutSeconds", 1))
    return float(probe.get("initialDelaySeconds", 0)) + min(most, float(probe.get("failureThreshold", 3))) * once


def _words(container: Container, spec: Mapping[str, Any]) -> str:
    which = "startup" if spec.get("startupProbe") and not container.started else "readiness"
    probe = spec.get(f"{which}Probe")
    if not probe:
        return f"Container {container.name} runs, but never becomes ready."
    return f"Container {container.name} runs, but its {which} probe{_target(probe)} never succeeds."


def _target(probe: Mapping[str, Any]) -> str:
    if get := probe.get("httpGet"):
        return f" (GET {get.get('path', '/')} on port {get.get('port')})"
    if socket := probe.get("tcpSocket"):
        return f" (TCP port {socket.get('port')})"
    return f" (gRPC port {probe['grpc'].get('port')})" if probe.get("grpc") else ""
