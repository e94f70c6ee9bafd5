"""A preview: a Service of the new pods alone, to look at and to be asked, before anybody is served by them.

It is ours for the time between the proof of the new set and the switch, and the workload's: whoever deletes the app
deletes it too.
"""

from dot_ai_lifecycle.core.errors import Refused
from dot_ai_lifecycle.core.late import NEW_HASH
from dot_ai_lifecycle.core.objects import Backend, Service
from dot_ai_lifecycle.core.plan import Note
from dot_ai_lifecycle.core.preview import Preview, preview_ref
from dot_ai_lifecycle.core.refs import Ref
from dot_ai_lifecycle.core.smoke import Check, Door, Scheme
from dot_ai_lifecycle.core.steps import Approve, Await, Create, Delete, Smoke, Step, WayBack
from dot_ai_lifecycle.core.workload import HASH_LABEL, Manifest, Workload
from dot_ai_lifecycle.domain.strategies.rollout import Rollout
from dot_ai_lifecycle.domain.strategies.switching import SETTLES, sending

ANSWERS = 15.0
"""Seconds for the API server to reach a pod that is behind the Service: its own proxy lags a second or two."""


def previewed(rollout: Rollout, preview: Preview, asked: tuple[Approve, ...]) -> tuple[Step, ...]:
    """The steps between a proven new set and the switch: the preview, its checks, whoever is asked, its end.

    Raises Refused where there are checks and no preview can be. Without checks nobody is refused for that; see
    `notes_on_preview`.
    """
    if not (preview.checks or asked):
        return ()
    why_not = impossible(rollout, preview)
    if preview.checks and why_not:
        raise unchecked(rollout.workload, why_not)
    if why_not or (not preview.checks and not preview.allowed):
        return asked
    ref = preview_ref(rollout.workload)
    service, backend = door(sending(rollout))
    manifest = _service(rollout, ref, service)
    gone = Delete(ref=ref, was=manifest, why="nobody looks at it any more", back=WayBack(steps=()))
    return (
        Create(ref=ref, manifest=manifest, why="the new pods alone, which nobody else is served by"),
        reachable(rollout, ref.name),
        *smoke_checks(rollout, ref.name, backend, preview.checks),
        *(approve.model_copy(update={"why": f"{approve.why} ({_look(ref, backend)})"}) for approve in asked),
        gone,
    )


def unchecked(workload: Workload, why: str) -> Refused:
    """That smoke checks were asked for and there can be none."""
    return Refused(f"There can be no smoke checks of {workload.ref}: {why}.", hint="Mend that, or leave smoke out.")


def impossible(rollout: Rollout, preview: Preview) -> str:
    """Why there can be no preview, whatever our rights; empty where there can."""
    if not _doors(sending(rollout)):
        return "no Service with a TCP port sends traffic to it"
    return f"{preview_ref(rollout.workload)} exists already" if preview.taken else ""


def notes_on_preview(rollout: Rollout, preview: Preview) -> tuple[Note, ...]:
    """Why the new version cannot be looked at by itself while somebody is asked, where it cannot."""
    why_not = impossible(rollout, preview)
    if not why_not and not preview.allowed:
        why_not = f"you may not create and delete services in namespace {rollout.workload.namespace}"
    return (Note(level="info", text=f"There is no preview Service: {why_not}."),) if why_not else ()


def reachable(rollout: Rollout, service: str) -> Await:
    """Wait until that Service leads to every new pod, and to no other."""
    why = "the new pods can be asked by themselves"
    return Await(ref=rollout.workload.ref, until="routed", services=(service,), to=NEW_HASH, within=SETTLES, why=why)


def smoke_checks(rollout: Rollout, service: str, backend: Backend, checks: tuple[Check, ...]) -> tuple[Smoke, ...]:
    """The step that asks for all of them through that Service; none where there are none."""
    if not checks:
        return ()
    why = "the new version answers before anybody is served by it"
    scheme: Scheme = "https" if _is_https(backend) else "http"
    at = Door(service=service, port=backend.port, scheme=scheme)
    return (Smoke(ref=rollout.workload.ref, at=at, checks=checks, within=ANSWERS, why=why),)


def door(services: tuple[Service, ...]) -> tuple[Service, Backend]:
    """Where HTTP is most likely spoken; there has to be a TCP port."""
    return min(_doors(services), key=_likeness)


def _doors(services: tuple[Service, ...]) -> list[tuple[Service, Backend]]:
    """Every port of every Service that may speak HTTP."""
    return [(service, backend) for service in services for backend in service.backends if backend.protocol == "TCP"]


def _likeness(door: tuple[Service, Backend]) -> int:
    """How likely HTTP is not spoken there: what is named so comes first, then the order of names and ports decides."""
    backend = door[1]
    named = backend.app_protocol or backend.name
    return 0 if named.startswith("http") or named == "web" else 1 if backend.port in (80, 8080, 443, 8443) else 2


def _is_https(backend: Backend) -> bool:
    named = backend.app_protocol or backend.name
    return named.startswith("https") or (not named and backend.port in (443, 8443))


def _look(ref: Ref, backend: Backend) -> str:
    return f"kubectl -n {ref.namespace} port-forward service/{ref.name} 8080:{backend.port}"


def _service(rollout: Rollout, ref: Ref, like: Service) -> Manifest:
    workload = rollout.workload
    own = workload.spec.get("selector", {}).get("matchLabels") or {}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": ref.name,
            "namespace": workload.namespace,
            "labels": {"app.kubernetes.io/managed-by": "dot-ai-lifecycle"},
            "ownerReferences": [
                {"apiVersion": "apps/v1", "kind": workload.kind, "name": workload.name, "uid": workload.uid}
            ],
        },
        "spec": {
            "selector": {**like.selector, **own, HASH_LABEL: NEW_HASH},
            "ports": [_port(backend) for backend in like.backends],
        },
    }


def _port(backend: Backend) -> Manifest:
    named = {"name": backend.name} if backend.name else {}
    protocol = {"appProtocol": backend.app_protocol} if backend.app_protocol else {}
    return {"port": backend.port, "targetPort": backend.target, "protocol": backend.protocol, **named, **protocol}
