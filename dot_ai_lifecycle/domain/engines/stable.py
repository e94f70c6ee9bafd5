"""The version that an engine lets serve while it is at another one, or after it gave that up."""

from dot_ai_lifecycle.core.conditions.flagger import same_template
from dot_ai_lifecycle.core.conditions.kruise import under_way
from dot_ai_lifecycle.core.driver import FLAGGER, KRUISE
from dot_ai_lifecycle.core.edited import with_edits
from dot_ai_lifecycle.core.objects import Revision
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.steps import Edit, Patch
from dot_ai_lifecycle.core.words_to_kruise import sub_status
from dot_ai_lifecycle.core.workload import digest_of
from dot_ai_lifecycle.domain.engines.state import aborted
from dot_ai_lifecycle.domain.strategies.rollout import Rollout


def stable_revision(scene: Scene) -> Revision | None:
    """The revision that served last without doubt; None where it is not retained, or no engine says."""
    workload, driver = scene.workload, scene.workload.driver
    if workload.engine == FLAGGER:
        copied = workload.serving
        same = [one for one in scene.revisions if copied is not workload and _same(one, copied.template)]
        return max(same, key=lambda one: one.number, default=None)
    named = workload.status.get("stableRS")
    if workload.engine == KRUISE and driver is not None:
        named = sub_status(driver.manifest)[1].get("stableRevision") if under_way(workload) else None
    return next((revision for revision in scene.revisions if named and revision.hash == named), None)


def _same(revision: Revision, template: object) -> bool:
    return isinstance(template, dict) and same_template(revision.template, template)


def goes_to_stable(scene: Scene, revision: Revision) -> bool:
    """Whether going to that revision ends an update under way: engines skip their steps then."""
    stable = stable_revision(scene)
    return stable is not None and digest_of(stable.template) == digest_of(revision.template)


def returned(rollout: Rollout) -> Patch:
    """The spec as it was; after an update that was given up the stable template, which runs, not the one given up."""
    why = "the pod template that was there before"
    stable = stable_revision(rollout.scene)
    if not aborted(rollout.workload) or stable is None:
        return rollout.returned({}, {}, why)
    ours = with_edits(rollout.workload.manifest, rollout.edits)["spec"]["template"]
    edit = Edit(path="/spec/template", old=ours, new=dict(stable.template))
    return Patch(ref=rollout.workload.ref, edits=(edit,), why="the pod template of the stable version")
