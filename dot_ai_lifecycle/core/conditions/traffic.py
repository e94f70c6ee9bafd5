"""Do the Services send to the new pods, and to them alone?"""

from dot_ai_lifecycle.core.conditions.sides import rightful, wanted_revision
from dot_ai_lifecycle.core.conditions.words import few
from dot_ai_lifecycle.core.objects import Endpoint, Service
from dot_ai_lifecycle.core.scene import Scene


def behind_in_traffic(scene: Scene) -> str:
    """Which Service does not yet send to the right pods alone, in words; empty where all do.

    Services without a selector, and ExternalName ones, have endpoints that are none of this workload's business. Old
    pods that are being ended do not receive new connections once their endpoint is no longer ready, so only ready
    endpoints count.
    """
    for service in scene.services:
        if service.selector and service.type != "ExternalName" and (words := _behind(scene, service)):
            return words
    return ""


def _behind(scene: Scene, service: Service) -> str:
    ready = [
        endpoint
        for piece in scene.slices
        if (piece.service, piece.namespace) == (service.name, service.namespace)
        for endpoint in piece.endpoints
        if endpoint.ready and not endpoint.terminating
    ]
    right = {pod.name for pod in rightful(scene)}
    if stale := sorted({endpoint.pod for endpoint in ready if _is_stale(scene, endpoint, right)}):
        return f"Service {service.name} still sends to {few(stale)}"
    if not any(endpoint.pod in right for endpoint in ready):
        return f"Service {service.name} does not send to any of them yet (does its targetPort exist in the pods?)"
    return ""


def _is_stale(scene: Scene, endpoint: Endpoint, right: set[str]) -> bool:
    """Whether an endpoint is of this workload and should not be: a known pod, or one gone from an old ReplicaSet."""
    if endpoint.pod in right:
        return False
    if any(pod.name == endpoint.pod for pod in scene.pods):
        return True
    wanted = wanted_revision(scene)
    old = [revision.name for revision in scene.revisions if wanted is None or revision.uid != wanted.uid]
    return scene.workload.kind in ("Deployment", "Rollout") and any(endpoint.pod.startswith(f"{name}-") for name in old)
