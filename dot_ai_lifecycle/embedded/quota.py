"""ResourceQuota: what a namespace may use, what it uses, and the refusal when both do not fit."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from dot_ai_lifecycle.embedded.kinds import Kind
from dot_ai_lifecycle.embedded.objects import Object, name_of
from dot_ai_lifecycle.embedded.quantities import number
from dot_ai_lifecycle.embedded.rejected import Rejected, forbidden

_COUNTED = {
    "pods",
    "services",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "replicationcontrollers",
    "resourcequotas",
}
_COMPUTE = ("cpu", "memory", "ephemeral-storage")
Usage = dict[str, Decimal]
_BINARY = (("Ei", 60), ("Pi", 50), ("Ti", 40), ("Gi", 30), ("Mi", 20), ("Ki", 10))


def written(resource: str, amount: Decimal) -> str:
    """An amount as Kubernetes writes it: millicores for a fraction of cpu, binary suffixes for bytes."""
    if amount != amount.to_integral_value():
        return f"{int(amount * 1000)}m"
    whole = int(amount)
    if "memory" in resource or "storage" in resource:
        for suffix, bits in _BINARY:
            if whole and whole % (1 << bits) == 0:
                return f"{whole >> bits}{suffix}"
    return str(whole)


def _asked(spec: Mapping[str, Any], side: str, name: str) -> Decimal:
    def of(container: Mapping[str, Any]) -> Decimal:
        return number(((container.get("resources") or {}).get(side) or {}).get(name))

    running = sum((of(one) for one in spec.get("containers") or ()), Decimal(0))
    starting = max((of(one) for one in spec.get("initContainers") or ()), default=Decimal(0))
    return max(running, starting)


def _pod_usage(pod: Object) -> Usage:
    if pod.get("status", {}).get("phase") in {"Succeeded", "Failed"}:
        return {"count/pods": Decimal(1)}
    usage = {"pods": Decimal(1), "count/pods": Decimal(1)}
    for name in _COMPUTE:
        requests = _asked(pod["spec"], "requests", name)
        usage |= {f"requests.{name}": requests, f"limits.{name}": _asked(pod["spec"], "limits", name), name: requests}
    return usage


def usage_of(kind: Kind, object_: Object) -> Usage:
    """What one object counts for, by the resource names quotas use."""
    if kind.kind == "Pod":
        return _pod_usage(object_)
    usage = {f"count/{kind.resource}": Decimal(1)}
    if not kind.group and kind.plural in _COUNTED:
        usage[kind.plural] = Decimal(1)
    if kind.kind == "PersistentVolumeClaim":
        wanted = ((object_["spec"].get("resources") or {}).get("requests") or {}).get("storage")
        usage["requests.storage"] = number(wanted)
    return usage


def total(kind: Kind, objects: Iterable[Object]) -> Usage:
    """What all these objects count for together."""
    whole: Usage = {}
    for object_ in objects:
        for name, amount in usage_of(kind, object_).items():
            whole[name] = whole.get(name, Decimal(0)) + amount
    return whole


def concerns(quota: Object, kind: Kind) -> bool:
    """Whether this quota limits anything objects of this kind count for."""
    hard = quota["spec"].get("hard") or {}
    if kind.kind == "Pod":
        names = {"pods", "count/pods", *_COMPUTE}
        return any(name in names or name.startswith(("requests.", "limits.")) for name in hard)
    return any(name in {f"count/{kind.resource}", kind.plural, "requests.storage"} for name in hard)


def _unspecified(pod: Object, hard: Mapping[str, Any]) -> list[str]:
    """Which compute resources a quota limits and which containers do not set: all must be set then."""
    said = []
    for resource in sorted(hard):
        side, _, name = resource.rpartition(".")
        if name not in _COMPUTE[:2]:
            continue
        lacking = [
            one["name"]
            for one in pod["spec"].get("containers") or ()
            if name not in ((one.get("resources") or {}).get(side or "requests") or {})
        ]
        if lacking:
            said.append(f"{resource} for: {','.join(sorted(lacking))}")
    return said


def _listed(names: Iterable[str], amounts: Mapping[str, Decimal]) -> str:
    return ",".join(f"{name}={written(name, amounts[name])}" for name in sorted(names))


def refusal(quota: Object, kind: Kind, object_: Object, used: Usage) -> Rejected | None:
    """403 when the object does not fit beside what is used, in the API server's words; None when it fits."""
    hard = {name: number(amount) for name, amount in (quota["spec"].get("hard") or {}).items()}
    if kind.kind == "Pod" and (lacking := _unspecified(object_, hard)):
        why = f"failed quota: {name_of(quota)}: must specify {'; '.join(lacking)}"
        return forbidden(kind, name_of(object_), why)
    asked = usage_of(kind, object_)
    used = {name: used.get(name, Decimal(0)) for name in hard}
    over = [name for name in hard if asked.get(name) and used[name] + asked[name] > hard[name]]
    if not over:
        return None
    why = f"exceeded quota: {name_of(quota)}, requested: {_listed(over, asked)}, "
    why += f"used: {_listed(over, used)}, limited: {_listed(over, hard)}"
    return forbidden(kind, name_of(object_), why)
