"""Where words go, so that none covers another: widths are reckoned, as whoever draws has no font to measure with."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

_NARROW = set("fijlt.,:;'|!()[] ")
_WIDE = set("mwMW%@")


def width(text: str, size: float = 12.0) -> float:
    """Pixels that a text takes at most, in the widest of the fonts that may be there (DejaVu Sans)."""
    ems = sum(0.42 if letter in _NARROW else 1.0 if letter in _WIDE else 0.66 for letter in text)
    return ems * size


@dataclass(frozen=True)
class Label:
    """Words that begin at `x` in a row, counted from the top."""

    x: float
    row: int
    words: str


def stairs(wanted: Sequence[tuple[float, str]], gap: float = 8.0) -> list[Label]:
    """Labels at their places from left to right, each a row below those that reach over its place.

    From each a line goes down through the rows below; going down the stairs, no line meets a label.
    """
    placed: list[Label] = []
    for x, words in wanted:
        over = [label.row for label in placed if label.x + width(label.words) + gap > x]
        placed.append(Label(x, max(over, default=-1) + 1, words))
    return placed


@dataclass(frozen=True)
class Band:
    """A stretch of a layer: from x to x, between two heights (pixels, downwards)."""

    left: float
    right: float
    top: float
    bottom: float


def roomiest(bands: Sequence[Band], words: str, breaks: Sequence[float] = (), height: float = 15.0) -> Band | None:
    """The widest place within neighbouring bands where the words fit in one line; None where there is none.

    It does not cross any of the `breaks` (x of lines).
    """
    found = _free(bands, words, breaks, height)
    return max(found, key=lambda band: min(band.right - band.left, 3 * width(words)) * _worth(band), default=None)


def _worth(band: Band) -> float:
    """Height beyond two lines makes a place no better."""
    return min(band.bottom - band.top, 34.0)


def _free(bands: Sequence[Band], words: str, breaks: Sequence[float], height: float) -> list[Band]:
    pieces = [piece for band in bands for piece in _cut(band, breaks)]
    found = []
    for first in range(len(pieces)):
        room = pieces[first]
        for piece in pieces[first:]:
            if piece.left > room.right + 1e-6 or (piece is not pieces[first] and piece.left in breaks):
                break
            room = Band(room.left, piece.right, max(room.top, piece.top), min(room.bottom, piece.bottom))
            if room.bottom - room.top < height:
                break
            if room.right - room.left >= width(words) + 8:
                found.append(room)
    return found


def _cut(band: Band, breaks: Sequence[float]) -> list[Band]:
    edges = [band.left, *(x for x in sorted(breaks) if band.left < x < band.right), band.right]
    return [Band(left, right, band.top, band.bottom) for left, right in pairwise(edges)]
