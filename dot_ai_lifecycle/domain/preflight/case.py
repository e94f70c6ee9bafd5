"""What the checks look at: an app, what is around it, the template it shall get, and the strategy considered."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cached_property
from statistics import median

from msgspec import Struct, field

from dot_ai_lifecycle.core.capacity import asked
from dot_ai_lifecycle.core.conditions.sides import is_active
from dot_ai_lifecycle.core.objects import Backend
from dot_ai_lifecycle.core.pointers import pointer
from dot_ai_lifecycle.core.registry import ImageSight
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.surroundings import Surroundings
from dot_ai_lifecycle.core.workload import Manifest, Workload
from dot_ai_lifecycle.domain.strategies.choice import Strategy

SWITCHES: frozenset[Strategy] = frozenset({"blue-green", "canary"})
"""Strategies by which a Deployment has two whole revisions, and its Services switch before an old pod ends."""


class Part(Struct, frozen=True):
    """One container of a template, and where it stands in the workload."""

    path: str
    container: Manifest

    @property
    def name(self) -> str:
        return str(self.container.get("name", ""))


class Case(Struct, frozen=True, dict=True):
    """One update considered. `images` are those that were looked for, by reference."""

    seen: Surroundings
    strategy: Strategy
    images: Mapping[str, ImageSight] = field(default_factory=dict)

    @property
    def scene(self) -> Scene:
        return self.seen.scene

    @property
    def workload(self) -> Workload:
        return self.seen.scene.workload

    @property
    def template(self) -> Manifest:
        return self.seen.template

    @property
    def spec(self) -> Manifest:
        """The pod spec the new pods shall have."""
        return self.template.get("spec") or {}

    @property
    def replicas(self) -> int:
        return self.workload.replicas

    @property
    def switches(self) -> bool:
        """Whether a whole new set comes beside the old one, whose pods leave the Services before they end.

        A canary on a StatefulSet or DaemonSet replaces its pods where they are, and switches nothing. What Argo
        Rollouts does is decided by the Rollout, and by no strategy of ours.
        """
        if self.workload.kind == "Rollout":
            return self.workload.strategy_type == "BlueGreen"
        return self.strategy in SWITCHES and self.workload.kind == "Deployment"

    @property
    def surges(self) -> bool:
        """Whether new pods come before old ones go, where there is room: only rolling Deployments do."""
        return self.workload.kind == "Deployment" and self.workload.strategy_type == "RollingUpdate"

    @property
    def served(self) -> bool | None:
        """Whether any Service sends traffic to the app; None where Services may not be listed."""
        return None if "services" in self.scene.unread else bool(self.scene.services)

    @cached_property
    def running(self) -> tuple[Manifest, ...]:
        """The templates of the pods that run now, each once; the workload's own where a pod's is not retained."""
        hashes = dict.fromkeys(pod.revision for pod in self.scene.pods if is_active(pod))
        retained = {revision.hash: revision.template for revision in self.scene.revisions}
        found = [retained.get(each, self.workload.template) for each in hashes]
        return tuple(template for place, template in enumerate(found) if template not in found[:place])

    def backing(self, template: Manifest) -> tuple[Part, ...]:
        """The containers of a template that Services lead to; all of them where the ports do not tell."""
        parts = tuple(_parts(template))
        targets = [backend for service in self.scene.services for backend in service.backends]
        led_to = {part.name for backend in targets for part in _led_to(backend, parts)}
        return tuple(part for part in parts if part.name in led_to or not targets)

    @cached_property
    def demand(self) -> Mapping[str, Decimal]:
        """What one new pod asks of a node, as admission left it where that is known."""
        return asked(self.seen.trial.spec or self.spec)

    @cached_property
    def limits(self) -> Mapping[str, Decimal]:
        """What one new pod is limited to."""
        return asked(self.seen.trial.spec or self.spec, "limits")

    @cached_property
    def booked(self) -> Mapping[str, Mapping[str, Decimal]]:
        """What is asked of each node by the pods on it, themselves counted as `pods`."""
        nodes: dict[str, dict[str, Decimal]] = {}
        for booking in self.seen.bookings or ():
            if booking.node and not booking.finished:
                taken = nodes.setdefault(booking.node, {})
                for resource, value in {**booking.requests, "pods": Decimal(1)}.items():
                    taken[resource] = taken.get(resource, Decimal(0)) + value
        return nodes

    @cached_property
    def start_seconds(self) -> float | None:
        """How long a pod took from the start of its last container until Ready, in the middle of those that run."""
        times = [
            (pod.ready_since - max(started)).total_seconds()
            for pod in self.scene.pods
            if pod.ready_since is not None
            and not any(container.restarts for container in pod.containers)
            and (started := [c.since for c in pod.containers if c.since is not None and not c.init])
        ]
        return max(0.0, median(times)) if times else None

    def why_unread(self, what: str) -> str:
        """Why something was not seen, as a sentence."""
        return self.seen.unread.get(what, "It is not looked at while planning; `dot-ai check` does.")


def _parts(template: Manifest) -> Iterator[Part]:
    """Containers, and init containers that stay beside them."""
    spec = template.get("spec") or {}
    for number, container in enumerate(spec.get("containers") or ()):
        yield Part(pointer("spec", "template", "spec", "containers", number), container)
    for number, container in enumerate(spec.get("initContainers") or ()):
        if container.get("restartPolicy") == "Always":
            yield Part(pointer("spec", "template", "spec", "initContainers", number), container)


def _led_to(backend: Backend, parts: tuple[Part, ...]) -> list[Part]:
    """A number need not be declared by any container: then any of them may listen there."""
    field_ = "name" if isinstance(backend.target, str) else "containerPort"
    declared = [
        part for part in parts if any(p.get(field_) == backend.target for p in part.container.get("ports") or ())
    ]
    return declared or list(parts)
