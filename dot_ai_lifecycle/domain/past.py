"""An app and what was done to it: what a change of its version has to know."""

from msgspec import Struct

from dot_ai_lifecycle.core.record import Record
from dot_ai_lifecycle.core.scene import Scene


class Past(Struct, frozen=True):
    """An app and the latest operations on it, newest first."""

    scene: Scene
    records: tuple[Record, ...]
