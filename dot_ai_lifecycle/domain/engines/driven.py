"""A change of a Deployment that Flagger or OpenKruise delivers: made in the Deployment, as they want it, and followed.

They notice a new pod template and decide by their own analysis and steps when which pods get it. The way back is the
old template, and after it the word that has the engine be done with it at once. What such words set in the engine's
object is given back at the end, before the last proof.
"""

from dot_ai_lifecycle.core.conditions.flagger import RESTING, phase_of, same_template
from dot_ai_lifecycle.core.driver import FLAGGER, Driver
from dot_ai_lifecycle.core.edited import with_edits
from dot_ai_lifecycle.core.late import NOW
from dot_ai_lifecycle.core.pointers import pointer
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.steps import Await, Edit, Patch, Steer, Step, WayBack
from dot_ai_lifecycle.core.words_to_kruise import steps_of
from dot_ai_lifecycle.core.workload import Manifest, Workload
from dot_ai_lifecycle.domain.engines.stable import returned
from dot_ai_lifecycle.domain.strategies.rollout import Rollout

RETRIED_AT = "lifecycle.dot-ai/retried-at"
"""The annotation of a pod template that makes it another one, where nothing else has the engine try it again."""

_ABORTS = {FLAGGER: "its copy has it already: no analysis, and all traffic to the copy"}


def delivered(rollout: Rollout, driver: Driver, asks: float) -> tuple[Step, ...]:
    """The steps of a change; `asks` is how many seconds each gate or pause waits for a person."""
    begun = rollout.begun({}, {}, rollout.why)
    back = returned(rollout)
    ended = _ended(rollout.workload, driver, rollout.within, asks)
    way = (back, *ended)
    if _ends_what_goes_on(rollout, driver):
        return (begun, *ended)
    served = _served(rollout.workload, driver, rollout.within, asks, since=_seen(driver))
    proof = _served(rollout.workload, driver, rollout.within, asks, "the old version alone serves")
    return (
        begun.model_copy(update={"back": WayBack(steps=way, whole=True)}),
        served.model_copy(update={"back": WayBack(steps=(back, proof), whole=True)}),
        _restored(driver),
        _served(rollout.workload, driver, rollout.within, asks, "it serves, by the engine's own settings"),
    )


def _ends_what_goes_on(rollout: Rollout, driver: Driver) -> bool:
    """Whether the change goes back to what Flagger lets serve, while it is at another update: that one is ended."""
    if driver.engine != FLAGGER or phase_of(driver) in RESTING:
        return False
    wanted = with_edits(rollout.workload.manifest, rollout.edits)["spec"]["template"]
    return same_template(wanted, rollout.workload.serving.template)


def retried(scene: Scene, driver: Driver, within: float, asks: float) -> tuple[Step, ...]:
    """The steps that try an update again which the engine gave up: it has to look like another one."""
    workload = scene.workload
    meta = workload.template.get("metadata") or {}
    annotations = meta.get("annotations")
    bare = () if annotations else (Edit(path="/spec/template/metadata/annotations", new={}, scaffold=True),)
    path = pointer("spec", "template", "metadata", "annotations", RETRIED_AT)
    mark = Edit(path=path, old=(annotations or {}).get(RETRIED_AT), new=NOW)
    patch = Patch(ref=workload.ref, edits=(*bare, mark), why="the update that was given up, once more")
    way = (patch.inverse("the pod template that was there before"), *_ended(workload, driver, within, asks))
    return (
        patch.model_copy(update={"back": WayBack(steps=way)}),
        _served(workload, driver, within, asks, since=_seen(driver)),
        _restored(driver),
        _served(workload, driver, within, asks, "it serves, by the engine's own settings"),
    )


def _ended(workload: Workload, driver: Driver, within: float, asks: float) -> tuple[Step, ...]:
    """What follows the old template on the way back."""
    stable = str(driver.status.get("lastPromotedSpec") or "")
    why = _ABORTS.get(driver.engine, "nothing holds it on its way back")
    return (
        Steer(ref=driver.ref, word="abort", why=why),
        _served(workload, driver, within, asks, "the old version alone serves", to=stable),
        _restored(driver),
        _served(workload, driver, within, asks, "the old version serves, by the engine's own settings", to=stable),
    )


def _restored(driver: Driver) -> Steer:
    return Steer(ref=driver.ref, word="restore", why="what was set for this operation only")


def _served(
    workload: Workload, driver: Driver, within: float, asks: float, why: str = "", *, since: str = "", to: str = ""
) -> Await:
    words = why or f"{driver.engine} delivers it by its own steps, and its pods serve"
    return Await(ref=workload.ref, within=within, asks=asks, by=driver.ref, since=since, to=to, why=words)


def _seen(driver: Driver) -> str:
    return str(driver.status.get("lastAppliedSpec") or "")


def strategy_spoken(driver: Driver) -> str:
    """The engine's own strategy in a few words."""
    return _analysis_spoken(driver) if driver.engine == FLAGGER else _steps_spoken(driver)


def _analysis_spoken(driver: Driver) -> str:
    if driver.spec.get("skipAnalysis"):
        return f"Canary {driver.name}: promoted without an analysis"
    analysis: Manifest = driver.spec.get("analysis") or {}
    every = f" every {analysis['interval']}" if analysis.get("interval") else ""
    if analysis.get("iterations"):
        return f"Canary {driver.name}: {analysis['iterations']} checks{every}"
    steps = [f"{weight} %" for weight in analysis.get("stepWeights") or ()]
    if analysis.get("stepWeight"):
        steps = [f"{analysis['stepWeight']} % more each time, up to {analysis.get('maxWeight', 100)} %"]
    return f"Canary {driver.name}: {', '.join(steps) or 'its analysis'}{every}"


def _steps_spoken(driver: Driver) -> str:
    style = "blue-green" if (driver.spec.get("strategy") or {}).get("blueGreen") else "canary"
    steps = ", ".join(_step_spoken(step) for step in steps_of(driver.manifest))
    return f"Rollout {driver.name}, {style}: {steps or 'no steps'}"


def _step_spoken(step: Manifest) -> str:
    size = step.get("replicas") or step.get("traffic") or "a step"
    lasts = (step.get("pause") or {}).get("duration")
    return f"{size}, then {f'a pause of {lasts} s' if lasts else 'a pause until promoted'}"


def asks_somebody(driver: Driver) -> bool:
    """Whether its own steps wait for a person somewhere: a gate of Flagger's, a pause without an end."""
    if driver.engine == FLAGGER:
        hooks = (driver.spec.get("analysis") or {}).get("webhooks") or ()
        return any(str(hook.get("type", "")).startswith("confirm-") for hook in hooks)
    *before, last = steps_of(driver.manifest) or [{"pause": {"duration": 1}}]
    last_asks = str(last.get("replicas")) != "100%"  # its controller goes past the pause of a last step of 100 %
    return any(not (step.get("pause") or {}).get("duration") for step in (*before, *([last] if last_asks else ())))
