"""A rolling change: the template patched in one write, then proof that the new revision serves everywhere.

The app's own strategy fields decide the pace; they are not touched.
"""

from dot_ai_lifecycle.core.errors import Refused
from dot_ai_lifecycle.core.objects import Autoscaler
from dot_ai_lifecycle.core.plan import Note, Risk
from dot_ai_lifecycle.core.pointers import pointer
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.steps import Await, Edit, Patch, Step
from dot_ai_lifecycle.core.workload import CHANGE_CAUSE, Manifest, Workload
from dot_ai_lifecycle.domain.engines.state import refuse_if_engine_is_busy

DEFAULT_TIMEOUT = 600
"""Seconds a change may take; a Deployment's default progress deadline."""


def rolling_steps(
    workload: Workload, edits: tuple[Edit, ...], *, why: str, cause: str, within: int
) -> tuple[Step, ...]:
    """Patch those fields and the change-cause in one write, then wait for the verdict."""
    patch = Patch(ref=workload.ref, edits=(*edits, *annotation(workload, CHANGE_CAUSE, cause)), why=why)
    return patch, Await(ref=workload.ref, within=within, why="every pod of the new revision serves, no old one is left")


def annotation(workload: Workload, key: str, value: str | None) -> tuple[Edit, ...]:
    """The edits that set (or, with None, remove) an annotation of the workload itself."""
    path = pointer("metadata", "annotations", key)
    old = workload.annotations.get(key)
    if old == value:
        return ()
    parent = () if workload.annotations else (Edit(path="/metadata/annotations", new={}, scaffold=True),)
    return (*parent, Edit(path=path, old=old, new=value))


def refuse_if_stuck(workload: Workload, *, unless_aborted: bool = False) -> None:
    """Refuse what would be taken and then never carried out. Raises Refused.

    `unless_aborted`: where another engine owns the app, a new version may follow one that it aborted.
    """
    if workload.deleting:
        raise Refused(f"{workload.ref} is being deleted.", hint="Wait until it is gone.")
    if workload.engine:
        refuse_if_engine_is_busy(workload, unless_aborted=unless_aborted)
    elif workload.paused:
        raise Refused(
            f"{workload.ref} is paused: its controller would not roll out any change.",
            hint=f"Resume it first: kubectl rollout resume deployment/{workload.name} -n {workload.namespace}",
        )
    if workload.strategy_type == "OnDelete":
        raise Refused(
            f"{workload.ref} has the update strategy OnDelete: pods change only when somebody deletes them.",
            hint="Set updateStrategy.type to RollingUpdate first.",
        )


def risk_of(scene: Scene) -> Risk:
    """How much a rolling change of this app may hurt by the facts that can be seen."""
    workload, reasons = scene.workload, []
    if workload.strategy_type == "Recreate" and workload.replicas:
        reasons.append("the Recreate strategy stops every pod before the first new one starts: the app will be down")
    return Risk(level="high" if reasons else "medium", reasons=tuple(reasons))


def raised(risk: Risk, reasons: tuple[str, ...]) -> Risk:
    """The risk with further reasons for a person to look first."""
    return Risk(level="high", reasons=(*risk.reasons, *reasons)) if reasons else risk


def notes_on(scene: Scene, *, switched: bool = False, paced: bool = False) -> tuple[Note, ...]:
    """What a person should know before agreeing to a change of the pod template.

    `switched`: pods leave their Services before they end; `paced`: no pod goes before a new one serves.
    """
    return (
        *_notes_on_probes(scene, switched=switched),
        *(() if paced else _notes_on_capacity(scene)),
        *notes_on_state(scene),
    )


def notes_on_state(scene: Scene) -> tuple[Note, ...]:
    """What there is to know of the app as it is, whatever becomes of it."""
    return (*_notes_on_health(scene), *_notes_on_partition(scene), *notes_on_sight(scene))


def notes_on_sight(scene: Scene) -> tuple[Note, ...]:
    """What could not be looked at for want of rights, and so did not go into the plan."""
    if not scene.unread:
        return ()
    text = f"You may not list {', '.join(scene.unread)} here: what they would say is not in this plan."
    return (Note(level="warning", text=text),)


def _notes_on_health(scene: Scene) -> tuple[Note, ...]:
    workload = scene.workload.serving
    if workload.replicas == 0:
        return (Note(level="warning", text="It is scaled to 0: the change is made, but no pod proves that it works."),)
    if workload.ready_replicas < workload.replicas:
        text = f"It is not healthy now: {workload.ready_replicas} of {workload.replicas} pods ready."
        return (Note(level="warning", text=text),)
    if workload.updated_replicas < workload.replicas:
        text = (
            f"An earlier change is still rolling out: {workload.updated_replicas} of {workload.replicas} pods have it."
        )
        return (Note(level="warning", text=text),)
    return ()


def _notes_on_probes(scene: Scene, *, switched: bool) -> tuple[Note, ...]:
    if not scene.services or not scene.workload.replicas:
        return ()
    containers = scene.workload.containers
    notes = []
    if not any(container.get("readinessProbe") for container in containers):
        text = "No readiness probe: traffic is sent to a pod as soon as its process starts, and no probe can fail."
        notes.append(Note(level="warning", text=text))
    if not switched and not any(drains(container) for container in containers):
        text = (
            "The pods that run now have no preStop hook: requests can fail in the second between a pod's end and the "
            "proxies' noticing. A preStop sleep of 5 s prevents that from the next change on."
        )
        notes.append(Note(level="warning", text=text))
    return tuple(notes)


def drains(container: Manifest) -> bool:
    """Whether a container waits before it ends, so that the proxies can notice."""
    return bool((container.get("lifecycle") or {}).get("preStop"))


def _notes_on_capacity(scene: Scene) -> tuple[Note, ...]:
    workload = scene.workload
    dip = unavailable(workload)
    if workload.kind == "DaemonSet" or workload.replicas == 0 or workload.strategy_type != "RollingUpdate":
        return ()
    if workload.kind == "StatefulSet" and workload.replicas == 1:
        return (Note(level="warning", text="A StatefulSet of one pod is down while that pod is replaced."),)
    if dip and workload.kind == "Deployment":
        text = f"Up to {dip} of {workload.replicas} pods may be missing during the change (maxUnavailable)."
        return (Note(level="info", text=text),)
    return ()


def _notes_on_partition(scene: Scene) -> tuple[Note, ...]:
    workload = scene.workload
    if workload.kind != "StatefulSet" or not workload.partition:
        return ()
    changed = max(0, workload.replicas - workload.partition)
    text = (
        f"Its updateStrategy has the partition {workload.partition}: {changed} of {workload.replicas} pods change, "
        "those below it keep their version."
    )
    return (Note(level="warning", text=text),)


def unavailable(workload: Workload) -> int:
    """How many pods may be missing at once: maxUnavailable as the controller resolves it.

    Percentages of surge round up, of unavailable down; both 0 means unavailable 1 (`ResolveFenceposts` in Kubernetes).
    """
    rolling = workload.strategy.get("rollingUpdate") or {}
    wanted = workload.replicas
    surge = resolved(rolling.get("maxSurge", "25%"), wanted, up=True)
    missing = resolved(rolling.get("maxUnavailable", "25%"), wanted, up=False)
    return 1 if surge == 0 and missing == 0 else min(missing, wanted)


def resolved(value: int | str, total: int, *, up: bool) -> int:
    """An absolute number, or a percentage of `total` rounded up or down."""
    if isinstance(value, int):
        return value
    exact = int(value.rstrip("%")) * total
    return -(-exact // 100) if up else exact // 100


def autoscaled(scaler: Autoscaler) -> str:
    """How an autoscaler is spoken of."""
    return f"HorizontalPodAutoscaler {scaler.name} ({scaler.minimum} to {scaler.maximum} replicas)"
