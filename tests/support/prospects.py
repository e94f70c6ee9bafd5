"""An app before its update, in a line each: a good Deployment on three nodes, and what a test makes worse of it."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace

from dot_ai_lifecycle.core.capacity import Booking, Quota, amounts, asked
from dot_ai_lifecycle.core.nearby import Claim
from dot_ai_lifecycle.core.objects import Backend, Machine, Revision, Service
from dot_ai_lifecycle.core.pods import Owner, Pod
from dot_ai_lifecycle.core.registry import ImageSight
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.surroundings import Surroundings
from dot_ai_lifecycle.core.trial import Trial
from dot_ai_lifecycle.core.workload import Workload
from dot_ai_lifecycle.domain.preflight.case import Case
from dot_ai_lifecycle.domain.strategies.choice import Strategy
from tests.support.scenes import NOW, pod, workload

GOOD: dict[str, Any] = {
    "name": "web",
    "image": "shop/web:v1",
    "ports": [{"containerPort": 8080, "name": "http"}],
    "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}, "periodSeconds": 1},
    "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
    "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
}
"""A container that starts, serves and ends as it should."""


def container(**more: Any) -> dict[str, Any]:
    """The good container with other fields; None takes one away."""
    return {key: value for key, value in {**GOOD, **more}.items() if value is not None}


def template(
    *containers: Mapping[str, Any], annotations: Mapping[str, str] | None = None, **spec: Any
) -> dict[str, Any]:
    """A pod template of those containers, the good one without any."""
    meta = {"labels": {"app": "web"}, **({"annotations": dict(annotations)} if annotations else {})}
    return {"metadata": meta, "spec": {"containers": [dict(one) for one in containers or (GOOD,)], **spec}}


def app(
    kind: str = "Deployment", *, replicas: int = 4, strategy: Any = None, wants: Any = None, **more: Any
) -> Workload:
    """A workload of that template, of the strategy that Kubernetes sets where none is given."""
    default = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
    if kind != "Deployment":
        default = {"type": "RollingUpdate", "rollingUpdate": {}}
    field = "strategy" if kind == "Deployment" else "updateStrategy"
    spec = {field: strategy or default, **more.pop("spec", {})}
    return workload(kind, replicas=replicas, wants=wants or template(), spec=spec, **more)


def service(name: str = "web", *backends: Backend, **more: Any) -> Service:
    """A Service that leads to the port named http."""
    made = Service(name, "shop", f"uid-{name}", selector=MappingProxyType({"app": "web"}))
    return replace(made, **{"backends": backends or (Backend(80, "http"),), **more})


def node(name: str = "node-1", *, cpu: str = "2", memory: str = "4Gi", pods: str = "110", **more: Any) -> Machine:
    """A node of two cores in a zone of its own."""
    zone = name.rpartition("-")[2]
    labels = {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": f"zone-{zone}", **more.pop("labels", {})}
    room = amounts({"cpu": cpu, "memory": memory, "pods": pods})
    return Machine(name, f"uid-{name}", "linux/amd64", MappingProxyType(labels), allocatable=room, **more)


NODES = (node("node-1"), node("node-2"), node("node-3"))


def booking(name: str, on: str = "node-1", **requests: str) -> Booking:
    """What somebody's pod takes of a node."""
    return Booking(name, "others", f"uid-{name}", on, requests=amounts(requests))


def quota(
    name: str = "small", *, used: Mapping[str, str] | None = None, scopes: Sequence[str] = (), **more: Any
) -> Quota:
    """A quota with these bounds; `_` in a name stands for a dot."""
    selector = tuple(more.pop("selector", ()))
    hard = amounts({key.replace("_", "."): value for key, value in more.items()})
    taken = amounts({key.replace("_", "."): value for key, value in (used or {}).items()})
    return Quota(name, "shop", f"uid-{name}", hard, taken, tuple(scopes), selector)


def claim(name: str, *modes: str) -> Claim:
    return Claim(name, "shop", f"uid-{name}", modes, "Bound")


def revision_of(of: Workload, hash_: str = "v1") -> Revision:
    """The revision that the workload's template is."""
    owner = Owner(of.kind, of.name, of.uid)
    return Revision(f"web-{hash_}", f"uid-web-{hash_}", 1, hash_, of.template, owner)


def standing(of: Workload, **more: Any) -> Scene:
    """The app with all pods of its own template ready, one node after the other, behind a Service."""
    names = [f"web-v1-{number}" for number in range(of.replicas)]
    pods: tuple[Pod, ...] = tuple(pod(name, "v1", node=f"node-{place % 3 + 1}") for place, name in enumerate(names))
    return Scene(of, **{"now": NOW, "revisions": (revision_of(of),), "pods": pods, "services": (service(),), **more})


def around(scene: Scene | None = None, wants: Mapping[str, Any] | None = None, **more: Any) -> Surroundings:
    """All that can be seen around an app, all of it good; `wants` is the new template, the app's own by default."""
    seen = scene or standing(app())
    wanted = wants or seen.workload.template
    booked = tuple(
        Booking(one.name, one.namespace, one.uid, one.node, requests=asked(seen.workload.template["spec"]))
        for one in seen.pods
    )
    good: dict[str, Any] = {
        "depth": "whole",
        "server": "v1.34.2",
        "trial": Trial("admitted", spec=wanted["spec"]),
        "quotas": (),
        "nodes": NODES,
        "bookings": booked,
        "limit_ranges": (),
        "routes": (),
        "hooks": (),
        "scalers": (),
        "may_patch": True,
    }
    return Surroundings(seen, wanted, **{**good, **more})


def case(scene: Scene | None = None, strategy: Strategy = "rolling", wants: Any = None, **more: Any) -> Case:
    """One update considered."""
    images: Mapping[str, ImageSight] = more.pop("images", {})
    return Case(around(scene, wants, **more), strategy, images)
