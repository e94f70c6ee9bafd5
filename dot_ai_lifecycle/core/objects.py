"""What surrounds a workload: revisions, Services, endpoints, autoscalers, disruption budgets, events."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from msgspec import Struct, field

from dot_ai_lifecycle.core.driver import Driver
from dot_ai_lifecycle.core.pods import NOTHING, Owner, Pod
from dot_ai_lifecycle.core.refs import (
    AUTOSCALER,
    CANARY,
    CONFIG_MAP,
    CONTROLLER_REVISION,
    DAEMON_SET,
    DEPLOYMENT,
    DISRUPTION_BUDGET,
    ENDPOINT_SLICE,
    EVENT,
    KRUISE_ROLLOUT,
    NODE,
    POD,
    REPLICA_SET,
    ROLLOUT,
    SERVICE,
    STATEFUL_SET,
    Kind,
)
from dot_ai_lifecycle.core.workload import HASH_LABEL, HASH_LABELS, Manifest, Workload

T = TypeVar("T")


class Revision(Struct, frozen=True):
    """A retained revision of a workload: a ReplicaSet, or a ControllerRevision.

    `template` is the exact pod template, without the controller's own hash label. `replicas` and `ready` are 0 for a
    ControllerRevision, which runs nothing itself. `failure` is the message of a ReplicaSet's ReplicaFailure condition.
    """

    name: str
    uid: str
    number: int
    hash: str
    template: Manifest
    owner: Owner | None = None
    created: datetime | None = None
    replicas: int = 0
    ready: int = 0
    change_cause: str = ""
    failure: str = ""


class Backend(Struct, frozen=True):
    """One port of a Service: `target` is the container port it leads to, by number or by name."""

    port: int
    target: int | str
    name: str = ""
    protocol: str = "TCP"
    app_protocol: str = ""


class Service(Struct, frozen=True):
    """A Service that may select pods; `selector` is empty for one without.

    `local_traffic`: from outside only nodes that run a pod of it are sent to (externalTrafficPolicy Local); `sticky`:
    one client stays with one pod (sessionAffinity).
    """

    name: str
    namespace: str
    uid: str
    type: str = "ClusterIP"
    cluster_ip: str = ""
    headless: bool = False
    selector: MappingProxyType[str, str] = field(default_factory=lambda: NOTHING)
    ports: tuple[str, ...] = ()
    publishes_not_ready: bool = False
    backends: tuple[Backend, ...] = ()
    local_traffic: bool = False
    sticky: bool = False

    def selects(self, labels: Mapping[str, str]) -> bool:
        """Whether pods with those labels are behind this Service, now or once it is no longer pinned to a revision."""
        own = self.lasting_selector
        return bool(own) and all(labels.get(key) == value for key, value in own.items())

    @property
    def lasting_selector(self) -> dict[str, str]:
        """The selector as it is where no operation pins it to a revision."""
        return {key: value for key, value in self.selector.items() if key not in HASH_LABELS}

    @property
    def pinned_to(self) -> str:
        """The pod-template-hash this Service is pinned to; empty where it is not."""
        return self.selector.get(HASH_LABEL, "")


class Endpoint(Struct, frozen=True):
    """One address behind a Service: the pod's name, and whether proxies may send it traffic."""

    pod: str
    ready: bool
    serving: bool = True
    terminating: bool = False


class EndpointSlice(Struct, frozen=True):
    """A slice of a Service's endpoints."""

    name: str
    namespace: str
    uid: str
    service: str
    endpoints: tuple[Endpoint, ...] = ()


class Event(Struct, frozen=True):
    """What a component said about an object: `about` is the involved object's kind and name."""

    name: str
    namespace: str
    uid: str
    about_kind: str
    about_name: str
    about_uid: str
    type: str
    reason: str
    message: str
    count: int = 1
    last: datetime | None = None


class Autoscaler(Struct, frozen=True):
    """A HorizontalPodAutoscaler: what it scales and within which bounds."""

    name: str
    namespace: str
    uid: str
    target_kind: str
    target_name: str
    minimum: int
    maximum: int
    current: int = 0
    desired: int = 0
    metrics: tuple[str, ...] = ()


class DisruptionBudget(Struct, frozen=True):
    """A PodDisruptionBudget; `bound` is its minAvailable or maxUnavailable in words."""

    name: str
    namespace: str
    uid: str
    selector: Manifest
    bound: str
    allowed: int = 0


class ConfigMap(Struct, frozen=True):
    """A ConfigMap with its text, for the ledger."""

    name: str
    namespace: str
    uid: str
    labels: MappingProxyType[str, str]
    data: Mapping[str, str]
    binary: Mapping[str, str]
    resource_version: str
    created: datetime | None = None


class Machine(Struct, frozen=True):
    """A node as images and pods see it: its platform (`linux/amd64`), its labels, the names of images it holds,
    whether it takes pods, whom its `taints` keep away, and what it offers (`allocatable`, cores or bytes by resource).

    The kubelet reports 50 images unless told otherwise (`nodeStatusMaxImages`), so a missing name proves nothing.
    """

    name: str
    uid: str
    platform: str
    labels: MappingProxyType[str, str] = field(default_factory=lambda: NOTHING)
    images: frozenset[str] = frozenset()
    ready: bool = True
    cordoned: bool = False
    taints: tuple[Manifest, ...] = ()
    allocatable: Mapping[str, Decimal] = field(default_factory=dict)


class View(Struct, Generic[T], frozen=True):
    """A kind together with the shape we read it in."""

    kind: Kind
    shape: type[T]


PODS = View(POD, Pod)
DEPLOYMENTS = View(DEPLOYMENT, Workload)
STATEFUL_SETS = View(STATEFUL_SET, Workload)
DAEMON_SETS = View(DAEMON_SET, Workload)
ROLLOUTS = View(ROLLOUT, Workload)
CANARIES = View(CANARY, Driver)
KRUISE_ROLLOUTS = View(KRUISE_ROLLOUT, Driver)
REPLICA_SETS = View(REPLICA_SET, Revision)
CONTROLLER_REVISIONS = View(CONTROLLER_REVISION, Revision)
SERVICES = View(SERVICE, Service)
ENDPOINT_SLICES = View(ENDPOINT_SLICE, EndpointSlice)
EVENTS = View(EVENT, Event)
AUTOSCALERS = View(AUTOSCALER, Autoscaler)
DISRUPTION_BUDGETS = View(DISRUPTION_BUDGET, DisruptionBudget)
CONFIG_MAPS = View(CONFIG_MAP, ConfigMap)
MACHINES = View(NODE, Machine)

WORKLOADS: tuple[View[Workload], ...] = (DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS)
REVISIONS: dict[str, View[Revision]] = {
    "Deployment": REPLICA_SETS,
    "StatefulSet": CONTROLLER_REVISIONS,
    "DaemonSet": CONTROLLER_REVISIONS,
    "Rollout": REPLICA_SETS,
}
ALL_VIEWS: tuple[View[Any], ...] = (
    PODS,
    *WORKLOADS,
    ROLLOUTS,
    CANARIES,
    KRUISE_ROLLOUTS,
    REPLICA_SETS,
    CONTROLLER_REVISIONS,
    SERVICES,
    ENDPOINT_SLICES,
    EVENTS,
    AUTOSCALERS,
    DISRUPTION_BUDGETS,
    CONFIG_MAPS,
    MACHINES,
)
