"""What lies near an app and may stop its update: keys, claims, routes, webhooks, other autoscalers, the namespace."""

from collections.abc import Mapping

from msgspec import Struct, field

from dot_ai_lifecycle.core.objects import View
from dot_ai_lifecycle.core.refs import (
    CONFIG_MAP,
    HTTP_ROUTE,
    INGRESS,
    MUTATING_WEBHOOKS,
    NAMESPACE,
    PERSISTENT_VOLUME_CLAIM,
    SCALED_OBJECT,
    SECRET,
    VALIDATING_WEBHOOKS,
    VERTICAL_AUTOSCALER,
)
from dot_ai_lifecycle.core.workload import Manifest


class Keyed(Struct, frozen=True):
    """A ConfigMap or a Secret: the names of its keys, never what they hold."""

    name: str
    namespace: str
    uid: str
    keys: frozenset[str] = frozenset()


class Claim(Struct, frozen=True):
    """A PersistentVolumeClaim: how it may be mounted, and whether it has its volume (`phase` is Bound then)."""

    name: str
    namespace: str
    uid: str
    modes: tuple[str, ...] = ()
    phase: str = ""


class Route(Struct, frozen=True):
    """An Ingress or HTTPRoute with the Services it sends to, those of its own namespace alone."""

    kind: str
    name: str
    namespace: str
    uid: str
    services: frozenset[str] = frozenset()
    hosts: tuple[str, ...] = ()


class Hook(Struct, frozen=True):
    """One admission webhook; `service` is (namespace, name) of what answers it, None where it has a URL."""

    name: str
    fails_closed: bool
    dry_run: bool
    rules: tuple[Manifest, ...] = ()
    namespaces: Manifest = field(default_factory=dict)
    objects: Manifest = field(default_factory=dict)
    service: tuple[str, str] | None = None


class Hooks(Struct, frozen=True):
    """The webhooks of one configuration."""

    name: str
    uid: str
    hooks: tuple[Hook, ...] = ()


class Scaler(Struct, frozen=True):
    """What else scales pods: a KEDA ScaledObject or a VerticalPodAutoscaler; `mode` is the latter's updateMode."""

    kind: str
    name: str
    namespace: str
    uid: str
    target_kind: str
    target_name: str
    mode: str = ""


class Space(Struct, frozen=True):
    """A namespace: whether it lives, and its labels."""

    name: str
    uid: str
    phase: str = "Active"
    labels: Mapping[str, str] = field(default_factory=dict)


KEYS = {"ConfigMap": View(CONFIG_MAP, Keyed), "Secret": View(SECRET, Keyed)}
CLAIMS = View(PERSISTENT_VOLUME_CLAIM, Claim)
INGRESSES = View(INGRESS, Route)
HTTP_ROUTES = View(HTTP_ROUTE, Route)
VALIDATING_HOOKS = View(VALIDATING_WEBHOOKS, Hooks)
MUTATING_HOOKS = View(MUTATING_WEBHOOKS, Hooks)
SCALED_OBJECTS = View(SCALED_OBJECT, Scaler)
VERTICAL_SCALERS = View(VERTICAL_AUTOSCALER, Scaler)
SPACES = View(NAMESPACE, Space)
