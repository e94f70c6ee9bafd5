"""What was seen of one update under traffic: its pods, its requests and its moments, on one clock.

Seconds count from the moment the update began. All of it is written down beside the picture, so that a picture can be
drawn again, and its numbers checked, without a cluster.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Literal, Self, get_args

Side = Literal["old", "new"]
State = Literal["starting", "ready", "ending", "gone"]
Fate = Literal["old", "new", "errors", "failed"]
"""Who answered a request; an answer other than 200; no answer."""

FATES: tuple[Fate, ...] = get_args(Fate)


@dataclass(frozen=True)
class Life:
    """One pod: whose version it runs, and since when it was in which state."""

    side: Side
    states: tuple[tuple[float, State], ...]

    def at(self, moment: float) -> State:
        """Its state then; `gone` before it was there."""
        return next((state for since, state in reversed(self.states) if since <= moment), "gone")


@dataclass(frozen=True)
class Moment:
    """Something that was done or decided."""

    at: float
    words: str


@dataclass(frozen=True)
class Taken:
    """One update under traffic.

    `fates` counts requests by the bin of `step` seconds in which they were due, the first beginning at `begins`;
    `until` says when each version answered last, errors included. `seconds` is how long the update took.
    """

    wanted: int
    seconds: float
    step: float
    begins: float
    ends: float
    pods: tuple[Life, ...]
    fates: Mapping[Fate, Sequence[int]]
    until: Mapping[Side, float]
    moments: tuple[Moment, ...]

    def count(self, fate: Fate) -> int:
        """How many requests met it."""
        return sum(self.fates[fate])

    @property
    def requests(self) -> int:
        """All of them."""
        return sum(self.count(fate) for fate in FATES)

    def share(self, begins: float, ends: float) -> float:
        """The share of the requests due between the two that the new version met; 0 where there were none."""
        bins = [number for number, (start, end) in enumerate(self.bins()) if start >= begins and end <= ends]
        met = sum(self.fates[fate][number] for fate in ("new", "errors") for number in bins)
        everything = sum(self.fates[fate][number] for fate in FATES for number in bins)
        return met / everything if everything else 0.0

    def moment(self, words: str) -> float:
        """When that happened. Raises LookupError where it did not."""
        for moment in self.moments:
            if words in moment.words:
                return moment.at
        raise LookupError(f"{words!r} is none of {[moment.words for moment in self.moments]}")

    def bins(self) -> list[tuple[float, float]]:
        """When each bin begins and ends."""
        starts = [self.begins + number * self.step for number in range(len(self.fates["old"]))]
        return [(start, start + self.step) for start in starts]

    def changes(self) -> list[float]:
        """The moments at which pods changed, from the beginning to the end, both included."""
        inside = {since for life in self.pods for since, _ in life.states if self.begins < since < self.ends}
        return [self.begins, *sorted(inside), self.ends]

    def counted(self, side: Side, state: State, moment: float) -> int:
        """How many pods of that version are in that state then."""
        return sum(life.side == side and life.at(moment) == state for life in self.pods)

    @property
    def least_ready(self) -> int:
        """The fewest pods that were ready at one time."""
        return min(sum(life.at(when) == "ready" for life in self.pods) for when in self._instants())

    @property
    def most(self) -> int:
        """The most pods that were there at one time, ending ones included."""
        return max(sum(life.at(when) != "gone" for life in self.pods) for when in self._instants())

    def _instants(self) -> list[float]:
        """One moment within each stretch in which no pod changes."""
        return [(before + after) / 2 for before, after in pairwise(self.changes())]

    def json(self) -> str:
        """It as one compact document, to the hundredth of a second."""
        return json.dumps(_rounded(asdict(self)), separators=(",", ":")) + "\n"

    @classmethod
    def of(cls, text: str) -> Self:
        """What such a document says."""
        told: dict[str, Any] = json.loads(text)
        pods = tuple(Life(life["side"], tuple((at, state) for at, state in life["states"])) for life in told["pods"])
        return cls(**{**told, "pods": pods, "moments": tuple(Moment(**moment) for moment in told["moments"])})


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 2)
    if isinstance(value, Mapping):
        return {key: _rounded(inner) for key, inner in value.items()}
    return [_rounded(inner) for inner in value] if isinstance(value, list | tuple) else value
