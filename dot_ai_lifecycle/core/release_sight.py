"""Looking at a Helm release: its history, and its objects as they are in the cluster."""

import asyncio
from collections.abc import Iterable, Mapping

from dot_ai_lifecycle.core.errors import Forbidden, NotFound, Refused
from dot_ai_lifecycle.core.helm import RELEASES, TYPE, Release, labels_of
from dot_ai_lifecycle.core.objects import CONFIG_MAPS
from dot_ai_lifecycle.core.ports import Reader
from dot_ai_lifecycle.core.refs import Ref
from dot_ai_lifecycle.core.workload import Manifest

Standing = Mapping[Ref, Manifest | Forbidden | None]
"""Objects as they are: None where one is not there, the refusal where it may not be looked at."""


async def history(reader: Reader, name: str, namespace: str) -> tuple[Release, ...]:
    """The revisions of a release that Helm retains. Raises Refused where Helm keeps them elsewhere, or hides them."""
    try:
        found = (await reader.list(RELEASES, namespace, labels=labels_of(name))).items
    except Forbidden as unread:
        raise Forbidden(
            f"Helm release {name} has its history in Secrets, and you may not list secrets in namespace {namespace}.",
            hint="Ask for a Role with get, list, create, update and delete on secrets there; or leave the release as "
            "it is and bring back the pod template alone: template_only (`--template-only`).",
            details=unread.details,
        ) from unread
    if not found:
        raise Refused(
            f"Helm release {name} has no history in the Secrets of namespace {namespace}: "
            f"{await _elsewhere(reader, name, namespace)}",
            hint="Use `helm rollback` with the same HELM_DRIVER; or bring back the pod template alone: template_only "
            "(`--template-only`).",
            details={"release": name, "type": TYPE},
        )
    return found


async def _elsewhere(reader: Reader, name: str, namespace: str) -> str:
    try:
        kept = await reader.list(CONFIG_MAPS, namespace, labels=labels_of(name), limit=1)
    except Forbidden:
        return "Helm keeps it somewhere else."
    return "Helm keeps it in ConfigMaps, which this does not write." if kept.items else "Helm keeps it somewhere else."


async def standing(reader: Reader, refs: Iterable[Ref]) -> Standing:
    """Those objects as they are now; one read each."""
    known = tuple(refs)
    return dict(zip(known, await asyncio.gather(*(_one(reader, ref) for ref in known)), strict=True))


async def _one(reader: Reader, ref: Ref) -> Manifest | Forbidden | None:
    try:
        return await reader.read(ref)
    except NotFound:
        return None
    except Forbidden as unread:
        return unread
