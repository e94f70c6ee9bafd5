"""Words to the engine that delivers an app, each in the fields of its own objects, decided by how it stands then.

Every patch carries what was seen as tests, so that no word reaches another update than the one it was meant for.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from dot_ai_lifecycle.core import words_to_argo, words_to_flagger, words_to_kruise
from dot_ai_lifecycle.core.refs import CANARY, KRUISE_ROLLOUT, ROLLOUT, Ref
from dot_ai_lifecycle.core.steps import Edit, Patch

Manifest = Mapping[str, Any]

_ENGINES = {
    ROLLOUT.api_version: words_to_argo,
    CANARY.api_version: words_to_flagger,
    KRUISE_ROLLOUT.api_version: words_to_kruise,
}


class Said(NamedTuple):
    """A patch, and the subresource it goes to."""

    patch: Patch
    subresource: str


class Unsayable(NamedTuple):
    """Why an engine cannot be told something, and what to do instead."""

    text: str
    hint: str


def said(ref: Ref, found: Manifest, word: str) -> tuple[Said, ...]:
    """What says that word to an engine's object as it stands now; nothing where it does so already, or cannot."""
    engine, parts = _ENGINES[ref.api_version], []
    edits = engine.words(found, word)
    for subresource in spoken_in(ref):
        own = tuple(edit for edit in edits if edit.path.startswith("/status/") == (subresource == "status"))
        if own and (subresource or not _has_status_words(ref)):
            own = (*_guard(engine.of_this_update(found)), *own)
        if own:
            parts.append(Said(Patch(ref=ref, edits=own, why=word), subresource))
    return tuple(parts)


def spoken_in(ref: Ref) -> tuple[str, ...]:
    """The parts of an engine's object that words to it are written in: itself, and its status where it reads them."""
    return ("", "status") if _has_status_words(ref) else ("",)


def unsayable(ref: Ref, found: Manifest, word: str) -> Unsayable | None:
    """Why that word cannot be said to the engine as it stands now; None where it can be, or changes nothing."""
    if ref.api_version != CANARY.api_version:
        return None
    gate = words_to_flagger.closed_gate(found, word)
    return Unsayable(*gate) if gate else None


def _has_status_words(ref: Ref) -> bool:
    return ref.api_version != CANARY.api_version


def _guard(seen: Edit) -> tuple[Edit, ...]:
    return (seen,) if seen.old is not None else ()
