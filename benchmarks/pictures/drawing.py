"""Draws one update as SVG: above, pods by version and state; below, requests by who answered them; one time axis.

A pure function of what was seen: the same account gives the same picture, to the byte.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from benchmarks.pictures.frame import ASIDE, LEFT, RIGHT, WIDTH, Frame
from benchmarks.pictures.layers import POD_LAYERS, outlines, pod_bands, request_bands
from benchmarks.pictures.placing import Band, roomiest, width
from benchmarks.pictures.style import PATTERNS, styles
from benchmarks.pictures.taken import FATES, Fate, Side, Taken

_FAULTS: tuple[tuple[Fate, str], ...] = (("failed", "no answer"), ("errors", "HTTP 500"))


@dataclass(frozen=True)
class Words:
    """What stands beside the picture: its title, the line below it, what a screen reader says, the two versions."""

    title: str
    line: str
    spoken: str
    old: str = "v1"
    new: str = "v2"


def drawn(taken: Taken, words: Words) -> str:
    """The picture as an SVG document."""
    frame = Frame.around(taken)
    parts = [
        *_head(frame, words),
        *_axes(frame, taken),
        *_pods(frame, taken, words),
        *_requests(frame, taken, words),
        *_moments(frame, taken),
        *_faults(frame, taken),
        *_legend(frame, taken, words),
    ]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _text(x: float, y: float, words: str, style: str) -> str:
    return f'<text class="{style}" x="{x:g}" y="{y:g}">{escape(words)}</text>'


def _line(style: str, *ends: float) -> str:
    x1, y1, x2, y2 = ends
    return f'<path class="{style}" d="M{x1:g} {y1:g}L{x2:g} {y2:g}"/>'


def _head(frame: Frame, words: Words) -> Iterator[str]:
    size = f'viewBox="0 0 {WIDTH:g} {frame.height:g}" width="{WIDTH:g}" height="{frame.height:g}"'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="title desc">'
    yield f'<title id="title">{escape(words.title)}</title>'
    yield f'<desc id="desc">{escape(words.spoken)}</desc>'
    yield f"<style>{styles()}</style>"
    yield f"<defs>{PATTERNS}</defs>"
    yield f'<rect class="ground" x="0.5" y="0.5" width="{WIDTH - 1:g}" height="{frame.height - 1:g}" rx="8"/>'
    yield _text(20, 30, words.title, "title ink")
    yield _text(20, 50, words.line, "faint")


def _axes(frame: Frame, taken: Taken) -> Iterator[str]:
    """Grid, ticks and the names of the panels; the pods that are wanted are a line of their own."""
    for top, names in ((frame.pods_top, ("pods",)), (frame.requests_top, ("requests", "per second"))):
        for number, name in enumerate(names):
            yield _text(20, top + 14 + 15 * number, name, "ink strong" if number == 0 else "faint")
    for count in sorted({0, taken.wanted, frame.most_pods}):
        yield _line("grid", LEFT, frame.pods(count), RIGHT, frame.pods(count))
        yield _text(LEFT - 8, frame.pods(count) + 4, str(count), "faint right")
    for rate in (0.0, frame.rate / 2, frame.rate):
        yield _line("grid", LEFT, frame.requests(rate), RIGHT, frame.requests(rate))
        yield _text(LEFT - 8, frame.requests(rate) + 4, f"{rate:g}", "faint right")
    for second in frame.seconds():
        x = frame.x(second)
        yield _line("grid", x, frame.requests_bottom, x, frame.requests_bottom + 4)
        yield _text(x, frame.requests_bottom + 17, f"{second} s".replace("-", "−"), "faint middle")


def _pods(frame: Frame, taken: Taken, words: Words) -> Iterator[str]:
    breaks = [label.x - ASIDE for label in frame.labels]
    for (side, state), bands in zip(POD_LAYERS, pod_bands(taken, frame), strict=True):
        if not bands:
            continue
        fill = f'class="{side}"' if state == "ready" else f'fill="url(#{side}-{state})"'
        path = outlines(bands)
        yield f'<path {fill} data-layer="pods {side} {state}" d="{path}"/>'
        yield f'<path class="{side}line" d="{path}"/>'
        if state == "ready":
            version = _version(side, words)
            yield from _named(bands, f"{version} ready", version, f"on-{side} strong", breaks)
    yield _line("wanted", LEFT, frame.pods(taken.wanted), RIGHT, frame.pods(taken.wanted))


def _requests(frame: Frame, taken: Taken, words: Words) -> Iterator[str]:
    breaks = [label.x - ASIDE for label in frame.labels]
    for fate, bands in zip(FATES, request_bands(taken, frame), strict=True):
        if not bands:
            continue
        fill = 'fill="url(#errors)"' if fate == "errors" else f'class="{fate}"'
        yield f'<path {fill} data-layer="requests {fate}" d="{outlines(bands)}"/>'
        if fate == "old" or fate == "new":
            version = _version(fate, words)
            yield from _named(bands, f"answered by {version}", version, f"on-{fate} strong", breaks)


def _version(side: Side, words: Words) -> str:
    return words.old if side == "old" else words.new


def _named(bands: Sequence[Band], name: str, version: str, style: str, breaks: Sequence[float]) -> Iterator[str]:
    """The name of a layer where it is roomiest, or the version alone; nothing where neither fits.

    A short name is better than a line through a long one, and the legend has the version in any case.
    """
    for words, lines in ((name, breaks), (version, breaks), (name, ())):
        if room := roomiest(bands, words, lines):
            middle = ((room.left + room.right) / 2, (room.top + room.bottom) / 2 + 4)
            yield _text(*middle, words, style + " middle")
            return


def _moments(frame: Frame, taken: Taken) -> Iterator[str]:
    for label, moment in zip(frame.labels, taken.moments, strict=True):
        x, y = frame.x(moment.at), frame.row(label.row)
        yield _line("moment", x, y - 10, x, frame.pods_bottom)
        yield _line("moment", x, frame.requests_top, x, frame.requests_bottom)
        yield _text(label.x, y, label.words, "ink")


def _faults(frame: Frame, taken: Taken) -> Iterator[str]:
    """A mark above every bin in which requests failed, of one shape a kind, and how many they were in all."""
    y, last = frame.requests_top - 9, 0.0
    for fate, _ in _FAULTS:
        for number, (begins, ends) in enumerate(taken.bins()):
            if taken.fates[fate][number]:
                last = max(last, frame.x((begins + ends) / 2))
                yield _mark(fate, frame.x((begins + ends) / 2), y)
    counts = [f"{taken.count(fate)} {_spoken(fate)}" for fate, _ in _FAULTS if taken.count(fate)]
    if counts:
        told = ", ".join(counts)
        fits = last + 10 + width(told) < RIGHT
        yield _text(last + 10 if fits else RIGHT, y + 4, told, "bad strong" + ("" if fits else " right"))


def _spoken(fate: Fate) -> str:
    return "requests failed" if fate == "failed" else "errors"


def _mark(fate: Fate, x: float, y: float) -> str:
    if fate == "failed":
        return f'<path class="cross" data-mark="failed" d="M{x - 3.5:g} {y - 3.5:g}l7 7m0 -7l-7 7"/>'
    return f'<path class="errorline" data-mark="errors" d="M{x:g} {y - 4:g}l4 8h-8z"/>'


def _legend(frame: Frame, taken: Taken, words: Words) -> Iterator[str]:
    """Swatches of what the picture holds; names in the layers say the same where they fit."""
    y, x = frame.height - 16, LEFT
    for swatch, name in _entries(taken, words, y):
        yield swatch.replace("@", f"{x:g}")
        yield _text(x + 22, y, name, "faint")
        x += 22 + width(name) + 14


def _entries(taken: Taken, words: Words, y: float) -> Iterator[tuple[str, str]]:
    box = f'x="@" y="{y - 11:g}" width="16" height="13" rx="2"'
    for side in ("old", "new"):
        yield f'<rect class="{side}" {box}/>', _version(side, words)
    for state, name in (("starting", "not ready yet"), ("ending", "ending")):
        sides = [life.side for life in taken.pods if any(each == state for _, each in life.states)]
        if sides:
            yield f'<rect fill="url(#{sides[0]}-{state})" {box}/>', name
    yield f'<svg x="@" y="{y - 11:g}" width="16" height="13"><path class="wanted" d="M0 7H16"/></svg>', "pods wanted"
    for fate, name in _FAULTS:
        if taken.count(fate):
            yield f'<svg x="@" y="{y - 11:g}" width="16" height="13">{_mark(fate, 8, 7)}</svg>', name
