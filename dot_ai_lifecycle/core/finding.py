"""Which workload a name means: exact names first, then the labels people and tools put on apps. Never a guess."""

import difflib
from collections.abc import Iterable

from dot_ai_lifecycle.core.errors import Ambiguous, NotFound
from dot_ai_lifecycle.core.workload import Workload

APP_LABELS = (
    "dot-ai.io/app-name",
    "app.kubernetes.io/instance",
    "app.kubernetes.io/part-of",
    "app.kubernetes.io/name",
    "app",
)
SHORT_KINDS = {
    "deploy": "Deployment",
    "deployment": "Deployment",
    "deployments": "Deployment",
    "sts": "StatefulSet",
    "statefulset": "StatefulSet",
    "statefulsets": "StatefulSet",
    "ds": "DaemonSet",
    "daemonset": "DaemonSet",
    "daemonsets": "DaemonSet",
    "ro": "Rollout",
    "rollout": "Rollout",
    "rollouts": "Rollout",
}


def parsed(app: str) -> tuple[str | None, str]:
    """`deployment/web` as ("Deployment", "web"); a bare name without a kind. Raises NotFound for an unknown kind."""
    prefix, slash, name = app.rpartition("/")
    if not slash:
        return None, app
    if prefix.lower() not in SHORT_KINDS:
        raise NotFound(
            f"{prefix!r} is not a kind of workload this works on.",
            hint="Use deployment/NAME, statefulset/NAME, daemonset/NAME or rollout/NAME.",
        )
    return SHORT_KINDS[prefix.lower()], name


def the_one(app: str, where: str, candidates: Iterable[Workload]) -> Workload:
    """The single workload the name means among those seen. Raises NotFound (near names), Ambiguous (candidates)."""
    seen = tuple(candidates)
    kind, name = parsed(app)
    of_kind = [workload for workload in seen if kind in (None, workload.kind)]
    found = [workload for workload in of_kind if workload.name == name] or _by_label(name, of_kind)
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(f"{spelled(workload)} in {workload.namespace}" for workload in found[:10])
        raise Ambiguous(
            f"{app!r} could be any of {len(found)} workloads {where}: {names}.",
            hint="Name one as kind/name, with its namespace.",
            details={"candidates": [f"{w.namespace}/{spelled(w)}" for w in found]},
        )
    near = near_names(name, {workload.name for workload in seen})
    raise NotFound(
        f"There is no app {app!r} {where}.",
        hint=f"Did you mean {' or '.join(near)}?" if near else "List what is there with `list_apps` (`dot-ai list`).",
        details={"near": near},
    )


def spelled(workload: Workload) -> str:
    """The unambiguous name of a workload inside its namespace: `deployment/web`."""
    return f"{workload.kind.lower()}/{workload.name}"


def near_names(name: str, names: Iterable[str]) -> list[str]:
    """Up to three names a typing error away."""
    return difflib.get_close_matches(name, sorted(names), n=3, cutoff=0.6)


def _by_label(name: str, workloads: list[Workload]) -> list[Workload]:
    for label in APP_LABELS:
        found = [workload for workload in workloads if workload.labels.get(label) == name]
        if found:
            return found
    return []
