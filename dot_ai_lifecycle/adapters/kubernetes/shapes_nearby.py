"""What lies near an app, on the wire and in our words. Values of ConfigMaps and Secrets are never decoded."""

from typing import Any

import msgspec

from dot_ai_lifecycle.adapters.kubernetes.shapes_pods import frozen
from dot_ai_lifecycle.adapters.kubernetes.wire import Metadata, ScaleTarget, Wire
from dot_ai_lifecycle.core.nearby import Claim, Hook, Hooks, Keyed, Route, Scaler, Space


class KeyedObject(Wire):
    metadata: Metadata
    data: dict[str, msgspec.Raw] | None = None
    binary_data: dict[str, msgspec.Raw] | None = None


class ClaimSpec(Wire):
    access_modes: list[str] | None = None


class ClaimStatus(Wire):
    phase: str = ""


class VolumeClaim(Wire):
    metadata: Metadata
    spec: ClaimSpec
    status: ClaimStatus | None = None


class RoutingObject(Wire):
    metadata: Metadata
    spec: dict[str, Any]


class ServiceAnswering(Wire):
    namespace: str
    name: str


class WebhookClient(Wire):
    service: ServiceAnswering | None = None


class Webhook(Wire):
    name: str
    client_config: WebhookClient
    failure_policy: str = "Fail"
    side_effects: str = ""
    rules: list[dict[str, Any]] | None = None
    namespace_selector: dict[str, Any] | None = None
    object_selector: dict[str, Any] | None = None


class WebhookConfiguration(Wire):
    metadata: Metadata
    webhooks: list[Webhook] | None = None


class ScalerPolicy(Wire):
    update_mode: str = ""


class ScalerSpec(Wire):
    scale_target_ref: dict[str, Any] | None = None
    target_ref: ScaleTarget | None = None
    update_policy: ScalerPolicy | None = None


class ScalingObject(Wire):
    metadata: Metadata
    spec: ScalerSpec


class NamespaceStatus(Wire):
    phase: str = ""


class NamespaceObject(Wire):
    metadata: Metadata
    status: NamespaceStatus | None = None


def keyed(seen: KeyedObject) -> Keyed:
    """The names of the keys."""
    metadata = seen.metadata
    keys = frozenset({**(seen.data or {}), **(seen.binary_data or {})})
    return Keyed(metadata.name, metadata.namespace, metadata.uid, keys)


def claim(seen: VolumeClaim) -> Claim:
    metadata = seen.metadata
    phase = seen.status.phase if seen.status else ""
    return Claim(metadata.name, metadata.namespace, metadata.uid, tuple(seen.spec.access_modes or ()), phase)


def ingress(seen: RoutingObject) -> Route:
    """An Ingress; its default backend counts as any other."""
    rules = seen.spec.get("rules") or ()
    paths = [path for rule in rules for path in (rule.get("http") or {}).get("paths") or ()]
    backends = [seen.spec.get("defaultBackend") or {}, *(path.get("backend") or {} for path in paths)]
    names = frozenset(str((backend.get("service") or {}).get("name", "")) for backend in backends) - {""}
    hosts = tuple(dict.fromkeys(rule["host"] for rule in rules if rule.get("host")))
    return Route("Ingress", seen.metadata.name, seen.metadata.namespace, seen.metadata.uid, names, hosts)


def http_route(seen: RoutingObject) -> Route:
    """An HTTPRoute; backends in other namespaces are left out."""
    metadata = seen.metadata
    backends = [backend for rule in seen.spec.get("rules") or () for backend in rule.get("backendRefs") or ()]
    here = [one for one in backends if one.get("namespace", metadata.namespace) == metadata.namespace]
    names = frozenset(str(one.get("name", "")) for one in here if one.get("kind", "Service") == "Service")
    hosts = tuple(seen.spec.get("hostnames") or ())
    return Route("HTTPRoute", metadata.name, metadata.namespace, metadata.uid, names, hosts)


def hooks(seen: WebhookConfiguration) -> Hooks:
    return Hooks(seen.metadata.name, seen.metadata.uid, tuple(_hook(one) for one in seen.webhooks or ()))


def _hook(seen: Webhook) -> Hook:
    answers = seen.client_config.service
    return Hook(
        name=seen.name,
        fails_closed=seen.failure_policy != "Ignore",
        dry_run=seen.side_effects in ("None", "NoneOnDryRun"),
        rules=tuple(seen.rules or ()),
        namespaces=seen.namespace_selector or {},
        objects=seen.object_selector or {},
        service=(answers.namespace, answers.name) if answers else None,
    )


def scaled_object(seen: ScalingObject) -> Scaler:
    """A ScaledObject of KEDA; a target without a kind is a Deployment."""
    target, metadata = seen.spec.scale_target_ref or {}, seen.metadata
    kind, name = str(target.get("kind") or "Deployment"), str(target.get("name", ""))
    return Scaler("ScaledObject", metadata.name, metadata.namespace, metadata.uid, kind, name)


def vertical_scaler(seen: ScalingObject) -> Scaler:
    """A VerticalPodAutoscaler; without an updateMode it is `Auto`, as its API has it."""
    target, metadata = seen.spec.target_ref, seen.metadata
    kind, name = (target.kind, target.name) if target else ("", "")
    mode = (seen.spec.update_policy.update_mode if seen.spec.update_policy else "") or "Auto"
    return Scaler("VerticalPodAutoscaler", metadata.name, metadata.namespace, metadata.uid, kind, name, mode)


def space(seen: NamespaceObject) -> Space:
    metadata = seen.metadata
    return Space(metadata.name, metadata.uid, seen.status.phase if seen.status else "", frozen(metadata.labels))
