"""The parts of one app's portrait: flat rows, each bounded, in the words of Kubernetes. Values of variables never."""

from collections.abc import Iterable
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from dot_ai_lifecycle.core.conditions.reading import Signal
from dot_ai_lifecycle.core.conditions.sides import wanted_revision
from dot_ai_lifecycle.core.conditions.words import shortened, state_of
from dot_ai_lifecycle.core.operation import Answer
from dot_ai_lifecycle.core.pods import Container, Pod
from dot_ai_lifecycle.core.record import Record
from dot_ai_lifecycle.core.redaction import redact
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.workload import Image, Manifest, Workload
from dot_ai_lifecycle.domain.chronicle import chronicle
from dot_ai_lifecycle.domain.engines.by_engine import strategy_spoken
from dot_ai_lifecycle.domain.health import HealthWord
from dot_ai_lifecycle.domain.references import references
from dot_ai_lifecycle.domain.versions import digest_in

PROBES = {"startupProbe": "startup", "readinessProbe": "readiness", "livenessProbe": "liveness"}
MOST_CONTAINERS = 20


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True)


class ProblemLine(_Line):
    """What is wrong: the cause's code, in words, on whom, and the cluster's own lines."""

    code: str
    about: str
    text: str
    evidence: tuple[str, ...] = ()


class ContainerLine(_Line):
    """A container of the template; `digest` is what runs."""

    name: str
    image: str
    digest: str = ""
    requests: str = ""
    limits: str = ""
    probes: str = ""


class PodLine(_Line):
    """A pod; `state` is the kubelet's or scheduler's word."""

    pod: str
    state: str
    version: str
    restarts: int
    node: str = ""
    created: datetime | None = None


class ServiceLine(_Line):
    """A Service that selects the app; `ready` of `endpoints` get traffic."""

    service: str
    type: str
    ports: str
    ready: int
    endpoints: int


class RevisionLine(_Line):
    """A retained revision; `current` is the wanted one."""

    revision: str
    current: bool
    images: str
    pods: int
    created: datetime | None = None
    change_cause: str = ""


class EventLine(_Line):
    """Events folded by reason and message."""

    type: str
    reason: str
    about: str
    times: int
    last: datetime | None
    message: str


class OperationLine(_Line):
    """An operation on the app."""

    operation_id: str
    operation: str
    state: str
    started: datetime
    text: str


class AppPortrait(Answer):
    """One app, closely. `unread` are the kinds we may not list here: what they would tell is missing."""

    app: str
    namespace: str
    cluster: str
    health: HealthWord
    reason: str
    ready: int
    wanted: int
    version: str
    owner: str
    owner_evidence: str
    how_to_change: str = ""
    strategy: str
    autoscaler: str = ""
    disruption_budgets: tuple[str, ...] = ()
    configuration: tuple[str, ...] = ()
    problems: tuple[ProblemLine, ...] = ()
    containers: tuple[ContainerLine, ...] = ()
    pods: tuple[PodLine, ...] = ()
    services: tuple[ServiceLine, ...] = ()
    revisions: tuple[RevisionLine, ...] = ()
    events: tuple[EventLine, ...] = ()
    operations: tuple[OperationLine, ...] = ()
    unread: tuple[str, ...] = ()


def strategy_of(workload: Workload) -> str:
    """How pods are replaced: `RollingUpdate, maxSurge 25%, maxUnavailable 25%`, and what holds it."""
    if workload.engine and not workload.is_copy:
        return shortened(f"{workload.engine}, {strategy_spoken(workload)}")
    parts = [workload.strategy_type]
    parts += [f"{name} {value}" for name, value in sorted((workload.strategy.get("rollingUpdate") or {}).items())]
    if workload.min_ready_seconds:
        parts.append(f"minReadySeconds {workload.min_ready_seconds}")
    return ", ".join([*parts, *(["paused"] if workload.paused else [])])


def autoscaler_of(scene: Scene) -> str:
    """The autoscaler in one line; empty where there is none."""
    scaler = scene.autoscaler
    if scaler is None:
        return ""
    metrics = f" on {', '.join(scaler.metrics)}" if scaler.metrics else ""
    bounds = f"{scaler.minimum} to {scaler.maximum}"
    return shortened(f"{scaler.name}: {bounds} pods{metrics}; now {scaler.current}, wants {scaler.desired}")


def budgets_of(scene: Scene) -> tuple[str, ...]:
    """The disruption budgets, each in one line."""
    return tuple(f"{one.name}: {one.bound}; {one.allowed} may be disrupted now" for one in scene.budgets[:10])


def references_of(workload: Workload, most: int) -> tuple[str, ...]:
    """What configuration the template refers to, by name."""
    found = [str(reference) for reference in references(workload.template)]
    return (*found[:most], *((f"and {len(found) - most} more",) if len(found) > most else ()))


def problems_of(signals: Iterable[Signal], most: int) -> tuple[ProblemLine, ...]:
    """What is wrong, each cause once."""
    once = {(signal.code, signal.container, signal.words): signal for signal in reversed(tuple(signals))}
    return tuple(
        ProblemLine(
            code=signal.code,
            about=signal.subject,
            text=shortened(redact(signal.words)),
            evidence=tuple(redact(line) for line in signal.evidence),
        )
        for signal in tuple(reversed(once.values()))[:most]
    )


def containers_of(workload: Workload, pods: Iterable[Pod]) -> tuple[ContainerLine, ...]:
    """The template's containers, init containers after the others."""
    running = {(c.name, c.image): digest_in(c.image_id) for pod in pods for c in pod.containers if c.image_id}
    return tuple(
        ContainerLine(
            name=spec["name"] if place < len(workload.containers) else f"{spec['name']} (init)",
            image=spec.get("image", ""),
            digest=running.get((spec["name"], spec.get("image", "")), ""),
            requests=_amounts(spec, "requests"),
            limits=_amounts(spec, "limits"),
            probes=", ".join(word for key, word in PROBES.items() if spec.get(key)),
        )
        for place, spec in enumerate((*workload.containers, *workload.init_containers)[:MOST_CONTAINERS])
    )


def _amounts(spec: Manifest, which: str) -> str:
    amounts = (spec.get("resources") or {}).get(which) or {}
    return ", ".join(f"{name} {amount}" for name, amount in sorted(amounts.items()))


def pods_of(scene: Scene, most: int) -> tuple[PodLine, ...]:
    """The pods, those that do not serve first."""
    ordered = sorted(scene.pods, key=lambda pod: (pod.ready and not pod.deleting, pod.name))
    numbers = {mark: f"#{r.number}" for r in scene.revisions for mark in (r.hash, r.name)}
    return tuple(
        PodLine(
            pod=pod.name,
            state=_state(pod),
            version=_version(pod, numbers.get(pod.revision, "")),
            restarts=sum(container.restarts for container in pod.containers),
            node=pod.node,
            created=pod.created,
        )
        for pod in ordered[:most]
    )


def _state(pod: Pod) -> str:
    if pod.deleting:
        return "Terminating"
    if pod.ready:
        return "Ready"
    return state_of(pod).strip(" ()") or pod.phase


def _version(pod: Pod, number: str) -> str:
    main: tuple[Container, ...] = tuple(container for container in pod.containers if not container.init)
    tags = " ".join(Image.of(container.image).version for container in main[:3])
    return f"{tags} {number}".strip()


def services_of(scene: Scene) -> tuple[ServiceLine, ...]:
    """The Services, with how many of their endpoints get traffic."""
    lines = []
    for service in scene.services[:20]:
        pods = {e.pod: e.ready for piece in scene.slices if piece.service == service.name for e in piece.endpoints}
        kind = "headless" if service.headless else service.type
        ports = ", ".join(service.ports[:10])
        lines.append(
            ServiceLine(service=service.name, type=kind, ports=ports, ready=sum(pods.values()), endpoints=len(pods))
        )
    return tuple(lines)


def revisions_of(scene: Scene, most: int) -> tuple[RevisionLine, ...]:
    """The retained revisions, newest first."""
    wanted = wanted_revision(scene)
    return tuple(
        RevisionLine(
            revision=f"#{one.number}",
            current=wanted is not None and one.uid == wanted.uid,
            images=shortened(
                ", ".join(c.get("image", "") for c in (one.template.get("spec") or {}).get("containers", ()))
            ),
            pods=len(scene.pods_of(one)),
            created=one.created,
            change_cause=shortened(redact(one.change_cause)),
        )
        for one in list(reversed(scene.revisions))[:most]
    )


def events_of(scene: Scene, most: int) -> tuple[EventLine, ...]:
    """The events that matter."""
    return tuple(
        EventLine(
            type=one.type,
            reason=one.reason,
            about=one.about,
            times=one.times,
            last=one.last,
            message=redact(one.message),
        )
        for one in chronicle(scene, most)
    )


def operations_of(records: Iterable[Record]) -> tuple[OperationLine, ...]:
    """The last operations, newest first, with their verdicts."""
    return tuple(
        OperationLine(
            operation_id=record.id,
            operation=record.plan.operation,
            state=record.state,
            started=record.started,
            text=shortened(record.verdict or record.plan.summary),
        )
        for record in records
    )
