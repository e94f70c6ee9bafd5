"""What stands between a valid object and the store: namespaces that end, quotas, and addresses to hand out."""

import ipaddress
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Protocol

from dot_ai_lifecycle.embedded import pod_admission, quota
from dot_ai_lifecycle.embedded.kinds import Kind, Kinds
from dot_ai_lifecycle.embedded.objects import Object, name_of, namespace_of
from dot_ai_lifecycle.embedded.rejected import forbidden, not_found

_CLUSTER_NETWORK = ipaddress.ip_network("10.96.0.0/16")
_FIRST_NODE_PORT = 30000


class Reads(Protocol):
    """What admission needs of a store."""

    kinds: Kinds

    def find(self, kind: str, name: str, namespace: str | None = None) -> Object | None: ...

    def list(self, kind: str, namespace: str | None = None) -> list[Object]: ...

    def edit(
        self,
        kind: str,
        name: str,
        namespace: str | None,
        change: Callable[[Object], None],
        *,
        subresource: str = "",
    ) -> Object: ...


class Admission:
    """Judges and completes objects that are about to be created."""

    def __init__(self, store: Reads) -> None:
        self._store = store
        self._next_address = 10
        self._next_port = _FIRST_NODE_PORT

    def admit(self, kind: Kind, fresh: Object) -> None:
        """Complete the object in place; raises 403 or 404 when it may not be created."""
        if not kind.namespaced:
            return
        self._namespace(kind, fresh)
        if kind.kind == "Service":
            self._addresses(fresh)
        if kind.kind == "Pod":
            pod_admission.admit(self._store, kind, fresh)
        for one in self._quotas(kind, namespace_of(fresh)):
            used = quota.total(kind, self._store.list(f"{kind.kind}.{kind.group}", namespace_of(fresh)))
            if refused := quota.refusal(one, kind, fresh, used):
                raise refused

    def _quotas(self, kind: Kind, namespace: str) -> list[Object]:
        return [one for one in self._store.list("ResourceQuota", namespace) if quota.concerns(one, kind)]

    def _namespace(self, kind: Kind, fresh: Object) -> None:
        place = namespace_of(fresh)
        namespace = self._store.find("Namespace", place)
        if namespace is None:
            raise not_found(self._store.kinds.by_name("Namespace"), place)
        if "deletionTimestamp" in namespace["metadata"]:
            why = f"unable to create new content in namespace {place} because it is being terminated"
            said = f"namespace {place} is being terminated"
            cause = {"reason": "NamespaceTerminating", "message": said, "field": "metadata.namespace"}
            raise forbidden(kind, name_of(fresh), why, [cause])

    def _addresses(self, service: Object) -> None:
        spec = service["spec"]
        if spec["type"] == "ExternalName":
            return
        if not spec.get("clusterIP"):
            spec["clusterIP"] = str(_CLUSTER_NETWORK[self._next_address])
            self._next_address += 1
        spec["clusterIPs"] = [spec["clusterIP"]]
        if spec["type"] in {"NodePort", "LoadBalancer"}:
            for port in spec.get("ports") or ():
                if not port.get("nodePort"):
                    port["nodePort"] = self._next_port
                    self._next_port += 1

    def follow(self, kind: Kind, object_: Object) -> None:
        """Keep the status of the quotas of the object's namespace up to date."""
        if kind.kind == "ResourceQuota":
            self._recount(object_)
        elif kind.namespaced:
            for one in self._quotas(kind, namespace_of(object_)):
                self._recount(one)

    def _recount(self, one: Object) -> None:
        if self._store.find("ResourceQuota", name_of(one), namespace_of(one)) is None:
            return
        hard = one["spec"].get("hard") or {}
        used: dict[str, Any] = {}
        for kind in tuple(self._store.kinds):
            if kind.namespaced and quota.concerns(one, kind):
                found = self._store.list(f"{kind.kind}.{kind.group}", namespace_of(one))
                used |= quota.total(kind, found)
        shown = {name: quota.written(name, used.get(name, Decimal(0))) for name in hard}

        def change(object_: Object) -> None:
            object_["status"] = {"hard": dict(hard), "used": shown}

        self._store.edit("ResourceQuota", name_of(one), namespace_of(one), change, subresource="status")
