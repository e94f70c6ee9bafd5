"""The heart of the embedded cluster: objects with the life cycle the API server gives them, and nothing of HTTP.

Synchronous and in memory, so that every call is atomic. Stored objects are never altered: reads hand out the stored
object itself, and writers put a new one in its place.
"""

import random
import uuid
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from dot_ai_lifecycle.embedded import custom, defaults, ownership, preconditions, validation
from dot_ai_lifecycle.embedded.admission import Admission
from dot_ai_lifecycle.embedded.collector import FOREGROUND, ORPHAN, Collector, finalizers
from dot_ai_lifecycle.embedded.kinds import Kind, Kinds
from dot_ai_lifecycle.embedded.lifecycle import changed_object, grace_seconds, new_object, spec_differs
from dot_ai_lifecycle.embedded.objects import Object, copied, name_of, namespace_of, timestamp, uid_of
from dot_ai_lifecycle.embedded.rejected import (
    Rejected,
    already_exists,
    bad_request,
    not_found,
)
from dot_ai_lifecycle.embedded.selectors import field_test, label_test, labels_of
from dot_ai_lifecycle.embedded.shelf import Shelf, head

__all__ = ["Change", "Kind", "Object", "Rejected", "Store"]

Managed = list[dict[str, Any]]
_SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_FIRST_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")


class Change(NamedTuple):
    """One committed change, as watchers see it."""

    type: str
    kind: Kind
    object: Object
    old: Object | None


class Store:
    """All objects of one cluster.

    `now` gives the time (UTC) for timestamps; equal seeds give equal uids and generated names.
    """

    def __init__(self, now: Callable[[], datetime], *, seed: int = 0) -> None:
        self.now = now
        self.kinds = Kinds()
        self.revision = 0
        self._random = random.Random(seed)
        self._shelf = Shelf()
        self._callbacks: list[Callable[[Change], None]] = []
        self._untold: deque[Change] = deque()
        self._telling = False
        self._collector = Collector(self)
        self._admission = Admission(self)
        for name in _FIRST_NAMESPACES:
            self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    # reading

    def get(self, kind: str, name: str, namespace: str | None = None) -> Object:
        """The stored object; raises `Rejected` 404 when there is none."""
        found = self.find(kind, name, namespace)
        if found is None:
            raise not_found(self.kinds.by_name(kind), name)
        return found

    def find(self, kind: str, name: str, namespace: str | None = None) -> Object | None:
        """The stored object, or None."""
        which = self.kinds.by_name(kind)
        return self._shelf.find(which, name, (namespace or "default") if which.namespaced else "")

    def list(self, kind: str, namespace: str | None = None, *, labels: str = "", fields: str = "") -> list[Object]:
        """The stored objects of a kind, of one namespace or of all, ordered by namespace and name."""
        which = self.kinds.by_name(kind)
        found = list(self._shelf.scan(which, namespace or None if which.namespaced else ""))
        if labels:
            wanted = label_test(labels)
            found = [object_ for object_ in found if wanted(labels_of(object_))]
        if fields:
            matches = field_test(which.kind, fields)
            found = [object_ for object_ in found if matches(object_)]
        return found

    def encoded(self, kind: Kind, object_: Object) -> bytes:
        """The object as JSON; stored objects are encoded once per version."""
        return head(kind) + self._shelf.tail(kind, object_)

    def encoded_item(self, kind: Kind, object_: Object) -> bytes:
        """The object as JSON without its opening brace, apiVersion and kind, as it stands in a list."""
        return self._shelf.tail(kind, object_)

    # writing

    def create(
        self, object_: Object, *, dry_run: bool = False, field_manager: str = "", managed: Managed | None = None
    ) -> Object:
        """Store a new object with identity, defaults and generation, and return it as stored.

        Raises `Rejected`: 400 for an unknown kind, 403 and 404 from admission, 409 when it exists, 422 when invalid.
        """
        kind = self.kind_of(object_)
        uid = str(uuid.UUID(int=self._random.getrandbits(128), version=4))
        suffix = "".join(self._random.choices(_SUFFIX_LETTERS, k=5))
        fresh = new_object(kind, object_, uid=uid, suffix=suffix, created=timestamp(self.now()))
        defaults.fill(fresh)
        validation.check_create(kind, fresh)
        self._admission.admit(kind, fresh)
        if self._shelf.find(kind, name_of(fresh), namespace_of(fresh)) is not None:
            raise already_exists(kind, name_of(fresh))
        self._track(kind, None, fresh, field_manager, "", managed)
        if kind.kind == "CustomResourceDefinition":
            fresh = custom.established(fresh, self.now())
        return fresh if dry_run else self._commit("ADDED", kind, fresh, None)

    def replace(
        self,
        object_: Object,
        *,
        subresource: str = "",
        dry_run: bool = False,
        field_manager: str = "",
        managed: Managed | None = None,
    ) -> Object:
        """Put this object in the place of the stored one and return it as stored; a write of nothing new bumps nothing.

        `managed` are managedFields already reckoned; without them `field_manager` becomes the owner of what changed.
        A `resourceVersion` or `uid` in its metadata is a precondition. Raises `Rejected`: 404, 409 on a precondition
        that does not hold, 422 when invalid.
        """
        kind = self.kind_of(object_)
        old = self._shelf.find(kind, name_of(object_), namespace_of(object_) or ("default" if kind.namespaced else ""))
        if old is None:
            raise not_found(kind, name_of(object_))
        metadata = object_["metadata"]
        preconditions.to_write(kind, old, metadata.get("uid"), metadata.get("resourceVersion"))
        fresh = changed_object(kind, old, object_, subresource)
        if subresource != "status":
            defaults.fill(fresh)
        validation.check_update(kind, old, fresh, subresource)
        if kind.has_generation and subresource not in ("status", "binding") and spec_differs(old, fresh):
            fresh["metadata"]["generation"] = old["metadata"]["generation"] + 1
        self._track(kind, old, fresh, field_manager, subresource, managed)
        if fresh == old:
            return old
        if dry_run:
            return fresh
        if "deletionTimestamp" in fresh["metadata"] and self._released(kind, old, fresh):
            return self._commit("DELETED", kind, fresh, old)
        return self._commit("MODIFIED", kind, fresh, old)

    def edit(
        self,
        kind: str,
        name: str,
        namespace: str | None,
        change: Callable[[Object], None],
        *,
        subresource: str = "",
        field_manager: str = "",
    ) -> Object:
        """Copy the stored object, let `change` alter the copy, store it; raises as `replace` does."""
        fresh = copied(self.get(kind, name, namespace))
        change(fresh)
        return self.replace(fresh, subresource=subresource, field_manager=field_manager)

    def delete(
        self,
        kind: str,
        name: str,
        namespace: str | None = None,
        *,
        uid: str | None = None,
        resource_version: str | None = None,
        grace_seconds: int | None = None,
        propagation: str = "Background",
        dry_run: bool = False,
    ) -> Object:
        """Delete the object, or mark it for deletion when finalizers or a grace period hold it; returns its last form.

        `grace_seconds` is for pods. Dependents follow as `propagation` says. Raises `Rejected`: 404, 409 when `uid`
        or `resource_version` do not match.
        """
        which = self.kinds.by_name(kind)
        old = self.get(kind, name, namespace)
        preconditions.to_delete(which, old, uid, resource_version)
        fresh = self._marked(which, old, grace_seconds, propagation)
        if dry_run:
            return fresh or old
        if fresh is None:
            return self._commit("DELETED", which, dict(old), old)
        return old if fresh == old else self._commit("MODIFIED", which, fresh, old)

    def finish_delete(self, kind: str, name: str, namespace: str | None, *, uid: str | None = None) -> None:
        """Remove an object whose grace is over; finalizers still hold it. Harmless when it is gone already."""
        which = self.kinds.by_name(kind)
        old = self.find(kind, name, namespace)
        if old is None or (uid is not None and uid_of(old) != uid):
            return
        if not finalizers(old):
            self._commit("DELETED", which, dict(old), old)
        elif old["metadata"].get("deletionGracePeriodSeconds") != 0:
            metadata = old["metadata"] | {"deletionGracePeriodSeconds": 0}
            metadata.setdefault("deletionTimestamp", timestamp(self.now()))
            self._commit("MODIFIED", which, old | {"metadata": metadata}, old)

    def subscribe(self, callback: Callable[[Change], None]) -> Callable[[], None]:
        """Call back after every committed change, in order; returns how to stop. Callbacks may write."""
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    # rules

    def kind_of(self, object_: Object) -> Kind:
        """The kind of an object; raises 400 when it is not served."""
        api_version, word = str(object_.get("apiVersion", "")), str(object_.get("kind", ""))
        found = self.kinds.kind_of(api_version, word)
        if found is None:
            raise bad_request(f'no kind "{word}" is registered for version "{api_version}"')
        return found

    def _track(
        self, kind: Kind, old: Object | None, fresh: Object, manager: str, subresource: str, managed: Managed | None
    ) -> None:
        if managed is not None:
            fresh["metadata"]["managedFields"] = managed
        else:
            ownership.track_update(kind, old, fresh, manager, subresource, timestamp(self.now()))

    def _released(self, kind: Kind, old: Object, fresh: Object) -> bool:
        grace = fresh["metadata"].get("deletionGracePeriodSeconds") or 0
        return bool(finalizers(old)) and not finalizers(fresh) and grace == 0 and kind.kind != "Namespace"

    def _marked(self, kind: Kind, old: Object, wanted: int | None, propagation: str) -> Object | None:
        """The object marked for deletion, or None when nothing holds it."""
        held = list(finalizers(old))
        for policy, name in (("Orphan", ORPHAN), ("Foreground", FOREGROUND)):
            needed = propagation == policy and self._collector.has_dependents(uid_of(old))
            if needed and name not in held and "deletionTimestamp" not in old["metadata"]:
                held.append(name)
        grace = grace_seconds(kind, old, wanted)
        if not held and not grace and kind.kind != "Namespace":
            return None
        metadata = dict(old["metadata"])
        if "deletionTimestamp" not in metadata or grace < metadata.get("deletionGracePeriodSeconds", 0):
            metadata["deletionTimestamp"] = timestamp(self.now() + timedelta(seconds=grace))
            metadata["deletionGracePeriodSeconds"] = grace
        if held:
            metadata["finalizers"] = held
        fresh = old | {"metadata": metadata}
        return fresh | {"status": {"phase": "Terminating"}} if kind.kind == "Namespace" else fresh

    def _commit(self, type_: str, kind: Kind, fresh: Object, old: Object | None) -> Object:
        self.revision += 1
        fresh["metadata"] = fresh["metadata"] | {"resourceVersion": str(self.revision)}
        if type_ == "DELETED":
            self._shelf.remove(kind, fresh)
        else:
            fresh = self._shelf.put(kind, fresh)
        if kind.kind == "CustomResourceDefinition":
            self._serve(fresh, gone=type_ == "DELETED")
        self._untold.append(Change(type_, kind, fresh, old))
        self._tell()
        return fresh

    def _serve(self, definition: Object, *, gone: bool) -> None:
        for kind in custom.kinds_of(definition) if gone else ():
            for one in tuple(self._shelf.scan(kind, None)):
                self.delete(f"{kind.kind}.{kind.group}", name_of(one), namespace_of(one) or None)
        custom.follow(self.kinds, definition, gone=gone)

    def _tell(self) -> None:
        if self._telling:
            return
        self._telling = True
        try:
            while self._untold:
                change = self._untold.popleft()
                for callback in tuple(self._callbacks):
                    callback(change)
                self._admission.follow(change.kind, change.object)
                gone = change.type == "DELETED"
                self._collector.follow(change.kind, None if gone else change.object, change.old)
                if gone:
                    self._collector.unblocked(change.object)
        finally:
            self._telling = False
