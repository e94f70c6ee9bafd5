"""Where stored objects lie: by kind, namespace and name, in the order etcd lists them, each with its JSON kept ready.

Lists of thousands of pods are asked for again and again while most pods do not change, so an object is encoded once
per version and the bytes are joined afterwards. Pods of one template are alike in most of their spec, which is kept
once: five thousand pods then cost a third of the memory.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from dot_ai_lifecycle.embedded.kinds import Kind
from dot_ai_lifecycle.embedded.objects import Object, name_of, namespace_of

_encode = msgspec.json.Encoder().encode
_SHARED_AT_MOST = 4096


@dataclass(slots=True)
class _Row:
    object: Object
    tail: bytes | None = None


@dataclass(slots=True)
class _Rows:
    by_name: dict[str, _Row] = field(default_factory=dict)
    order: list[str] | None = None

    def ordered(self) -> list[str]:
        if self.order is None:
            self.order = sorted(self.by_name)
        return self.order


class _Alike:
    """Hands out one and the same object for equal JSON values; the least recently used are forgotten."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, Any] = OrderedDict()

    def one(self, value: Any) -> Any:
        key = _encode(value)
        found = self._known.setdefault(key, value)
        self._known.move_to_end(key)
        if len(self._known) > _SHARED_AT_MOST:
            self._known.popitem(last=False)
        return found

    def pod(self, pod: Object) -> Object:
        spec = {key: self.one(item) if type(item) in (dict, list) else item for key, item in pod["spec"].items()}
        return pod | {"spec": spec}


def head(kind: Kind) -> bytes:
    """The JSON of an object up to its metadata: `{"apiVersion":…,"kind":…,`."""
    return _encode({"apiVersion": kind.api_version, "kind": kind.kind})[:-1] + b","


class Shelf:
    """Objects of all kinds, indexed by namespace."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, str], dict[str, _Rows]] = {}
        self._alike = _Alike()

    def _rows(self, kind: Kind, namespace: str) -> _Rows | None:
        return self._kinds.get((kind.group, kind.kind), {}).get(namespace)

    def find(self, kind: Kind, name: str, namespace: str) -> Object | None:
        """The stored object, or None."""
        rows = self._rows(kind, namespace)
        row = rows.by_name.get(name) if rows else None
        return row.object if row else None

    def put(self, kind: Kind, object_: Object) -> Object:
        """Store this version of the object in place of any other; returns what is stored."""
        if kind.kind == "Pod" and not kind.group:
            object_ = self._alike.pod(object_)
        namespaces = self._kinds.setdefault((kind.group, kind.kind), {})
        rows = namespaces.setdefault(namespace_of(object_), _Rows())
        name = name_of(object_)
        if name not in rows.by_name:
            rows.order = None
        rows.by_name[name] = _Row(object_)
        return object_

    def remove(self, kind: Kind, object_: Object) -> None:
        """Forget the object; harmless when it is not there."""
        namespaces = self._kinds.get((kind.group, kind.kind), {})
        rows = namespaces.get(namespace_of(object_))
        if rows and rows.by_name.pop(name_of(object_), None):
            rows.order = None
            if not rows.by_name:
                del namespaces[namespace_of(object_)]

    def scan(self, kind: Kind, namespace: str | None) -> Iterator[Object]:
        """All objects of a kind, of one namespace or of all, ordered by namespace and name."""
        namespaces = self._kinds.get((kind.group, kind.kind), {})
        for place in sorted(namespaces) if namespace is None else [namespace]:
            rows = namespaces.get(place)
            if rows:
                for name in tuple(rows.ordered()):
                    yield rows.by_name[name].object

    def tail(self, kind: Kind, object_: Object) -> bytes:
        """The object's JSON after its `head`, encoded once per stored version."""
        rows = self._rows(kind, namespace_of(object_))
        row = rows.by_name.get(name_of(object_)) if rows else None
        if row is None or row.object is not object_:
            return _tail(object_)
        if row.tail is None:
            row.tail = _tail(object_)
        return row.tail


def _tail(object_: Object) -> bytes:
    return _encode({key: value for key, value in object_.items() if key not in {"apiVersion", "kind"}})[1:]
