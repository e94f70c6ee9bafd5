"""HTTPRoutes of the Gateway API, where their definition is installed: every parent says whether it takes them.

Of a gateway this is its word alone. No traffic flows through it, and no Gateway object has to exist.
"""

from typing import Any

from dot_ai_lifecycle.embedded.controllers.plane import Plane
from dot_ai_lifecycle.embedded.controllers.queue import Key
from dot_ai_lifecycle.embedded.objects import Object

NAME = "dot-ai.io/embedded-gateway"


def reconcile(plane: Plane, key: Key) -> float | None:
    """One look at one HTTPRoute."""
    route = plane.get("HTTPRoute", key)
    if route is None:
        return None
    known = (route.get("status") or {}).get("parents") or []
    stamps = {(one["type"], one["status"]): one["lastTransitionTime"] for said in known for one in said["conditions"]}
    missing = sorted(_backends(route, key.namespace) - {one.name for one in _services(plane, key.namespace)})
    refs = ("False", "BackendNotFound", f"Service {missing[0]} not found") if missing else ("True", "ResolvedRefs", "")
    said = [("Accepted", "True", "Accepted", ""), ("ResolvedRefs", *refs)]
    conditions = [
        {
            "type": kind,
            "status": status,
            "reason": reason,
            "message": message,
            "observedGeneration": route["metadata"]["generation"],
            "lastTransitionTime": stamps.get((kind, status)) or plane.stamp(),
        }
        for kind, status, reason, message in said
    ]
    parents = [
        {"parentRef": parent, "controllerName": NAME, "conditions": conditions}
        for parent in route["spec"].get("parentRefs") or ()
    ]
    plane.write_status(route, {"parents": parents})
    return None


def _services(plane: Plane, namespace: str) -> list[Key]:
    return [Key(namespace, one["metadata"]["name"]) for one in plane.index.all("Service", namespace)]


def _backends(route: Object, namespace: str) -> set[str]:
    rules: list[dict[str, Any]] = route["spec"].get("rules") or []
    backends = [backend for rule in rules for backend in rule.get("backendRefs") or ()]
    return {one["name"] for one in backends if one.get("namespace", namespace) == namespace}
