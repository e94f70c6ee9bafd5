"""What was found before an update, as a person reads it: verdict, strategy, then each finding with its way out."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from dot_ai_lifecycle.faces.render.layout import hanging, indented, labelled
from dot_ai_lifecycle.faces.render.outcomes import next_view
from dot_ai_lifecycle.faces.render.words import STYLES, for_people, one_line
from dot_ai_lifecycle.operations.check_app import Checked, FindingLine

LEVEL = 9
"""Columns of a finding's level: as wide as the longest, `warning`, and two spaces."""


def checked_view(checked: Checked) -> RenderableType:
    """The whole answer laid out."""
    return Group(
        _headline(checked),
        Text(one_line(f"{checked.images} · cluster {checked.cluster}"), style="dim"),
        Text(""),
        labelled("Strategy", Text(one_line(f"{checked.strategy}: {checked.why}"))),
        *_room(checked),
        *_because(checked),
        Text(""),
        *(indented(part) for line in checked.findings for part in _finding(line)),
        *([Text("")] if checked.findings else []),
        labelled("Passed", Text(f"{len(checked.passed)} checks: {', '.join(checked.passed)}", style="dim")),
        *next_view(checked.next_steps),
    )


def _headline(checked: Checked) -> Text:
    line = Text(one_line(checked.summary), style="bold")
    line.highlight_regex(rf"\b{checked.verdict}\b", STYLES[checked.verdict])
    return line


def _room(checked: Checked) -> Iterator[RenderableType]:
    if checked.extra_pods is not None:
        pods = "1 extra pod fits" if checked.extra_pods == 1 else f"{checked.extra_pods} extra pods fit"
        yield labelled("Room", Text(pods))


def _because(checked: Checked) -> Iterator[RenderableType]:
    """The reasons, unless they are the first of the findings, which stand right below."""
    if not any(line.level in ("blocks", "mended") for line in checked.findings):
        for place, reason in enumerate(checked.reasons):
            yield labelled("Because" if place == 0 else "", Text(for_people(reason)))


def _finding(line: FindingLine) -> Iterator[RenderableType]:
    text = Text.assemble((f"{line.check}  ", "dim"), for_people(line.text))
    yield labelled(line.level, text, STYLES[line.level], LEVEL)
    for evidence in line.evidence:
        yield indented(hanging("     | ", Text(one_line(evidence)), "dim"), LEVEL)
    if line.fix:
        yield indented(hanging("     → ", Text(for_people(line.fix))), LEVEL)
