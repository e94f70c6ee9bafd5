"""Which apps shall be updated together with one, and to what: `worker`, `api=v2.1`, `proxy=envoy:1.30`."""

import re
from collections.abc import Sequence

from msgspec import Struct

from dot_ai_lifecycle.core.errors import BadInput
from dot_ai_lifecycle.core.refs import Ref

_NAME = re.compile(r"([A-Za-z]+/)?[a-z0-9]([-a-z0-9.]*[a-z0-9])?")


class Companion(Struct, frozen=True):
    """An app that is updated with another one: to a version of its main image, or to another image."""

    app: str
    version: str | None = None
    image: str | None = None

    @classmethod
    def of(cls, word: str, version: str | None) -> "Companion":
        """What `NAME`, `NAME=VERSION` or `NAME=IMAGE` asks for; without a value it is `version`. Raises BadInput.

        What has a colon or a slash is an image, except a digest.
        """
        name, given, value = (part.strip() for part in word.partition("="))
        if not _NAME.fullmatch(name) or (given and not value):
            raise BadInput(f"with: {word[:200]!r} is not NAME, NAME=VERSION or NAME=IMAGE.", hint=_EXAMPLE)
        if not given and version is None:
            raise BadInput(f"with: {name} needs a version or an image of its own here.", hint=_EXAMPLE)
        if not given:
            return cls(name, version)
        tag = value.partition("@")[0]
        is_image = "/" in tag or (":" in tag and not tag.startswith("sha256:"))
        return cls(name, image=value) if is_image else cls(name, value)


_EXAMPLE = "For example: with worker,api=v2.1."


def refuse_if_twice(apps: Sequence[Ref]) -> None:
    """Refuse what means the same app twice, by whatever names. Raises BadInput."""
    seen: set[str] = set()
    for app in apps:
        if app.uid in seen:
            raise BadInput(f"{app} is named twice: one update cannot bring it to two versions.", hint="Name it once.")
        seen.add(app.uid)
