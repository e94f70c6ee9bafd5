"""HTTPRoutes of the Gateway API that lead to an app: to which of its Services, and whether gateways follow them."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from dot_ai_lifecycle.core.conditions.reading import Met, Reading, Waiting
from dot_ai_lifecycle.core.errors import Forbidden, NotFound
from dot_ai_lifecycle.core.objects import View
from dot_ai_lifecycle.core.ports import Reader
from dot_ai_lifecycle.core.refs import HTTP_ROUTE, SERVICE, Ref, ref_to
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.workload import Manifest

RULES = "/spec/rules"

_PARENT = ("group", "kind", "namespace", "name", "sectionName", "port")
_WANTED = ("Accepted", "ResolvedRefs")


class HttpRoute(Struct, frozen=True):
    """An HTTPRoute, whole."""

    manifest: Manifest

    @property
    def _meta(self) -> Manifest:
        return self.manifest["metadata"]  # type: ignore[no-any-return] # the API promises an object

    @property
    def name(self) -> str:
        return str(self._meta["name"])

    @property
    def uid(self) -> str:
        return str(self._meta.get("uid", ""))

    @property
    def ref(self) -> Ref:
        """This very route, uid included."""
        return ref_to(HTTP_ROUTE, self.name, str(self._meta["namespace"]), self.uid)

    @property
    def rules(self) -> tuple[Manifest, ...]:
        return tuple(self.manifest["spec"].get("rules") or ())

    def leads_to(self, backend: Manifest) -> str:
        """The name of the Service of its own namespace that a backend is; empty where it is something else."""
        home = self._meta["namespace"]
        ours = backend.get("kind", "Service") == "Service" and backend.get("namespace", home) == home
        return str(backend["name"]) if ours and not backend.get("group") else ""

    @property
    def services(self) -> frozenset[str]:
        """The Services of its own namespace that it leads to."""
        backends = (backend for rule in self.rules for backend in rule.get("backendRefs") or ())
        return frozenset(self.leads_to(backend) for backend in backends) - {""}

    def followed(self) -> Reading:
        """Whether every gateway it names has taken it as it is now, and found all that it refers to.

        A gateway that says so of an earlier generation has not looked at the last change.
        """
        spec, said = self.manifest["spec"], (self.manifest.get("status") or {}).get("parents") or ()
        parents = [_key(parent, self._meta) for parent in spec.get("parentRefs") or ()]
        for parent in parents:
            found = [one for one in said if _key(one.get("parentRef") or {}, self._meta) == parent]
            name = parent["name"]
            if not found:
                return Waiting(f"gateway {name} has said nothing of {self.ref} yet")
            if missing := [words for one in found for words in _missing(one, int(self._meta.get("generation", 0)))]:
                return Waiting(f"gateway {name} does not follow {self.ref}: {missing[0]}")
        if not parents:
            return Waiting(f"{self.ref} names no gateway")
        return Met(f"{', '.join(str(parent['name']) for parent in parents)} follows {self.ref}")


ROUTES = View(HTTP_ROUTE, HttpRoute)


class Gateway(Struct, frozen=True):
    """The routes that lead to an app and are followed by their gateways, and the Services they lead to, whole."""

    routes: tuple[HttpRoute, ...]
    services: Mapping[str, Manifest]


async def gateway_of(reader: Reader, scene: Scene) -> Gateway | None:
    """What Gateway API routes to the app, in its own namespace; None where nothing, or nothing that may be seen."""
    if not await reader.serves(HTTP_ROUTE):
        return None
    try:
        listed = await reader.list(ROUTES, scene.workload.namespace)
    except (Forbidden, NotFound):
        return None
    names = {service.name for service in scene.services}
    routes = tuple(one for one in listed.items if one.services & names and isinstance(one.followed(), Met))
    led_to = sorted({name for route in routes for name in route.services & names})
    found = await asyncio.gather(*(reader.read(ref_to(SERVICE, name, scene.workload.namespace)) for name in led_to))
    ordered = tuple(sorted(routes, key=lambda route: route.name))
    return Gateway(ordered, dict(zip(led_to, found, strict=True))) if routes else None


def _key(parent: Manifest, home: Manifest) -> dict[str, Any]:
    """What tells one parent from another, with the API's defaults filled in."""
    default = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "namespace": home["namespace"]}
    return {**default, **{field: parent[field] for field in _PARENT if parent.get(field) is not None}}


def _missing(parent: Manifest, generation: int) -> Iterable[str]:
    """Which of the conditions that have to hold do not, in words."""
    conditions = {one["type"]: one for one in parent.get("conditions") or ()}
    for kind in _WANTED:
        found = conditions.get(kind)
        if found is None or int(found.get("observedGeneration", 0)) < generation:
            yield f"it has not looked at the last change ({kind})"
        elif found["status"] != "True":
            yield f"{kind} is {found['status']} ({found.get('reason', 'no reason given')}: {found.get('message', '')})"
