"""The frame of a picture: where its rows and panels lie, and what second is at which x. Pixels, downwards."""

from dataclasses import dataclass

from benchmarks.pictures.placing import Label, stairs
from benchmarks.pictures.taken import Taken

WIDTH = 880.0
LEFT, RIGHT = 118.0, WIDTH - 24.0
ASIDE = 4.0
"""Between the line of a moment and its words."""

_HEAD = 62.0
_ROW = 17.0
PODS, REQUESTS = 128.0, 92.0
_BETWEEN = 34.0
_FOOT = 62.0
_ABOVE = 1.05
"""What of the panel of requests is kept for moments at which a few more came than were meant to."""


@dataclass(frozen=True)
class Frame:
    """The frame for one update."""

    begins: float
    ends: float
    labels: tuple[Label, ...]
    most_pods: int
    rate: float

    @classmethod
    def around(cls, taken: Taken) -> "Frame":
        """The frame that holds all of it."""
        bare = cls(taken.begins, taken.ends, (), max(taken.most, taken.wanted), _rate(taken))
        labels = stairs([(bare.x(moment.at) + ASIDE, moment.words) for moment in taken.moments])
        return cls(bare.begins, bare.ends, tuple(labels), bare.most_pods, bare.rate)

    @property
    def pods_top(self) -> float:
        """The upper edge of the panel of pods."""
        rows = 1 + max((label.row for label in self.labels), default=0)
        return _HEAD + rows * _ROW + 8

    @property
    def pods_bottom(self) -> float:
        """Its lower edge."""
        return self.pods_top + PODS

    @property
    def requests_top(self) -> float:
        """The upper edge of the panel of requests."""
        return self.pods_bottom + _BETWEEN

    @property
    def requests_bottom(self) -> float:
        """Its lower edge."""
        return self.requests_top + REQUESTS

    @property
    def height(self) -> float:
        """Of the whole picture."""
        return self.requests_bottom + _FOOT

    def row(self, number: int) -> float:
        """The base line of a row of labels."""
        return _HEAD + number * _ROW + 12

    def x(self, second: float) -> float:
        """Where a moment lies; whole pixels, so that neighbours meet without a seam."""
        share = (second - self.begins) / (self.ends - self.begins)
        return float(round(LEFT + share * (RIGHT - LEFT)))

    def pods(self, count: float) -> float:
        """The height of so many pods in their panel."""
        return float(round(self.pods_bottom - count / self.most_pods * PODS))

    def requests(self, rate: float) -> float:
        """The height of so many requests a second in their panel."""
        highest = self.rate * _ABOVE
        return float(round(self.requests_bottom - min(rate, highest) / highest * REQUESTS))

    def seconds(self) -> list[int]:
        """The seconds that are marked on the axis: at most fifteen."""
        step = next(step for step in (1, 2, 5, 10, 20, 60, 600) if (self.ends - self.begins) / step <= 15)
        first = -int(-self.begins // step) * step
        return [second for second in range(first, int(self.ends) + 1, step) if second >= self.begins]


def _rate(taken: Taken) -> float:
    """Requests a second as they were meant: the mean, to the next ten."""
    lasted = taken.ends - taken.begins
    return max(10.0, round(taken.requests / lasted / 10) * 10.0)
