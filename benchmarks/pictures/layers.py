"""What lies on what: the pods of each version and state, and the requests by whom they were answered, as bands."""

from collections.abc import Callable, Sequence
from itertools import pairwise

from benchmarks.pictures.frame import Frame
from benchmarks.pictures.placing import Band
from benchmarks.pictures.taken import FATES, Side, State, Taken

POD_LAYERS: tuple[tuple[Side, State], ...] = (
    ("old", "ready"),
    ("new", "ready"),
    ("new", "starting"),
    ("old", "starting"),
    ("new", "ending"),
    ("old", "ending"),
)
"""From the bottom: what is ready lies below what comes and goes, so that it can be held against what is wanted."""


def pod_bands(taken: Taken, frame: Frame) -> list[list[Band]]:
    """The bands of each layer of pods; what has no height is left out."""
    stretches = list(pairwise(taken.changes()))

    def count(layer: int, place: int) -> float:
        side, state = POD_LAYERS[layer]
        return taken.counted(side, state, sum(stretches[place]) / 2)

    return _stacked(stretches, len(POD_LAYERS), count, frame.x, frame.pods)


def request_bands(taken: Taken, frame: Frame) -> list[list[Band]]:
    """The bands of requests a second of each fate, as many as FATES."""

    def count(layer: int, place: int) -> float:
        return taken.fates[FATES[layer]][place] / taken.step

    return _stacked(taken.bins(), len(FATES), count, frame.x, frame.requests)


def _stacked(
    stretches: Sequence[tuple[float, float]],
    layers: int,
    count: Callable[[int, int], float],
    x: Callable[[float], float],
    y: Callable[[float], float],
) -> list[list[Band]]:
    found: list[list[Band]] = [[] for _ in range(layers)]
    for place, (begins, ends) in enumerate(stretches):
        below = 0.0
        for layer in range(layers):
            height = count(layer, place)
            if height and x(ends) > x(begins):
                found[layer].append(Band(x(begins), x(ends), y(below + height), y(below)))
            below += height
    return found


def outlines(bands: Sequence[Band]) -> str:
    """The outlines of neighbouring bands as one path: along their tops, and back along their bottoms."""
    path: list[str] = []
    run: list[Band] = []
    for band in bands:
        if run and not _touches(run[-1], band):
            path.append(_outline(run))
            run = []
        run.append(band)
    return "".join([*path, _outline(run)] if run else path)


def _touches(left: Band, right: Band) -> bool:
    """Whether two bands share more than a corner of an edge."""
    return left.right == right.left and left.bottom > right.top and right.bottom > left.top


def _outline(run: Sequence[Band]) -> str:
    """Corners only where the height changes: a band that goes on as it was adds nothing."""
    tops = [corner for band in run for corner in ((band.left, band.top), (band.right, band.top))]
    bottoms = [corner for band in reversed(run) for corner in ((band.right, band.bottom), (band.left, band.bottom))]
    points = [*_without_middles(tops), *_without_middles(bottoms)]
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points) + "Z"


def _without_middles(corners: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    kept: list[tuple[float, float]] = []
    for corner in corners:
        if kept and kept[-1] == corner:
            continue
        if len(kept) > 1 and kept[-1][1] == kept[-2][1] == corner[1]:
            kept.pop()
        kept.append(corner)
    return kept
