"""Deletion along ownerReferences: what the garbage collector of the controller manager does, done at once.

A real collector works a moment later; here it is finished before the deleting call returns, which keeps tests
deterministic and is one of the orders a client must be able to bear anyway.
"""

from collections.abc import Callable
from typing import Any, Protocol

from dot_ai_lifecycle.embedded.kinds import Kind
from dot_ai_lifecycle.embedded.objects import Object, name_of, namespace_of, uid_of

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"

_Key = tuple[str, str, str]


class Keeps(Protocol):
    """What the collector needs of a store."""

    def find(self, kind: str, name: str, namespace: str | None = None) -> Object | None: ...

    def edit(self, kind: str, name: str, namespace: str | None, change: Callable[[Object], None]) -> Object: ...

    def delete(
        self, kind: str, name: str, namespace: str | None = None, *, propagation: str = "Background"
    ) -> Object: ...


def owners(object_: Object) -> list[dict[str, Any]]:
    """The object's ownerReferences, never None."""
    return object_["metadata"].get("ownerReferences") or []


def finalizers(object_: Object) -> list[str]:
    """The object's finalizers, never None."""
    return object_["metadata"].get("finalizers") or []


def _release(uid: str, *, finalizer: str = "") -> Callable[[Object], None]:
    def change(object_: Object) -> None:
        metadata = object_["metadata"]
        if uid:
            metadata["ownerReferences"] = [owner for owner in owners(object_) if owner.get("uid") != uid]
        if finalizer:
            metadata["finalizers"] = [name for name in finalizers(object_) if name != finalizer]
        for empty in ("ownerReferences", "finalizers"):
            if not metadata.get(empty, True):
                del metadata[empty]

    return change


class Collector:
    """Follows every committed change and removes what lost its owner."""

    def __init__(self, store: Keeps) -> None:
        self._store = store
        self._owned: dict[str, dict[_Key, None]] = {}
        self._alive: dict[str, _Key] = {}

    def has_dependents(self, uid: str) -> bool:
        """Whether any stored object names this uid as an owner."""
        return bool(self._owned.get(uid))

    def follow(self, kind: Kind, object_: Object | None, old: Object | None) -> None:
        """Index a change and act on it; `object_` is None when the object is gone."""
        self._index(kind, object_, old)
        if object_ is None and old is not None:
            self._abandoned(uid_of(old))
        elif object_ is not None:
            self._deleting(kind, object_)
            if old is None and owners(object_):
                self._settle(self._key(kind, object_))

    @staticmethod
    def _key(kind: Kind, object_: Object) -> _Key:
        return (f"{kind.kind}.{kind.group}", name_of(object_), namespace_of(object_))

    def _index(self, kind: Kind, object_: Object | None, old: Object | None) -> None:
        key = self._key(kind, object_ or old or {})
        if old is not None:
            self._alive.pop(uid_of(old), None)
            for owner in owners(old):
                self._owned.get(owner["uid"], {}).pop(key, None)
        if object_ is not None:
            self._alive[uid_of(object_)] = key
            for owner in owners(object_):
                self._owned.setdefault(owner["uid"], {})[key] = None

    def _dependents(self, uid: str) -> list[_Key]:
        return list(self._owned.get(uid, ()))

    def _abandoned(self, uid: str) -> None:
        blocked = self._dependents(uid)
        for key in blocked:
            self._settle(key)
        self._owned.pop(uid, None)

    def _settle(self, key: _Key) -> None:
        """Delete the object when none of its owners exists any more, else drop the references to absent ones."""
        found = self._store.find(*key)
        if found is None:
            return
        absent = [owner["uid"] for owner in owners(found) if owner["uid"] not in self._alive]
        if not absent:
            return
        if len(absent) == len(owners(found)):
            if "deletionTimestamp" not in found["metadata"]:
                self._store.delete(*key, propagation="Background")
            return
        for uid in absent:
            self._store.edit(*key, _release(uid))

    def _deleting(self, kind: Kind, object_: Object) -> None:
        uid, key = uid_of(object_), self._key(kind, object_)
        if "deletionTimestamp" not in object_["metadata"]:
            return
        if ORPHAN in finalizers(object_):
            for dependent in self._dependents(uid):
                self._store.edit(*dependent, _release(uid))
            self._store.edit(*key, _release("", finalizer=ORPHAN))
        elif FOREGROUND in finalizers(object_):
            for dependent in self._dependents(uid):
                self._delete_dependent(dependent)
            self._finish_foreground(key, uid)

    def _delete_dependent(self, key: _Key) -> None:
        found = self._store.find(*key)
        if found is None or "deletionTimestamp" in found["metadata"]:
            return
        policy = "Foreground" if self.has_dependents(uid_of(found)) else "Background"
        self._store.delete(*key, propagation=policy)

    def _finish_foreground(self, key: _Key, uid: str) -> None:
        for dependent in self._dependents(uid):
            found = self._store.find(*dependent)
            if found and any(one["uid"] == uid and one.get("blockOwnerDeletion") for one in owners(found)):
                return
        found = self._store.find(*key)
        if found is not None and uid_of(found) == uid and FOREGROUND in finalizers(found):
            self._store.edit(*key, _release("", finalizer=FOREGROUND))

    def unblocked(self, old: Object) -> None:
        """Let owners that wait for this object, now gone, go on with their own deletion."""
        for owner in owners(old):
            if key := self._alive.get(owner["uid"]):
                self._finish_foreground(key, owner["uid"])
