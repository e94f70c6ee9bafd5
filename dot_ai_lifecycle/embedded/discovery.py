"""What the API says about itself: versions, groups, resources, and health."""

from typing import Any

from dot_ai_lifecycle.embedded.kinds import Kind, Kinds
from dot_ai_lifecycle.embedded.messages import Response, answer, text

_VERSION = {
    "major": "1",
    "minor": "34",
    "emulationMajor": "1",
    "emulationMinor": "34",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "33",
    "gitVersion": "v1.34.2",
    "gitCommit": "embedded",
    "gitTreeState": "clean",
    "buildDate": "2025-11-11T19:03:46Z",
    "goVersion": "go1.24.9",
    "compiler": "gc",
    "platform": "linux/amd64",
}
_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
_PART_VERBS = {
    "log": ["get"],
    "eviction": ["create"],
    "binding": ["create"],
    "finalize": ["update"],
    "proxy": ["create", "delete", "get", "patch", "update"],
}
_PART_KINDS = {
    "scale": ("autoscaling", "v1", "Scale"),
    "eviction": ("policy", "v1", "Eviction"),
    "binding": ("", "v1", "Binding"),
    "proxy": ("", "", "ServiceProxyOptions"),
}
_REVIEWS = {
    ("authorization.k8s.io", "v1"): (
        ("selfsubjectaccessreviews", "SelfSubjectAccessReview"),
        ("selfsubjectrulesreviews", "SelfSubjectRulesReview"),
    ),
    ("authentication.k8s.io", "v1"): (("selfsubjectreviews", "SelfSubjectReview"),),
}
_METRICS = {
    ("metrics.k8s.io", "v1beta1"): (("nodes", "NodeMetrics", False), ("pods", "PodMetrics", True)),
}


def _resource(kind: Kind) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": kind.plural,
        "singularName": kind.singular,
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": _VERBS,
    }
    if kind.short_names:
        entry["shortNames"] = list(kind.short_names)
    if kind.categories:
        entry["categories"] = list(kind.categories)
    return entry


def _part(kind: Kind, name: str) -> dict[str, Any]:
    group, version, word = _PART_KINDS.get(name, ("", "", kind.kind))
    entry: dict[str, Any] = {"name": f"{kind.plural}/{name}", "singularName": "", "namespaced": kind.namespaced}
    if version:
        entry |= {"group": group, "version": version}
    return entry | {"kind": word, "verbs": _PART_VERBS.get(name, ["get", "patch", "update"])}


class Discovery:
    """Answers everything that is not about objects."""

    def __init__(self, kinds: Kinds, *, metrics: bool) -> None:
        self._kinds = kinds
        self._metrics = metrics

    def answer(self, path: str) -> Response | None:
        """The answer for a path, or None when the path is none of discovery's."""
        parts = path.strip("/").split("/")
        if parts[0] in {"healthz", "readyz", "livez"}:
            return text("ok")
        match parts:
            case ["version"]:
                return answer(_VERSION)
            case ["api"]:
                return answer({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})
            case ["api", "v1"]:
                return self._resources("", "v1")
            case ["apis"]:
                return answer({"kind": "APIGroupList", "apiVersion": "v1", "groups": self._groups()})
            case ["apis", group]:
                found = [one for one in self._groups() if one["name"] == group]
                return answer({"kind": "APIGroup", "apiVersion": "v1"} | found[0]) if found else None
            case ["apis", group, version]:
                return self._resources(group, version)
        return None

    def _versions(self) -> list[tuple[str, str]]:
        found = {(kind.group, kind.version): None for kind in self._kinds} | dict.fromkeys(_REVIEWS)
        if self._metrics:
            found |= dict.fromkeys(_METRICS)
        return list(found)

    def _groups(self) -> list[dict[str, Any]]:
        groups: dict[str, list[dict[str, str]]] = {}
        for group, version in self._versions():
            if group:
                groups.setdefault(group, []).append({"groupVersion": f"{group}/{version}", "version": version})
        return [{"name": name, "versions": known, "preferredVersion": known[0]} for name, known in groups.items()]

    def _resources(self, group: str, version: str) -> Response | None:
        if (group, version) not in self._versions():
            return None
        entries: list[dict[str, Any]] = []
        for kind in self._kinds:
            if (kind.group, kind.version) == (group, version):
                entries.append(_resource(kind))
                entries += [_part(kind, name) for name in sorted(kind.subresources)]
        for plural, word in _REVIEWS.get((group, version), ()):
            entry = {"name": plural, "singularName": word.lower(), "namespaced": False, "kind": word}
            entries.append(entry | {"verbs": ["create"]})
        for plural, word, namespaced in _METRICS.get((group, version), ()):
            entry = {"name": plural, "singularName": "", "namespaced": namespaced, "kind": word}
            entries.append(entry | {"verbs": ["get", "list"]})
        name = f"{group}/{version}" if group else version
        return answer({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": name, "resources": entries})
