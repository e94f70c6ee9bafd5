"""What a preview of a new version takes: a Service of its own, and the right to have one."""

import asyncio

from msgspec import Struct

from dot_ai_lifecycle.core.errors import Forbidden, NotFound
from dot_ai_lifecycle.core.ports import Reader
from dot_ai_lifecycle.core.refs import SERVICE, Ref, ref_to
from dot_ai_lifecycle.core.smoke import Check
from dot_ai_lifecycle.core.workload import Workload

_LONGEST = 63 - len("-preview")


class Preview(Struct, frozen=True):
    """What is wanted of a preview, and whether there can be one.

    `checks` are what the new version has to answer. `taken`: a Service of the preview's name exists already. `allowed`:
    we may create and delete Services there.
    """

    checks: tuple[Check, ...] = ()
    taken: bool = False
    allowed: bool = True


def preview_ref(workload: Workload) -> Ref:
    """The Service that a preview of the app would be."""
    return ref_to(SERVICE, f"{workload.name[:_LONGEST]}-preview", workload.namespace)


async def preview_of(reader: Reader, workload: Workload, checks: tuple[Check, ...]) -> Preview:
    """What stands in the way of a preview. Costs one read, and two reviews of our rights."""
    ref = preview_ref(workload)
    taken, *granted = await asyncio.gather(
        _exists(reader, ref),
        *(reader.allowed(verb, SERVICE, workload.namespace) for verb in ("create", "delete")),
    )
    return Preview(checks, taken, all(granted))


async def _exists(reader: Reader, ref: Ref) -> bool:
    try:
        await reader.read(ref)
    except (NotFound, Forbidden):  # who may not look is told by the API server when it would be created
        return False
    return True
