"""Where an image comes from: its reference in full, as the nodes' container runtime reads it."""

import re
from ipaddress import ip_address

from msgspec import Struct

from dot_ai_lifecycle.core.workload import Image

DEFAULT_HOST = "docker.io"
"""What an image without a host means (github.com/distribution/reference, which every runtime follows)."""

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?|\[[0-9a-fA-F:]+\](?::\d{1,5})?")
_REPOSITORY = re.compile(r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*")
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")


class Reference(Struct, frozen=True):
    """A whole reference: `docker.io`, `library/nginx`, a tag, maybe a digest, which then rules alone."""

    host: str
    repository: str
    tag: str
    digest: str

    @property
    def name(self) -> str:
        """Host and repository: what all versions of an image share."""
        return f"{self.host}/{self.repository}"

    @property
    def version(self) -> str:
        """What to ask a registry for: the digest, else the tag."""
        return self.digest or self.tag

    @property
    def within(self) -> str:
        """What its own registry calls it: all but the host."""
        return str(self).removeprefix(f"{self.host}/")

    @property
    def local(self) -> bool:
        """Whether the host is whatever machine asks: `localhost`, or an address of the loopback."""
        return is_local(bare(self.host))

    def __str__(self) -> str:
        return f"{self.name}@{self.digest}" if self.digest else f"{self.name}:{self.tag}"


def reference_of(image: str) -> Reference | None:
    """The reference in full; None for what no registry could have: such names never come near a URL."""
    parts = Image.of(image)
    head, slash, rest = parts.name.partition("/")
    if not (slash and (re.search(r"[.:A-Z]", head) or head == "localhost")):
        head, rest = DEFAULT_HOST, parts.name
    if head == "index.docker.io":
        head = DEFAULT_HOST
    if head == DEFAULT_HOST and "/" not in rest:
        rest = f"library/{rest}"
    found = Reference(head, rest, parts.tag or "latest", parts.digest)
    return found if _sound(found) and not image.endswith((":", "@")) else None


def bare(host: str) -> str:
    """A host without port and brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def is_local(name: str) -> bool:
    """Whether a host's name or address, without port and brackets, means the machine that asks."""
    if name.lower() == "localhost" or name.lower().endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _sound(found: Reference) -> bool:
    return bool(
        _HOST.fullmatch(found.host)
        and len(found.repository) <= 255
        and _REPOSITORY.fullmatch(found.repository)
        and _TAG.fullmatch(found.tag)
        and (not found.digest or _DIGEST.fullmatch(found.digest))
    )
