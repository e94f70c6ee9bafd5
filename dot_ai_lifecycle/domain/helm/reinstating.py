"""The steps by which a Helm release goes back: what a revision says is made so, and Helm's own history says it too.

The order is Helm's: the new revision is written down as under way, which keeps others from the release; then objects
are made and changed, workloads last, then those are deleted that the revision does not know; then the revisions
deployed until now are superseded, and the new one is deployed. Every step can be taken back, so that a rollback that
fails leaves the release and its history as they were.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from dot_ai_lifecycle.core.helm import Release, secret_of
from dot_ai_lifecycle.core.pointers import value_at
from dot_ai_lifecycle.core.record import Record
from dot_ai_lifecycle.core.refs import Ref
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.steps import Await, Create, Delete, Inscribe, Patch, Reissue, Step, WayBack
from dot_ai_lifecycle.core.surroundings import Look
from dot_ai_lifecycle.core.way_back import taken_back
from dot_ai_lifecycle.core.workload import Manifest
from dot_ai_lifecycle.domain.helm.target import Aim, told
from dot_ai_lifecycle.domain.helm.wishes import Wish, confidences, the_wish_of
from dot_ai_lifecycle.domain.strategies.freeing import freed
from dot_ai_lifecycle.domain.strategies.replacing import Replaced, replacing
from dot_ai_lifecycle.domain.strategies.rollout import Rollout

_ORDER = (
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodDisruptionBudget",
    "ServiceAccount",
    "ConfigMap",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "Service",
)
"""The order in which Helm installs kinds; those not named come after."""

_AFTER = ("HorizontalPodAutoscaler", "Ingress", "HTTPRoute")
"""What leads to pods, or counts them: changed once the pods of the revision serve."""

_SELECTOR = "/spec/selector"

_OF_ITS_OWN = (
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "managedFields",
    "selfLink",
    "ownerReferences",
)


class ReleaseAhead(Struct, frozen=True):
    """A Helm release, where its rollback goes, and how its objects stand.

    `aim` is None where an earlier rollback went there already. `scenes` are the workloads that change, with what is
    around them, by their reference in words; the app's own is `scene` too.
    """

    scene: Scene
    aim: Aim | None
    already: Record | None = None
    wishes: tuple[Wish, ...] = ()
    scenes: Mapping[str, tuple[Scene, Look]] = field(default_factory=dict)
    unread: tuple[str, ...] = ()


def brought(seen: ReleaseAhead) -> frozenset[tuple[str, str]]:
    """What going back itself brings, by kind and name."""
    made = {(wish.ref.kind, wish.ref.name) for wish in seen.wishes if wish.live is None}
    secrets = confidences(seen.aim) if seen.aim else ()
    return frozenset(made | {(one.ref.kind, one.ref.name) for one in secrets if not one.goes})


class Reinstated(Struct, frozen=True):
    """The steps of a release's way back, how its workloads are replaced, and where users will wait."""

    steps: tuple[Step, ...]
    replaced: tuple[Replaced, ...] = ()
    gaps: tuple[str, ...] = ()


def reinstated(seen: ReleaseAhead, aim: Aim, within: int) -> Reinstated:
    """The steps that make the release what the aim's target was.

    `within` is how many seconds each of its workloads may take.
    """
    return _Way(seen, aim, within).whole()


class _Way(Struct, frozen=True):
    seen: ReleaseAhead
    aim: Aim
    within: int

    def whole(self) -> Reinstated:
        first, gaps = self._senders_first()
        own = self._replaced(self._scene_after(first), self.own)
        others = [self._replaced(self.seen.scenes[str(wish.ref)][0], wish) for wish in self._others()]
        steps = _together(
            (
                self._under_way(),
                *((create,) for create in self._created()),
                *((reissue,) for reissue in self._confided(goes=False)),
                tuple(_patched(wish, self._says) for wish in (*self._plain(_AFTER, late=False), *first)),
                *(tuple(self._proven_there(wish)) for wish in self._new_workloads()),
                *(steps for steps, _ in others),
                own[0],
                tuple(
                    _patched(wish, self._says) for wish in (*self._senders_last(first), *self._plain(_AFTER, late=True))
                ),
                *((delete,) for delete in self._deleted()),
                *((reissue,) for reissue in self._confided(goes=True)),
                tuple(self._told()),
                (self._proof(self.seen.scene.workload.ref, "the release is what that revision says"),),
            )
        )
        replaced = tuple(one for _, one in (own, *others) if one is not None)
        return Reinstated(steps, replaced, gaps)

    @property
    def own(self) -> Wish:
        found = the_wish_of(self.seen.wishes, self.seen.scene.workload.manifest)
        assert found is not None
        return found

    @property
    def _says(self) -> str:
        return f"what {told(self.aim.target)} says"

    def _proof(self, ref: Ref, why: str) -> Await:
        return Await(ref=ref, within=self.within, why=why)

    def _changed(self) -> Iterator[Wish]:
        order = {kind: place for place, kind in enumerate(_ORDER)}
        found = [wish for wish in self.seen.wishes if wish.edits]
        yield from sorted(found, key=lambda wish: order.get(wish.ref.kind, len(order)))

    def _plain(self, kinds: tuple[str, ...], *, late: bool) -> tuple[Wish, ...]:
        others = (wish for wish in self._changed() if not wish.is_workload and wish not in self._senders())
        return tuple(wish for wish in others if (wish.ref.kind in kinds) is late)

    def _senders(self) -> tuple[Wish, ...]:
        """The Services that will select other pods."""
        return tuple(
            wish
            for wish in self._changed()
            if wish.ref.kind == "Service" and any(edit.path.startswith(_SELECTOR) for edit in wish.edits)
        )

    def _senders_first(self) -> tuple[tuple[Wish, ...], tuple[str, ...]]:
        """Those whose new selector suits the pods that run now; of the others, which send to nobody for a while."""
        labels = self.seen.scene.workload.pod_labels
        then = value_at(self.own.wanted, "/spec/template/metadata/labels") or {}
        behind = {service.name for service in self.seen.scene.services}
        first = tuple(wish for wish in self._senders() if _selects(wish.wanted, labels))
        gaps = tuple(
            f"Service {wish.ref.name} sends to nobody between the two revisions: their labels have nothing in common"
            for wish in self._senders()
            if wish not in first and wish.ref.name in behind and not _selects(wish.live, then)
        )
        return first, gaps

    def _senders_last(self, first: tuple[Wish, ...]) -> tuple[Wish, ...]:
        return tuple(wish for wish in self._senders() if wish not in first)

    def _scene_after(self, first: tuple[Wish, ...]) -> Scene:
        """The app as the change of its template will meet it."""
        new = {wish.ref.uid: MappingProxyType(dict(value_at(wish.wanted, _SELECTOR))) for wish in first}
        services = tuple(
            replace(service, selector=new.get(service.uid, service.selector)) for service in self.seen.scene.services
        )
        return replace(self.seen.scene, services=services)

    def _others(self) -> tuple[Wish, ...]:
        return tuple(wish for wish in self._changed() if wish.is_workload and wish != self.own)

    def _replaced(self, scene: Scene, wish: Wish) -> tuple[tuple[Step, ...], Replaced | None]:
        """The template by the strategy that suits the workload, then the rest of what is said of it."""
        template = tuple(edit for edit in wish.edits if edit.path.startswith("/spec/template"))
        rest = tuple(edit for edit in wish.edits if edit not in template)
        steps: tuple[Step, ...] = ()
        replaced = None
        if template:
            cause = f"rollback_app: {told(self.aim.newest)} → {told(self.aim.target)}"
            rollout = Rollout(scene=scene, edits=template, why=self._says, cause=cause, within=self.within)
            replaced = replacing(rollout, look=self.seen.scenes[str(wish.ref)][1])
            steps = freed(replaced)
        if rest:
            patch = Patch(ref=wish.ref, edits=rest, why=f"what else {told(self.aim.target)} says of it")
            steps = (*steps, patch, self._proof(wish.ref, "it serves with that too"))
        return steps, replaced

    def _created(self) -> Iterator[Create]:
        order = {kind: place for place, kind in enumerate(_ORDER)}
        found = [wish for wish in self.seen.wishes if wish.live is None and wish.wanted is not None]
        for wish in sorted(found, key=lambda wish: order.get(wish.ref.kind, len(order))):
            assert wish.wanted is not None
            yield Create(ref=wish.ref, manifest=dict(wish.wanted), why=f"{told(self.aim.target)} has it")

    def _new_workloads(self) -> Iterator[Wish]:
        yield from (wish for wish in self.seen.wishes if wish.live is None and wish.is_workload)

    def _proven_there(self, wish: Wish) -> Iterator[Step]:
        yield self._proof(wish.ref, "it serves")

    def _deleted(self) -> Iterator[Delete]:
        """Workloads before what they read."""
        found = [wish for wish in self.seen.wishes if wish.live is not None and wish.wanted is None]
        for wish in sorted(found, key=lambda wish: not wish.is_workload):
            assert wish.live is not None
            was = _as_made(wish.live)
            anew = Create(
                ref=wish.ref.model_copy(update={"uid": ""}), manifest=was, why="restore what was there before"
            )
            why = f"{told(self.aim.target)} does not have it"
            yield Delete(ref=wish.ref, was=was, why=why, back=WayBack(steps=(anew,)))

    def _confided(self, *, goes: bool) -> Iterator[Reissue]:
        for one in confidences(self.aim):
            if one.goes is goes:
                keys = f" ({', '.join(one.keys)})" if one.keys else ""
                why = f"{told(self.aim.target)} does not have it" if goes else f"{self._says}{keys}"
                yield Reissue(ref=one.ref, now=self.aim.newest.secret, then=self.aim.target.secret, why=why)

    def _under_way(self) -> tuple[Step, ...]:
        why = f"nobody else changes the release until it is what {told(self.aim.target)} was"
        return (self._inscribed(self._new, "", "pending-rollback", why),)

    def _told(self) -> Iterator[Step]:
        for release in sorted(self.aim.deployed, key=lambda one: one.number):
            yield self._inscribed(release, "deployed", "superseded", f"revision {self.aim.number} takes its place")
        yield self._inscribed(self._new, "pending-rollback", "deployed", "`helm history` says what runs")

    @property
    def _new(self) -> Release:
        newest = self.aim.newest
        return Release(secret_of(newest.name, self.aim.number, newest.namespace), newest.name, self.aim.number, "")

    def _inscribed(self, release: Release, was: str, status: str, why: str) -> Inscribe:
        source = self.aim.target.secret
        return Inscribe(ref=release.secret, was=was, status=status, number=release.number, copy_of=source, why=why)


def _patched(wish: Wish, why: str) -> Patch:
    return Patch(ref=wish.ref, edits=wish.edits, why=why)


def _selects(service: Manifest | None, labels: Mapping[str, str]) -> bool:
    selector = value_at(service, _SELECTOR) or {}
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def _as_made(live: Manifest) -> dict[str, Any]:
    """An object without what the API server gives it, to be made anew."""
    metadata = {key: value for key, value in live["metadata"].items() if key not in _OF_ITS_OWN}
    return {**{key: value for key, value in live.items() if key != "status"}, "metadata": metadata}


def _together(parts: Iterable[tuple[Step, ...]]) -> tuple[Step, ...]:
    """The parts one after another; what takes back a whole part takes those before it along."""
    done: tuple[Step, ...] = ()
    for part in parts:
        before = tuple(taken_back(done))
        done = (*done, *(_also(step, before) for step in part))
    return done


def _also(step: Step, before: tuple[Step, ...]) -> Step:
    if step.back is None or not step.back.whole:
        return step
    return step.model_copy(update={"back": step.back.model_copy(update={"steps": (*step.back.steps, *before)})})
