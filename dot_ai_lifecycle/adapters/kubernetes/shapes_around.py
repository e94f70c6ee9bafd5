"""Revisions, Services, endpoints, autoscalers, budgets, events and ConfigMaps in our words."""

from collections.abc import Mapping
from typing import Any

from dot_ai_lifecycle.adapters.kubernetes import wire
from dot_ai_lifecycle.adapters.kubernetes.shapes_pods import frozen, owner_of
from dot_ai_lifecycle.core.objects import (
    Autoscaler,
    Backend,
    ConfigMap,
    DisruptionBudget,
    Endpoint,
    EndpointSlice,
    Event,
    Revision,
    Service,
)
from dot_ai_lifecycle.core.workload import CHANGE_CAUSE, HASH_LABELS, REVISION_ANNOTATIONS, without_hash

SERVICE_NAME = "kubernetes.io/service-name"


def replica_set(seen: wire.ReplicaSet) -> Revision:
    """A revision of a Deployment or a Rollout; number 0 where its controller has not numbered it yet."""
    metadata = seen.metadata
    annotations = metadata.annotations or {}
    labels = metadata.labels or {}
    number = next((annotations[name] for name in REVISION_ANNOTATIONS if name in annotations), "")
    conditions = seen.status.conditions or ()
    failed = (one for one in conditions if one.type == "ReplicaFailure" and one.status == "True")
    return Revision(
        name=metadata.name,
        uid=metadata.uid,
        number=int(number) if number.isdigit() else 0,
        hash=next((labels[name] for name in HASH_LABELS if name in labels), ""),
        template=without_hash(seen.spec.template),
        owner=owner_of(metadata),
        created=metadata.creation_timestamp,
        replicas=seen.status.replicas,
        ready=seen.status.ready_replicas,
        change_cause=annotations.get(CHANGE_CAUSE, ""),
        failure=next((one.message or one.reason for one in failed), ""),
    )


def controller_revision(seen: wire.ControllerRevision) -> Revision:
    """A StatefulSet's or DaemonSet's revision; `hash` is what its pods carry as `controller-revision-hash`.

    Pods of a DaemonSet carry the hash, which its revisions have under the same label. Pods of a StatefulSet carry the
    whole name of the revision, whose own label (`controller.kubernetes.io/hash`) holds only the hash.
    """
    metadata = seen.metadata
    template = dict(seen.data.spec.template) if seen.data else {}
    template.pop("$patch", None)
    return Revision(
        name=metadata.name,
        uid=metadata.uid,
        number=seen.revision,
        hash=(metadata.labels or {}).get("controller-revision-hash") or metadata.name,
        template=template,
        owner=owner_of(metadata),
        created=metadata.creation_timestamp,
        change_cause=(metadata.annotations or {}).get(CHANGE_CAUSE, ""),
    )


def service(seen: wire.Service) -> Service:
    """A Service; its ports as kubectl writes them (`80/TCP`, `80:30080/TCP`)."""
    spec = seen.spec
    return Service(
        name=seen.metadata.name,
        namespace=seen.metadata.namespace,
        uid=seen.metadata.uid,
        type=spec.type,
        cluster_ip=spec.cluster_ip,
        headless=spec.cluster_ip == "None",
        selector=frozen(spec.selector),
        ports=tuple(_port(port) for port in spec.ports or ()),
        publishes_not_ready=spec.publish_not_ready_addresses,
        backends=tuple(_backend(port) for port in spec.ports or ()),
        local_traffic=spec.external_traffic_policy == "Local",
        sticky=spec.session_affinity == "ClientIP",
    )


def _port(port: wire.ServicePort) -> str:
    return f"{port.port}{f':{port.node_port}' if port.node_port else ''}/{port.protocol}"


def _backend(port: wire.ServicePort) -> Backend:
    return Backend(port.port, port.target_port or port.port, port.name, port.protocol, port.app_protocol or "")


def endpoint_slice(seen: wire.EndpointSlice) -> EndpointSlice:
    """A slice; endpoints that are no pods have an empty `pod`."""
    return EndpointSlice(
        name=seen.metadata.name,
        namespace=seen.metadata.namespace,
        uid=seen.metadata.uid,
        service=(seen.metadata.labels or {}).get(SERVICE_NAME, ""),
        endpoints=tuple(_endpoint(endpoint) for endpoint in seen.endpoints or ()),
    )


def _endpoint(seen: wire.Endpoint) -> Endpoint:
    """Unset conditions mean what the API says they mean: ready unless told otherwise, serving as ready."""
    conditions = seen.conditions
    ready = conditions is None or conditions.ready is not False
    serving = ready if conditions is None or conditions.serving is None else conditions.serving
    target = seen.target_ref
    return Endpoint(
        pod=target.name if target and target.kind == "Pod" else "",
        ready=ready,
        serving=serving,
        terminating=bool(conditions and conditions.terminating),
    )


def event(seen: wire.Event) -> Event:
    """An Event of either generation: counted (`count`, `lastTimestamp`) or in a series (`eventTime`, `series`)."""
    series = seen.series
    last = (series.last_observed_time if series else None) or seen.last_timestamp or seen.event_time
    about = seen.involved_object
    return Event(
        name=seen.metadata.name,
        namespace=seen.metadata.namespace,
        uid=seen.metadata.uid,
        about_kind=about.kind,
        about_name=about.name,
        about_uid=about.uid,
        type=seen.type or "",
        reason=seen.reason or "",
        message=seen.message or "",
        count=(series.count if series else 0) or seen.count or 1,
        last=last or seen.first_timestamp or seen.metadata.creation_timestamp,
    )


def autoscaler(seen: wire.Autoscaler) -> Autoscaler:
    """A HorizontalPodAutoscaler; the API's default minimum is 1."""
    spec, status = seen.spec, seen.status
    return Autoscaler(
        name=seen.metadata.name,
        namespace=seen.metadata.namespace,
        uid=seen.metadata.uid,
        target_kind=spec.scale_target_ref.kind,
        target_name=spec.scale_target_ref.name,
        minimum=1 if spec.min_replicas is None else spec.min_replicas,
        maximum=spec.max_replicas,
        current=status.current_replicas if status else 0,
        desired=status.desired_replicas if status else 0,
        metrics=tuple(metric_in_words(metric) for metric in spec.metrics or ()),
    )


def metric_in_words(metric: Mapping[str, Any]) -> str:
    """`cpu 80%`, `memory 500Mi`, `requests-per-second 10 (Pods)`: what is measured and what it is held at."""
    kind = str(metric.get("type", ""))
    source = metric.get(kind[:1].lower() + kind[1:]) or {}
    target = source.get("target") or {}
    name = source.get("name") or (source.get("metric") or {}).get("name") or kind
    if "averageUtilization" in target:
        bound = f"{target['averageUtilization']}%"
    else:
        bound = str(target.get("averageValue") or target.get("value") or "")
    return f"{name} {bound}".rstrip() + ("" if kind in ("Resource", "ContainerResource") else f" ({kind})")


def disruption_budget(seen: wire.DisruptionBudget) -> DisruptionBudget:
    """A PodDisruptionBudget with its bound in Kubernetes' words."""
    spec = seen.spec
    bound = ""
    if spec.min_available is not None:
        bound = f"minAvailable {spec.min_available}"
    elif spec.max_unavailable is not None:
        bound = f"maxUnavailable {spec.max_unavailable}"
    return DisruptionBudget(
        name=seen.metadata.name,
        namespace=seen.metadata.namespace,
        uid=seen.metadata.uid,
        selector=spec.selector or {},
        bound=bound,
        allowed=seen.status.disruptions_allowed if seen.status else 0,
    )


def config_map(seen: wire.ConfigMap) -> ConfigMap:
    """A ConfigMap with all its text."""
    metadata = seen.metadata
    return ConfigMap(
        name=metadata.name,
        namespace=metadata.namespace,
        uid=metadata.uid,
        labels=frozen(metadata.labels),
        data=seen.data or {},
        binary=seen.binary_data or {},
        resource_version=metadata.resource_version,
        created=metadata.creation_timestamp,
    )
