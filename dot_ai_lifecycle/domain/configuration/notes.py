"""What a person should know of new values before agreeing: who else reads the source, and what looks like a slip."""

import re
from collections.abc import Iterable, Mapping

from dot_ai_lifecycle.core.configuration import Name, Sources
from dot_ai_lifecycle.core.finding import spelled
from dot_ai_lifecycle.core.plan import Note
from dot_ai_lifecycle.core.workload import Workload

_PLACEHOLDER = re.compile(r"\$\{[^}]*\}|\{\{.*?\}\}|<[A-Z_]{3,}>")


def notes_on_values(values: Mapping[str, str]) -> tuple[Note, ...]:
    """Values that look like a template's placeholders nobody has filled in."""
    return tuple(
        Note(level="warning", text=f"{name} holds {found[0]}, which Kubernetes does not fill in.")
        for name, value in values.items()
        if (found := _PLACEHOLDER.search(value))
    )


def notes_on_readers(sources: Sources, named: Iterable[Name], workload: Workload) -> tuple[Note, ...]:
    """Who else reads a source that gets a copy: they keep the values they have."""
    own = spelled(workload)
    notes = []
    for kind, name in named:
        others = [who for who in sources.readers.get((kind, name), ()) if who != own]
        if others:
            many = f"{', '.join(others[:5])}{f' and {len(others) - 5} more' if len(others) > 5 else ''}"
            notes.append(
                Note(level="warning", text=f"{kind} {name} is read by {many} too: they keep the values they have.")
            )
    if sources.unread and notes == []:
        notes.append(Note(level="info", text=f"Who else reads it is not known: {', '.join(sources.unread)} unseen."))
    return tuple(notes)
