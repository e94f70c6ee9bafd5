"""How readings name versions and pods, so that all of them speak alike."""

from collections.abc import Iterable, Sequence

from dot_ai_lifecycle.core.pods import Pod
from dot_ai_lifecycle.core.workload import Image, Workload

LONGEST = 300
"""Characters kept of a line the cluster wrote: the cause stands at its beginning or at its end."""


def version_of(workload: Workload) -> str:
    """The version in a few characters, where one container is the app beyond doubt; else `the new revision`."""
    images = workload.images
    image = images.get(workload.name) or (next(iter(images.values())) if len(images) == 1 else "")
    return Image.of(image).version if image else "the new revision"


def pods_in(count: int) -> str:
    """`1 pod`, `3 pods`."""
    return f"{count} pod" if count == 1 else f"{count} pods"


def few(names: Sequence[str], most: int = 3) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def named(pods: Iterable[Pod]) -> str:
    """The pods by name, at most three."""
    return few([pod.name for pod in pods])


def state_of(pod: Pod) -> str:
    """Why a pod is not ready, in the kubelet's own word, in brackets; empty where nothing says."""
    if pod.unschedulable:
        return " (unschedulable)"
    reason = next((c.reason for c in pod.containers if not c.ready and c.reason), "") or pod.reason
    if reason:
        return f" ({reason})"
    return " (running, not ready)" if pod.phase == "Running" else ""


def shortened(line: str) -> str:
    """A line the cluster wrote, on one line, at most 300 characters: its beginning and its end."""
    flat = " ".join(line.split())
    return flat if len(flat) <= LONGEST else f"{flat[: LONGEST - 103]} … {flat[-100:]}"
