"""Small pure worlds: workloads, pods, revisions and whole scenes in a line each, in the API's own shapes.

Time stands at `NOW`; ages are seconds before it.
"""

import copy
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace

from dot_ai_lifecycle.core.objects import Endpoint, EndpointSlice, Event, Revision, Service
from dot_ai_lifecycle.core.plan import Plan
from dot_ai_lifecycle.core.pods import Container, Ended, Owner, Pod
from dot_ai_lifecycle.core.record import Cause, Happening, Record
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.workload import Workload, digest_of

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def template(image: str = "shop/web:v2", **spec: Any) -> dict[str, Any]:
    """A pod template with one container `web`; `spec` adds to the pod's spec."""
    return {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "web", "image": image}], **spec},
    }


def workload(
    kind: str = "Deployment",
    *,
    replicas: int = 3,
    wants: Mapping[str, Any] | None = None,
    spec: Mapping[str, Any] | None = None,
    status: Mapping[str, Any] | None = None,
    **metadata: Any,
) -> Workload:
    """A workload `web` whose status says that all is as wanted, unless `status` says otherwise."""
    daemon = kind == "DaemonSet"
    counts = ("desiredNumberScheduled", "updatedNumberScheduled", "numberReady", "numberAvailable")
    counted = counts if daemon else ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    named = {"name": "web", "namespace": "shop", "uid": f"uid-{kind}", "generation": 2, **metadata}
    return Workload(
        {
            "apiVersion": "apps/v1",
            "kind": kind,
            "metadata": named,
            "spec": {
                **({} if daemon else {"replicas": replicas}),
                "selector": {"matchLabels": {"app": "web"}},
                "template": copy.deepcopy(dict(wants or template())),
                **(spec or {}),
            },
            "status": {"observedGeneration": 2, **dict.fromkeys(counted, replicas), **(status or {})},
        }
    )


def revision(image: str = "shop/web:v2", number: int = 2, **more: Any) -> Revision:
    """A revision of `web` whose name, uid and hash follow from the image's tag."""
    tag = image.rpartition(":")[2]
    made = Revision(
        name=f"web-{tag}",
        uid=f"uid-web-{tag}",
        number=number,
        hash=tag,
        template=template(image),
        owner=Owner("Deployment", "web", "uid-Deployment"),
        created=ago(3600),
    )
    return replace(made, **more)


def container(name: str = "web", image: str = "shop/web:v2", **more: Any) -> Container:
    """A container that has been running and ready for ten minutes."""
    running = Container(name, image, ready=True, started=True, phase="running", since=ago(600))
    return replace(running, **more)


def waiting(reason: str, message: str = "", **more: Any) -> Container:
    """A container that does not run, for that reason."""
    return container(phase="waiting", ready=False, started=False, reason=reason, message=message, since=None, **more)


def crashed(restarts: int = 2, *, exit_code: int = 1, reason: str = "Error", **more: Any) -> Container:
    """A container in back-off after its last crash."""
    last = Ended(exit_code, reason, at=ago(5))
    return waiting("CrashLoopBackOff", "back-off 10s restarting failed container", restarts=restarts, last=last, **more)


def pod(name: str, of: str = "v2", **more: Any) -> Pod:
    """A pod of that revision, Ready for ten minutes unless told otherwise."""
    made = Pod(
        name=name,
        namespace="shop",
        uid=f"uid-{name}",
        labels=MappingProxyType({"app": "web", "pod-template-hash": of}),
        owner=Owner("ReplicaSet", f"web-{of}", f"uid-web-{of}"),
        node="node-1",
        phase="Running",
        created=ago(610),
        ready=True,
        ready_since=ago(600),
        containers=(container(),),
    )
    return replace(made, **more)


def broken(name: str, *containers: Container, of: str = "v2", **more: Any) -> Pod:
    """A pod that is not Ready because of its containers."""
    phase = "Running" if any(one.phase == "running" for one in containers) else "Pending"
    return pod(name, of, **{"phase": phase, "ready": False, "ready_since": None, "containers": containers, **more})


def unplaced(name: str, message: str, **more: Any) -> Pod:
    """A pod no node takes."""
    return broken(name, container(phase="waiting", ready=False, since=None), node="", unschedulable=message, **more)


def service(name: str = "web", **more: Any) -> Service:
    made = Service(name, "shop", f"uid-{name}", selector=MappingProxyType({"app": "web"}), ports=("80/TCP",))
    return replace(made, **more)


def endpoints(*ready: str, to: str = "web", others: Sequence[Endpoint] = ()) -> EndpointSlice:
    """A slice of a Service with those pods ready."""
    return EndpointSlice(f"{to}-1", "shop", f"uid-{to}-1", to, (*(Endpoint(one, True) for one in ready), *others))


def event(about: Pod | Workload, reason: str, message: str, age: float = 5, kind: str = "Warning") -> Event:
    """What some component said about a pod or a workload."""
    what = "Pod" if isinstance(about, Pod) else about.kind
    name = f"{about.name}.{digest_of([reason, message])}"
    return Event(name, "shop", f"uid-{name}", what, about.name, about.uid, kind, reason, message, 1, ago(age))


def scene(of: Workload | None = None, *pods: Pod, **more: Any) -> Scene:
    """A scene of `web` at NOW, with revisions v1 (3600 s old) and v2 (wanted)."""
    revisions = (revision("shop/web:v1", 1), revision())
    return Scene(of or workload(), **{"now": NOW, "revisions": revisions, "pods": pods, **more})


def served(replicas: int = 3, **more: Any) -> Scene:
    """A Deployment rolled out completely, with a Service that sends to all of its pods."""
    pods = tuple(pod(f"web-v2-{number}") for number in range(replicas))
    seen = scene(
        workload(replicas=replicas), *pods, services=(service(),), slices=(endpoints(*(p.name for p in pods)),)
    )
    return replace(seen, **more)


def record(
    id: str = "abcd1234", *, operation: str = "update_app", state: Any = "done", tried: Any = None, **more: Any
) -> Record:
    """A record of an operation that tried that revision."""
    ref = workload().ref
    late = {"template": digest_of(tried.template)} if tried else {}
    given: dict[str, Any] = {
        "id": id,
        "plan": Plan(operation=operation, parameters=more.pop("parameters", {}), app=ref, summary="", steps=()),
        "actor": "cli:alice",
        "context": "test",
        "state": state,
        "started": NOW,
        "happenings": (Happening(at=NOW, step=0, what="done", text="x", late=late),),
        "template_after": late.get("template", "") if state == "done" else "",
        "cause": Cause(code="CRASH_LOOP", text="x") if state != "done" else None,
    }
    return Record(**{**given, **more})
