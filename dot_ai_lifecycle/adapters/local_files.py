"""Small texts of our own on this machine: proposals, approvals, and records where the cluster takes none."""

import os
import tempfile
from pathlib import Path

from dot_ai_lifecycle.core.errors import BadInput


class LocalFiles:
    """A directory only the user may read; satisfies the port `LocalStore`. It is made at the first write."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def put(self, name: str, text: str) -> None:
        """Keep a text, whole or not at all: written aside, then moved into place. Raises BadInput where it cannot."""
        path = self._path(name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, aside = tempfile.mkstemp(dir=path.parent, prefix=".")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(aside).replace(path)
        except OSError as error:
            raise self._unusable(error) from error

    def get(self, name: str) -> str | None:
        """The text of that name; None where there is none."""
        try:
            return self._path(name).read_text(encoding="utf-8")
        except OSError:
            return None

    def names(self, prefix: str) -> tuple[str, ...]:
        """The names below a prefix, oldest first."""
        found = [path for path in self._path(prefix.rstrip("/")).glob("[!.]*") if path.is_file()]
        in_order = sorted(found, key=lambda path: path.stat().st_mtime)
        return tuple(path.relative_to(self._directory).as_posix() for path in in_order)

    def remove(self, name: str) -> None:
        """Forget a text; nothing happens where there is none. Raises BadInput where it cannot be removed."""
        try:
            self._path(name).unlink(missing_ok=True)
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> BadInput:
        return BadInput(
            f"Cannot keep files in {self._directory}: {error.strerror}.",
            hint="Set LIFECYCLE_STATE_DIR to a directory you may write.",
        )

    def _path(self, name: str) -> Path:
        path = self._directory / name
        if not path.resolve().is_relative_to(self._directory.resolve()):
            raise BadInput(f"{name!r} is not a name that can be kept.")
        return path
