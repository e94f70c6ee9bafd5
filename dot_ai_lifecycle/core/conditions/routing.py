"""Do Services that are pinned to one revision send to its pods, and to them alone?"""

from dot_ai_lifecycle.core.conditions.reading import Met, Reading, Waiting
from dot_ai_lifecycle.core.conditions.rollout import not_begun
from dot_ai_lifecycle.core.conditions.sides import is_active
from dot_ai_lifecycle.core.conditions.words import few, pods_in
from dot_ai_lifecycle.core.objects import Endpoint
from dot_ai_lifecycle.core.scene import Scene


def routed(scene: Scene, template: str, services: tuple[str, ...], to: str) -> Reading:
    """Whether every one of those Services has all ready pods of the revision with the hash `to` behind it, no other.

    `template` is the digest of the pod template that must still be wanted (Foreign otherwise): whoever changes it while
    the Deployment is gated has the controller remove the pods the Services are pinned to.
    """
    early = not_begun(scene, template)
    if early is not None:
        return early
    meant = {pod.name for pod in scene.pods if pod.revision == to and is_active(pod)}
    ready = {pod.name for pod in scene.pods if pod.name in meant and pod.ready}
    for name in services:
        found = {endpoint.pod for endpoint in _sent_to(scene, name)}
        if others := sorted(found - meant):
            return Waiting(f"Service {name} still sends to {few(others)}")
        if missing := sorted(ready - found):
            return Waiting(f"Service {name} does not send to {few(missing)} yet")
    if not ready and services:
        return Waiting("no pod that the Services are pinned to is ready")
    return Met(
        f"{few(services, most=5)} {'sends' if len(services) == 1 else 'send'} to {pods_in(len(ready))} of it alone"
    )


def _sent_to(scene: Scene, service: str) -> list[Endpoint]:
    return [
        endpoint
        for piece in scene.slices
        if piece.service == service
        for endpoint in piece.endpoints
        if endpoint.ready and not endpoint.terminating
    ]
