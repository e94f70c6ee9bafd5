"""Sizes: replicas, and the requests and limits of containers."""

from typing import Any

from dot_ai_lifecycle.core.conditions.sides import left_over, wanted_hashes
from dot_ai_lifecycle.core.conditions.words import named
from dot_ai_lifecycle.core.driver import FLAGGER
from dot_ai_lifecycle.core.errors import BadInput, Refused
from dot_ai_lifecycle.core.pointers import pointer
from dot_ai_lifecycle.core.quantities import amount, canonical
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.steps import Edit
from dot_ai_lifecycle.core.workload import Manifest, Workload
from dot_ai_lifecycle.domain.engines.state import refuse_if_copy
from dot_ai_lifecycle.domain.images import main_container
from dot_ai_lifecycle.domain.rolling import refuse_if_stuck

STOPS = "scaling to 0 stops the app"
"""Why a plan that takes the last pod is of high risk."""

REPLICAS = "/spec/replicas"


def refuse_if_uneven(scene: Scene) -> None:
    """Refuse more or fewer pods where Kubernetes holds back a version: which pods come or go is its choice there.

    A paused Deployment and an OnDelete set whose pods are all of the wanted version scale as any other. Raises Refused.
    """
    workload, old = scene.workload, left_over(scene)
    refuse_if_resized_by_engine(workload)
    by_hand = workload.strategy_type == "OnDelete"
    if workload.deleting or workload.engine or not (workload.paused or by_hand):
        refuse_if_stuck(workload)
    elif workload.paused and (old or not wanted_hashes(scene)):
        raise Refused(
            f"{workload.ref} was paused between two versions: more or fewer pods would prove neither.",
            hint=f"Resume it first: kubectl rollout resume deployment/{workload.name} -n {workload.namespace}",
        )
    elif by_hand and old:
        raise Refused(
            f"{workload.ref} has the update strategy OnDelete and pods of another version: {named(old)}.",
            hint=f"Replace them first, one by one: kubectl delete pod {old[0].name} -n {workload.namespace}",
        )


def refuse_if_resized_by_engine(workload: Workload) -> None:
    """Refuse a number of pods that Flagger would not take over. Raises Refused with what would be."""
    driver = workload.driver
    if driver is None or driver.engine != FLAGGER:
        return
    refuse_if_copy(workload)
    scaler = (driver.spec.get("autoscalerRef") or {}).get("name")
    alone = f"Set the replicas of {workload.kind.lower()}/{workload.name} together with a change of its pod template"
    instead = f"Change the bounds of {driver.spec['autoscalerRef']['kind']} {scaler}" if scaler else alone
    raise Refused(
        f"Flagger decides how many pods of {workload.ref} run: it keeps it at 0, and its copy as last promoted.",
        hint=f"{instead}: Flagger takes it over with its next promotion.",
    )


def resource_edits(
    workload: Workload, *, cpu: str | None, memory: str | None, container: str | None
) -> tuple[Edit, ...]:
    """The edits that give a container those requests and limits; none where it has them.

    Each is `REQUEST` or `REQUEST:LIMIT`. Without a limit an existing one is kept, and raised where it would lie below
    the request. Raises BadInput for no such container or a limit below its request.
    """
    number, found = _container(workload, container)
    old = found.get("resources")
    new = _resized(old or {}, {"cpu": cpu, "memory": memory})
    if new == (old or {}):
        return ()
    path = pointer("spec", "template", "spec", "containers", number, "resources")
    return (Edit(path=path, old=old, new=new),)


def _container(workload: Workload, name: str | None) -> tuple[int, Manifest]:
    wanted = name or main_container(workload).name
    for number, container in enumerate(workload.containers):
        if container["name"] == wanted:
            return number, container
    names = ", ".join(container["name"] for container in workload.containers)
    raise BadInput(f"{workload.ref} has no container {wanted!r}.", hint=f"Its containers: {names}.")


def _resized(resources: Manifest, wanted: dict[str, str | None]) -> dict[str, Any]:
    requests, limits = dict(resources.get("requests") or {}), dict(resources.get("limits") or {})
    for resource, size in wanted.items():
        if size is None:
            continue
        request, limit = _sizes(resource, size, limits.get(resource))
        if resource not in requests or amount(requests[resource]) != amount(request):
            requests[resource] = request
        if limit is not None and (resource not in limits or amount(limits[resource]) != amount(limit)):
            limits[resource] = limit
    sizes = {"requests": requests, "limits": limits}
    return {**resources, **{field: size for field, size in sizes.items() if size}}


def _sizes(resource: str, size: str, limit_now: str | None) -> tuple[str, str | None]:
    request, _, limit = size.partition(":")
    if limit:
        if amount(limit) < amount(request):
            raise BadInput(f"The {resource} limit {limit} lies below the request {request}.", hint="Swap or raise it.")
        return canonical(request), canonical(limit)
    raised = limit_now is not None and amount(limit_now) < amount(request)
    return canonical(request), canonical(request) if raised else None


def replicas_spoken(replicas: int) -> str:
    """`1 replica`, `3 replicas`."""
    return f"{replicas} replica{'' if replicas == 1 else 's'}"


def resources_spoken(workload: Workload, container: str | None) -> str:
    """A container's size in the words of history: `cpu 100m, memory 64Mi (limit 128Mi)`."""
    _, found = _container(workload, container)
    return spoken(found.get("resources") or {})


def spoken(resources: Manifest) -> str:
    """Requests with their limits in a few words."""
    requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
    parts = []
    for resource in ("cpu", "memory"):
        limit = f" (limit {limits[resource]})" if resource in limits else ""
        if resource in requests or limit:
            parts.append(f"{resource} {requests.get(resource, 'unset')}{limit}")
    return ", ".join(parts) or "no requests"
