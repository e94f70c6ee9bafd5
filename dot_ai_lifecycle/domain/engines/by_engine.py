"""The one way in to the engines: which of them delivers an app, and what each makes of a change."""

from dot_ai_lifecycle.core.plan import Note
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.steps import Step
from dot_ai_lifecycle.core.workload import Workload
from dot_ai_lifecycle.domain.engines import argo, driven
from dot_ai_lifecycle.domain.strategies.rollout import Rollout


def delivered(rollout: Rollout, asks: float) -> tuple[Step, ...]:
    """The steps of a change that the app's engine delivers; `asks` is how many seconds each pause waits."""
    driver = rollout.workload.driver
    return argo.delivered(rollout, asks) if driver is None else driven.delivered(rollout, driver, asks)


def retried(scene: Scene, within: float, asks: float) -> tuple[Step, ...]:
    """The steps that try an update again which the engine gave up, as it stands in the spec."""
    driver = scene.workload.driver
    return argo.retried(scene, within, asks) if driver is None else driven.retried(scene, driver, within, asks)


def strategy_spoken(workload: Workload) -> str:
    """The engine's own strategy in a few words."""
    driver = workload.driver
    return argo.strategy_spoken(workload) if driver is None else driven.strategy_spoken(driver)


def notes_on_pauses(workload: Workload, asks: float) -> tuple[Note, ...]:
    """That somebody will be asked, where the engine's own steps ask."""
    driver = workload.driver
    if not (argo.asks_somebody(workload) if driver is None else driven.asks_somebody(driver)):
        return ()
    text = (
        f"{workload.engine} pauses until somebody promotes: `promote_operation` (`dot-ai promote ID`), within "
        f"{asks:.0f} s each time; then it is taken back."
    )
    return (Note(level="info", text=text),)
