"""Marks of secrets: short names that are equal for equal values and tell nothing else.

A plain hash of a short secret is found out by trying; a mark needs a key that only this installation has.
"""

import hmac
import secrets

from dot_ai_lifecycle.core.ports import LocalStore

_KEY = "marks/key"


class Marks:
    """Makes marks with a key of this installation, made at the first use and kept where only the user may read."""

    def __init__(self, local: LocalStore) -> None:
        self._local = local
        self._key = ""

    def of(self, value: bytes) -> str:
        """Eight hex digits of HMAC-SHA-256: equal for equal values. Raises BadInput where no key can be kept."""
        if not self._key:
            self._key = self._local.get(_KEY) or ""
        if not self._key:
            self._local.put(_KEY, secrets.token_hex(32))
            self._key = self._local.get(_KEY) or ""
        return hmac.new(bytes.fromhex(self._key), value, "sha256").hexdigest()[:8]
