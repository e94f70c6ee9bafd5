"""What going back to a revision means for each object of a Helm release: made, changed, deleted, or left."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from dot_ai_lifecycle.core.errors import Forbidden, Refused
from dot_ai_lifecycle.core.helm import Release, key_of, marked, opened
from dot_ai_lifecycle.core.merging import edits_to, merged, said
from dot_ai_lifecycle.core.refs import KINDS, SECRET, WORKLOAD_KINDS, Ref, ref_to
from dot_ai_lifecycle.core.release_sight import Standing
from dot_ai_lifecycle.core.steps import Edit
from dot_ai_lifecycle.core.workload import Manifest
from dot_ai_lifecycle.domain.helm.target import Aim

KEEP = "helm.sh/resource-policy"

_PRECIOUS = ("PersistentVolumeClaim", "PersistentVolume", "Namespace", "CustomResourceDefinition")
"""What takes data along when it is deleted, which nothing brings back."""

_WORKLOADS = tuple(kind.name for kind in WORKLOAD_KINDS)


class Pair(Struct, frozen=True):
    """One object as the newest revision and the one to go back to say it; None where it does not."""

    now: Manifest | None
    then: Manifest | None

    @property
    def differs(self) -> bool:
        return bool(said(self.now) != said(self.then))

    @property
    def either(self) -> Manifest:
        found = self.then or self.now
        assert found is not None
        return found


class Wish(Struct, frozen=True):
    """One object as it is and as it shall be; None where it is not there, or shall not be.

    `kept` says why one that the revision does not know stays.
    """

    ref: Ref
    live: Manifest | None
    wanted: Manifest | None
    kept: str = ""

    @property
    def edits(self) -> tuple[Edit, ...]:
        """What is changed of it, where it is there and shall be."""
        return edits_to(self.live, self.wanted) if self.live is not None and self.wanted is not None else ()

    @property
    def is_workload(self) -> bool:
        return self.ref.kind in _WORKLOADS


def pairs(aim: Aim) -> tuple[Pair, ...]:
    """Every object of either revision, hooks left out."""
    now, then = _by_key(aim.newest), _by_key(aim.target)
    return tuple(Pair(now.get(key), then.get(key)) for key in dict.fromkeys((*then, *now)))


def _by_key(release: Release) -> dict[tuple[str, str, str, str], Manifest]:
    return {key_of(one, release.namespace): one for one in release.objects}


def refs_of(aim: Aim) -> tuple[Ref, ...]:
    """The objects that have to be looked at. Raises Refused where one that changes cannot be written by this."""
    return tuple(ref for _, ref in _referred(aim))


def _referred(aim: Aim) -> Iterator[tuple[Pair, Ref]]:
    unknown = []
    for pair in pairs(aim):
        api, kind = str(pair.either.get("apiVersion", "")), str(pair.either["kind"])
        known = KINDS.get((api, kind))
        name = str((pair.either.get("metadata") or {}).get("name", ""))
        if kind == SECRET.name:
            continue
        if known is None:
            unknown += [f"{kind} {name} ({api})"] if pair.differs else []
            continue
        home = (pair.either.get("metadata") or {}).get("namespace") or aim.newest.namespace
        yield pair, ref_to(known, name, home if known.namespaced else None)
    if unknown:
        raise Refused(
            f"Helm release {aim.newest.name} cannot go to revision {aim.target.number} from here: {', '.join(unknown)} "
            "would change, which this does not write.",
            hint=f"Use `helm rollback {aim.newest.name} {aim.target.number} -n {aim.newest.namespace}`; or bring back "
            "the pod template alone: template_only (`--template-only`).",
            details={"objects": unknown},
        )


class Confidence(Struct, frozen=True):
    """A Secret of which the revisions say different things: by `keys` alone, never by what they hold."""

    ref: Ref
    keys: tuple[str, ...]
    goes: bool = False


def confidences(aim: Aim) -> tuple[Confidence, ...]:
    """The Secrets of the release that change, or go. One that says that Helm is to keep it does not go."""
    return tuple(_confided(aim, pair) for pair in pairs(aim) if _is_confided(pair))


def _is_confided(pair: Pair) -> bool:
    kept = (((pair.now or {}).get("metadata") or {}).get("annotations") or {}).get(KEEP) == "keep"
    return pair.either["kind"] == SECRET.name and pair.differs and not (pair.then is None and kept)


def _confided(aim: Aim, pair: Pair) -> Confidence:
    metadata = pair.either["metadata"]
    now, then = (opened(one) if one else {} for one in (pair.now, pair.then))
    keys = sorted(key for key in {*now, *then} if now.get(key) != then.get(key))
    ref = ref_to(SECRET, str(metadata["name"]), str(metadata.get("namespace") or aim.newest.namespace))
    return Confidence(ref, tuple(keys), pair.then is None)


def wishes(aim: Aim, standing: Standing, *, autoscaled: Iterable[str] = ()) -> tuple[Wish, ...]:
    """What becomes of each object; replicas of those in `autoscaled` (`Deployment web`) are left to their autoscaler.

    Raises Forbidden where one that changes may not be looked at; one that does not is left.
    """
    return tuple(wish for pair, ref in _referred(aim) for wish in _wished(aim, pair, ref, standing[ref], autoscaled))


def _wished(
    aim: Aim, pair: Pair, ref: Ref, live: Manifest | Forbidden | None, autoscaled: Iterable[str]
) -> Iterator[Wish]:
    if isinstance(live, Forbidden):
        if pair.differs:
            raise live
        return
    if live is not None:
        ref = ref.model_copy(update={"uid": str(live["metadata"].get("uid", ""))})
    if pair.then is None:
        if live is not None:
            kept = _kept(pair.either, live)
            yield Wish(ref, live, live if kept else None, kept)
        return
    then = marked(said(pair.then), aim.newest.name, aim.newest.namespace, ref.namespace)
    if live is None:
        yield Wish(ref, None, then)
        return
    if ref.kind in _WORKLOADS:
        then = _counted(said(pair.now or {}), then, live, scaled=f"{ref.kind} {ref.name}" in autoscaled)
    now = marked(said(pair.now), aim.newest.name, aim.newest.namespace, ref.namespace) if pair.now else {}
    yield Wish(ref, live, {key: value for key, value in merged(now, then, live).items() if key != "status"})


def _kept(manifest: Manifest, live: Manifest) -> str:
    for one in (live, manifest):
        if ((one.get("metadata") or {}).get("annotations") or {}).get(KEEP) == "keep":
            return "it says that Helm is to keep it"
    return "what it holds could not be brought back" if live["kind"] in _PRECIOUS else ""


def _counted(now: Manifest, then: dict[str, Any], live: Manifest, *, scaled: bool) -> dict[str, Any]:
    """With the replicas that run now, unless the revisions differ in them: who scaled by hand since meant to."""
    before, wanted = (one.get("spec", {}).get("replicas") for one in (now, then))
    there = live.get("spec", {}).get("replicas")
    if there is None or (wanted not in (None, before) and not scaled):
        return then
    return {**then, "spec": {**then["spec"], "replicas": there}}


def stored(wish: Wish, found: Manifest) -> Wish:
    """The wish with the object as the API server would store it."""
    return replace(wish, wanted=found)


def names_of(found: Iterable[Wish]) -> str:
    """Those objects by kind and name."""
    return ", ".join(f"{wish.ref.kind} {wish.ref.name}" for wish in found)


def the_wish_of(found: Iterable[Wish], manifest: Mapping[str, Any]) -> Wish | None:
    """What is wished of that object."""
    uid = manifest["metadata"].get("uid", "")
    return next((wish for wish in found if wish.ref.uid == uid), None)
