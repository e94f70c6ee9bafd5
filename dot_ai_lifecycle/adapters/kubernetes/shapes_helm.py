"""Releases of Helm: read out of their Secrets, and their manifests out of YAML as Helm itself reads it."""

import re
from typing import Any

import yaml

from dot_ai_lifecycle.adapters.kubernetes.wire import Metadata, Wire
from dot_ai_lifecycle.core.errors import ClusterFailure
from dot_ai_lifecycle.core.helm import Hook, Release, secret_of, unpacked
from dot_ai_lifecycle.core.refs import SECRET, ref_to
from dot_ai_lifecycle.core.workload import Manifest

_NUMBER = re.compile(r"^[-+]?(0|[1-9][0-9]*)$")


class ReleaseSecret(Wire):
    metadata: Metadata
    data: dict[str, str] | None = None


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # the fast one where it was built
    """YAML without moments and sexagesimals: Helm's parser has neither, and `12:30` is a text to it."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in known if tag not in ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:int")]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int",
    re.compile(r"^[-+]?(0b[01]+|0o?[0-7]+|0x[0-9a-fA-F]+|0|[1-9][0-9]*)$"),
    list("-+0123456789"),
)


def objects_in(text: str) -> tuple[Manifest, ...]:
    """The objects of a manifest, lists of them taken apart. Raises ClusterFailure for what is no YAML of objects."""
    try:
        documents = [one for one in yaml.load_all(text, _Loader) if one]
    except yaml.YAMLError as error:
        raise ClusterFailure(f"The manifest of a Helm release is no YAML ({type(error).__name__}).") from error
    found: list[Manifest] = []
    for document in documents:
        if not isinstance(document, dict) or not isinstance(document.get("kind"), str):
            raise ClusterFailure("The manifest of a Helm release holds something that is no object.")
        items = document.get("items") if document["kind"].endswith("List") else None
        found += items if isinstance(items, list) else [document]
    return tuple(found)


def release(seen: ReleaseSecret) -> Release:
    """The revision in a Secret; one that cannot be read says so by its status, so that the others still can."""
    labels = seen.metadata.labels or {}
    name, number = labels.get("name", ""), int(version) if _NUMBER.match(version := labels.get("version", "")) else 0
    ref = ref_to(SECRET, seen.metadata.name, seen.metadata.namespace, seen.metadata.uid)
    try:
        held = unpacked((seen.data or {}).get("release", ""))
        return _read(held, secret_of(str(held["name"]), int(held["version"]), ref.namespace or "", ref.uid))
    except (ClusterFailure, KeyError, TypeError, ValueError, AttributeError):
        return Release(ref, name, number, "unreadable")


def _read(held: dict[str, Any], ref: Any) -> Release:
    state, chart = held.get("info") or {}, (held.get("chart") or {}).get("metadata") or {}
    return Release(
        secret=ref,
        name=str(held["name"]),
        number=int(held["version"]),
        status=str(state.get("status", "")),
        chart=str(chart.get("name", "")),
        chart_version=str(chart.get("version", "")),
        app_version=str(chart.get("appVersion") or ""),
        values=held.get("config") or {},
        manifest=str(held.get("manifest") or ""),
        hooks=tuple(
            Hook(str(hook.get("name", "")), str(hook.get("kind", "")), tuple(hook.get("events") or ()))
            for hook in held.get("hooks") or ()
        ),
        description=str(state.get("description", "")),
        applied=str(held.get("apply_method") or ""),
        parsed=objects_in,
    )
