"""Switches of an engine's object that are set for the time of an operation, and noted there with what they were.

Whoever takes over from a process that died finds the note in the object itself.
"""

import json
from collections.abc import Mapping
from typing import Any

from dot_ai_lifecycle.core.pointers import pointer, value_at
from dot_ai_lifecycle.core.steps import Edit

Manifest = Mapping[str, Any]

NOTE = "lifecycle.dot-ai/was"
"""The annotation that holds what the switches were, as JSON by their paths."""

_NOTED = pointer("metadata", "annotations", NOTE)


def held(found: Manifest, wanted: Mapping[str, bool]) -> tuple[Edit, ...]:
    """The edits that give the switches those values. What is switched off that we did not switch on stays off."""
    differ = {path: value for path, value in wanted.items() if bool(value_at(found, path)) != value}
    noted = _noted(found)
    note = {**{path: value_at(found, path) for path, value in differ.items() if value}, **noted}
    edits = tuple(Edit(path=path, old=value_at(found, path), new=value) for path, value in differ.items())
    return (*edits, *_note(found, noted, note))


def given_back(found: Manifest, paths: tuple[str, ...]) -> tuple[Edit, ...]:
    """The edits that give every switch back what it was before we set it; none where we set none."""
    noted = _noted(found)
    was = {path: noted[path] for path in paths if path in noted}
    differ = {path: value for path, value in was.items() if value_at(found, path) != value}
    edits = tuple(Edit(path=path, old=value_at(found, path), new=value) for path, value in differ.items())
    return (*edits, *_note(found, noted, {path: value for path, value in noted.items() if path not in was}))


def _noted(found: Manifest) -> dict[str, Any]:
    """The note; nothing where there is none, or somebody wrote what is no note of ours."""
    try:
        note = json.loads(value_at(found, _NOTED) or "{}")
    except ValueError:
        return {}
    return note if isinstance(note, dict) else {}


def _note(found: Manifest, before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Edit, ...]:
    if before == after:
        return ()
    old = value_at(found, _NOTED)
    bare = value_at(found, "/metadata/annotations") is None
    parent = (Edit(path="/metadata/annotations", new={}, scaffold=True),) if bare else ()
    return (*parent, Edit(path=_NOTED, old=old, new=json.dumps(after, sort_keys=True) if after else None))
