"""Who owns what and what lives where, kept up to date with every change, so that 5,000 pods need no scans."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from dot_ai_lifecycle.embedded.controllers.queue import Key

Object = dict[str, Any]
_Label = tuple[str, str, str]


def key_of(thing: Object) -> Key:
    meta = thing["metadata"]
    return Key(meta.get("namespace", ""), meta["name"])


def owner_of(thing: Object) -> dict[str, Any] | None:
    """The owner reference that controls this object, if one does."""
    for reference in thing["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            return dict(reference)
    return None


class Index:
    """Objects by kind and namespace, by controlling owner, and those nobody controls."""

    def __init__(self) -> None:
        self._placed: dict[tuple[str, str], dict[str, Object]] = defaultdict(dict)
        self._owned: dict[tuple[str, str], dict[Key, Object]] = {}
        self._loose: dict[tuple[str, str], dict[Key, Object]] = defaultdict(dict)
        self._pods: dict[_Label, dict[str, Object]] = {}
        self._services: dict[_Label, dict[str, Object]] = {}

    def put(self, thing: Object, old: Object | None = None) -> None:
        kind, key, owner = thing["kind"], key_of(thing), owner_of(thing)
        if old is not None:
            self.drop(old)
        self._placed[kind, key.namespace][key.name] = thing
        if owner is None:
            self._loose[kind, key.namespace][key] = thing
        else:
            self._owned.setdefault((kind, owner["uid"]), {})[key] = thing
        for shelf, label in self._labels(thing, key):
            shelf.setdefault(label, {})[key.name] = thing

    def drop(self, thing: Object) -> None:
        kind, key, owner = thing["kind"], key_of(thing), owner_of(thing)
        self._placed[kind, key.namespace].pop(key.name, None)
        for shelf, label in self._labels(thing, key):
            found = shelf.get(label, {})
            found.pop(key.name, None)
            if not found:
                shelf.pop(label, None)
        if owner is None:
            self._loose[kind, key.namespace].pop(key, None)
            return
        siblings = self._owned.get((kind, owner["uid"]))
        if siblings is not None:
            siblings.pop(key, None)
            if not siblings:
                del self._owned[kind, owner["uid"]]

    def _labels(self, thing: Object, key: Key) -> list[tuple[dict[_Label, dict[str, Object]], _Label]]:
        """Where a pod is found by each of its labels, and a Service by the first of those it selects."""
        if thing["kind"] == "Pod":
            labels = thing["metadata"].get("labels") or {}
            return [(self._pods, (key.namespace, name, value)) for name, value in labels.items()]
        if thing["kind"] == "Service" and thing["spec"].get("selector"):
            name, value = min(thing["spec"]["selector"].items())
            return [(self._services, (key.namespace, name, value))]
        return []

    def selected(self, service: Object) -> list[Object]:
        """The pods a Service's selector picks, in the order in which they came; none without a selector."""
        wanted = service["spec"].get("selector") or {}
        spaces = [self._pods.get((service["metadata"]["namespace"], *pair), {}) for pair in wanted.items()]
        fewest = min(spaces, key=len, default={})
        return [pod for pod in fewest.values() if wanted.items() <= (pod["metadata"].get("labels") or {}).items()]

    def selecting(self, pod: Object) -> list[Object]:
        """The Services whose selector picks this pod."""
        labels, namespace = pod["metadata"].get("labels") or {}, pod["metadata"]["namespace"]
        near = [one for pair in labels.items() for one in self._services.get((namespace, *pair), {}).values()]
        return [one for one in near if one["spec"]["selector"].items() <= labels.items()]

    def get(self, kind: str, key: Key) -> Object | None:
        return self._placed[kind, key.namespace].get(key.name)

    def all(self, kind: str, namespace: str = "") -> Iterable[Object]:
        """Every object of a kind in a namespace ("" for cluster-wide kinds)."""
        return self._placed[kind, namespace].values()

    def everywhere(self, kind: str) -> list[Object]:
        """Every object of a kind in all namespaces."""
        return [thing for (k, _), things in self._placed.items() if k == kind for thing in things.values()]

    def owned(self, kind: str, uid: str) -> list[Object]:
        """What the owner with this uid controls."""
        return list(self._owned.get((kind, uid), {}).values())

    def loose(self, kind: str, namespace: str) -> list[Object]:
        """What nobody controls: candidates for adoption."""
        return list(self._loose[kind, namespace].values())
