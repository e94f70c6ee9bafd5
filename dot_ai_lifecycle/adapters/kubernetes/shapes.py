"""How each view is decoded: bytes in, our shapes out, and nothing kept that is not looked at."""

from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar, cast

import msgspec

from dot_ai_lifecycle.adapters.kubernetes import (
    shapes_around,
    shapes_configuration,
    shapes_helm,
    shapes_nearby,
    shapes_nodes,
    shapes_pods,
    wire,
)
from dot_ai_lifecycle.core.capacity import BOOKINGS, LIMIT_RANGES, QUOTAS
from dot_ai_lifecycle.core.configuration import CRON_JOBS, JOBS, STORED
from dot_ai_lifecycle.core.driver import Driver
from dot_ai_lifecycle.core.errors import ClusterFailure
from dot_ai_lifecycle.core.gateway import ROUTES, HttpRoute
from dot_ai_lifecycle.core.helm import RELEASES
from dot_ai_lifecycle.core.nearby import (
    CLAIMS,
    HTTP_ROUTES,
    INGRESSES,
    KEYS,
    MUTATING_HOOKS,
    SCALED_OBJECTS,
    SPACES,
    VALIDATING_HOOKS,
    VERTICAL_SCALERS,
)
from dot_ai_lifecycle.core.objects import (
    AUTOSCALERS,
    CANARIES,
    CONFIG_MAPS,
    CONTROLLER_REVISIONS,
    DAEMON_SETS,
    DEPLOYMENTS,
    DISRUPTION_BUDGETS,
    ENDPOINT_SLICES,
    EVENTS,
    KRUISE_ROLLOUTS,
    MACHINES,
    PODS,
    REPLICA_SETS,
    ROLLOUTS,
    SERVICES,
    STATEFUL_SETS,
    View,
)
from dot_ai_lifecycle.core.refs import Kind
from dot_ai_lifecycle.core.workload import Workload

T = TypeVar("T")
W = TypeVar("W")


class Item(NamedTuple, Generic[T]):
    """One object in our shape, with what tells it and its version from others."""

    uid: str
    version: str
    value: T


class PageOf(NamedTuple, Generic[T]):
    """One page of a list in our shape."""

    items: list[Item[T]]
    version: str
    next_page: str


class Shape(Generic[T]):
    """Decodes one view. Raises ClusterFailure for what is not the promised JSON."""

    def __init__(
        self,
        one: Callable[[bytes | msgspec.Raw], Any],
        page: Callable[[bytes], wire.Page[Any]],
        key: Callable[[Any], tuple[str, str]],
        made: Callable[[Any], T],
    ) -> None:
        self._one, self._page, self._key, self._made = one, page, key, made

    def item(self, body: bytes | msgspec.Raw) -> Item[T]:
        """One object."""
        try:
            return self._item(self._one(body))
        except (msgspec.DecodeError, KeyError) as error:
            raise _unreadable(error) from error

    def page(self, body: bytes) -> PageOf[T]:
        """One page of a list."""
        try:
            page = self._page(body)
            items = [self._item(seen) for seen in page.items or ()]
        except (msgspec.DecodeError, KeyError) as error:
            raise _unreadable(error) from error
        return PageOf(items, page.metadata.resource_version, page.metadata.next_page)

    def _item(self, seen: Any) -> Item[T]:
        uid, version = self._key(seen)
        return Item(uid, version, self._made(seen))


def _unreadable(error: Exception) -> ClusterFailure:
    return ClusterFailure(
        f"The cluster answered something this does not understand ({type(error).__name__}: {error}).",
        hint="Its API may be newer or older than any known when this was written; please report it.",
    )


def _struct(kind: type[W], made: Callable[[W], T]) -> Shape[T]:
    def key(seen: Any) -> tuple[str, str]:
        return seen.metadata.uid, seen.metadata.resource_version

    page = msgspec.json.Decoder(wire.Page[kind])  # type: ignore[valid-type] # the type is a value here
    return Shape(msgspec.json.Decoder(kind).decode, page.decode, key, made)


def _whole(kind: Kind, whole: Callable[[Any], T]) -> Shape[T]:
    """Workloads and routes stay whole. Items of a list lack what every one of them shares: the list's kind says it."""
    named = {"apiVersion": kind.api_version, "kind": kind.name}

    def key(seen: Any) -> tuple[str, str]:
        metadata = seen["metadata"]
        if not isinstance(metadata, dict):
            raise msgspec.ValidationError("metadata is not an object")
        return metadata.get("uid", ""), metadata.get("resourceVersion", "")

    def made(seen: Any) -> T:
        return whole(named | seen)

    page = msgspec.json.Decoder(wire.Page[dict[str, Any]])
    return Shape(msgspec.json.Decoder(dict[str, Any]).decode, page.decode, key, made)


_SHAPES: dict[View[Any], Shape[Any]] = {
    PODS: _struct(wire.Pod, shapes_pods.pod),
    REPLICA_SETS: _struct(wire.ReplicaSet, shapes_around.replica_set),
    CONTROLLER_REVISIONS: _struct(wire.ControllerRevision, shapes_around.controller_revision),
    SERVICES: _struct(wire.Service, shapes_around.service),
    ENDPOINT_SLICES: _struct(wire.EndpointSlice, shapes_around.endpoint_slice),
    EVENTS: _struct(wire.Event, shapes_around.event),
    AUTOSCALERS: _struct(wire.Autoscaler, shapes_around.autoscaler),
    DISRUPTION_BUDGETS: _struct(wire.DisruptionBudget, shapes_around.disruption_budget),
    CONFIG_MAPS: _struct(wire.ConfigMap, shapes_around.config_map),
    MACHINES: _struct(shapes_nodes.Node, shapes_nodes.machine),
    RELEASES: _struct(shapes_helm.ReleaseSecret, shapes_helm.release),
    BOOKINGS: _struct(shapes_nodes.BookedPod, shapes_nodes.booking),
    QUOTAS: _struct(shapes_nodes.ResourceQuota, shapes_nodes.quota),
    LIMIT_RANGES: _struct(shapes_nodes.NamespaceLimits, shapes_nodes.limit_range),
    CLAIMS: _struct(shapes_nearby.VolumeClaim, shapes_nearby.claim),
    INGRESSES: _struct(shapes_nearby.RoutingObject, shapes_nearby.ingress),
    HTTP_ROUTES: _struct(shapes_nearby.RoutingObject, shapes_nearby.http_route),
    SCALED_OBJECTS: _struct(shapes_nearby.ScalingObject, shapes_nearby.scaled_object),
    VERTICAL_SCALERS: _struct(shapes_nearby.ScalingObject, shapes_nearby.vertical_scaler),
    SPACES: _struct(shapes_nearby.NamespaceObject, shapes_nearby.space),
    STORED["ConfigMap"]: _struct(shapes_configuration.StoredConfigMap, shapes_configuration.config_map),
    STORED["Secret"]: _struct(shapes_configuration.StoredSecret, shapes_configuration.secret),
    JOBS: _struct(shapes_configuration.BatchJob, shapes_configuration.job),
    CRON_JOBS: _struct(shapes_configuration.BatchCronJob, shapes_configuration.cron_job),
    **{view: _struct(shapes_nearby.KeyedObject, shapes_nearby.keyed) for view in KEYS.values()},
    **{
        view: _struct(shapes_nearby.WebhookConfiguration, shapes_nearby.hooks)
        for view in (VALIDATING_HOOKS, MUTATING_HOOKS)
    },
    **{view: _whole(view.kind, Workload) for view in (DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS, ROLLOUTS)},
    **{view: _whole(view.kind, Driver) for view in (CANARIES, KRUISE_ROLLOUTS)},
    ROUTES: _whole(ROUTES.kind, HttpRoute),
}


def shape_of(view: View[T]) -> Shape[T]:
    """The decoder of a view; KeyError for a view this adapter was never taught."""
    return cast("Shape[T]", _SHAPES[view])
