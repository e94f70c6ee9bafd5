"""What was around a version while it ran well, remembered by operations, and put back together with its template."""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from dot_ai_lifecycle.core.around import Around, Bounds, Sender
from dot_ai_lifecycle.core.objects import Autoscaler, Service
from dot_ai_lifecycle.core.plan import Note
from dot_ai_lifecycle.core.pointers import value_at
from dot_ai_lifecycle.core.record import Record
from dot_ai_lifecycle.core.refs import AUTOSCALER, SERVICE, ref_to
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.steps import Edit, Patch, Step
from dot_ai_lifecycle.core.way_back import GATED_BY
from dot_ai_lifecycle.core.workload import Manifest, Workload

_MIN_READY, _DEADLINE = "/spec/minReadySeconds", "/spec/progressDeadlineSeconds"
_PACE = {
    "Deployment": ("/spec/strategy", _MIN_READY, _DEADLINE),
    "StatefulSet": ("/spec/updateStrategy", _MIN_READY),
    "DaemonSet": ("/spec/updateStrategy", _MIN_READY),
    "Rollout": (),  # its strategy is the engine's business, and belongs to no version
}

_SELECTOR = "/spec/selector"


def around_of(scene: Scene) -> Around | None:
    """What is around the app now, to be recorded; None where it does not run well, or an operation holds its pace.

    What is around an app that Flagger or OpenKruise delivers is theirs, too.
    """
    workload = scene.workload
    if workload.driver is not None or GATED_BY in workload.annotations or workload.ready_replicas < workload.replicas:
        return None
    scaler = scene.autoscaler
    return Around(
        senders=tuple(Sender(name=s.name, selector=dict(s.selector)) for s in scene.services if not s.pinned_to),
        bounds=Bounds(name=scaler.name, minimum=scaler.minimum, maximum=scaler.maximum) if scaler else None,
        pace=_pace_of(workload),
    )


def recorded_around(records: Iterable[Record], template: str) -> Around | None:
    """What an operation last saw around the template of that digest, as it left it; None where none did."""
    return next(
        (record.plan.around for record in records if record.plan.around and record.template_before == template), None
    )


def _pace_of(workload: Workload) -> dict[str, Any]:
    """Its strategy fields. A partition says how far an update got: it belongs to no version."""
    if workload.partition:
        return {}
    return {path: value_at(workload.manifest, path) for path in _PACE[workload.kind]}


class Restored(Struct, frozen=True):
    """How the surroundings are put back.

    `scene` is what the change of the template will meet: the patches in `first` come before it, those in `last` after.
    `gaps` say where users will wait.
    """

    scene: Scene
    first: tuple[Patch, ...] = ()
    last: tuple[Patch, ...] = ()
    notes: tuple[Note, ...] = ()
    gaps: tuple[str, ...] = ()


def restored(scene: Scene, template: Manifest, then: Around | None, strays: Iterable[Service] = ()) -> Restored:
    """The patches that put back what was around that template; `strays` are its Services that send elsewhere now."""
    if then is None:
        return Restored(scene)
    senders = _Senders(scene, template, {s.name: s for s in (*strays, *scene.services)})
    changed = [sender for sender in then.senders if senders.differs(sender)]
    first = [sender for sender in changed if senders.suits_now(sender)]
    last = [sender for sender in changed if sender not in first]
    bounds, notes = _bounds(scene, then.bounds)
    return Restored(
        scene=replace(scene, services=senders.once_changed(first)),
        first=tuple(senders.patch(sender) for sender in first),
        last=(*(senders.patch(sender) for sender in last), *bounds, *_pace(scene.workload, then)),
        notes=(*senders.lost(then.senders), *notes),
        gaps=tuple(senders.gap(sender) for sender in last if not senders.spans(sender)),
    )


def surrounded(steps: tuple[Step, ...], around: Restored, proof: Step) -> tuple[Step, ...]:
    """The steps between the patches of the surroundings; what takes back a whole change takes the first ones along."""
    back = tuple(patch.inverse("send where it sent before") for patch in reversed(around.first))
    return (*around.first, *(_also(step, back) for step in steps), *around.last, *((proof,) if around.last else ()))


def _also(step: Step, back: tuple[Patch, ...]) -> Step:
    if step.back is None or not step.back.whole:
        return step
    return step.model_copy(update={"back": step.back.model_copy(update={"steps": (*step.back.steps, *back)})})


class _Senders(Struct, frozen=True):
    """The Services of an app whose template changes, by name."""

    scene: Scene
    template: Manifest
    known: Mapping[str, Service]

    def differs(self, then: Sender) -> bool:
        live = self.known.get(then.name)
        return live is not None and not live.pinned_to and dict(live.selector) != then.selector

    def suits_now(self, then: Sender) -> bool:
        """Whether it selects the pods that run now as well, so that it may be put back before they go."""
        return _selects(then.selector, self.scene.workload.pod_labels)

    def spans(self, then: Sender) -> bool:
        """Whether, as it is now, it selects the pods to come as well, so that it may wait for them."""
        labels = self.template.get("metadata", {}).get("labels") or {}
        return _selects(self.known[then.name].selector, labels)

    def patch(self, then: Sender) -> Patch:
        live = self.known[then.name]
        edit = Edit(path=_SELECTOR, old=dict(live.selector), new=then.selector)
        ref = ref_to(SERVICE, live.name, live.namespace, live.uid)
        return Patch(ref=ref, edits=(edit,), why=f"{live.name} selects what it selected when that version last ran")

    def once_changed(self, first: Iterable[Sender]) -> tuple[Service, ...]:
        """The Services that send to the app once those are put back."""
        then = {sender.name: replace(self.known[sender.name], selector=_frozen(sender)) for sender in first}
        names = dict.fromkeys((*(service.name for service in self.scene.services), *then))
        return tuple(then.get(name, self.known[name]) for name in names)

    def gap(self, then: Sender) -> str:
        return f"Service {then.name} sends to nobody between the two versions: their labels have nothing in common"

    def lost(self, senders: Iterable[Sender]) -> Iterator[Note]:
        for sender in senders:
            if sender.name not in self.known:
                text = f"Service {sender.name}, which sent to that version when it last ran, is gone."
                yield Note(level="warning", text=text)


def _frozen(sender: Sender) -> MappingProxyType[str, str]:
    return MappingProxyType(sender.selector)


def _selects(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    return all(labels.get(key) == value for key, value in selector.items())


def _bounds(scene: Scene, then: Bounds | None) -> tuple[tuple[Patch, ...], tuple[Note, ...]]:
    """The autoscaler's bounds as they were, but for an upper one that would take away pods that run now."""
    live = scene.autoscaler
    if live is None or then is None or live.name != then.name:
        return (), ()
    if then.maximum < max(live.current, scene.workload.replicas):
        text = (
            f"HorizontalPodAutoscaler {live.name} keeps its bounds of {live.minimum} to {live.maximum} pods: when that "
            f"version last ran they were {then.minimum} to {then.maximum}, and more run now."
        )
        return (), (Note(level="info", text=text),)
    edits = tuple(_bound_edits(live, then))
    ref = ref_to(AUTOSCALER, live.name, live.namespace, live.uid)
    why = "its bounds are those of when that version last ran"
    return ((Patch(ref=ref, edits=edits, why=why),) if edits else ()), ()


def _bound_edits(live: Autoscaler, then: Bounds) -> Iterator[Edit]:
    for path, now, old in (
        ("/spec/minReplicas", live.minimum, then.minimum),
        ("/spec/maxReplicas", live.maximum, then.maximum),
    ):
        if now != old:
            yield Edit(path=path, old=now, new=old)


def _pace(workload: Workload, then: Around) -> tuple[Patch, ...]:
    now = _pace_of(workload)
    edits = tuple(
        Edit(path=path, old=now[path], new=then.pace[path])
        for path in now
        if path in then.pace and now[path] != then.pace[path]
    )
    why = "its strategy is that of when the version last ran"
    return (Patch(ref=workload.ref, edits=edits, why=why),) if edits else ()
