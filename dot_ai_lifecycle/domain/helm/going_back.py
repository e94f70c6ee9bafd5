"""A Helm release's way back as a plan: what is done, what a person is told, and how much it may hurt."""

from typing import Any

from msgspec.structs import replace

from dot_ai_lifecycle.core.errors import Refused
from dot_ai_lifecycle.core.plan import Risk
from dot_ai_lifecycle.core.scene import running_digests
from dot_ai_lifecycle.core.workload import Workload
from dot_ai_lifecycle.domain.belonging import around_of
from dot_ai_lifecycle.domain.helm.reinstating import ReleaseAhead, reinstated
from dot_ai_lifecycle.domain.helm.target import LEFT, Aim, told
from dot_ai_lifecycle.domain.helm.telling import hooks_left_out, notes_on_release, refuse_without_app
from dot_ai_lifecycle.domain.helm.wishes import the_wish_of
from dot_ai_lifecycle.domain.rolling import raised, refuse_if_stuck, risk_of
from dot_ai_lifecycle.domain.strategies.replacing import Replaced


def going_back(seen: ReleaseAhead, within: int) -> dict[str, Any]:
    """The fields of a plan by which the release goes back; where it is there already, a summary that says so.

    Raises Refused where the app would be gone, would not start, or is held by something.
    """
    workload, aim = seen.scene.workload, seen.aim
    assert aim is not None
    release = f"Helm release {aim.newest.name}"
    if aim.is_there:
        same = f"{release} is what {told(aim.target)} was: nothing to do."
        return {"summary": same if aim.newest != aim.target else f"{release} is at {told(aim.target)}: nothing to do."}
    refuse_without_app(seen, aim)
    _refuse_if_driven(seen, aim)
    refuse_if_stuck(workload)
    _refuse_if_absent(seen, aim)
    found = reinstated(seen, aim, within)
    before = ", ".join(workload.images.values())
    return {
        "summary": f"Roll back {release} of {workload.ref}: {told(aim.newest)} → {told(aim.target)}, {aim.how}",
        "steps": found.steps,
        "facts": {
            "template": workload.template_digest,
            "target": str(aim.target.number),
            "newest": f"{aim.newest.number} {aim.newest.status}",
            LEFT: str(aim.number),
        },
        "before": f"{before} (#{aim.newest.number})",
        "after": f"{_images_then(seen)} (#{aim.target.number})",
        "images_before": running_digests(seen.scene),
        "around": around_of(seen.scene),
        "notes": (*notes_on_release(seen, aim), *(note for one in found.replaced for note in _in_step(one).notes)),
        "risk": _risk(seen, aim, found.gaps),
    }


def _refuse_if_driven(seen: ReleaseAhead, aim: Aim) -> None:
    """A chart's number of pods and its strategy are not what an engine that delivers its Deployments leaves in them."""
    for workload in (seen.scene.workload, *(scene.workload for scene, _ in seen.scenes.values())):
        if workload.driver is not None:
            raise Refused(
                f"{workload.engine} delivers {workload.ref}: Helm release {aim.newest.name} cannot go back around it.",
                hint="Bring back the app's pod template alone (`--template-only`), or ask Helm: "
                f"helm rollback {aim.newest.name} {aim.target.number}",
                details={"engine": workload.engine},
            )


def _in_step(replaced: Replaced) -> Replaced:
    """Without the warning that the owner's next release sets the change back: its own history says the same."""
    found = replaced.assessment
    assert found is not None, "it was looked around"
    kept = tuple(finding for finding in found.findings if finding.code != "Z26")
    return replace(replaced, assessment=replace(found, findings=kept))


def _risk(seen: ReleaseAhead, aim: Aim, gaps: tuple[str, ...]) -> Risk:
    risks = [risk_of(scene) for scene in (seen.scene, *(scene for scene, _ in seen.scenes.values()))]
    reasons = tuple(reason for risk in risks for reason in risk.reasons)
    return raised(Risk(), (*reasons, *gaps, *hooks_left_out(aim)))


def _images_then(seen: ReleaseAhead) -> str:
    own = the_wish_of(seen.wishes, seen.scene.workload.manifest)
    return ", ".join(Workload(own.wanted).images.values()) if own and own.wanted else ""


def _refuse_if_absent(seen: ReleaseAhead, aim: Aim) -> None:
    for scene, look in seen.scenes.values():
        lost = list(dict.fromkeys(f"{need} ({need.place})" for need in look.around.absent))
        if lost:
            raise Refused(
                f"Helm release {aim.newest.name} cannot go to {told(aim.target)}: pods of {scene.workload.ref} would "
                f"not start without {', '.join(lost)}, which does not exist.",
                hint="Restore it with what it held then, or name another revision.",
                details={"missing": lost},
            )
