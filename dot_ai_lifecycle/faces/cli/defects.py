"""An error nobody foresaw: one line for the person, the whole of it in a file, secrets hidden in both."""

import os
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dot_ai_lifecycle.core.errors import LifecycleError
from dot_ai_lifecycle.core.redaction import redact
from dot_ai_lifecycle.faces.cli.composition import Composition


def kept(error: BaseException, compose: Composition[Any]) -> Path | None:
    """Write the error with its trace to this machine's own place, for its owner only; None where that is impossible."""
    text = redact("".join(traceback.format_exception(error)))
    try:
        state_dir = compose.settings().state_dir
    except LifecycleError:
        return None
    path: Path = state_dir / "defects" / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.txt"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError:
        return None
    return path


def in_one_line(error: BaseException, path: Path | None) -> str:
    """What to say about it."""
    where = f"the details are in {path}" if path else "its details could not be written down"
    return f"An error that should not happen ({type(error).__name__}); {where}."
