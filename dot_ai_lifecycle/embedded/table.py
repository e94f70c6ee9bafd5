"""The columns `kubectl get` prints, which the server computes."""

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from dot_ai_lifecycle.embedded.kinds import Kind
from dot_ai_lifecycle.embedded.objects import Object, name_of

Cell = Callable[[Object], Any]


_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 86400, 365 * 86400
_SPANS: tuple[tuple[float, int, str, int, str], ...] = (
    (2 * _MINUTE, 1, "s", 1, ""),
    (10 * _MINUTE, _MINUTE, "m", 1, "s"),
    (3 * _HOUR, _MINUTE, "m", _MINUTE, ""),
    (8 * _HOUR, _HOUR, "h", _MINUTE, "m"),
    (48 * _HOUR, _HOUR, "h", _HOUR, ""),
    (8 * _DAY, _DAY, "d", _HOUR, "h"),
    (2 * _YEAR, _DAY, "d", _DAY, ""),
    (8 * _YEAR, _YEAR, "y", _DAY, "d"),
    (math.inf, _YEAR, "y", _YEAR, ""),
)
"""Up to which age, in seconds, which unit is written, and which smaller one beside it; apimachinery's HumanDuration."""


def age(moment: str, now: datetime) -> str:
    """How long ago, in kubectl's words: `42s`, `5m3s`, `3d4h`."""
    if not moment:
        return "<unknown>"
    seconds = int((now - datetime.fromisoformat(moment).astimezone(UTC)).total_seconds())
    if seconds < -1:
        return "<invalid>"
    _, size, letter, part, smaller = next(span for span in _SPANS if seconds < span[0])
    rest = seconds % size // part
    return f"{max(seconds, 0) // size}{letter}" + (f"{rest}{smaller}" if rest else "")


def _at(object_: Mapping[str, Any], path: str, default: Any = "") -> Any:
    value: Any = object_
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return default if value is None else value


def _path(path: str, default: Any = "") -> Cell:
    return lambda object_: _at(object_, path, default)


def _ready(object_: Object) -> str:
    return f"{_at(object_, 'status.readyReplicas', 0)}/{_at(object_, 'spec.replicas', 0)}"


def _pod_ready(pod: Object) -> str:
    statuses = _at(pod, "status.containerStatuses", [])
    ready = sum(1 for status in statuses if status.get("ready"))
    return f"{ready}/{len(_at(pod, 'spec.containers', []))}"


def _pod_status(pod: Object) -> str:
    if "deletionTimestamp" in pod["metadata"]:
        return "Terminating"
    for status in _at(pod, "status.containerStatuses", []):
        state = status.get("state", {})
        for phase in ("waiting", "terminated"):
            if reason := state.get(phase, {}).get("reason"):
                return str(reason)
    return str(_at(pod, "status.reason") or _at(pod, "status.phase", "Pending"))


def _restarts(pod: Object) -> str:
    return str(sum(status.get("restartCount", 0) for status in _at(pod, "status.containerStatuses", [])))


def _service_ports(service: Object) -> str:
    ports = [f"{port['port']}/{port.get('protocol', 'TCP')}" for port in _at(service, "spec.ports", [])]
    return ",".join(ports) or "<none>"


def _hpa_reference(hpa: Object) -> str:
    return f"{_at(hpa, 'spec.scaleTargetRef.kind')}/{_at(hpa, 'spec.scaleTargetRef.name')}"


def _node_status(node: Object) -> str:
    conditions = {one["type"]: one["status"] for one in _at(node, "status.conditions", [])}
    words = ["Ready" if conditions.get("Ready") == "True" else "NotReady"]
    return ",".join(words + ["SchedulingDisabled"] * bool(_at(node, "spec.unschedulable", False)))


def _count(path: str) -> Cell:
    return lambda object_: str(len(_at(object_, path, ())))


_WORKLOAD: tuple[tuple[str, Cell], ...] = (
    ("Desired", _path("spec.replicas", 0)),
    ("Current", _path("status.replicas", 0)),
    ("Ready", _path("status.readyReplicas", 0)),
)
_COLUMNS: dict[str, tuple[tuple[str, Cell], ...]] = {
    "Pod": (("Ready", _pod_ready), ("Status", _pod_status), ("Restarts", _restarts)),
    "Deployment": (
        ("Ready", _ready),
        ("Up-to-date", _path("status.updatedReplicas", 0)),
        ("Available", _path("status.availableReplicas", 0)),
    ),
    "ReplicaSet": _WORKLOAD,
    "ReplicationController": _WORKLOAD,
    "StatefulSet": (("Ready", _ready),),
    "DaemonSet": (
        ("Desired", _path("status.desiredNumberScheduled", 0)),
        ("Current", _path("status.currentNumberScheduled", 0)),
        ("Ready", _path("status.numberReady", 0)),
        ("Up-to-date", _path("status.updatedNumberScheduled", 0)),
        ("Available", _path("status.numberAvailable", 0)),
    ),
    "Job": (
        ("Status", lambda job: "Complete" if _at(job, "status.completionTime") else "Running"),
        ("Completions", lambda job: f"{_at(job, 'status.succeeded', 0)}/{_at(job, 'spec.completions', 1)}"),
    ),
    "CronJob": (
        ("Schedule", _path("spec.schedule")),
        ("Suspend", lambda job: str(bool(_at(job, "spec.suspend", False)))),
    ),
    "Service": (
        ("Type", _path("spec.type")),
        ("Cluster-IP", _path("spec.clusterIP", "<none>")),
        ("External-IP", lambda service: "<none>"),
        ("Port(s)", _service_ports),
    ),
    "HorizontalPodAutoscaler": (
        ("Reference", _hpa_reference),
        ("MinPods", _path("spec.minReplicas", "<unset>")),
        ("MaxPods", _path("spec.maxReplicas")),
        ("Replicas", _path("status.currentReplicas", 0)),
    ),
    "PodDisruptionBudget": (
        ("Min Available", _path("spec.minAvailable", "N/A")),
        ("Max Unavailable", _path("spec.maxUnavailable", "N/A")),
        ("Allowed Disruptions", _path("status.disruptionsAllowed", 0)),
    ),
    "Namespace": (("Status", _path("status.phase")),),
    "Node": (("Status", _node_status), ("Version", _path("status.nodeInfo.kubeletVersion"))),
    "ConfigMap": (("Data", _count("data")),),
    "Secret": (("Type", _path("type")), ("Data", _count("data"))),
    "Event": (
        ("Type", _path("type")),
        ("Reason", _path("reason")),
        ("Object", lambda event: f"{_at(event, 'involvedObject.kind').lower()}/{_at(event, 'involvedObject.name')}"),
        ("Message", _path("message")),
    ),
    "PersistentVolumeClaim": (("Status", _path("status.phase")), ("Volume", _path("spec.volumeName"))),
    "Lease": (("Holder", _path("spec.holderIdentity")),),
}


def _column(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "type": "string",
        "format": "name" if name == "Name" else "",
        "description": "",
        "priority": 0,
    }


def columns_of(kind: Kind) -> list[dict[str, Any]]:
    """The column definitions of a kind's table."""
    extra = [name for name, _ in _COLUMNS.get(kind.kind, ())]
    return [_column(name) for name in ("Name", *extra, "Age")]


def row_of(kind: Kind, object_: Object, now: datetime) -> list[Any]:
    """The cells of an object's row."""
    cells = [cell(object_) for _, cell in _COLUMNS.get(kind.kind, ())]
    return [name_of(object_), *cells, age(object_["metadata"].get("creationTimestamp", ""), now)]
