"""What a gateway would say of a route: taken as it is, and whether all it refers to is there."""

from typing import Any

from dot_ai_lifecycle.embedded.cluster import EmbeddedCluster
from tests.support.gateway import DEFINITION

ROUTE = """
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: shop}
spec: {parentRefs: [{name: front}, {name: back}], rules: [{backendRefs: [{name: web, port: 80}]}]}
"""
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80}]}
"""


def said(box: EmbeddedCluster) -> list[tuple[str, list[tuple[str, str, int]]]]:
    """Of each parent its conditions, with the generation they speak of."""
    parents: list[dict[str, Any]] = box.store.get("HTTPRoute", "web", "shop")["status"]["parents"]
    return [
        (one["parentRef"]["name"], [(c["type"], c["status"], c["observedGeneration"]) for c in one["conditions"]])
        for one in parents
    ]


async def test_every_parent_takes_a_route_and_says_whether_its_backends_are_there():
    def another(found: dict[str, Any]) -> None:
        found["spec"]["rules"] = []

    async with EmbeddedCluster() as box:
        box.apply(DEFINITION)
        box.apply(ROUTE)
        await box.settled()
        missing = [("Accepted", "True", 1), ("ResolvedRefs", "False", 1)]
        assert said(box) == [("front", missing), ("back", missing)]

        box.apply(SERVICE)
        await box.settled()
        assert said(box)[0] == ("front", [("Accepted", "True", 1), ("ResolvedRefs", "True", 1)])

        box.store.edit("HTTPRoute", "web", "shop", another)
        box.store.delete("Service", "web", "shop")
        await box.settled()
        assert said(box)[1] == ("back", [("Accepted", "True", 2), ("ResolvedRefs", "True", 2)])
