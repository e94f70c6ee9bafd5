"""What a pod cannot start without: every object its template names, and of which key, where, and how badly."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from dot_ai_lifecycle.core.workload import Manifest


class Need(NamedTuple):
    """One object a template names. Without a `key` the whole object is meant; `place` is env, envFrom, volume, …"""

    kind: str
    name: str
    place: str
    key: str = ""
    optional: bool = False

    def __str__(self) -> str:
        return f"{self.kind} {self.name}" + (f", key {self.key}" if self.key else "")


def needs(template: Manifest) -> tuple[Need, ...]:
    """Everything the template names, in the order it stands there, each once."""
    spec = template.get("spec") or {}
    found = (*_of_containers(spec), *_of_volumes(spec), *_of_pulls(spec), *_of_pod(spec))
    return tuple(dict.fromkeys(need for need in found if need.name))


def _of_containers(spec: Manifest) -> Iterator[Need]:
    for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
        for variable in container.get("env") or ():
            source = variable.get("valueFrom") or {}
            yield _keyed("ConfigMap", source.get("configMapKeyRef"))
            yield _keyed("Secret", source.get("secretKeyRef"))
        for source in container.get("envFrom") or ():
            yield _whole("ConfigMap", source.get("configMapRef"), "envFrom")
            yield _whole("Secret", source.get("secretRef"), "envFrom")


def _of_volumes(spec: Manifest) -> Iterator[Need]:
    for volume in spec.get("volumes") or ():
        for part in (volume, *((volume.get("projected") or {}).get("sources") or ())):
            yield from _mounted("ConfigMap", part.get("configMap"))
            yield from _mounted("Secret", part.get("secret"))
        claim = volume.get("persistentVolumeClaim") or {}
        yield Need("PersistentVolumeClaim", str(claim.get("claimName", "")), "volume")


def _of_pulls(spec: Manifest) -> Iterator[Need]:
    """The kubelet goes on without a pull secret that is not there."""
    for secret in spec.get("imagePullSecrets") or ():
        yield Need("Secret", str(secret.get("name", "")), "imagePullSecrets", optional=True)


def _of_pod(spec: Manifest) -> Iterator[Need]:
    for kind, field in (
        ("ServiceAccount", "serviceAccountName"),
        ("PriorityClass", "priorityClassName"),
        ("RuntimeClass", "runtimeClassName"),
    ):
        yield Need(kind, str(spec.get(field) or ""), field)


def _mounted(kind: str, source: Any) -> Iterator[Need]:
    """A volume's source; with `items` their keys have to be there too."""
    source = source or {}
    name, optional = str(source.get("secretName") or source.get("name") or ""), bool(source.get("optional"))
    yield Need(kind, name, "volume", optional=optional)
    for item in source.get("items") or ():
        yield Need(kind, name, "volume", str(item.get("key", "")), optional)


def _keyed(kind: str, source: Any) -> Need:
    source = source or {}
    return Need(kind, str(source.get("name", "")), "env", str(source.get("key", "")), bool(source.get("optional")))


def _whole(kind: str, source: Any, place: str) -> Need:
    source = source or {}
    return Need(kind, str(source.get("name", "")), place, optional=bool(source.get("optional")))
