"""Kubernetes' JSON as it comes over the wire, cut down to the fields the project looks at.

Unknown fields are skipped without being built, which is what makes listing thousands of pods cheap. Go writes empty
lists as null in places, hence the `| None`.
"""

from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

W = TypeVar("W")


class Wire(msgspec.Struct, rename="camel", gc=False):
    """A piece of the wire format; Kubernetes' field names in snake case."""


class OwnerReference(Wire):
    kind: str
    name: str
    uid: str
    controller: bool = False


class Metadata(Wire):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    labels: dict[str, str] | None = None
    owner_references: list[OwnerReference] | None = None
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    finalizers: list[str] | None = None


class AnnotatedMetadata(Metadata):
    annotations: dict[str, str] | None = None


class ListMetadata(msgspec.Struct, rename={"resource_version": "resourceVersion", "next_page": "continue"}, gc=False):
    resource_version: str = ""
    next_page: str = ""


class Page(Wire, Generic[W]):
    """One page of a list."""

    metadata: ListMetadata
    items: list[W] | None = None


class Object(Wire):
    """Anything with metadata: enough to tell which object and which version."""

    metadata: Metadata


class Condition(Wire):
    type: str
    status: str
    reason: str = ""
    message: str = ""
    last_transition_time: datetime | None = None


class Waiting(Wire):
    reason: str = ""
    message: str = ""


class Running(Wire):
    started_at: datetime | None = None


class Terminated(Wire):
    exit_code: int = 0
    signal: int = 0
    reason: str = ""
    message: str = ""
    finished_at: datetime | None = None


class State(Wire):
    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(Wire):
    name: str
    image: str = ""
    image_id: str = msgspec.field(default="", name="imageID")
    ready: bool = False
    started: bool | None = None
    restart_count: int = 0
    state: State | None = None
    last_state: State | None = None


class ContainerSpec(Wire):
    name: str
    image: str = ""


class PodSpec(Wire):
    node_name: str = ""
    containers: list[ContainerSpec] | None = None
    init_containers: list[ContainerSpec] | None = None


class PodStatus(Wire):
    phase: str = "Pending"
    reason: str = ""
    message: str = ""
    conditions: list[Condition] | None = None
    container_statuses: list[ContainerStatus] | None = None
    init_container_statuses: list[ContainerStatus] | None = None


class Pod(Wire):
    metadata: Metadata
    spec: PodSpec
    status: PodStatus


class ReplicaSetSpec(Wire):
    template: dict[str, Any]


class ReplicaSetStatus(Wire):
    replicas: int = 0
    ready_replicas: int = 0
    conditions: list[Condition] | None = None


class ReplicaSet(Wire):
    metadata: AnnotatedMetadata
    spec: ReplicaSetSpec
    status: ReplicaSetStatus


class RevisionSpec(Wire):
    template: dict[str, Any] = {}


class RevisionContent(Wire):
    spec: RevisionSpec


class ControllerRevision(Wire):
    metadata: AnnotatedMetadata
    data: RevisionContent | None = None
    revision: int = 0


class ServicePort(Wire):
    port: int
    protocol: str = "TCP"
    node_port: int = 0
    name: str = ""
    target_port: int | str = 0
    app_protocol: str | None = None


class ServiceSpec(Wire):
    type: str = "ClusterIP"
    cluster_ip: str = msgspec.field(default="", name="clusterIP")
    selector: dict[str, str] | None = None
    ports: list[ServicePort] | None = None
    publish_not_ready_addresses: bool = False
    external_traffic_policy: str = ""
    session_affinity: str = ""


class Service(Wire):
    metadata: Metadata
    spec: ServiceSpec


class TargetRef(Wire):
    kind: str = ""
    name: str = ""


class EndpointConditions(Wire):
    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class Endpoint(Wire):
    conditions: EndpointConditions | None = None
    target_ref: TargetRef | None = None


class EndpointSlice(Wire):
    metadata: Metadata
    endpoints: list[Endpoint] | None = None


class EventSeries(Wire):
    count: int = 0
    last_observed_time: datetime | None = None


class InvolvedObject(Wire):
    kind: str = ""
    name: str = ""
    uid: str = ""


class Event(Wire):
    metadata: Metadata
    involved_object: InvolvedObject
    type: str | None = None
    reason: str | None = None
    message: str | None = None
    count: int | None = None
    first_timestamp: datetime | None = None
    last_timestamp: datetime | None = None
    event_time: datetime | None = None
    series: EventSeries | None = None


class ScaleTarget(Wire):
    kind: str
    name: str


class AutoscalerSpec(Wire):
    scale_target_ref: ScaleTarget
    max_replicas: int
    min_replicas: int | None = None
    metrics: list[dict[str, Any]] | None = None


class AutoscalerStatus(Wire):
    current_replicas: int = 0
    desired_replicas: int = 0


class Autoscaler(Wire):
    metadata: Metadata
    spec: AutoscalerSpec
    status: AutoscalerStatus | None = None


class DisruptionBudgetSpec(Wire):
    selector: dict[str, Any] | None = None
    min_available: int | str | None = None
    max_unavailable: int | str | None = None


class DisruptionBudgetStatus(Wire):
    disruptions_allowed: int = 0


class DisruptionBudget(Wire):
    metadata: Metadata
    spec: DisruptionBudgetSpec
    status: DisruptionBudgetStatus | None = None


class ConfigMap(Wire):
    metadata: Metadata
    data: dict[str, str] | None = None
    binary_data: dict[str, str] | None = None


class WatchEvent(Wire):
    """One line of a watch: the object is left undecoded until its type is known."""

    type: str
    object: msgspec.Raw
