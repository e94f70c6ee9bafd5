"""A tag may mean another image today than when it last ran: where that is known, what ran is pinned by its digest."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from dot_ai_lifecycle.core.plan import Note
from dot_ai_lifecycle.core.registry import ImageSight
from dot_ai_lifecycle.core.workload import Image, Manifest, Workload
from dot_ai_lifecycle.domain.going_back import Goal

Sights = Mapping[str, ImageSight]

LOST = ("missing", "denied", "wrong-platform")
"""What a registry says of an image that no node can pull; all three are certain."""


class Tagged(NamedTuple):
    """A container that shall run a tag, and the same image pinned to what the records say ran under it."""

    container: Manifest
    image: str
    pinned: str

    @property
    def may_be_pulled_anew(self) -> bool:
        """Whether nodes that hold the image ask for it all the same, or nobody knows which one `latest` is."""
        return self.container.get("imagePullPolicy") == "Always" or Image.of(self.image).tag in ("", "latest")


def tagged(goal: Goal) -> tuple[Tagged, ...]:
    """The containers of the goal whose tag may have moved since the digest that ran under it was recorded."""
    return tuple(_tagged(goal))


def _tagged(goal: Goal) -> Iterator[Tagged]:
    for container in goal.template.get("spec", {}).get("containers") or ():
        image, digest = Image.of(str(container.get("image", ""))), goal.recorded.get(container.get("name", ""), "")
        if digest and not image.digest:
            yield Tagged(container, str(image), str(replace(image, digest=digest)))


def to_ask_about(goal: Goal, workload: Workload) -> tuple[str, ...]:
    """The images whose registries have something to say of the goal: tags that may have moved, and what is new here."""
    moving = (image for one in tagged(goal) for image in (one.image, one.pinned))
    now, then = _images(workload.template), _images(goal.template)
    return tuple(dict.fromkeys((*moving, *(image for image in then if image not in now))))


def _images(template: Manifest) -> tuple[str, ...]:
    spec = template.get("spec", {})
    containers = (*(spec.get("initContainers") or ()), *(spec.get("containers") or ()))
    return tuple(str(container.get("image", "")) for container in containers)


def _lost(goal: Goal, sights: Sights) -> Iterator[Note]:
    """A word on every image that nodes surely cannot pull; tags that may have moved have their own."""
    told = {one.image for one in tagged(goal)}
    for image in _images(goal.template):
        sight = sights.get(image)
        if sight is not None and image not in told and sight.found in LOST:
            yield Note(level="warning", text=f"{sight.words} Pods that need it anew will not start.")


def pinned(goal: Goal, sights: Sights) -> Goal:
    """The goal with every tag pinned that means another image now; `sights` are by reference, with and without digest.

    What nodes cannot pull is told. A tag nobody could ask about is left as it is, and so is one whose recorded image is
    gone. (Some runtimes report the digest of one platform's image instead of the index: it is what ran, and is pinned.)
    """
    moved: dict[str, str] = {}
    notes = list(_lost(goal, sights))
    for one in tagged(goal):
        text, pins = _judged(one, sights)
        if pins:
            moved[one.image] = one.pinned
        if text:
            notes.append(Note(level="warning", text=text))
    return replace(goal, template=_with(goal.template, moved), notes=(*goal.notes, *dict.fromkeys(notes)))


def _with(template: Manifest, moved: Mapping[str, str]) -> Manifest:
    """The template with those images in place of others, in init containers too."""
    if not moved:
        return template
    spec = template["spec"]
    kinds = {
        kind: [{**c, "image": moved.get(c.get("image", ""), c.get("image", ""))} for c in spec[kind]]
        for kind in ("containers", "initContainers")
        if spec.get(kind)
    }
    return {**template, "spec": {**spec, **kinds}}


def _judged(one: Tagged, sights: Sights) -> tuple[str, bool]:
    """What a person should know of the tag, if anything, and whether to pin it."""
    now, then = sights[one.image], sights[one.pinned]
    digest = Image.of(one.pinned).digest
    if now.digest == digest:
        return "", False
    if not now.digest:
        words = f"Whether {one.image} is still the image that ran then is not known. {now.words}"
        return (words if now.found != "unknown" or one.may_be_pulled_anew else ""), False
    moved = f"The tag of {one.image} means another image now ({now.digest[:19]}…) than what ran then ({digest[:19]}…)"
    if then.found in LOST:
        return f"{moved}, which cannot be had any more: the tag is taken as it is. {then.words}", False
    return f"{moved}: what ran then is pinned by its digest.", True
