"""What the shell may offer that only the cluster knows. It must never be in the way: too slow or broken is empty."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from cyclopts.completion import CompletionContext

from dot_ai_lifecycle.core.errors import LifecycleError
from dot_ai_lifecycle.core.finding import spelled
from dot_ai_lifecycle.core.workload import Image
from dot_ai_lifecycle.core.world import World
from dot_ai_lifecycle.faces.cli.composition import Composition

Found = dict[str, str]
"""Words the shell may offer, each with what it means."""

Completer = Callable[[CompletionContext], Found]
Search = Callable[[World, "Typed"], Awaitable[Found]]


class Typed(Protocol):
    """What already stands on the command line, by field; None for what does not."""

    def __getitem__(self, name: str) -> str | None: ...


class OnTheLine:
    """What the parser has found so far."""

    def __init__(self, context: CompletionContext) -> None:
        self._context = context

    def __getitem__(self, name: str) -> str | None:
        found = self._context.get(name)
        return found.raw if found is not None else None


async def apps(world: World, typed: Typed) -> Found:
    """Apps of the namespace, or of all where the context's has none: as an app is looked for by its name.

    One name for several kinds is offered with its kind.
    """
    home = typed["namespace"] or (await world.reader.identity()).default_namespace
    workloads = await world.workloads(home)
    if not workloads and typed["namespace"] is None:
        workloads = await world.workloads(None)
    names = Counter(workload.name for workload in workloads)
    return {
        (workload.name if names[workload.name] == 1 else spelled(workload)): (
            f"{workload.kind} in {workload.namespace}, {workload.ready_replicas}/{workload.replicas} ready"
        )
        for workload in workloads
    }


async def namespaces(world: World, _: Typed) -> Found:
    """Namespaces in which something runs."""
    found = Counter(workload.namespace for workload in await world.workloads(None))
    return {namespace: f"{number} app{'s' if number != 1 else ''}" for namespace, number in sorted(found.items())}


async def operation_ids(world: World, typed: Typed) -> Found:
    """Operations, newest first."""
    records = await world.story.records(typed["namespace"])
    return {record.id: f"{record.state}: {record.plan.summary}" for record in records}


async def versions(world: World, typed: Typed) -> Found:
    """Versions the app has had, as far as its revisions are kept, newest first."""
    app = typed["app"]
    if app is None:
        return {}
    scene = await world.scene(await world.workload(app, typed["namespace"]))
    found: Found = {}
    for revision in reversed(scene.revisions):
        for container in revision.template.get("spec", {}).get("containers", ()):
            found.setdefault(Image.of(container.get("image", "")).version, f"revision #{revision.number}")
    return found


SEARCHES: dict[str, Search] = {
    "app": apps,
    "name": apps,
    "namespace": namespaces,
    "operation_id": operation_ids,
    "version": versions,
    "to_version": versions,
}
"""What each field's value is searched with; a field that is not here is not completed."""


def completers(compose: Composition[Any]) -> dict[str, Completer]:
    """The completer of each field that has one."""
    return {field: _completer(compose, search) for field, search in SEARCHES.items()}


def _completer(compose: Composition[Any], search: Search) -> Completer:
    def complete(context: CompletionContext) -> Found:
        return asyncio.run(found_in_time(compose, search, OnTheLine(context)))

    return complete


async def found_in_time(compose: Composition[Any], search: Search, typed: Typed) -> Found:
    """What the search finds in the seconds that are set; nothing where that takes longer or fails."""
    try:
        settings = compose.settings(context=typed["context"], kubeconfig=typed["kubeconfig"])
        async with asyncio.timeout(settings.completion_seconds):
            engine = compose.engine(settings)
            try:
                return await search(engine.world, typed)
            finally:
                await engine.close()
    except (LifecycleError, TimeoutError):
        return {}
