"""The status of a pod as its kubelet reports it: phase, conditions, and every container."""

from typing import Any

from dot_ai_lifecycle.embedded.containers import Container
from dot_ai_lifecycle.embedded.objects import Object
from dot_ai_lifecycle.embedded.pod_defaults import quality_of

Status = dict[str, Any]


def phase_of(containers: list[Container], restart_policy: str) -> str:
    """Pending until the init containers are through and one container started; then what the containers make of it."""
    apps = [one for one in containers if one.role == "app"]
    if restart_policy == "Never" and any(_failed(one) for one in containers if one.role == "init"):
        return "Failed"
    if not initialized(containers) or all(one.starts == 0 for one in apps):
        return "Pending"
    if any(one.state != "terminated" or one.stage != "done" for one in apps):
        return "Running"
    return "Succeeded" if all(one.succeeded for one in apps) else "Failed"


def _failed(one: Container) -> bool:
    return one.state == "terminated" and one.stage == "done" and one.code != 0


def initialized(containers: list[Container]) -> bool:
    """Whether every init container succeeded and every sidecar has started."""
    return all(one.succeeded for one in containers if one.role == "init") and all(
        one.started for one in containers if one.role == "sidecar"
    )


def condition(
    before: Status, type_: str, *, true: bool, stamp: str, generation: int, why: tuple[str, str] = ("", "")
) -> Status:
    """A condition that keeps its transition time while its truth stays the same."""
    truth = "True" if true else "False"
    old = next((one for one in before.get("conditions") or () if one["type"] == type_), None)
    since = old["lastTransitionTime"] if old and old["status"] == truth else stamp
    fresh: Status = {"type": type_, "status": truth, "lastProbeTime": None, "lastTransitionTime": since}
    fresh["observedGeneration"] = generation
    if not true and why[0]:
        fresh |= {"reason": why[0], "message": why[1]}
    return fresh


def _list(containers: list[Container]) -> str:
    return "[" + " ".join(one.name for one in containers) + "]"


def conditions_of(pod: Object, containers: list[Container], ip: str, stamp: str, phase: str) -> list[Status]:
    """The five standard conditions, and those others set on the pod (readiness gates)."""
    before: Status = pod.get("status") or {}
    seen = int(pod["metadata"].get("generation", 1))
    waited = [one for one in containers if one.role == "init" and not one.succeeded]
    waited += [one for one in containers if one.role == "sidecar" and not one.started]
    serving = [one for one in containers if one.role != "init"]
    unready = [one for one in serving if not one.ready]
    others = [one for one in before.get("conditions") or () if one["type"] not in _OURS]
    why_not = ("ContainersNotReady", f"containers with unready status: {_list(unready)}")
    uninit = ("ContainersNotInitialized", f"containers with incomplete status: {_list(waited)}")
    if phase in ("Succeeded", "Failed"):
        why_not = ("PodCompleted" if phase == "Succeeded" else "PodFailed", "")
        waited = waited if phase == "Failed" else []
    gates = [gate["conditionType"] for gate in pod["spec"].get("readinessGates") or ()]
    shut = [gate for gate in gates if not any(one["type"] == gate and one["status"] == "True" for one in others)]
    ready_why = why_not
    if shut and not unready:
        ready_why = (
            "ReadinessGatesNotReady",
            f'corresponding condition of pod readiness gate "{shut[0]}" does not exist.',
        )
    return [
        condition(before, "PodReadyToStartContainers", true=bool(ip), stamp=stamp, generation=seen),
        condition(before, "Initialized", true=not waited, stamp=stamp, generation=seen, why=uninit),
        condition(before, "Ready", true=not unready and not shut, stamp=stamp, generation=seen, why=ready_why),
        condition(before, "ContainersReady", true=not unready, stamp=stamp, generation=seen, why=why_not),
        condition(before, "PodScheduled", true=True, stamp=stamp, generation=seen),
        *others,
    ]


_OURS = frozenset({"PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"})


def status_of(pod: Object, containers: list[Container], *, ip: str, host_ip: str, started: str, stamp: str) -> Status:
    """The whole status."""
    before: Status = pod.get("status") or {}
    phase = phase_of(containers, pod["spec"].get("restartPolicy", "Always"))
    status: Status = {
        "observedGeneration": pod["metadata"].get("generation", 1),
        "phase": phase,
        "conditions": conditions_of(pod, containers, ip, stamp, phase),
        "hostIP": host_ip,
        "hostIPs": [{"ip": host_ip}],
        "startTime": started,
        "containerStatuses": [one.status() for one in containers if one.role == "app"],
        "qosClass": before.get("qosClass") or quality_of(pod["spec"]),
    }
    if ip:
        status |= {"podIP": ip, "podIPs": [{"ip": ip}]}
    if first := [one.status() for one in containers if one.role != "app"]:
        status["initContainerStatuses"] = first
    return status
