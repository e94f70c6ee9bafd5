"""The files that ConfigMaps and Secrets put into a container, and whether a change of them reaches it."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from msgspec import Struct

from dot_ai_lifecycle.core.configuration import Held, Source, Sources
from dot_ai_lifecycle.core.workload import Manifest

Renewal = Literal["by itself", "with new pods"]
"""How a change arrives: the kubelet renews mounted files within some 90 s, but never those mounted by `subPath`."""


class File(Struct, frozen=True):
    """One file of one container: its path, what is in it, and the key of the source that says so."""

    container: str
    path: str
    source: tuple[str, str]
    key: str
    value: Held | None
    renewal: Renewal
    lack: str = ""
    fatal: bool = False


def files_of(container: Manifest, template: Manifest, sources: Sources) -> tuple[File, ...]:
    """The files of one container, in the order of its mounts; what is mounted over is not taken out."""
    volumes = {str(one.get("name", "")): one for one in (template.get("spec") or {}).get("volumes") or ()}
    return tuple(
        file
        for mount in container.get("volumeMounts") or ()
        for file in _mounted(
            str(container.get("name", "")), mount, volumes.get(str(mount.get("name", "")), {}), sources
        )
    )


def _mounted(container: str, mount: Mapping[str, Any], volume: Mapping[str, Any], sources: Sources) -> Iterator[File]:
    home = str(mount.get("mountPath", "")).rstrip("/")
    alone = str(mount.get("subPath") or mount.get("subPathExpr") or "")
    renewal: Renewal = "with new pods" if alone else "by itself"
    for part in (volume, *((volume.get("projected") or {}).get("sources") or ())):
        for kind, spec in (("ConfigMap", part.get("configMap")), ("Secret", part.get("secret"))):
            if not spec:
                continue
            source = sources.of(kind, str(spec.get("secretName") or spec.get("name") or ""))
            for key, place in _placed(spec, source):
                if alone and place != alone:
                    continue
                lack = source.lacks(key)
                fatal = bool(lack) and not spec.get("optional") and source.fate != "unread"
                path = home if alone else f"{home}/{place}"
                yield File(container, path, (kind, source.name), key, source.values.get(key), renewal, lack, fatal)


def _placed(spec: Mapping[str, Any], source: Source) -> Iterator[tuple[str, str]]:
    """Each key and the path it is put at; of a source that is not there what is asked of it, or one line for all."""
    if items := spec.get("items"):
        yield from ((str(item.get("key", "")), str(item.get("path", ""))) for item in items)
    elif source.fate == "there":
        yield from ((key, key) for key in source.values)
    else:
        yield "", ""
