"""One request to the API server as data: what is asked, of which object, and whether it may be asked twice."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from msgspec import Struct

from dot_ai_lifecycle.core.refs import Kind

FIELD_MANAGER = "dot-ai-lifecycle"
WRITE_QUERY = (("fieldManager", FIELD_MANAGER), ("fieldValidation", "Strict"))
METHODS = {
    "get": "GET",
    "list": "GET",
    "watch": "GET",
    "create": "POST",
    "update": "PUT",
    "patch": "PATCH",
    "delete": "DELETE",
}


class Place(NamedTuple):
    """Which cluster is asked, for the words of an error; `login` says where our credentials come from."""

    context: str
    address: str = ""
    login: str = ""

    def __str__(self) -> str:
        return f"context {self.context!r} at {self.address}" if self.address else f"context {self.context!r}"


class Call(Struct, frozen=True):
    """A request in Kubernetes' words. `repeatable` says a second sending can do no harm even if the first arrived."""

    verb: str
    path: str
    kind: Kind | None = None
    name: str = ""
    namespace: str | None = None
    query: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    content_type: str = "application/json"
    repeatable: bool = False
    subresource: str = ""

    @property
    def method(self) -> str:
        return METHODS[self.verb]

    @property
    def resource(self) -> str:
        """The plural with the subresource, as RBAC names it."""
        plural = self.kind.plural if self.kind else ""
        return f"{plural}/{self.subresource}" if self.subresource else plural

    @property
    def group(self) -> str:
        """The API group; empty for the core group."""
        return group_of(self.kind) if self.kind else ""

    @property
    def target(self) -> str:
        """The object or collection in words: `Deployment shop/web`, `pods in shop`, `/version`."""
        if self.kind is None:
            return self.path
        if self.name:
            return (
                f"{self.kind.name} {self.namespace}/{self.name}" if self.namespace else f"{self.kind.name} {self.name}"
            )
        return f"{self.kind.plural} in {self.namespace}" if self.namespace else self.kind.plural


def group_of(kind: Kind) -> str:
    """The API group of a kind; empty for the core group."""
    group, slash, _ = kind.api_version.rpartition("/")
    return group if slash else ""


def path_to(kind: Kind, namespace: str | None, name: str = "", subresource: str = "") -> str:
    """The URL path of an object or a collection; no namespace means all of them."""
    parts = ["apis" if "/" in kind.api_version else "api", *kind.api_version.split("/")]
    if kind.namespaced and namespace:
        parts += ["namespaces", namespace]
    parts += [part for part in (kind.plural, name, subresource) if part]
    return "/" + "/".join(quote(part, safe="") for part in parts)


_AS_GO_SPELLS = {ord(char): f"\\u{ord(char):04x}" for char in "&<>\u2028\u2029"}


def encoded(document: Mapping[str, Any] | list[Mapping[str, Any]]) -> bytes:
    """JSON as the API server itself would write it.

    It compares the strings of a JSON Patch's `test` as they are spelled, not as they are meant (measured on 1.34): with
    `&&` or `→` spelled otherwise than Go's encoder spells them, a test of the very same value fails.
    """
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    return text.translate(_AS_GO_SPELLS).encode()
