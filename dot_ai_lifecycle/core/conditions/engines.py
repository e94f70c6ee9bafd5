"""How an app does that another engine delivers: the engine's own word, and whether the pods bear it out."""

from dot_ai_lifecycle.core.conditions import argo, flagger, kruise
from dot_ai_lifecycle.core.conditions.reading import Foreign, Reading, Signal
from dot_ai_lifecycle.core.conditions.rollout import not_begun
from dot_ai_lifecycle.core.driver import FLAGGER
from dot_ai_lifecycle.core.scene import Scene


def delivered(scene: Scene, template: str = "", since: str = "", to: str = "") -> Reading:
    """Whether the engine has delivered the wanted pod template, and its pods serve.

    `template` is the digest of the pod template that must still be wanted (Foreign otherwise); `since` is what the
    engine said of the spec it saw last, before the change, `to` what it says of the wanted one, where that is known.
    """
    workload = scene.workload
    if workload.kind == "Rollout":
        return argo.delivered(scene, template)
    early = not_begun(scene, template)
    if early is not None:
        return early
    if workload.driver is None:
        return Foreign(f"What delivered {workload.ref} is gone.")
    return flagger.delivered(scene, since, to) if workload.engine == FLAGGER else kruise.delivered(scene)


def gave_up(scene: Scene, since: str = "") -> Signal | None:
    """That the engine itself gave the update up; None where it did not, speaks of an older one, or there is none."""
    if scene.workload.kind == "Rollout":
        return argo.degraded(scene)
    return flagger.failed(scene, since) if scene.workload.engine == FLAGGER else None
