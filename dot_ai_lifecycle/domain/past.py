"""An app and what was done to it: what a change of its version has to know."""

from dataclasses import dataclass

from dot_ai_lifecycle.core.record import Record
from dot_ai_lifecycle.core.scene import Scene


@dataclass(frozen=True)
class Past:
    """An app and the latest operations on it, newest first."""

    scene: Scene
    records: tuple[Record, ...]
