"""LimitRanges, for where the cluster cannot be asked: what containers and pods may ask for at least and at most."""

from collections.abc import Iterator, Sequence

from dot_ai_lifecycle.core.capacity import LimitRange, amounts, asked
from dot_ai_lifecycle.core.workload import Manifest


def against_limits(spec: Manifest, ranges: Sequence[LimitRange]) -> tuple[str, ...]:
    """Why the ranges would refuse a pod of that spec, each in a few words; empty where they would not."""
    return tuple(words for one in ranges for rule in one.limits for words in _against(spec, one.name, rule))


def _against(spec: Manifest, name: str, rule: Manifest) -> Iterator[str]:
    if rule.get("type") == "Pod":
        yield from _beyond(name, rule, "the pod", asked(spec), asked(spec, "limits"))
    if rule.get("type") == "Container":
        for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
            whole = {"containers": [_filled(container, rule)]}
            yield from _beyond(name, rule, f"container {container['name']}", asked(whole), asked(whole, "limits"))


def _filled(container: Manifest, rule: Manifest) -> dict[str, object]:
    """The container with the defaults that the LimitRange gives."""
    resources = container.get("resources") or {}
    limits = {**(rule.get("default") or {}), **(resources.get("limits") or {})}
    requests = {**(rule.get("defaultRequest") or {}), **(resources.get("requests") or {})}
    return {"resources": {"limits": limits, "requests": requests}}


def _beyond(name: str, rule: Manifest, who: str, requests: Manifest, limits: Manifest) -> Iterator[str]:
    """`min` holds for requests, `max` for limits; a bound on what is not set is not kept (LimitRanger, Kubernetes)."""
    for resource, least in amounts(rule.get("min")).items():
        if requests.get(resource, 0) < least:
            yield f"LimitRange {name} wants at least {rule['min'][resource]} of {resource} for {who}"
    for resource, most in amounts(rule.get("max")).items():
        if resource not in limits or limits[resource] > most:
            yield f"LimitRange {name} allows at most {rule['max'][resource]} of {resource} for {who}"
