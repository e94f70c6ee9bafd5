"""What new pods need: Z18 (images) and Z19 (references)."""

from collections.abc import Iterator

from dot_ai_lifecycle.core.surroundings import Sought
from dot_ai_lifecycle.core.workload import Manifest
from dot_ai_lifecycle.domain.preflight.case import Case
from dot_ai_lifecycle.domain.preflight.finding import Finding, Fix, fails, ok, unknown

FATAL = {
    "missing": "Push the image, or correct its name.",
    "denied": "Give the pods a pull secret that may read it.",
    "wrong-platform": "Build the image for the nodes' platform as well.",
}


def z18(case: Case) -> Finding:
    """Every image exists and can be pulled."""
    images = dict.fromkeys(images_of(case.template))
    running = {image for template in case.running for image in images_of(template)} if _healthy(case) else set()
    sights = {image: case.images.get(image) for image in images}
    for image, sight in sights.items():
        if sight is not None and sight.found in FATAL:
            return fails("Z18", sight.words, image, fix=Fix(FATAL[sight.found]))
    doubtful = [
        image for image, sight in sights.items() if image not in running and (sight is None or sight.found == "unknown")
    ]
    if doubtful:
        words = [sight.words for image in doubtful if (sight := sights[image]) is not None]
        why = words[0] if words else "No registry was asked."
        return unknown("Z18", f"Whether {' and '.join(doubtful)} can be pulled is not known. {why}", *words[1:])
    seen = [sight.words for sight in sights.values() if sight is not None and sight.found == "found"]
    return ok("Z18", "Every image can be pulled." if seen else "Its pods run these images already.", *seen)


def images_of(template: Manifest) -> Iterator[str]:
    """The images of a template, those of init containers included."""
    spec = template.get("spec") or {}
    for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
        yield str(container.get("image", ""))


def _healthy(case: Case) -> bool:
    return any(pod.ready and not pod.deleting for pod in case.scene.pods)


def z19(case: Case) -> Finding:
    """Everything the template names is there."""
    gone = [sought for sought in case.seen.sought if sought.fate in ("missing", "no key") and not sought.need.optional]
    if gone:
        words = f"The new pods cannot start: {_said(gone[0])}."
        fix = Fix("Create it in the app's namespace, or correct the name.")
        return fails("Z19", words, *(_said(sought) for sought in gone[1:]), fix=fix)
    unseen = [sought for sought in case.seen.sought if sought.fate == "unknown" and not sought.need.optional]
    if unseen:
        names = ", ".join(dict.fromkeys(str(sought.need) for sought in unseen))
        return unknown("Z19", f"Whether {names} can be used is not known. {unseen[0].why}")
    named = len(case.seen.sought)
    return ok("Z19", "All that its template names is there." if named else "Its template names no other object.")


def _said(sought: Sought) -> str:
    need = sought.need
    if sought.fate == "no key":
        return f"{need.kind} {need.name} has no key {need.key} ({need.place})"
    return f"{need.kind} {need.name} does not exist ({need.place})"
