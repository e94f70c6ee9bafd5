"""Finds what other engines deliver workloads by: looked for only where the API has their kinds."""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

from dot_ai_lifecycle.core.borrowing import is_lent, lent, source_of, with_pods_of
from dot_ai_lifecycle.core.driver import Driver
from dot_ai_lifecycle.core.errors import Forbidden, NotFound
from dot_ai_lifecycle.core.objects import CANARIES, DEPLOYMENTS, KRUISE_ROLLOUTS, View
from dot_ai_lifecycle.core.ports import Reader
from dot_ai_lifecycle.core.workload import Manifest, Workload

Known = Mapping[tuple[str, str], Workload]
"""Deployments by namespace and name."""


class Drivers(NamedTuple):
    """Every Canary of Flagger and every Rollout of OpenKruise that was found, and the kinds that we may not list."""

    found: tuple[Driver, ...] = ()
    unread: tuple[str, ...] = ()


async def drivers(reader: Reader, namespace: str | None) -> Drivers:
    """What delivers workloads in a namespace, or in the cluster. One request for each kind that the API has."""

    async def of(view: View[Driver]) -> tuple[Driver, ...] | None:
        try:
            return (await reader.list(view, namespace)).items if await reader.serves(view.kind) else ()
        except Forbidden:
            return None

    views = (CANARIES, KRUISE_ROLLOUTS)
    lists = await asyncio.gather(*(of(view) for view in views))
    return Drivers(
        tuple(driver for listed in lists for driver in listed or ()),
        tuple(view.kind.plural for view, listed in zip(views, lists, strict=True) if listed is None),
    )


def driver_of(workload: Workload, among: tuple[Driver, ...]) -> Driver | None:
    """What delivers the workload, or keeps it as its copy; None where nothing does."""
    return next((one for one in among if one.drives(workload.kind, workload.name, workload.namespace)), None)


def as_served(workload: Workload, template: Manifest) -> Manifest:
    """The pod template as the pods that serve would get it: under the labels of the copy, where an engine keeps one."""
    if workload.serving is workload:
        return template
    return {**template, "metadata": {**(template.get("metadata") or {}), "labels": dict(workload.serving.pod_labels)}}


async def joined(reader: Reader, workloads: tuple[Workload, ...], engines: tuple[Driver, ...]) -> tuple[Workload, ...]:
    """The workloads with what delivers them, every Rollout in the place of the Deployment whose pods it runs."""
    lent_ones = lent(workloads)
    sources = {(w.namespace, w.name): w for w in workloads if is_lent(w, lent_ones)}
    kept = (workload for workload in workloads if not is_lent(workload, lent_ones))
    whole = await asyncio.gather(*(_whole(reader, workload, sources) for workload in kept))
    known = {(one.namespace, one.name): one for one in workloads if one.kind == "Deployment"}
    return tuple(await asyncio.gather(*(_driven(reader, one, engines, known) for one in whole)))


async def _whole(reader: Reader, workload: Workload, sources: Known) -> Workload:
    name = source_of(workload)
    if not name:
        return workload
    known = sources.get((workload.namespace, name)) or await _read(reader, name, workload.namespace)
    return with_pods_of(workload, known)


async def _driven(reader: Reader, workload: Workload, among: tuple[Driver, ...], known: Known) -> Workload:
    """The workload with what delivers it, Flagger's copy included: one read where that is not known."""
    found = driver_of(workload, among)
    if found is None:
        return workload
    name = found.primary_name if workload.kind == "Deployment" and workload.name != found.primary_name else ""
    primary = known.get((workload.namespace, name)) or (await _read(reader, name, workload.namespace) if name else None)
    return Workload(workload.manifest, Driver(found.manifest, primary.manifest if primary else None))


async def _read(reader: Reader, name: str, namespace: str) -> Workload | None:
    try:
        return await reader.get(DEPLOYMENTS, name, namespace)
    except (NotFound, Forbidden):
        return None
