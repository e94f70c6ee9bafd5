"""The environment of a container out of its spec, and the kubelet's words for what it refers to and does not exist."""

import base64
from collections.abc import Callable

from dot_ai_lifecycle.embedded.objects import Object

Find = Callable[[str, str], Object | None]
"""Finds an object of the pod's namespace by kind and name."""


class Missing(Exception):
    """A reference that leads nowhere; the text is what the kubelet says."""


def _values(found: Object) -> dict[str, str]:
    if found["kind"] == "Secret":
        data = found.get("data") or {}
        return {key: base64.b64decode(text).decode(errors="replace") for key, text in data.items()}
    return dict(found.get("data") or {})


def _source(find: Find, kind: str, reference: Object) -> dict[str, str] | None:
    name = reference.get("name", "")
    found = find(kind, name)
    if found is not None:
        return _values(found)
    if reference.get("optional"):
        return None
    raise Missing(f'{kind.lower()} "{name}" not found')


def _one(find: Find, pod: Object, source: Object) -> str | None:
    for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
        if reference := source.get(field):
            values = _source(find, kind, reference)
            if values is None:
                return None
            key = reference["key"]
            if key not in values and not reference.get("optional"):
                place = f"{pod['metadata']['namespace']}/{reference['name']}"
                raise Missing(f"couldn't find key {key} in {kind} {place}")
            return values.get(key)
    return _field(pod, (source.get("fieldRef") or {}).get("fieldPath", ""))


def _field(pod: Object, path: str) -> str:
    """What a `fieldPath` names, `metadata.labels['app']` included; empty where nothing is there."""
    place, bracket, key = path.partition("['")
    value: object = pod
    for part in (*place.split("."), *([key.removesuffix("']")] if bracket else [])):
        value = value.get(part) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def resolve(find: Find, pod: Object, container: Object) -> dict[str, str]:
    """The variables of a container: `envFrom` first, then `env`. Raises `Missing` for a reference that must exist."""
    env: dict[str, str] = {}
    for source in container.get("envFrom") or ():
        for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            if field in source:
                prefix = source.get("prefix", "")
                env |= {prefix + key: text for key, text in (_source(find, kind, source[field]) or {}).items()}
    for one in container.get("env") or ():
        if "valueFrom" in one:
            value = _one(find, pod, one["valueFrom"])
            if value is not None:
                env[one["name"]] = value
        else:
            env[one["name"]] = str(one.get("value", ""))
    return env


def unmountable(find: Find, pod: Object) -> tuple[str, str] | None:
    """The first volume that cannot be mounted because its ConfigMap or Secret is missing: its name, and why."""
    for volume in pod["spec"].get("volumes") or ():
        for kind, reference in _mounted(volume):
            if not reference.get("optional") and find(kind, reference["name"]) is None:
                return volume["name"], f'{kind.lower()} "{reference["name"]}" not found'
    return None


def _mounted(volume: Object) -> list[tuple[str, Object]]:
    found: list[tuple[str, Object]] = []
    if "configMap" in volume:
        found.append(("ConfigMap", volume["configMap"]))
    if "secret" in volume:
        found.append(("Secret", {"name": volume["secret"]["secretName"], **volume["secret"]}))
    for source in (volume.get("projected") or {}).get("sources") or ():
        found += [
            (kind, source[field])
            for field, kind in (("configMap", "ConfigMap"), ("secret", "Secret"))
            if field in source
        ]
    return found
