"""Which retained revisions a version may mean: by what they run, by what the records say of them, by their labels."""

from collections.abc import Callable, Iterator

from dot_ai_lifecycle.core.objects import Revision
from dot_ai_lifecycle.core.record import Record
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.showing import differences
from dot_ai_lifecycle.core.workload import Image, Manifest, digest_of
from dot_ai_lifecycle.domain.images import main_container
from dot_ai_lifecycle.domain.versions import digest_in

VERSION_LABEL = "app.kubernetes.io/version"

MOST_LINES = 12
"""Lines of a difference that are told; whoever wants more inspects the app."""

Records = tuple[Record, ...]


def meant_by(scene: Scene, records: Records, wanted: str) -> tuple[list[Revision], str]:
    """The revisions that `wanted` may mean by the strongest evidence that finds any, and that evidence in words."""
    for evidence, words in _STRONGEST_FIRST:
        found = [revision for revision in scene.revisions if evidence(scene, records, revision, wanted)]
        if found:
            return found, f"{words} {wanted}"
    return [], ""


def main_image(scene: Scene, revision: Revision) -> str:
    """The image of the revision's main container; of its first where that container did not exist then."""
    return str(_main_of(scene, revision).get("image", ""))


def recorded_images(records: Records, template: str) -> dict[str, str]:
    """The digests (`sha256:…`) that pods of the template of that digest were last seen to run, by container."""
    for record in records:
        images = (record.images_after if record.template_after == template else {}) or (
            record.images_before if record.template_before == template else {}
        )
        digests = {container: digest for container, image in images.items() if (digest := digest_in(image))}
        if digests:
            return digests
    return {}


def recorded_for(records: Records, wanted: str, container: str) -> dict[str, str]:
    """The digest that container was last seen to run when an operation asked for that version; empty where none did."""
    for record in records:
        digest = digest_in(record.images_after.get(container, ""))
        if digest and wanted in (record.plan.parameters.get("version"), record.plan.parameters.get("image")):
            return {container: digest}
    return {}


def how_they_differ(base: Revision, other: Revision) -> list[str]:
    """The lines by which another revision's template differs from the base's, secrets hidden."""
    return [str(line) for line in differences("template", base.template, other.template)]


def as_it_was(template: Manifest) -> str:
    """A name for the template that is the same with a recorded digest behind a tag as without it."""
    spec = template.get("spec") or {}
    kinds = {kind: [_unpinned(c) for c in spec.get(kind) or ()] for kind in ("containers", "initContainers")}
    return digest_of({**template, "spec": {**spec, **kinds}})


def _unpinned(container: Manifest) -> dict[str, object]:
    image = Image.of(str(container.get("image", "")))
    return {**container, "image": str(Image(image.name, image.tag)) if image.tag else str(image)}


def _means(image: str, wanted: str) -> bool:
    """Whether an image is what people call by this tag, digest or reference; a `v` in front may be left out."""
    parts = Image.of(image)
    return wanted in (image, parts.digest) or (
        bool(parts.tag) and parts.tag.removeprefix("v") == wanted.removeprefix("v")
    )


def _runs(scene: Scene, _: Records, revision: Revision, wanted: str) -> bool:
    return _means(main_image(scene, revision), wanted)


def _asked_for(_: Scene, records: Records, revision: Revision, wanted: str) -> bool:
    template = digest_of(revision.template)
    mine = (record.plan.parameters for record in records if record.template_after == template)
    return any(wanted in (asked.get("version"), asked.get("image")) for asked in mine)


def _ran(scene: Scene, records: Records, revision: Revision, wanted: str) -> bool:
    main = str(_main_of(scene, revision).get("name", ""))
    return recorded_images(records, digest_of(revision.template)).get(main) == wanted


def _labelled(_: Scene, __: Records, revision: Revision, wanted: str) -> bool:
    label = (revision.template.get("metadata", {}).get("labels") or {}).get(VERSION_LABEL, "")
    return bool(label) and label.removeprefix("v") == wanted.removeprefix("v")


def _runs_beside(_: Scene, __: Records, revision: Revision, wanted: str) -> bool:
    return any(_means(str(container.get("image", "")), wanted) for container in _containers(revision))


_Evidence = Callable[[Scene, Records, Revision, str], bool]
_STRONGEST_FIRST: tuple[tuple[_Evidence, str], ...] = (
    (_runs, "the retained revision that runs"),
    (_asked_for, "the retained revision that an operation made for"),
    (_ran, "the retained revision whose pods ran"),
    (_labelled, "the retained revision labelled"),
    (_runs_beside, "the retained revision with a container of"),
)


def _main_of(scene: Scene, revision: Revision) -> Manifest:
    main = main_container(scene.workload).name
    containers = list(_containers(revision)) or [{}]
    return next((c for c in containers if c.get("name") == main), containers[0])


def _containers(revision: Revision) -> Iterator[Manifest]:
    yield from revision.template.get("spec", {}).get("containers") or ()
