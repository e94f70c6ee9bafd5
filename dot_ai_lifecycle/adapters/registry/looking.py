"""One look at one image with one login: is it there, which digest is it, and what is it built for?"""

import re
import ssl
from hashlib import sha256

from yarl import URL

from dot_ai_lifecycle.adapters.registry.asking import Asking, Reply
from dot_ai_lifecycle.adapters.registry.failures import Denied, Unanswered, Unconnected
from dot_ai_lifecycle.adapters.registry.logins import authorization
from dot_ai_lifecycle.adapters.registry.manifests import (
    ACCEPTED,
    INDEXES,
    MANIFESTS,
    manifest_in,
    platform_in,
    platforms_of,
    runs_on,
)
from dot_ai_lifecycle.core.image_reference import DEFAULT_HOST, Reference
from dot_ai_lifecycle.core.registry import Credential, ImageSight

_SERVERS = {DEFAULT_HOST: "registry-1.docker.io"}
"""Hosts whose registry answers under another name."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_NO_HEAD = (400, 405, 501)


async def looked(
    image: str,
    reference: Reference,
    credential: Credential | None,
    platforms: frozenset[str],
    trust: ssl.SSLContext | None,
) -> ImageSight:
    """What the registry says. Raises Denied where it hands out nothing to this login, Unanswered where it says nothing.

    Over HTTPS; on this machine over plain HTTP as well, where nothing there speaks TLS, as container runtimes do.
    """
    async with Asking(local=reference.local, trust=trust) as asking:
        try:
            return await Visit(asking, "https", reference, credential).see(image, platforms)
        except Unconnected:
            if not reference.local:
                raise
        return await Visit(asking, "http", reference, credential).see(image, platforms)


class Visit:
    """The requests about one image, logged in from the first one that asks for it."""

    def __init__(self, asking: Asking, scheme: str, reference: Reference, credential: Credential | None) -> None:
        self._asking = asking
        server = _SERVERS.get(reference.host, reference.host)
        self._base = URL(f"{scheme}://{server}/v2/{reference.repository}/", encoded=True)
        self._reference = reference
        self._credential = credential
        self._authorization = ""

    async def see(self, image: str, platforms: frozenset[str]) -> ImageSight:
        """A HEAD, which counts against nobody's quota; the manifest itself only where platforms are asked for."""
        reference = self._reference
        reply, read = await self._best(whole=bool(platforms))
        if reply.status == 404:
            return ImageSight(image, "missing", f"{reference.host} has no {reference.within}.")
        if reply.status != 200:
            raise Unanswered(_status(reply.status))
        built = await self._built(reply.body, wanted=bool(platforms)) if read else ()
        digest = self._digest(reply, read=read)
        if built and platforms and not runs_on(built, platforms):
            words = f"{reference} is built for {', '.join(built)}, and the nodes are {', '.join(sorted(platforms))}."
            return ImageSight(image, "wrong-platform", words, digest, built)
        for_what = f" for {', '.join(built)}" if built else ""
        return ImageSight(image, "found", f"{reference.host} has {reference.within}{for_what}.", digest, built)

    async def _best(self, *, whole: bool) -> tuple[Reply, bool]:
        """The reply that tells most, and whether it holds the manifest."""
        head = await self._manifest("HEAD")
        unsure = head.status in _NO_HEAD or (head.status == 200 and not _says_manifest(head))
        if not unsure and not (whole and head.status == 200):
            return head, False
        reply = await self._manifest("GET")
        # a quota on content takes nothing back of what the head has told
        return (reply, reply.status == 200) if unsure or reply.status == 200 else (head, False)

    async def _manifest(self, method: str) -> Reply:
        reply = await self._ask(method, f"manifests/{self._reference.version}", ACCEPTED)
        if reply.status in (401, 403):
            raise Denied
        return reply

    async def _ask(self, method: str, path: str, accept: str) -> Reply:
        url = self._base.join(URL(path, encoded=True))
        reply = await self._asking.ask(method, url, accept=accept, authorization=self._authorization)
        if reply.status != 401 or self._authorization:
            return reply
        self._authorization = await authorization(self._asking, reply, self._reference.repository, self._credential)
        return await self._asking.ask(method, url, accept=accept, authorization=self._authorization)

    async def _built(self, body: bytes, *, wanted: bool) -> tuple[str, ...]:
        """The platforms of a manifest that was read; none where nobody says. A configuration is fetched if wanted."""
        manifest = manifest_in(body)
        if manifest.manifests is not None:
            return platforms_of(manifest.manifests)
        digest = manifest.config.digest if manifest.config else ""
        if not wanted or not _DIGEST.fullmatch(digest):
            return ()
        try:
            configuration = await self._ask("GET", f"blobs/{digest}", "*/*")
        except (Denied, Unanswered):
            return ()
        return platform_in(configuration.body) if configuration.status == 200 else ()

    def _digest(self, reply: Reply, *, read: bool) -> str:
        """The digest, by our own count where the content was read. Raises Unanswered for content of another digest."""
        asked = self._reference.digest
        counted = f"sha256:{sha256(reply.body).hexdigest()}" if read else ""
        if counted and asked.startswith("sha256:") and asked != counted:
            raise Unanswered("what its registry answered is not what the digest names")
        said = reply.headers.get("docker-content-digest", "")
        return asked or counted or (said if _DIGEST.fullmatch(said) else "")


def _says_manifest(reply: Reply) -> bool:
    return reply.headers.get("content-type", "").partition(";")[0].strip() in (*INDEXES, *MANIFESTS)


def _status(status: int) -> str:
    return "its registry asks for patience (HTTP 429)" if status == 429 else f"its registry answered HTTP {status}"
