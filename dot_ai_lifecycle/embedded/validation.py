"""What objects may be and what of them may change, refused in the words of the API server (1.34)."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dot_ai_lifecycle.embedded.causes import may_not, not_negative, required, too_long, unsupported, wrong
from dot_ai_lifecycle.embedded.kinds import Kind
from dot_ai_lifecycle.embedded.objects import Object, name_of
from dot_ai_lifecycle.embedded.rejected import Cause, invalid
from dot_ai_lifecycle.embedded.schedule import Schedule
from dot_ai_lifecycle.embedded.selectors import labels_of, selector_test
from dot_ai_lifecycle.embedded.validation_metadata import metadata
from dot_ai_lifecycle.embedded.validation_pods import pod_spec, pod_update

_Map = Mapping[str, Any]
_LARGEST = 1024 * 1024
"""Bytes: how much a ConfigMap or a Secret may hold."""
_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_KEY_SAID = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  "
    "or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)
_IMMUTABLE = "field is immutable"
_MISMATCH = "`selector` does not match template `labels`"
_STATEFUL_SAID = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
    "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)
_STATEFUL_FREE = frozenset(
    {"replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit", "minReadySeconds"}
    | {"persistentVolumeClaimRetentionPolicy"}
)
_MUST_NAME_VERSION = frozenset({"Lease", "PodDisruptionBudget", "ServiceAccount", "CustomResourceDefinition"})
"""Kinds whose PUT needs a resourceVersion (`AllowUnconditionalUpdate` is false)."""


def _zero(value: Any) -> bool:
    return value == 0 or (isinstance(value, str) and value.rstrip("%").strip("0") == "")


def _counts(spec: _Map) -> Iterator[Cause]:
    for name in ("replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"):
        yield from not_negative(f"spec.{name}", spec.get(name))


def _template(spec: _Map, restarts: tuple[str, ...] = ("Always",)) -> Iterator[Cause]:
    template = spec.get("template") or {}
    selector = spec.get("selector")
    labels = labels_of(template)
    if selector is None:
        yield required("spec.selector")
    if not selector or not selector_test(selector)(labels):
        yield wrong("spec.template.metadata.labels", dict(labels) or None, _MISMATCH)
    yield from _pod_of("spec.template.spec", template.get("spec") or {}, restarts)


def _pod_of(field: str, spec: _Map, restarts: tuple[str, ...]) -> Iterator[Cause]:
    policy = spec.get("restartPolicy", restarts[0])
    yield from pod_spec(field, {"restartPolicy": restarts[0]} | dict(spec))
    if policy not in restarts:
        yield unsupported(f"{field}.restartPolicy", policy, restarts)


def _deployment(object_: Object) -> Iterator[Cause]:
    spec = object_["spec"]
    yield from _template(spec)
    yield from _counts(spec)
    strategy = spec.get("strategy") or {}
    rolling = strategy.get("rollingUpdate") or {}
    if strategy.get("type") == "Recreate" and rolling:
        why = "may not be specified when strategy `type` is 'Recreate'"
        yield may_not("spec.strategy.rollingUpdate", why)
    elif rolling and _zero(rolling.get("maxSurge")) and _zero(rolling.get("maxUnavailable")):
        field = "spec.strategy.rollingUpdate.maxUnavailable"
        yield wrong(field, 0, "may not be 0 when `maxSurge` is 0")
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None and deadline <= spec.get("minReadySeconds", 0):
        yield wrong("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")


def _workload(object_: Object) -> Iterator[Cause]:
    yield from _template(object_["spec"])
    yield from _counts(object_["spec"])


def _job(object_: Object) -> Iterator[Cause]:
    spec = object_["spec"]
    yield from _template(spec, ("OnFailure", "Never"))
    for name in ("parallelism", "completions", "backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished"):
        yield from not_negative(f"spec.{name}", spec.get(name))


_CONCURRENCY = ("Allow", "Forbid", "Replace")


def _cron_job(object_: Object) -> Iterator[Cause]:
    spec = object_["spec"]
    line = spec.get("schedule") or ""
    if not line:
        yield required("spec.schedule")
    else:
        yield from _schedule(line)
    if spec["concurrencyPolicy"] not in _CONCURRENCY:
        yield unsupported("spec.concurrencyPolicy", spec["concurrencyPolicy"], _CONCURRENCY)
    for name in ("successfulJobsHistoryLimit", "failedJobsHistoryLimit", "startingDeadlineSeconds"):
        yield from not_negative(f"spec.{name}", spec.get(name))
    inside = (((spec.get("jobTemplate") or {}).get("spec") or {}).get("template") or {}).get("spec") or {}
    yield from _pod_of("spec.jobTemplate.spec.template.spec", inside, ("OnFailure", "Never"))


def _schedule(line: str) -> Iterator[Cause]:
    try:
        Schedule.parse(line)
    except ValueError as error:
        yield wrong("spec.schedule", line, str(error))


def _pod(object_: Object) -> Iterator[Cause]:
    yield from pod_spec("spec", object_["spec"])


def _ports(spec: _Map) -> Iterator[Cause]:
    ports = spec.get("ports") or ()
    for index, port in enumerate(ports):
        if len(ports) > 1 and not port.get("name"):
            yield required(f"spec.ports[{index}].name")
        if not 0 < (port.get("port") or 0) < 65536:
            yield wrong(f"spec.ports[{index}].port", port.get("port"), "must be between 1 and 65535, inclusive")


def _service(object_: Object) -> Iterator[Cause]:
    spec = object_["spec"]
    if not spec.get("ports") and spec.get("clusterIP") != "None" and spec.get("type") != "ExternalName":
        yield required("spec.ports")
    yield from _ports(spec)


def _autoscaler(object_: Object) -> Iterator[Cause]:
    spec = object_["spec"]
    low, high = spec.get("minReplicas") or 0, spec.get("maxReplicas") or 0
    if low < 1:
        yield wrong("spec.minReplicas", low, "must be greater than or equal to 1")
    if high < 1:
        yield wrong("spec.maxReplicas", high, "must be greater than 0")
    if high < low:
        yield wrong("spec.maxReplicas", high, "must be greater than or equal to `minReplicas`")
    target = spec.get("scaleTargetRef") or {}
    for name in ("kind", "name"):
        if not target.get(name):
            yield required(f"spec.scaleTargetRef.{name}")
    if not target.get("apiVersion") and target.get("kind") in {"Deployment", "ReplicaSet", "StatefulSet"}:
        yield wrong("spec.scaleTargetRef.apiVersion", "", "apiVersion must specify API group")


def _budget(object_: Object) -> Iterator[Cause]:
    spec = object_.get("spec") or {}
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        names = {"MinAvailable": "minAvailable", "Selector": "selector", "MaxUnavailable": "maxUnavailable"}
        shown = {name: spec.get(key) for name, key in names.items()} | {"UnhealthyPodEvictionPolicy": None}
        yield wrong("spec", shown, "minAvailable and maxUnavailable cannot be both set")


def _contents(object_: Object) -> Iterator[Cause]:
    for part in ("data", "binaryData"):
        for key in object_.get(part) or {}:
            if not _KEY.fullmatch(key):
                yield wrong(f"{part}[{key}]", key, _KEY_SAID)
    size = sum(len(str(value)) for part in ("data", "binaryData") for value in (object_.get(part) or {}).values())
    if size > _LARGEST:
        yield too_long("", _LARGEST)


_BY_KIND: dict[tuple[str, str], Callable[[Object], Iterator[Cause]]] = {
    ("", "Pod"): _pod,
    ("", "Service"): _service,
    ("", "ConfigMap"): _contents,
    ("", "Secret"): _contents,
    ("apps", "Deployment"): _deployment,
    ("apps", "ReplicaSet"): _workload,
    ("apps", "StatefulSet"): _workload,
    ("apps", "DaemonSet"): _workload,
    ("batch", "Job"): _job,
    ("batch", "CronJob"): _cron_job,
    ("autoscaling", "HorizontalPodAutoscaler"): _autoscaler,
    ("policy", "PodDisruptionBudget"): _budget,
}


def _kept(old: Object, new: Object, *names: str) -> Iterator[Cause]:
    for name in names:
        before, after = old["spec"].get(name), new["spec"].get(name)
        if before != after:
            yield wrong(f"spec.{name}", after, _IMMUTABLE)


def _stateful_update(old: Object, new: Object) -> Iterator[Cause]:
    before = {key: value for key, value in old["spec"].items() if key not in _STATEFUL_FREE}
    if before != {key: value for key, value in new["spec"].items() if key not in _STATEFUL_FREE}:
        yield may_not("spec", _STATEFUL_SAID)


def _contents_update(old: Object, new: Object) -> Iterator[Cause]:
    if not old.get("immutable"):
        return
    if not new.get("immutable"):
        yield may_not("immutable", "field is immutable when `immutable` is set")
    for part in ("data", "binaryData"):
        if (old.get(part) or {}) != (new.get(part) or {}):
            yield may_not(part, "field is immutable when `immutable` is set")


def _service_update(old: Object, new: Object) -> Iterator[Cause]:
    before, after = old["spec"].get("clusterIP"), new["spec"].get("clusterIP")
    if before and after != before and new["spec"].get("type") != "ExternalName":
        yield wrong("spec.clusterIPs[0]", [after], "may not change once set")


def _update_causes(kind: Kind, old: Object, new: Object) -> Iterator[Cause]:
    match kind.kind:
        case "Deployment" | "ReplicaSet" | "DaemonSet" if kind.group == "apps":
            yield from _kept(old, new, "selector")
        case "StatefulSet":
            yield from _stateful_update(old, new)
        case "Job":
            yield from _kept(old, new, "selector", "template", "completionMode")
        case "ConfigMap" | "Secret":
            yield from _contents_update(old, new)
        case "Service":
            yield from _service_update(old, new)


def check_create(kind: Kind, new: Object) -> None:
    """Raise 422 when the new object is not valid."""
    found = list(metadata(kind, new["metadata"]))
    if check := _BY_KIND.get((kind.group, kind.kind)):
        found += check(new)
    if found:
        raise invalid(kind, name_of(new), found)


def check_update(kind: Kind, old: Object, new: Object, subresource: str) -> None:
    """Raise 422 when the changed object is not valid, or changed where it may not."""
    if subresource == "status":
        return
    found = list(metadata(kind, new["metadata"]))
    if kind.kind == "Pod" and not kind.group:
        found += pod_update(old, new, subresource)
    elif check := _BY_KIND.get((kind.group, kind.kind)):
        found += check(new)
    found += _update_causes(kind, old, new)
    if found:
        raise invalid(kind, name_of(new), found)


def must_name_version(kind: Kind) -> bool:
    """Whether a PUT of this kind needs a resourceVersion."""
    return kind.custom or kind.kind in _MUST_NAME_VERSION
