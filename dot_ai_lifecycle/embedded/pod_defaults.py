"""What the API server fills into pods and pod templates (k8s.io/kubernetes pkg/apis/core/v1/defaults.go, v1.34)."""

from collections.abc import Iterator, Mapping
from typing import Any

from dot_ai_lifecycle.embedded.objects import Object

_Map = dict[str, Any]

CONTAINER_LISTS = ("initContainers", "containers", "ephemeralContainers")
_MODE_0644 = 420


def missing(target: _Map, values: Mapping[str, Any]) -> None:
    """Set each value whose key is absent or null."""
    for key, value in values.items():
        if target.get(key) is None:
            target[key] = value


def containers_of(spec: Mapping[str, Any]) -> Iterator[_Map]:
    """All containers of a pod spec, of every sort."""
    for key in CONTAINER_LISTS:
        yield from spec.get(key) or ()


def _pull_policy(image: str) -> str:
    tag = image.rpartition("/")[2].partition("@")[0].partition(":")[2]
    return "Always" if "@" not in image and tag in {"", "latest"} else "IfNotPresent"


def _probe(probe: _Map) -> None:
    missing(probe, {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3})
    if "httpGet" in probe:
        missing(probe["httpGet"], {"path": "/", "scheme": "HTTP"})
    if "grpc" in probe:
        missing(probe["grpc"], {"service": ""})


def _container(container: _Map) -> None:
    missing(
        container,
        {
            "imagePullPolicy": _pull_policy(container.get("image") or ""),
            "resources": {},
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File",
        },
    )
    for port in container.get("ports") or ():
        missing(port, {"protocol": "TCP"})
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if container.get(name):
            _probe(container[name])
    for hook in (container.get("lifecycle") or {}).values():
        if isinstance(hook, dict) and "httpGet" in hook:
            missing(hook["httpGet"], {"path": "/", "scheme": "HTTP"})
    for variable in container.get("env") or ():
        if field := (variable.get("valueFrom") or {}).get("fieldRef"):
            missing(field, {"apiVersion": "v1"})


def _volume(volume: _Map) -> None:
    if set(volume) == {"name"}:
        volume["emptyDir"] = {}
    for source in ("secret", "configMap", "projected", "downwardAPI"):
        if isinstance(volume.get(source), dict):
            missing(volume[source], {"defaultMode": _MODE_0644})
    if isinstance(volume.get("hostPath"), dict):
        missing(volume["hostPath"], {"type": ""})


def fill_pod_spec(spec: _Map) -> None:
    """Set the defaults that pods and pod templates share, in place."""
    for container in containers_of(spec):
        _container(container)
    for volume in spec.get("volumes") or ():
        _volume(volume)
    missing(
        spec,
        {
            "restartPolicy": "Always",
            "terminationGracePeriodSeconds": 30,
            "dnsPolicy": "ClusterFirst",
            "schedulerName": "default-scheduler",
            "securityContext": {},
        },
    )
    if account := spec.get("serviceAccountName"):
        spec["serviceAccount"] = account


def _requests_from_limits(container: _Map) -> None:
    resources = container.get("resources") or {}
    if limits := resources.get("limits"):
        missing(resources.setdefault("requests", {}), limits)


def quality_of(spec: Mapping[str, Any]) -> str:
    """The quality of service class of a pod: Guaranteed, Burstable or BestEffort."""
    each = [one.get("resources") or {} for key in CONTAINER_LISTS[:2] for one in spec.get(key) or ()]
    if not any(one.get("requests") or one.get("limits") for one in each):
        return "BestEffort"
    for one in each:
        limits, requests = one.get("limits") or {}, one.get("requests") or {}
        if not {"cpu", "memory"} <= limits.keys() or any(requests.get(key) != limits[key] for key in limits):
            return "Burstable"
    return "Guaranteed"


def _toleration(key: str) -> _Map:
    return {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}


def fill_pod(pod: Object) -> None:
    """Set the defaults of a pod, those of the usual admission plugins included, in place."""
    spec = pod.setdefault("spec", {})
    missing(spec, {"serviceAccountName": "default"})
    fill_pod_spec(spec)
    for container in containers_of(spec):
        _requests_from_limits(container)
    missing(spec, {"enableServiceLinks": True, "priority": 0, "preemptionPolicy": "PreemptLowerPriority"})
    tolerations = spec.setdefault("tolerations", [])
    tolerated = {one.get("key") for one in tolerations if one.get("effect") in {None, "NoExecute"}}
    if "" not in tolerated and None not in tolerated:
        for key in ("not-ready", "unreachable"):
            if f"node.kubernetes.io/{key}" not in tolerated:
                tolerations.append(_toleration(key))
    missing(pod, {"status": {}})
    missing(pod["status"], {"phase": "Pending", "qosClass": quality_of(spec)})
