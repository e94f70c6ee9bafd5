"""How single values look on a screen: safe text, moments, durations, and which words deserve which colour."""

import re
from datetime import UTC, datetime

from rich.text import Text

from dot_ai_lifecycle.operations import ALL

_CONTROLS = re.compile(
    r"\x1b\[[0-9;?]*[ -/]*[@-~]"  # terminal escape sequences
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # titles and links of terminals
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"  # the rest, and what turns text round
)

STYLES = {
    "done": "green",
    "healthy": "green",
    "ready": "green",
    "low": "green",
    "info": "cyan",
    "medium": "yellow",
    "warning": "yellow",
    "running": "cyan",
    "progressing": "cyan",
    "updating": "cyan",
    "planned": "cyan",
    "nothing_to_do": "green",
    "undone": "yellow",
    "interrupted": "yellow",
    "paused": "yellow",
    "degraded": "yellow",
    "suspended": "yellow",
    "scaled_down": "dim",
    "stopped": "dim",
    "unknown": "magenta",
    "high": "bold red",
    "stuck": "bold red",
    "failed": "bold red",
    "failing": "bold red",
    "down": "bold red",
    "unhealthy": "bold red",
    "broken": "bold red",
    "safe": "green",
    "safe-with-fixes": "green",
    "impossible": "bold red",
    "blocks": "bold red",
    "mended": "green",
}
"""Colour by word; a word that is not here is shown plain."""


def clean(text: object) -> str:
    """The text without anything that steers a terminal; a log line must not repaint the screen it is shown on."""
    return _CONTROLS.sub("", str(text).replace("\t", "    ").expandtabs(4))


def one_line(text: object) -> str:
    """The text cleaned, as one line."""
    return " ".join(clean(text).split())


_BOTH_WAYS = re.compile(r"`\w+`\s+\((`dot-ai [^`]*`)\)|\S[^()]*\s+\((dot-ai [^()]*)\)")
_TOOLS = {f"`{operation.tool()}`": f"`dot-ai {operation.command}`" for operation in ALL}


def for_people(text: str) -> str:
    """Advice that names a tool, with its command in parentheses or without: only the command. People type."""
    advice = _BOTH_WAYS.sub(lambda found: found[1] or found[2], one_line(text))
    for tool, command in _TOOLS.items():
        advice = advice.replace(tool, command)
    return advice


def worded(word: str) -> Text:
    """A state or health word in its colour."""
    return Text(one_line(word).replace("_", " "), style=STYLES.get(word.lower(), ""))


def lasting(seconds: float) -> str:
    """A duration in at most two units: `4 s`, `2 m 05 s`, `3 h 12 m`, `5 d`."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m {whole % 60:02d} s"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} m"
    return f"{whole // 86_400} d"


def ago(moment: datetime, now: datetime) -> str:
    """How long ago that was, in one unit: `12s`, `5m`, `3h`, `9d`."""
    seconds = max(0, int((now - moment).total_seconds()))
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def clock(moment: datetime) -> str:
    """The time of day in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%H:%M:%S")


def day_and_clock(moment: datetime) -> str:
    """The day and time in UTC, as people sort them."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
