"""The pod template a rollback goes to: a retained one exactly, or today's with the code of a version long gone."""

from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from dot_ai_lifecycle.core.edited import with_edits
from dot_ai_lifecycle.core.errors import Refused
from dot_ai_lifecycle.core.needs import Need
from dot_ai_lifecycle.core.plan import Note
from dot_ai_lifecycle.core.record import Record
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.steps import Edit
from dot_ai_lifecycle.core.workload import Image, Manifest, Workload, digest_of, without_hash
from dot_ai_lifecycle.domain.engines.stable import goes_to_stable
from dot_ai_lifecycle.domain.images import image_edits, main_container, new_images, places
from dot_ai_lifecycle.domain.known_bad import failed_before, notes_on_known_bad, seen_failing
from dot_ai_lifecycle.domain.past_versions import main_image, recorded_for, recorded_images
from dot_ai_lifecycle.domain.rollback import NotRetained, Target, target_of

Records = tuple[Record, ...]


class Goal(Struct, frozen=True):
    """Where a rollback goes.

    `template` is the pod template it leaves, `origin` the digest of the retained one it was made of (empty where there
    is none); `name` and `how` are for people. `recorded` are the digests its pods ran when it was last seen, by
    container. `to_stable` says that the engine which owns the app serves that version already, and only has to be asked
    for it again.
    """

    template: Manifest
    origin: str
    name: str
    why: str
    how: str
    recorded: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    to_stable: bool = False

    def edits(self, workload: Workload) -> tuple[Edit, ...]:
        """The whole template at once, or of today's the images alone."""
        if self.origin:
            return (Edit(path="/spec/template", old=dict(workload.template), new=dict(self.template)),)
        then = {place.path: place.image for place in places(self.reached_by(workload))}
        now = {place.path: place.image for place in places(workload)}
        return image_edits(workload, {path: image for path, image in then.items() if image != now[path]})

    def reached_by(self, workload: Workload) -> Workload:
        """The workload with the goal's template."""
        return Workload({**workload.manifest, "spec": {**workload.spec, "template": self.template}})

    def runs_in(self, workload: Workload) -> bool:
        """Whether the workload wants that very template already."""
        return not self.to_stable and digest_of(self.template) == digest_of(without_hash(workload.template))


def goal_of(scene: Scene, records: Records, wanted: str | None, *, roll_forward: bool) -> Goal:
    """What `wanted` means: a retained revision; with `roll_forward`, where none is retained, that version's code.

    Raises NotFound, Ambiguous, BadInput for what is no version, Refused for a version known to be bad.
    """
    try:
        return _back_to(scene, records, target_of(scene, records, wanted))
    except NotRetained:
        if not roll_forward or wanted is None:
            raise
        return _forward_to(scene, records, wanted)


def refuse_if_absent(goal: Goal, workload: Workload, absent: Iterable[Need]) -> None:
    """Refuse to go where pods could not start for want of configuration. Raises Refused with what is missing."""
    lost = list(dict.fromkeys(f"{need} ({need.place})" for need in absent))
    if lost:
        raise Refused(
            f"{workload.ref} cannot go to {goal.name}: its pods would not start without {', '.join(lost)}, "
            "which does not exist.",
            hint="Restore it with what it held then, or name another revision.",
            details={"missing": lost},
        )


def _back_to(scene: Scene, records: Records, target: Target) -> Goal:
    revision = target.revision
    origin = digest_of(revision.template)
    earlier = seen_failing(records, origin)
    warned = Note(level="warning", text=f"This revision failed before: {failed_before(earlier)}") if earlier else None
    return Goal(
        template=revision.template,
        origin=origin,
        name=f"{main_image(scene, revision)} (#{revision.number})",
        why=f"the exact template of revision #{revision.number}",
        how=target.how,
        recorded=recorded_images(records, origin),
        notes=(warned,) if warned else (),
        to_stable=goes_to_stable(scene, revision),
    )


def _forward_to(scene: Scene, records: Records, wanted: str) -> Goal:
    workload, image = scene.workload, Image.of(wanted)
    whole = not wanted.startswith("sha256:") and ("/" in wanted or bool(image.tag))
    found = new_images(workload, version=None if whole else wanted, image=wanted if whole else None, images=None)
    edits, main = image_edits(workload, found), main_container(workload)
    words = f"configuration of today, code of {wanted}"
    text = f"No revision of {wanted} is retained, so this is no rollback to what ran then: {words}."
    return Goal(
        template=with_edits(workload.manifest, edits)["spec"]["template"],
        origin="",
        name=found.get(main.path, main.image),
        why=words,
        how=words,
        recorded=recorded_for(records, wanted, main.name),
        notes=(
            Note(level="warning", text=text),
            *notes_on_known_bad(workload, edits, records, force=False),
        ),
    )
