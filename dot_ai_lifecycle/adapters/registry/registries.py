"""The port: one look at one image, in bounded time, that answers whatever happens."""

import asyncio
import ssl
from collections.abc import Sequence

from dot_ai_lifecycle.adapters.registry.failures import Denied, Unanswered
from dot_ai_lifecycle.core.image_reference import Reference, reference_of
from dot_ai_lifecycle.core.pull_secrets import matching
from dot_ai_lifecycle.core.registry import Credential, ImageSight

WITHIN = 3.0
"""Seconds for everything about one image: a person waits for the plan, and a registry that answers does so in one."""


class ImageRegistries:
    """All registries there are. Nothing is kept open between looks. `trust` replaces the system's authorities."""

    def __init__(self, *, within: float = WITHIN, trust: ssl.SSLContext | None = None) -> None:
        self._within = within
        self._trust = trust

    async def look(
        self, image: str, credentials: Sequence[Credential] = (), *, platforms: frozenset[str] = frozenset()
    ) -> ImageSight:
        """What the image's registry says; `unknown` for whatever hinders it."""
        reference = reference_of(image)
        if reference is None:
            return ImageSight(image, "unknown", "This is not a reference that a registry could be asked about.")
        fitting = matching(reference, credentials)
        try:
            async with asyncio.timeout(self._within):
                return await self._look(image, reference, fitting, platforms)
        except TimeoutError:
            why = f"its registry gave no answer within {self._within:g} seconds"
        except Unanswered as unanswered:
            why = unanswered.why
        return ImageSight(image, "unknown", f"Whether there is {reference} could not be seen: {why}.")

    async def _look(
        self, image: str, reference: Reference, credentials: tuple[Credential, ...], platforms: frozenset[str]
    ) -> ImageSight:
        """With each login in turn, as the kubelet does; without one only where none fits."""
        from dot_ai_lifecycle.adapters.registry.looking import looked

        for credential in credentials or (None,):
            try:
                return await looked(image, reference, credential, platforms, self._trust)
            except Denied:
                continue
        return ImageSight(image, "denied", _refusal(reference, credentials))


def _refusal(reference: Reference, credentials: tuple[Credential, ...]) -> str:
    if credentials:
        tried = ", ".join(dict.fromkeys(one.host for one in credentials))
        return f"{reference.host} does not hand out {reference.within} to the login of the pull secret for {tried}."
    return (
        f"{reference.host} does not hand out {reference.within} without a login, and the app has none for it; "
        "registries say the same of a repository that does not exist."
    )
