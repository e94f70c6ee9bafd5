"""What pods and pod templates may be, and what of a pod may change."""

from collections.abc import Iterator, Mapping
from typing import Any

from dot_ai_lifecycle.embedded.causes import absent, duplicate, may_not, not_negative, required, unsupported, wrong
from dot_ai_lifecycle.embedded.objects import Object
from dot_ai_lifecycle.embedded.quantities import number
from dot_ai_lifecycle.embedded.rejected import Cause

_Map = Mapping[str, Any]
_RESTARTS = ("Always", "OnFailure", "Never")
_UPDATE_SAID = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)
_CHANGEABLE = frozenset({"activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"})


def _resources(field: str, resources: _Map) -> Iterator[Cause]:
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for name, value in requests.items():
        if name in limits and number(value) > number(limits[name]):
            why = f"must be less than or equal to {name} limit of {limits[name]}"
            yield wrong(f"{field}.requests", str(value), why)


def _ports(field: str, container: _Map) -> Iterator[Cause]:
    for index, port in enumerate(container.get("ports") or ()):
        value = port.get("containerPort")
        if value is None:
            yield required(f"{field}.ports[{index}].containerPort")
        elif not 0 < value < 65536:
            yield wrong(f"{field}.ports[{index}].containerPort", value, "must be between 1 and 65535, inclusive")


def _container(field: str, container: _Map, volumes: set[str]) -> Iterator[Cause]:
    if not container.get("name"):
        yield required(f"{field}.name")
    if not container.get("image"):
        yield required(f"{field}.image")
    for index, variable in enumerate(container.get("env") or ()):
        if not variable.get("name"):
            yield required(f"{field}.env[{index}].name")
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        if mount.get("name") not in volumes:
            yield absent(f"{field}.volumeMounts[{index}].name", mount.get("name"))
    yield from _ports(field, container)
    yield from _resources(f"{field}.resources", container.get("resources") or {})


def pod_spec(field: str, spec: _Map) -> Iterator[Cause]:
    """What is wrong with a pod spec."""
    volumes = {volume.get("name", "") for volume in spec.get("volumes") or ()}
    known: set[str] = set()
    for key in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(key) or ()):
            place = f"{field}.{key}[{index}]"
            if container.get("name") in known:
                yield duplicate(f"{place}.name", container["name"])
            known.add(container.get("name") or "")
            yield from _container(place, container, volumes)
    if not spec.get("containers"):
        yield required(f"{field}.containers")
    if spec.get("restartPolicy") not in _RESTARTS:
        yield unsupported(f"{field}.restartPolicy", spec.get("restartPolicy"), _RESTARTS)
    yield from not_negative(f"{field}.terminationGracePeriodSeconds", spec.get("terminationGracePeriodSeconds"))


def _fixed(spec: _Map) -> dict[str, Any]:
    kept = {key: value for key, value in spec.items() if key not in _CHANGEABLE and key != "nodeName"}
    for key in ("containers", "initContainers"):
        kept[key] = [{name: item for name, item in one.items() if name != "image"} for one in spec.get(key) or ()]
    return kept


def pod_update(old: Object, new: Object, subresource: str) -> Iterator[Cause]:
    """What of a pod's spec was changed that may not be."""
    before, after = old["spec"], new["spec"]
    if before == after or subresource in {"resize", "ephemeralcontainers"}:
        return
    if (before.get("nodeName") and before["nodeName"] != after.get("nodeName")) or _fixed(before) != _fixed(after):
        yield may_not("spec", _UPDATE_SAID)
