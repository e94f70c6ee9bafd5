"""The API server's proxy to Services: one request to one ready pod, answered as that application would."""

import random

from dot_ai_lifecycle.embedded.containers import Container
from dot_ai_lifecycle.embedded.controllers.endpointslice import SERVICE_LABEL
from dot_ai_lifecycle.embedded.messages import Request, Response, text
from dot_ai_lifecycle.embedded.objects import Object
from dot_ai_lifecycle.embedded.rejected import Rejected, not_found
from dot_ai_lifecycle.embedded.routes import Target
from dot_ai_lifecycle.embedded.store import Store
from dot_ai_lifecycle.embedded.traffic import Traffic

Address = tuple[str, int]


class Proxying:
    """Answers requests for `services/[https:]NAME[:PORT]/proxy/PATH`; which pod is asked is by chance.

    `/ready` says whether the application calls itself ready. Any other path is answered with its version and its
    address, or as often with an error as it makes them.
    """

    def __init__(self, store: Store, traffic: Traffic, *, seed: int = 0) -> None:
        self._store = store
        self._traffic = traffic
        self._random = random.Random(seed)

    def service(self, target: Target, request: Request) -> Response:
        """What a pod behind the Service answers; raises 404 without the Service, 503 where no pod was reached."""
        name, port = _named(target.name)
        service = self._store.find("Service", name, target.namespace)
        if service is None:
            raise not_found(target.kind, name)
        addresses = self._ready(service, _port_name(service, port))
        if not addresses:
            raise Rejected(503, "ServiceUnavailable", f'no endpoints available for service "{target.name}"')
        ip, number = self._random.choice(addresses)
        container = self._traffic.answering((ip, number))
        if container is None or container.app is None:
            why = f"error trying to reach service: dial tcp {ip}:{number}: connect: connection refused"
            raise Rejected(503, "ServiceUnavailable", why)
        return self._answered(container, target.below, ip)

    def _ready(self, service: Object, wanted: str) -> list[Address]:
        """Where ready pods listen for the port of that name."""
        namespace = service["metadata"]["namespace"]
        return [
            (endpoint["addresses"][0], one["port"])
            for piece in self._store.list("EndpointSlice", namespace)
            if piece["metadata"]["labels"].get(SERVICE_LABEL) == service["metadata"]["name"]
            for one in piece.get("ports") or ()
            if one.get("name", "") == wanted
            for endpoint in piece.get("endpoints") or ()
            if endpoint["conditions"]["ready"]
        ]

    def _answered(self, container: Container, path: str, ip: str) -> Response:
        assert container.app is not None
        if path == "ready":
            return text("")
        container.served += 1
        if container.served % 100 < container.app.error_percent:
            return text("boom\n", 500)
        return text(f"{container.app.version} {ip}\n")


def _port_name(service: Object, port: str) -> str:
    """The name of a Service's port that is given by its number or name; without one the unnamed port is meant."""
    if not port.isdecimal():
        return port
    for one in service["spec"].get("ports") or ():
        if one["port"] == int(port):
            return str(one.get("name", ""))
    name = service["metadata"]["name"]
    raise Rejected(503, "ServiceUnavailable", f'no service port {port} found for service "{name}"')


def _named(called: str) -> tuple[str, str]:
    """The name and the port out of `web`, `web:80` and `https:web:80`."""
    parts = called.split(":")
    return (parts[1], parts[2]) if len(parts) > 2 else (parts[0], parts[1] if len(parts) > 1 else "")
