"""From a path to what it names."""

from dataclasses import dataclass
from urllib.parse import unquote

from dot_ai_lifecycle.embedded.kinds import Kind, Kinds
from dot_ai_lifecycle.embedded.messages import TRUE, Request
from dot_ai_lifecycle.embedded.rejected import Rejected

_COLLECTION = {"GET": "list", "POST": "create", "DELETE": "deletecollection"}
_ONE = {"GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


@dataclass(frozen=True, slots=True)
class Target:
    """What a request is about: an object, a collection, or a subresource."""

    kind: Kind
    namespace: str | None
    name: str
    subresource: str
    below: str = ""
    """The path that a proxied request is for, without its first slash."""

    def verb(self, request: Request) -> str:
        """The verb authorization would judge."""
        if self.name:
            # A POST below an object creates something else: an eviction, a binding.
            words = _ONE | {"POST": "create"} if self.subresource else _ONE
            return words.get(request.method, request.method.lower())
        if request.method == "GET" and request.arg("watch") in TRUE:
            return "watch"
        return _COLLECTION.get(request.method, request.method.lower())

    @property
    def resource(self) -> str:
        """`pods`, or `pods/log`."""
        return f"{self.kind.plural}/{self.subresource}" if self.subresource else self.kind.plural


def unknown_path() -> Rejected:
    """404 for a path nothing answers."""
    return Rejected(404, "NotFound", "the server could not find the requested resource", {})


def _group_version(parts: list[str]) -> tuple[str, str, list[str]] | None:
    if parts[:1] == ["api"] and len(parts) > 2:
        return "", parts[1], parts[2:]
    if parts[:1] == ["apis"] and len(parts) > 3:
        return parts[1], parts[2], parts[3:]
    return None


def target_of(path: str, kinds: Kinds) -> Target | None:
    """What the path names, or None when it names no resource; raises 404 for a resource that is not served."""
    parts = [unquote(part) for part in path.strip("/").split("/")]
    found = _group_version(parts)
    if found is None:
        return None
    group, version, rest = found
    namespace: str | None = None
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in {"status", "finalize"}:
        namespace, rest = rest[1], rest[2:]
    kind = kinds.by_plural(group, version, rest[0])
    proxied = rest[2:3] == ["proxy"]
    if kind is None or (len(rest) > 3 and not proxied) or (namespace is not None and not kind.namespaced):
        raise unknown_path()
    subresource = rest[2] if len(rest) > 2 else ""
    if subresource and subresource not in kind.subresources:
        raise unknown_path()
    return Target(kind, namespace, rest[1] if len(rest) > 1 else "", subresource, "/".join(rest[3:]))
