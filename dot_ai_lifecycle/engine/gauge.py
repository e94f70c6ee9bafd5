"""What the provider of metrics says of both sets, window by window; where none is set up, nothing."""

from dot_ai_lifecycle.core.analysis.families import Found
from dot_ai_lifecycle.core.analysis.measured import Measured, Unmeasured
from dot_ai_lifecycle.core.analysis.queries import OwnQuery
from dot_ai_lifecycle.core.analysis.reading import Reading
from dot_ai_lifecycle.core.analysis.sampling import ask_own, detect, sample
from dot_ai_lifecycle.core.analysis.sides import Sides
from dot_ai_lifecycle.core.errors import BadInput
from dot_ai_lifecycle.core.metrics import Metrics
from dot_ai_lifecycle.core.scene import Scene

SCRAPES = 2.5
"""Scrapes a window has to hold, so that two are in it wherever it begins."""

EARLIER = 60.0
"""Seconds before a switch in which the old pods' requests are the measure, as they get none after it."""


class Gauge:
    """Measures one window after another. `earlier` is what the old pods did before the traffic left them."""

    def __init__(self, metrics: Metrics, sides: Sides, found: Found, earlier: Measured | None) -> None:
        self._metrics = metrics
        self._sides = sides
        self._found = found
        self._earlier = earlier

    def long_enough(self, seconds: float) -> float:
        """The window in seconds, made as long as the provider's scrapes need it."""
        return max(seconds, SCRAPES * (self._found.scrape_interval or 0.0))

    async def measured(self, seconds: float) -> Measured | Unmeasured:
        """Both sets over the last seconds."""
        now = await sample(self._metrics, self._found, self._sides, seconds)
        return now.against(self._earlier) if self._earlier is not None and isinstance(now, Measured) else now


class Unset:
    """No provider of metrics, or one that cannot tell of these pods, and why."""

    def __init__(self, why: Unmeasured | None = None) -> None:
        self._why = why

    def long_enough(self, seconds: float) -> float:
        """The window as it is."""
        return seconds

    async def measured(self, seconds: float) -> Unmeasured | None:
        """Nothing, or why not."""
        return self._why


async def own_readings(
    metrics: Metrics | None, queries: tuple[OwnQuery, ...], scene: Scene, hashes: tuple[str, str], seconds: float
) -> tuple[Reading, ...]:
    """What the user's own queries say of the new and the old set; unclear where there is nobody to ask."""
    if not queries:
        return ()
    if metrics is None:
        words = "No provider of metrics is set up where this runs (LIFECYCLE_PROMETHEUS_URL)."
        return (Reading("inconclusive", "NO_METRICS", words),)
    try:
        sides = Sides.of(scene, *hashes)
    except BadInput as error:
        return (Reading("inconclusive", "NO_SIDES", error.message),)
    return await ask_own(metrics, queries, sides, seconds)


async def gauge_for(
    metrics: Metrics | None, scene: Scene, new_hash: str, old_hash: str, *, switched: bool
) -> Gauge | Unset:
    """What can be measured of the two sets of a workload; `switched`: only the new one gets requests now."""
    if metrics is None:
        return Unset()
    try:
        sides = Sides.of(scene, new_hash, old_hash)
    except BadInput as error:
        return Unset(Unmeasured("NO_SIDES", error.message, passing=False))
    found = await detect(metrics, sides)
    if isinstance(found, Unmeasured):
        return Unset(found)
    before = await sample(metrics, found, sides, EARLIER) if switched else None
    return Gauge(metrics, sides, found, before if isinstance(before, Measured) else None)
