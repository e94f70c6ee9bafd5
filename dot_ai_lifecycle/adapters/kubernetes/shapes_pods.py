"""A pod on the wire becomes a pod in our words; this runs for thousands of them, so it does little and does it once."""

from collections.abc import Iterator
from types import MappingProxyType

from dot_ai_lifecycle.adapters.kubernetes import wire
from dot_ai_lifecycle.core.pods import NOTHING, Container, Ended, Owner, Phase, Pod

_NOWHERE = wire.State()


def owner_of(metadata: wire.Metadata) -> Owner | None:
    """The controlling owner; None for an object nobody controls."""
    for owner in metadata.owner_references or ():
        if owner.controller:
            return Owner(owner.kind, owner.name, owner.uid)
    return None


def frozen(labels: dict[str, str] | None) -> MappingProxyType[str, str]:
    """The labels, read-only."""
    return MappingProxyType(labels) if labels else NOTHING


def pod(seen: wire.Pod) -> Pod:
    """The pod in our words."""
    metadata, spec, status = seen.metadata, seen.spec, seen.status
    ready: wire.Condition | None = None
    unschedulable = ""
    for condition in status.conditions or ():
        if condition.type == "Ready" and condition.status == "True":
            ready = condition
        elif condition.type == "PodScheduled" and condition.status == "False":
            unschedulable = condition.message or condition.reason
    return Pod(
        metadata.name,
        metadata.namespace,
        metadata.uid,
        frozen(metadata.labels),
        owner_of(metadata),
        spec.node_name,
        status.phase,
        status.reason,
        status.message,
        metadata.creation_timestamp,
        metadata.deletion_timestamp,
        ready is not None,
        ready.last_transition_time if ready else None,
        unschedulable,
        tuple(metadata.finalizers or ()),
        tuple(_containers(spec, status)),
    )


def _containers(spec: wire.PodSpec, status: wire.PodStatus) -> Iterator[Container]:
    """Init containers first, as they run; those the kubelet has not reported on are waiting."""
    for wanted, reported, init in (
        (spec.init_containers, status.init_container_statuses, True),
        (spec.containers, status.container_statuses, False),
    ):
        if not wanted:
            continue
        statuses = {one.name: one for one in reported or ()}
        for container in wanted:
            known = statuses.get(container.name)
            yield _container(container, known, init) if known else Container(container.name, container.image, init=init)


def _container(wanted: wire.ContainerSpec, status: wire.ContainerStatus, init: bool) -> Container:
    """The image is the one asked for: the runtime may report another name of the same content."""
    state = status.state or _NOWHERE
    phase: Phase = "waiting"
    reason = message = ""
    ended = since = None
    if state.running:
        phase, since = "running", state.running.started_at
    elif state.terminated:
        phase, ended, since = "terminated", _ended(state.terminated), state.terminated.finished_at
        reason, message = state.terminated.reason, state.terminated.message
    elif state.waiting:
        reason, message = state.waiting.reason, state.waiting.message
    last = status.last_state.terminated if status.last_state else None
    return Container(
        status.name,
        wanted.image or status.image,
        status.image_id,
        status.ready,
        bool(status.started),
        status.restart_count,
        phase,
        reason,
        message,
        ended,
        _ended(last) if last else None,
        since,
        init,
    )


def _ended(seen: wire.Terminated) -> Ended:
    return Ended(seen.exit_code, seen.reason, seen.message, seen.signal, seen.finished_at)
