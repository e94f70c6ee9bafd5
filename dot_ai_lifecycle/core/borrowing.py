"""Rollouts that take their pods from a Deployment (workloadRef): one app, whose Deployment runs nothing itself."""

from collections.abc import Iterable

from dot_ai_lifecycle.core.workload import Workload

UNREAD = "unknown"
"""The image of an app whose Deployment cannot be read."""


def source_of(rollout: Workload) -> str:
    """The name of the Deployment that a Rollout takes its pod template from; empty where it has one of its own."""
    source = rollout.spec.get("workloadRef") or {} if rollout.kind == "Rollout" else {}
    return str(source.get("name", "")) if source.get("kind") == "Deployment" else ""


def lent(workloads: Iterable[Workload]) -> frozenset[tuple[str, str]]:
    """Namespace and name of every Deployment that a Rollout among those takes its pods from."""
    return frozenset((one.namespace, source_of(one)) for one in workloads if source_of(one))


def is_lent(workload: Workload, to: frozenset[tuple[str, str]]) -> bool:
    """Whether a Rollout runs this Deployment's pods in its place."""
    return workload.kind == "Deployment" and (workload.namespace, workload.name) in to


def with_pods_of(rollout: Workload, deployment: Workload | None) -> Workload:
    """The Rollout with the template and the selector it takes from that Deployment; of one unread with a blank one."""
    if deployment is None:
        blank = {"metadata": {"labels": {}}, "spec": {"containers": [{"name": rollout.name, "image": UNREAD}]}}
        taken = {"template": blank, "selector": rollout.spec.get("selector") or {}}
    else:
        taken = {"template": deployment.template, "selector": deployment.spec.get("selector") or {}}
    return Workload({**rollout.manifest, "spec": {**rollout.spec, **taken}})
