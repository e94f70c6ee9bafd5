"""An update as it might have been seen, for tests of its picture: four old pods, four new ones, and their users."""

from collections.abc import Mapping, Sequence

from benchmarks.pictures.taken import FATES, Fate, Life, Moment, Side, State, Taken

BEGINS, ENDS, STEP = -2.0, 10.0, 0.25
_BINS = int((ENDS - BEGINS) / STEP)


def life(side: Side, *states: tuple[float, State]) -> Life:
    return Life(side, states)


OLD = tuple(life("old", (BEGINS, "ready"), (6.0 + one / 4, "ending"), (8.0, "gone")) for one in range(4))
NEW = tuple(life("new", (0.5, "starting"), (2.0 + one / 4, "ready")) for one in range(4))
MOMENTS = (Moment(0.0, "patched"), Moment(2.75, "whole new set ready"), Moment(2.8, "Service switched"))
DONE = Moment(7.0, "done")


def bins(*parts: tuple[float, Fate, int]) -> dict[Fate, list[int]]:
    """Fifty requests a bin: each part says since when somebody answers how many of them; the rest is the old's."""
    found: dict[Fate, list[int]] = {fate: [0] * _BINS for fate in FATES}
    for number in range(_BINS):
        now = {fate: count for since, fate, count in parts if since <= BEGINS + number * STEP}
        for fate, count in {"old": 50 - sum(now.values()), **now}.items():
            found[fate][number] = count
    return found


SWITCHED = bins((3.0, "new", 50))


def switched(
    *moments: Moment, pods: tuple[Life, ...] = OLD + NEW, fates: Mapping[Fate, Sequence[int]] = SWITCHED
) -> Taken:
    """A blue-green update."""
    return Taken(
        wanted=4,
        seconds=7.0,
        step=STEP,
        begins=BEGINS,
        ends=ENDS,
        pods=pods,
        fates=fates,
        until={"old": 3.0, "new": ENDS},
        moments=moments or (*MOMENTS, DONE),
    )
