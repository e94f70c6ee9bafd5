"""Nodes, and what is asked of them and of a namespace: on the wire, and in our words."""

from typing import Any

from dot_ai_lifecycle.adapters.kubernetes.shapes_pods import frozen
from dot_ai_lifecycle.adapters.kubernetes.wire import Condition, Metadata, Wire
from dot_ai_lifecycle.core.capacity import Booking, LimitRange, Quota, amounts, asked
from dot_ai_lifecycle.core.objects import Machine


class NodeSystem(Wire):
    architecture: str = ""
    operating_system: str = ""


class ContainerImage(Wire):
    names: list[str] | None = None


class NodeSpec(Wire):
    unschedulable: bool = False
    taints: list[dict[str, Any]] | None = None


class NodeStatus(Wire, rename={"machine": "nodeInfo"}):
    machine: NodeSystem | None = None
    images: list[ContainerImage] | None = None
    allocatable: dict[str, Any] | None = None
    conditions: list[Condition] | None = None


class Node(Wire):
    metadata: Metadata
    spec: NodeSpec | None = None
    status: NodeStatus | None = None


class BookedSpec(Wire):
    node_name: str = ""
    containers: list[dict[str, Any]] | None = None
    init_containers: list[dict[str, Any]] | None = None
    overhead: dict[str, Any] | None = None


class BookedStatus(Wire):
    phase: str = ""


class BookedPod(Wire):
    metadata: Metadata
    spec: BookedSpec
    status: BookedStatus | None = None


class ScopeSelector(Wire):
    match_expressions: list[dict[str, Any]] | None = None


class QuotaSpec(Wire):
    hard: dict[str, Any] | None = None
    scopes: list[str] | None = None
    scope_selector: ScopeSelector | None = None


class QuotaStatus(Wire):
    used: dict[str, Any] | None = None


class ResourceQuota(Wire):
    metadata: Metadata
    spec: QuotaSpec | None = None
    status: QuotaStatus | None = None


class LimitRangeSpec(Wire):
    limits: list[dict[str, Any]] | None = None


class NamespaceLimits(Wire):
    metadata: Metadata
    spec: LimitRangeSpec | None = None


def machine(seen: Node) -> Machine:
    """A node; without a platform where its kubelet has not reported yet."""
    spec, status = seen.spec or NodeSpec(), seen.status or NodeStatus()
    system = status.machine or NodeSystem()
    known = system.operating_system and system.architecture
    return Machine(
        name=seen.metadata.name,
        uid=seen.metadata.uid,
        platform=f"{system.operating_system}/{system.architecture}" if known else "",
        labels=frozen(seen.metadata.labels),
        images=frozenset(name for image in status.images or () for name in image.names or ()),
        ready=any(one.type == "Ready" and one.status == "True" for one in status.conditions or ()),
        cordoned=spec.unschedulable,
        taints=tuple(spec.taints or ()),
        allocatable=amounts(status.allocatable),
    )


def booking(seen: BookedPod) -> Booking:
    """A pod as it counts on its node."""
    spec, metadata = seen.spec, seen.metadata
    whole = {"containers": spec.containers, "initContainers": spec.init_containers, "overhead": spec.overhead}
    return Booking(
        name=metadata.name,
        namespace=metadata.namespace,
        uid=metadata.uid,
        node=spec.node_name,
        labels=frozen(metadata.labels),
        requests=asked(whole),
        finished=seen.status is not None and seen.status.phase in ("Succeeded", "Failed"),
    )


def quota(seen: ResourceQuota) -> Quota:
    """A quota; where its controller has not counted yet, nothing is used."""
    spec = seen.spec or QuotaSpec()
    selector = spec.scope_selector.match_expressions if spec.scope_selector else None
    return Quota(
        name=seen.metadata.name,
        namespace=seen.metadata.namespace,
        uid=seen.metadata.uid,
        hard=amounts(spec.hard),
        used=amounts(seen.status.used if seen.status else None),
        scopes=tuple(spec.scopes or ()),
        selector=tuple(selector or ()),
    )


def limit_range(seen: NamespaceLimits) -> LimitRange:
    """The limits of a namespace, as the API has them."""
    limits = tuple((seen.spec or LimitRangeSpec()).limits or ())
    return LimitRange(seen.metadata.name, seen.metadata.namespace, seen.metadata.uid, limits)
