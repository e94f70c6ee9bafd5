"""Words to Argo Rollouts, which owns the app: promote, pause, abort, retry, each in the fields it reads them from.

They are those of its own command line (kubectl-argo-rollouts 1.8: `promote`, `abort`, `retry`, `pause`). All but the
pause are said in the status. Every patch carries what was seen as tests, the revision that is rolled out first of all,
so that no word reaches another update than the one it was meant for.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from dot_ai_lifecycle.core.steps import Edit

Manifest = Mapping[str, Any]

_PAUSED = "/spec/paused"


def words(rollout: Manifest, word: str) -> tuple[Edit, ...]:
    """What says that word to a Rollout as it stands now; nothing where it does so already, or cannot."""
    says = _SAYS.get(word)
    return tuple(says(rollout.get("spec") or {}, rollout.get("status") or {})) if says else ()


def of_this_update(rollout: Manifest) -> Edit:
    """What has to hold still for a word to reach the update it was meant for."""
    seen = (rollout.get("status") or {}).get("currentPodHash")
    return Edit(path="/status/currentPodHash", old=seen, new=seen)


def in_flight(rollout: Manifest) -> bool:
    """Whether an update is under way, or was aborted: its revision is not the stable one."""
    status = rollout.get("status") or {}
    return bool(status.get("stableRS")) and status.get("currentPodHash") != status["stableRS"]


def _unpaused(spec: Manifest) -> Iterator[Edit]:
    if spec.get("paused"):
        yield Edit(path=_PAUSED, old=True, new=False)


def _promoted(spec: Manifest, status: Manifest) -> Iterator[Edit]:
    """One step on: a pause ends, or else what runs (an analysis) is skipped; never both."""
    yield from _unpaused(spec)
    pauses, number = status.get("pauseConditions"), status.get("currentStepIndex")
    canary = (spec.get("strategy") or {}).get("canary")
    if pauses:
        yield Edit(path="/status/pauseConditions", old=pauses)
        if canary and _inconclusive(status):
            yield Edit(path="/status/controllerPause", old=True, new=False)
            yield Edit(path="/status/currentStepIndex", old=number, new=_next(canary, number))
    elif canary and in_flight({"status": status}) and not spec.get("paused"):
        following = _next(canary, number)
        if following != (number or 0):
            yield Edit(path="/status/currentStepIndex", old=number, new=following)


def _inconclusive(status: Manifest) -> bool:
    """Whether an analysis told nothing: its pause would come back, were the step not left as well."""
    run = (status.get("canary") or {}).get("currentStepAnalysisRunStatus") or {}
    return bool(status.get("controllerPause") and run.get("status") == "Inconclusive")


def _next(canary: Manifest, number: int | None) -> int:
    return min((number or 0) + 1, len(canary.get("steps") or ()))


def _full(spec: Manifest, status: Manifest) -> Iterator[Edit]:
    yield from _unpaused(spec)
    if in_flight({"status": status}) and not status.get("promoteFull"):
        yield Edit(path="/status/promoteFull", old=status.get("promoteFull"), new=True)


def _aborted(spec: Manifest, status: Manifest) -> Iterator[Edit]:
    """An abort of what is stable already would leave the app Degraded for nothing."""
    yield from _unpaused(spec)
    if in_flight({"status": status}) and not status.get("abort"):
        yield Edit(path="/status/abort", old=status.get("abort"), new=True)


def _retried(spec: Manifest, status: Manifest) -> Iterator[Edit]:
    yield from _unpaused(spec)
    if status.get("abort"):
        yield Edit(path="/status/abort", old=True, new=False)


def _paused(spec: Manifest, status: Manifest) -> Iterator[Edit]:
    if not spec.get("paused"):
        yield Edit(path=_PAUSED, old=spec.get("paused"), new=True)


_SAYS = {"promote": _promoted, "full": _full, "pause": _paused, "abort": _aborted, "retry": _retried}
