"""Which strategy suits an app as it is: rolling, unless another loses nothing where rolling does."""

from collections.abc import Mapping
from typing import NamedTuple

from dot_ai_lifecycle.core.registry import ImageSight
from dot_ai_lifecycle.core.surroundings import Surroundings
from dot_ai_lifecycle.domain.preflight.assessment import Assessment, Verdict, assess
from dot_ai_lifecycle.domain.strategies.choice import Strategy, unfit_for_switching

_WORTH: dict[Verdict, int] = {"safe": 2, "safe-with-fixes": 2, "degraded": 1, "impossible": 0}


class Preferred(NamedTuple):
    """The strategy that is best for the app, why in a few words, and what is to be expected of it."""

    strategy: Strategy
    why: str
    assessment: Assessment


def preferred(seen: Surroundings, images: Mapping[str, ImageSight] | None = None) -> Preferred:
    """Rolling, which needs fewer pods and leaves Services alone, unless it would lose what blue-green does not.

    A canary takes patience, so it is a person who asks for one.
    """
    rolling = assess(seen, strategy="rolling", images=images)
    if engine := seen.scene.workload.engine:
        return Preferred("rolling", f"{engine} replaces its pods, by its own steps", rolling)
    if _WORTH[rolling.verdict] == 2:
        return Preferred("rolling", _why_rolling(rolling), rolling)
    if unfit := unfit_for_switching(seen.scene):
        return Preferred("rolling", f"nothing else is possible: {unfit}", rolling)
    switched = assess(seen, strategy="blue-green", images=images)
    if _WORTH[switched.verdict] > _WORTH[rolling.verdict]:
        return Preferred("blue-green", "its pods leave the Services before they end", switched)
    return Preferred("rolling", "no other strategy does better", rolling)


def _why_rolling(rolling: Assessment) -> str:
    if rolling.served is False:
        return "no Service sends traffic to it"
    return "its pods drain before they end" if rolling.drains else "nothing would be lost"
