"""What a registry can tell of an image before any node tries to pull it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from msgspec import Struct

Found = Literal["found", "missing", "denied", "wrong-platform", "unknown"]


class ImageSight(Struct, frozen=True):
    """What was seen of an image; `words` is a whole sentence about it for people.

    `digest` is what the reference means now (`sha256:…`), empty where nobody said; `platforms` those it is built for
    (`linux/amd64`), as far as they were asked for. `unknown` is no failure: nobody could be asked, and `words` say why.
    """

    image: str
    found: Found
    words: str
    digest: str = ""
    platforms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Credential:
    """A login for what `host` matches: a host, maybe with a port, a path (`host/team`) or wildcards (`*.host`)."""

    host: str
    username: str
    password: str = field(repr=False)


class Registry(Protocol):
    """The registries of all images, to ask."""

    async def look(
        self, image: str, credentials: Sequence[Credential] = (), *, platforms: frozenset[str] = frozenset()
    ) -> ImageSight:
        """What the image's registry says of it, within 3 seconds; never raises for what a registry does.

        Only credentials that match the image are used, in the order the kubelet would. With `platforms` (`linux/amd64`)
        it is also seen whether the image is built for any of them.
        """
