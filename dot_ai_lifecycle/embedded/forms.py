"""In which form objects go out: whole, metadata only, or as the table `kubectl get` prints."""

from collections.abc import Iterable
from typing import Any

import msgspec

from dot_ai_lifecycle.embedded.kinds import Kind
from dot_ai_lifecycle.embedded.messages import Request
from dot_ai_lifecycle.embedded.objects import Object
from dot_ai_lifecycle.embedded.rejected import Rejected
from dot_ai_lifecycle.embedded.store import Store
from dot_ai_lifecycle.embedded.table import columns_of, row_of

_encode = msgspec.json.Encoder().encode

_META = "meta.k8s.io/v1"
_WHOLE, _TABLE, _PARTIAL, _PARTIAL_LIST = "", "Table", "PartialObjectMetadata", "PartialObjectMetadataList"


def wanted_form(request: Request) -> str:
    """The `as` parameter of the first media type in `Accept` that is spoken here; raises 406 when none is."""
    for choice in request.headers.get("accept", "*/*").split(","):
        media, *parameters = [part.strip() for part in choice.split(";")]
        if media not in {"application/json", "*/*", "application/*"}:
            continue
        values = dict(part.partition("=")[::2] for part in parameters)
        form = values.get("as", _WHOLE)
        if form in {_WHOLE, _TABLE, _PARTIAL, _PARTIAL_LIST} and values.get("v", "v1") == "v1":
            return form
    message = "only the following media types are accepted: application/json"
    raise Rejected(406, "NotAcceptable", message)


def partial(object_: Object) -> Object:
    """The object's metadata alone."""
    return {"kind": _PARTIAL, "apiVersion": _META, "metadata": object_["metadata"]}


class Show:
    """Renders the objects of one kind as one request wants them."""

    def __init__(self, store: Store, kind: Kind, request: Request) -> None:
        self._store = store
        self._kind = kind
        self._form = wanted_form(request)
        self._include = request.arg("includeObject", "Metadata")
        self._first = True

    def one(self, object_: Object) -> bytes:
        """One object."""
        if self._form == _TABLE:
            return _encode(self._table([object_], {"resourceVersion": object_["metadata"]["resourceVersion"]}))
        if self._form == _PARTIAL:
            return _encode(partial(object_))
        return self._store.encoded(self._kind, object_)

    def event(self, object_: Object) -> bytes:
        """One object inside a watch; only the first table carries the column definitions."""
        if self._form != _TABLE:
            return self.one(object_)
        table = self._table([object_], {"resourceVersion": object_["metadata"]["resourceVersion"]})
        if not self._first:
            table["columnDefinitions"] = None
        self._first = False
        return _encode(table)

    def many(self, objects: Iterable[Object], metadata: dict[str, Any]) -> bytes:
        """A list with its envelope."""
        if self._form == _TABLE:
            return _encode(self._table(objects, metadata))
        if self._form in {_PARTIAL, _PARTIAL_LIST}:
            items = [{"metadata": one["metadata"]} for one in objects]
            return _encode({"kind": _PARTIAL_LIST, "apiVersion": _META, "metadata": metadata, "items": items})
        head = {"kind": f"{self._kind.kind}List", "apiVersion": self._kind.api_version, "metadata": metadata}
        return self._joined(_encode(head)[:-1] + b',"items":[', objects)

    def _joined(self, begin: bytes, objects: Iterable[Object]) -> bytes:
        """Items of built-in lists carry neither apiVersion nor kind, those of custom kinds do."""
        kind = self._kind
        part, between = (self._store.encoded, b",") if kind.custom else (self._store.encoded_item, b",{")
        items = [part(kind, one) for one in objects]
        if not items:
            return begin + b"]}\n"
        # Begin and end go into the first and last item: one join then copies the whole list once.
        items[0] = begin + between[1:] + items[0]
        items[-1] += b"]}\n"
        return between.join(items)

    def _table(self, objects: Iterable[Object], metadata: dict[str, Any]) -> dict[str, Any]:
        now, rows = self._store.now(), []
        for object_ in objects:
            row: dict[str, Any] = {"cells": row_of(self._kind, object_, now)}
            if self._include == "Metadata":
                row["object"] = partial(object_)
            elif self._include == "Object":
                row["object"] = object_
            rows.append(row)
        columns = columns_of(self._kind)
        return {"kind": _TABLE, "apiVersion": _META, "metadata": metadata, "columnDefinitions": columns, "rows": rows}
