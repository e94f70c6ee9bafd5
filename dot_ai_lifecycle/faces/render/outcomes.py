"""An operation as a story: who asked what, what happened when, why it ended as it did, what may be done now."""

from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from dot_ai_lifecycle.core.record import Cause
from dot_ai_lifecycle.core.redaction import redact
from dot_ai_lifecycle.core.telling import Outcome, StepTold
from dot_ai_lifecycle.faces.render.layout import hanging, indented, labelled
from dot_ai_lifecycle.faces.render.values import shortened
from dot_ai_lifecycle.faces.render.words import (
    STYLES,
    clean,
    clock,
    day_and_clock,
    for_people,
    lasting,
    one_line,
    worded,
)

MARKS = {"done": ("✓", "green"), "failed": ("✗", "bold red"), "begun": ("▸", "cyan"), "planned": ("○", "dim")}


def outcome_view(outcome: Outcome) -> RenderableType:
    """The whole story of one operation."""
    return Group(
        Text(_headline(outcome), style=f"bold {STYLES.get(outcome.status, '')}".strip()),
        Text(_what_and_where(outcome), style="dim"),
        Text(_who_and_when(outcome), style="dim"),
        Text(""),
        *_story(outcome.steps),
        *_ending(outcome),
        *next_view(outcome.next_steps),
    )


def _headline(outcome: Outcome) -> str:
    """What it was and how it stands; the verdict has a line of its own."""
    return one_line(outcome.summary.removesuffix(outcome.verdict))


def _what_and_where(outcome: Outcome) -> str:
    apps = ", ".join((outcome.app, *outcome.others))
    place = f"{apps} in {outcome.namespace} · cluster {outcome.cluster} · operation {outcome.operation_id}"
    follows = f", after {outcome.follows}" if outcome.follows else ""
    return one_line(place + follows)


def _who_and_when(outcome: Outcome) -> str:
    agreed = f", agreed to by {outcome.approved_by}" if outcome.approved_by not in ("", outcome.actor) else ""
    lasted = f", took {lasting((outcome.ended - outcome.started).total_seconds())}" if outcome.ended else ""
    return one_line(f"{outcome.actor}, {day_and_clock(outcome.started)}{agreed}{lasted}")


def _story(steps: Iterable[StepTold]) -> Iterator[RenderableType]:
    undoing = False
    for step in steps:
        if step.phase == "undo" and not undoing:
            undoing = True
            yield Text("  taken back:", style="yellow")
        yield indented(step_line(step))
    yield Text("")


def step_line(step: StepTold) -> RenderableType:
    """One step: when, how it went, what it was, how long it took."""
    mark, style = MARKS.get(step.state, (" ", ""))
    text = Text(_said_once(one_line(step.step)), style="dim" if step.state == "planned" else "")
    if step.seconds is not None and step.seconds >= 1:
        text.append(f" ({lasting(step.seconds)})", style="dim")
    when = " " * 8 if step.state == "planned" else clock(step.at)
    return hanging(f"{when} {mark} ", text, style)


def _said_once(text: str) -> str:
    """A step and its result are joined by an arrow; a result that only repeats the step is left out."""
    parts = text.split(" → ")
    for place in range(1, len(parts)):
        step, result = " → ".join(parts[:place]), " → ".join(parts[place:])
        if step.endswith(result):
            return step
    return text


def _ending(outcome: Outcome) -> Iterator[RenderableType]:
    if outcome.cause:
        yield from cause_view(outcome.cause)
    if outcome.verdict:
        yield labelled("Verdict", Text.assemble(worded(outcome.status), ": ", one_line(outcome.verdict)))
    for container, image in outcome.images_after.items():
        yield labelled("Runs", Text(shortened(one_line(f"{container}: {image}")), style="dim"))
    if outcome.closed_by:
        yield labelled("Then", Text(f"operation {outcome.closed_by} went on with it or took it back"))
    if not outcome.shared:
        yield labelled("Note", Text("This record is kept on this machine only: colleagues cannot see it."), "cyan")


def cause_view(cause: Cause) -> Iterator[RenderableType]:
    """Why it failed, with the lines that decided it; secrets in them hidden."""
    yield labelled("Cause", Text.assemble((one_line(redact(cause.text)), "red"), f" ({one_line(cause.code)})"))
    place = " · ".join(filter(None, (cause.subject, f"container {cause.container}" if cause.container else "")))
    if place:
        yield labelled("", Text(one_line(place), style="dim"))
    for label, lines in (("Evidence", cause.evidence), ("Logs", cause.logs)):
        for place_, line in enumerate(lines):
            yield labelled(label if place_ == 0 else "", Text(f"| {clean(redact(line)).rstrip()}"))


def next_view(next_steps: Iterable[str]) -> Iterator[RenderableType]:
    """What may be done next: of a step that names tool and command, the command."""
    for place, step in enumerate(next_steps):
        yield labelled("Next" if place == 0 else "", Text(for_people(step)))
