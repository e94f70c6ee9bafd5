"""From the start of the process to the answer of `initialize`, what it weighs then, and what it says of its tools."""

from dataclasses import dataclass
from statistics import median

from benchmarks.measured import Measured, at_most, plain
from benchmarks.peer import BARE, SCRIPT, Peer
from benchmarks.site import Site

PAIRS = 15


def measure(_: Site) -> Measured:
    """Start both in turn; a busy second then slows both of a pair."""
    _started(BARE), _started((SCRIPT, "serve"))  # byte code is written, files are in memory
    pairs = [(_started((SCRIPT, "serve")), _started(BARE)) for _ in range(PAIRS)]
    ours, bare = zip(*pairs, strict=True)
    ratio = median(one.seconds / other.seconds for one, other in pairs)
    weight = median(one.resident / other.resident for one, other in pairs)
    return Measured(
        title="Start",
        how=(
            f"`dot-ai serve` and a server of the same SDK with one tool, started in turn {PAIRS} times: the time "
            "until `initialize` is answered over stdio, and the memory each has after `tools/list`. Medians; the "
            "ratios are medians of the pairs' own."
        ),
        beside="bare `mcp` server",
        figures=[
            plain("start to `initialize` answered", _middle(ours, "seconds"), "s", _middle(bare, "seconds")),
            at_most("ratio", ratio, 1.25, "×"),
            plain("processor time until then", _middle(ours, "worked"), "s", _middle(bare, "worked")),
            plain("ratio", median(one.worked / other.worked for one, other in pairs), "×"),
            plain("resident memory", _middle(ours, "resident"), "MiB", _middle(bare, "resident")),
            at_most("ratio", weight, 1.3, "×"),
            at_most("`tools/list` (one tool beside)", ours[0].listed, 12_000, "bytes", bare[0].listed),
        ],
    )


@dataclass(frozen=True)
class _Start:
    seconds: float
    worked: float
    resident: float
    listed: int


def _started(command: tuple[str, ...]) -> _Start:
    with Peer(command) as peer:
        worked = peer.worked()
        listed = len(peer.ask_raw("tools/list").strip())
        return _Start(peer.started, worked, peer.resident(), listed)


def _middle(starts: tuple[_Start, ...], field: str) -> float:
    return median(float(getattr(start, field)) for start in starts)
