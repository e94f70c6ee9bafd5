"""What admission makes of a pod: limits of its namespace filled in and held, and the objects it names looked for.

In the order and the words of the API server's own plugins (LimitRanger, ServiceAccount, Priority, RuntimeClass; 1.34).
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Protocol

from dot_ai_lifecycle.embedded.kinds import Kind
from dot_ai_lifecycle.embedded.objects import Object, name_of, namespace_of
from dot_ai_lifecycle.embedded.pod_defaults import quality_of
from dot_ai_lifecycle.embedded.quantities import number
from dot_ai_lifecycle.embedded.rejected import forbidden

_LISTS = ("containers", "initContainers")


class Looks(Protocol):
    """What these plugins need of a store."""

    def find(self, kind: str, name: str, namespace: str | None = None) -> Object | None: ...

    def list(self, kind: str, namespace: str | None = None) -> list[Object]: ...


def admit(store: Looks, kind: Kind, pod: Object) -> None:
    """Complete the pod in place. Raises 403 where it may not be created."""
    _named(store, kind, pod)
    ranges = store.list("LimitRange", namespace_of(pod))
    if not ranges:
        return
    rules = [rule for one in ranges for rule in one["spec"].get("limits") or ()]
    for rule in rules:
        if rule["type"] == "Container":
            _fill(pod["spec"], rule)
    pod["status"]["qosClass"] = quality_of(pod["spec"])
    said = list(dict.fromkeys(words for rule in rules for words in _against(pod["spec"], rule)))
    if said:
        raise forbidden(kind, name_of(pod), said[0] if len(said) == 1 else f"[{', '.join(said)}]")


def _named(store: Looks, kind: Kind, pod: Object) -> None:
    spec, place = pod["spec"], namespace_of(pod)
    account = spec["serviceAccountName"]
    if account != "default" and store.find("ServiceAccount", account, place) is None:
        why = f'error looking up service account {place}/{account}: serviceaccount "{account}" not found'
        raise forbidden(kind, name_of(pod), why)
    if priority := spec.get("priorityClassName"):
        found = store.find("PriorityClass", priority)
        if found is None and not priority.startswith("system-"):
            raise forbidden(kind, name_of(pod), f"no PriorityClass with name {priority} was found")
        spec["priority"] = (found or {}).get("value", 2_000_000_000)
    runtime = spec.get("runtimeClassName")
    if runtime and store.find("RuntimeClass", runtime) is None:
        raise forbidden(kind, name_of(pod), f'pod rejected: RuntimeClass "{runtime}" not found')


def _fill(spec: Object, rule: Mapping[str, Any]) -> None:
    for container in _containers(spec):
        resources = container.setdefault("resources", {})
        for side, defaults in (("limits", rule.get("default")), ("requests", rule.get("defaultRequest"))):
            if defaults:
                resources[side] = {**defaults, **(resources.get(side) or {})}


def _against(spec: Object, rule: Mapping[str, Any]) -> Iterator[str]:
    if rule["type"] == "Container":
        for container in _containers(spec):
            resources = container.get("resources") or {}
            yield from _beyond(rule, resources.get("requests") or {}, resources.get("limits") or {})
    elif rule["type"] == "Pod":
        yield from _beyond(rule, _sum(spec, "requests"), _sum(spec, "limits"))


def _beyond(rule: Mapping[str, Any], requests: Mapping[str, Any], limits: Mapping[str, Any]) -> Iterator[str]:
    for resource, least in sorted((rule.get("min") or {}).items()):
        words = f"minimum {resource} usage per {rule['type']} is {least}"
        yield from _held(words, "request", requests.get(resource), number(least), lower=True)
    for resource, most in sorted((rule.get("max") or {}).items()):
        words = f"maximum {resource} usage per {rule['type']} is {most}"
        yield from _held(words, "limit", limits.get(resource), number(most), lower=False)


def _held(words: str, side: str, given: Any, bound: Decimal, *, lower: bool) -> Iterator[str]:
    if given is None:
        yield f"{words}.  No {side} is specified"
    elif (number(given) < bound) if lower else (number(given) > bound):
        yield f"{words}, but {side} is {given}"


def _sum(spec: Object, side: str) -> dict[str, Any]:
    total: dict[str, Decimal] = {}
    for container in spec.get("containers") or ():
        for resource, value in ((container.get("resources") or {}).get(side) or {}).items():
            total[resource] = total.get(resource, Decimal(0)) + number(value)
    return {resource: str(value) for resource, value in total.items()}


def _containers(spec: Object) -> Iterable[dict[str, Any]]:
    return (container for key in _LISTS for container in spec.get(key) or ())
