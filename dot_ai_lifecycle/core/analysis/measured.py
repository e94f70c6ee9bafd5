"""What a provider of metrics told about both sets over one window, or why it told nothing."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from msgspec import Struct, field
from msgspec.structs import replace

from dot_ai_lifecycle.core.analysis.statistics import Counts

NO_QUANTILES: Mapping[float, float] = MappingProxyType({})


class Side(Struct, frozen=True):
    """One set of pods over one window.

    `counts` are requests really counted between the first and the last scrape of the window; `scrapes` how many there
    were. `latency` gives seconds by quantile (0.5, 0.95, 0.99), as far as there is a histogram with observations.
    """

    counts: Counts
    scrapes: int
    latency: Mapping[float, float] = field(default_factory=lambda: NO_QUANTILES)


class Measured(Struct, frozen=True):
    """Both sets over the same `seconds` up to `at` (UTC). `concurrent` is False where the old set is of earlier."""

    new: Side
    old: Side
    at: datetime
    seconds: float
    concurrent: bool = True

    def against(self, earlier: "Measured") -> "Measured":
        """The new set of this window against the old set of an earlier one: for when the old set has no traffic now."""
        return replace(self, old=earlier.old, concurrent=False)


class Unmeasured(Struct, frozen=True):
    """Nothing usable was told, and why. `passing` says that a later look may well find something."""

    code: str
    words: str
    passing: bool = True
