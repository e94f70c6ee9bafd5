"""Names a client may offer while somebody types: apps, namespaces, operations. Too slow or broken is simply nothing."""

from collections.abc import Awaitable, Callable, Mapping

import anyio
from mcp_types import Completion, CompletionArgument, CompletionContext, PromptReference, ResourceTemplateReference

from dot_ai_lifecycle.core.errors import LifecycleError
from dot_ai_lifecycle.core.world import World
from dot_ai_lifecycle.faces.mcp.desk import Desk

BUDGET = 2.0
"""Seconds for asking the cluster: somebody is typing."""

MOST = 100
"""Values in one answer; the protocol allows no more."""

Given = Mapping[str, str]
Search = Callable[[World, Given], Awaitable[set[str]]]
Complete = Callable[
    [PromptReference | ResourceTemplateReference, CompletionArgument, CompletionContext | None],
    Awaitable[Completion | None],
]


async def _apps(world: World, given: Given) -> set[str]:
    return {workload.name for workload in await world.workloads(given.get("namespace") or None)}


async def _namespaces(world: World, _: Given) -> set[str]:
    return {workload.namespace for workload in await world.workloads(None)}


async def _operations(world: World, given: Given) -> set[str]:
    return {record.id for record in await world.story.records(given.get("namespace") or None)}


SEARCHES: dict[str, Search] = {
    "app": _apps,
    "name": _apps,
    "namespace": _namespaces,
    "id": _operations,
    "operation_id": _operations,
}
"""What to look for, by the name of the argument: prompts and resources use the same words."""


def complete_with(desk: Desk) -> Complete:
    """The completion of every argument that names something in the cluster."""

    async def complete(
        ref: PromptReference | ResourceTemplateReference,
        argument: CompletionArgument,
        context: CompletionContext | None,
    ) -> Completion | None:
        search = SEARCHES.get(argument.name)
        if search is None:
            return None
        given = (context.arguments if context else None) or {}
        found: set[str] = set()
        with anyio.move_on_after(BUDGET):
            found = await _found(desk, search, given)
        names = sorted(name for name in found if name.startswith(argument.value))
        return Completion(values=names[:MOST], total=len(names), has_more=len(names) > MOST)

    return complete


async def _found(desk: Desk, search: Search, given: Given) -> set[str]:
    try:
        return await search(desk.engine().world, given)
    except LifecycleError:
        return set()
