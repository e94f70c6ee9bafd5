"""A plan as a person reads it before agreeing: what changes, in which order, how risky, and where."""

from collections.abc import Iterator
from itertools import groupby

from rich.console import Group, RenderableType
from rich.text import Text

from dot_ai_lifecycle.core.plan import Plan
from dot_ai_lifecycle.core.showing import DiffLine, diff_lines, step_text
from dot_ai_lifecycle.faces.render.layout import hanging, indented, labelled
from dot_ai_lifecycle.faces.render.words import STYLES, clean, one_line

MOST_FIELDS = 60
"""Fields of a diff that are shown; a whole template replaced has about 40, more than that nobody reads at a prompt."""


def plan_view(plan: Plan, context: str) -> RenderableType:
    """The plan as a diff with risk, notes, steps, id and place; `context` is the kubeconfig's name of the cluster."""
    parts: list[RenderableType] = [
        Text(one_line(plan.summary), style="bold"),
        Text(f"{plan.app} · cluster {one_line(context)}", style="dim"),
    ]
    for block in (_diff(plan), _steps(plan), [*_risk(plan), *_notes(plan), *_id(plan)]):
        parts += [Text(""), *block] if block else []
    return Group(*parts)


def _diff(plan: Plan) -> list[RenderableType]:
    fields = [(path, list(lines)) for path, lines in groupby(diff_lines(plan), key=lambda line: line.path)]
    shown: list[RenderableType] = [part for path, lines in fields[:MOST_FIELDS] for part in _field(path, lines)]
    if len(fields) > MOST_FIELDS:
        shown.append(Text(f"  … and {len(fields) - MOST_FIELDS} more fields; -o json --plan shows all", style="dim"))
    return shown


def _field(path: str, lines: list[DiffLine]) -> Iterator[RenderableType]:
    yield Text(f"  {clean(path)}", style="dim")
    for line in lines:
        style = "red" if line.sign == "-" else "green"
        yield indented(hanging(f"{line.sign} ", Text(clean(line.text)), style), 4)


def _steps(plan: Plan) -> list[RenderableType]:
    if not plan.steps:
        return []
    steps = [
        indented(hanging(f"{place}. ", Text(one_line(step_text(step)))))
        for place, step in enumerate(plan.steps, start=1)
    ]
    way_back = (
        "If it fails, what was done is taken back by itself."
        if plan.on_failure == "rollback"
        else "If it fails, it is left as it is then (on failure: hold)."
    )
    return [*steps, Text(f"  {way_back}", style="dim")]


def _risk(plan: Plan) -> list[RenderableType]:
    if not plan.steps:
        return []
    line = Text(plan.risk.level, style=STYLES[plan.risk.level])
    if plan.risk.reasons:
        line.append(": " + one_line("; ".join(plan.risk.reasons)), style="not bold default")
    return [labelled("Risk", line)]


def _notes(plan: Plan) -> list[RenderableType]:
    return [
        labelled("Warning" if note.level == "warning" else "Note", Text(one_line(note.text)), STYLES[note.level])
        for note in plan.notes
    ]


def _id(plan: Plan) -> list[RenderableType]:
    return [labelled("Plan", Text(plan.id, style="bold"))] if plan.steps else []
