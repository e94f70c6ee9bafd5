"""What a registry answers about an image: an index of manifests, or one manifest with its configuration."""

from collections.abc import Iterator

import msgspec

from dot_ai_lifecycle.adapters.registry.failures import Unanswered

INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
MANIFESTS = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
ACCEPTED = ", ".join((*INDEXES, *MANIFESTS))


class Platform(msgspec.Struct):
    """What an image is built for; `unknown` in both for an attestation, which is no image."""

    os: str = ""
    architecture: str = ""
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


class Descriptor(msgspec.Struct):
    digest: str = ""
    platform: Platform | None = None


class Manifest(msgspec.Struct, rename={"media_type": "mediaType", "schema_version": "schemaVersion"}):
    """A manifest or an index: the one has a configuration, the other more manifests."""

    schema_version: int
    media_type: str = ""
    manifests: list[Descriptor] | None = None
    config: Descriptor | None = None


def manifest_in(body: bytes) -> Manifest:
    """The manifest. Raises Unanswered for what is none."""
    try:
        return msgspec.json.decode(body, type=Manifest)
    except msgspec.DecodeError as error:
        raise Unanswered("what its registry answered is no manifest") from error


def platforms_of(index: list[Descriptor]) -> tuple[str, ...]:
    """The platforms an index lists, each once."""
    return tuple(dict.fromkeys(_platforms(index)))


def _platforms(index: list[Descriptor]) -> Iterator[str]:
    for one in index:
        if one.platform and one.platform.os not in ("", "unknown") and one.platform.architecture:
            yield str(one.platform)


def platform_in(body: bytes) -> tuple[str, ...]:
    """The platform an image's configuration names; none where it names none."""
    try:
        platform = msgspec.json.decode(body, type=Platform)
    except msgspec.DecodeError:
        return ()
    return (str(platform),) if platform.os and platform.architecture else ()


def runs_on(built: tuple[str, ...], nodes: frozenset[str]) -> bool:
    """Whether any node could run it: by system and architecture. A variant (`v8`) is left to the node to judge."""
    return bool({"/".join(one.split("/")[:2]) for one in built} & nodes)
