"""Which version of an app runs: what its main container's image is called, and which content that was."""

from collections import Counter
from collections.abc import Iterable

from msgspec import Struct

from dot_ai_lifecycle.core.pods import Pod
from dot_ai_lifecycle.core.workload import Image, Workload
from dot_ai_lifecycle.domain.images import main_container


class Version(Struct, frozen=True):
    """The wanted image of the main container, and the digest that most of its pods run; empty where none tells."""

    container: str
    image: str
    tag: str
    digest: str = ""

    def __str__(self) -> str:
        short = self.digest.removeprefix("sha256:")[:8]
        return f"{self.tag}@{short}" if short and short not in self.tag else self.tag


def version(workload: Workload, pods: Iterable[Pod] = ()) -> Version:
    """The version an app is at. Only pods that run the wanted image tell its digest."""
    main = main_container(workload)
    wanted = Image.of(main.image)
    digest = wanted.digest or _running(main.name, main.image, pods)
    return Version(main.name, main.image, wanted.version, digest)


def _running(container: str, image: str, pods: Iterable[Pod]) -> str:
    digests = Counter(
        found
        for pod in pods
        for one in pod.containers
        if one.name == container and one.image == image and (found := digest_in(one.image_id))
    )
    return digests.most_common(1)[0][0] if digests else ""


def digest_in(image_id: str) -> str:
    """The digest by which a registry knows the image; empty for an image that was only loaded onto the node."""
    return Image.of(image_id.rpartition("://")[2]).digest
