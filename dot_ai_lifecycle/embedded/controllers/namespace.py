"""Namespaces: a fresh one gets its default account, a dying one is emptied and then gone."""

from dot_ai_lifecycle.embedded.controllers.plane import Plane
from dot_ai_lifecycle.embedded.controllers.pods import terminating
from dot_ai_lifecycle.embedded.controllers.queue import Key
from dot_ai_lifecycle.embedded.objects import Object

ROOT_CA = "kube-root-ca.crt"


def reconcile(plane: Plane, key: Key) -> float | None:
    """One look at one Namespace. A dying one is finished when its last pod is gone, which calls here again."""
    mine = plane.get("Namespace", key)
    if mine is None:
        return None
    if terminating(mine):
        _empty(plane, mine)
        return None
    name = key.name
    if plane.get("ServiceAccount", Key(name, "default")) is None:
        account: Object = {"apiVersion": "v1", "kind": "ServiceAccount"}
        plane.store.create(account | {"metadata": {"name": "default", "namespace": name}})
    if plane.get("ConfigMap", Key(name, ROOT_CA)) is None:
        text = "-----BEGIN CERTIFICATE-----\nembedded\n-----END CERTIFICATE-----\n"
        bundle: Object = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"ca.crt": text}}
        plane.store.create(bundle | {"metadata": {"name": ROOT_CA, "namespace": name}})
    return None


def _empty(plane: Plane, mine: Object) -> None:
    name = mine["metadata"]["name"]
    kinds = [kind.kind for kind in plane.store.kinds if kind.namespaced]
    for kind in kinds:
        for thing in plane.store.list(kind, name):
            if not terminating(thing) and plane.store.find(kind, thing["metadata"]["name"], name) is not None:
                plane.store.delete(kind, thing["metadata"]["name"], name)
    if not any(plane.store.list(kind, name) for kind in kinds):
        plane.store.finish_delete("Namespace", name, None, uid=mine["metadata"]["uid"])
