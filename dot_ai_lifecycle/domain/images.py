"""Which containers a new version means, and which images they get."""

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

from dot_ai_lifecycle.core.errors import BadInput
from dot_ai_lifecycle.core.finding import near_names
from dot_ai_lifecycle.core.pointers import pointer
from dot_ai_lifecycle.core.steps import Edit
from dot_ai_lifecycle.core.workload import Image, Manifest, Workload

DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"

_PART = r"[a-z0-9]+(?:(?:__?|[.]|-+)[a-z0-9]+)*"
_HOST = r"(?:\w[\w-]*(?:[.][\w-]+)+|\w[\w-]*(?=:)|localhost|\[[0-9a-fA-F:]+\])(?::\d+)?"
_REFERENCE = re.compile(
    rf"(?:{_HOST}/)?{_PART}(?:/{_PART})*(?::\w[\w.-]{{0,127}})?(?:@sha256:[0-9a-f]{{64}})?", re.ASCII
)
"""The grammar of the registries (github.com/distribution/reference), of digests only the one that is used."""


class Place(Struct, frozen=True):
    """A container of the template: where it stands, what it is called, what it runs."""

    path: str
    name: str
    image: str
    init: bool


def places(workload: Workload) -> tuple[Place, ...]:
    """All containers of the template, init containers included."""

    def each(field: str, containers: tuple[Manifest, ...]) -> Iterator[Place]:
        for number, container in enumerate(containers):
            path = pointer("spec", "template", "spec", field, number, "image")
            yield Place(path, container["name"], container.get("image", ""), field == "initContainers")

    return (*each("containers", workload.containers), *each("initContainers", workload.init_containers))


def main_container(workload: Workload) -> Place:
    """The container that a version without a name means.

    In this order: the one the default-container annotation names, the one named like the app, the only one with ports,
    the first.
    """
    candidates = [place for place in places(workload) if not place.init]
    annotations = workload.template.get("metadata", {}).get("annotations") or {}
    with_ports = [c["name"] for c in workload.containers if c.get("ports")]
    wanted = [annotations.get(DEFAULT_CONTAINER), workload.name, with_ports[0] if len(with_ports) == 1 else None]
    for name in wanted:
        for place in candidates:
            if place.name == name:
                return place
    return candidates[0]


def new_images(
    workload: Workload, *, version: str | None, image: str | None, images: Mapping[str, str] | None
) -> dict[str, str]:
    """The images that the request means, by container path; only those that differ from what is there.

    `version` (a tag, or a digest `sha256:…`) goes to the main container and to every container that runs the very same
    image; `image` likewise; `images` names containers. Raises BadInput for an unknown container or an odd reference.
    """
    if images is not None:
        wanted = {place.path: images[place.name] for place in _named(workload, images)}
    else:
        main = main_container(workload)
        target = _checked(image if image is not None else _with_version(main.image, version or ""))
        wanted = {place.path: target for place in places(workload) if place.image == main.image}
    now = {place.path: place.image for place in places(workload)}
    return {path: _checked(target) for path, target in wanted.items() if now[path] != target}


def image_edits(workload: Workload, wanted: Mapping[str, str]) -> tuple[Edit, ...]:
    """The edits that put those images in place."""
    now = {place.path: place.image for place in places(workload)}
    return tuple(Edit(path=path, old=now[path], new=target) for path, target in wanted.items())


def _named(workload: Workload, images: Mapping[str, str]) -> list[Place]:
    known = {place.name: place for place in places(workload)}
    for name in images:
        if name not in known:
            near = near_names(name, known)
            raise BadInput(
                f"{workload.ref} has no container {name!r}.",
                hint=f"Did you mean {near[0]}?" if near else f"Its containers: {', '.join(known)}.",
            )
    return [known[name] for name in images]


def _with_version(image: str, version: str) -> str:
    now = Image.of(image)
    if version.startswith("sha256:"):
        return str(Image(now.name, now.tag, version))
    tag, _, digest = version.partition("@")
    return str(Image(now.name, tag, digest))


def _checked(reference: str) -> str:
    """The reference, if it has the form registries take. Raises BadInput."""
    if not _REFERENCE.fullmatch(reference):
        raise BadInput(
            f"{reference[:200]!r} is not an image reference.", hint="Use name:tag, or name@sha256: with 64 hex digits."
        )
    return reference


def spoken(workload: Workload, wanted: Mapping[str, str]) -> tuple[str, str]:
    """What it runs and what it would run, in the words of history: `shop:v1` and `shop:v2`."""
    now = {place.path: place.image for place in places(workload)}
    before = sorted({now[path] for path in wanted})
    return ", ".join(before), ", ".join(sorted(set(wanted.values())))
