"""The ledger: every operation recorded next to its app, before anything else is told.

One ConfigMap an operation, as Helm keeps its releases. Who may not write ConfigMaps there gets a record on this
machine, marked as not shared. The newest twenty of an app are kept, and whatever has not ended.
"""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import islice

from dot_ai_lifecycle.core.errors import Expired, Forbidden, LifecycleError, NotFound
from dot_ai_lifecycle.core.objects import CONFIG_MAPS, REVISIONS, ConfigMap
from dot_ai_lifecycle.core.ports import Cluster, LocalStore
from dot_ai_lifecycle.core.record import (
    OPERATION_LABEL,
    STATE_LABEL,
    UNFINISHED,
    Record,
    app_label,
    from_config_map,
    name_of,
    to_manifest,
)
from dot_ai_lifecycle.core.refs import CONFIG_MAP, Ref, ref_to
from dot_ai_lifecycle.core.workload import digest_of

KEPT = 20
_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


class Ledger:
    """Writes records and reads them back; satisfies the port `Story`."""

    def __init__(self, cluster: Cluster, local: LocalStore) -> None:
        self._cluster = cluster
        self._local = local
        self._reading = asyncio.Lock()
        self._full: dict[tuple[str | None, str, str], list[ConfigMap]] = {}
        """By namespace, kind and name of apps last read: their records where there were twenty or more, else none."""
        self.begun_at = ""
        """The cluster's resource version when the latest record was created: nothing of that operation is older."""

    async def begin(self, record: Record) -> Record:
        """Record a new operation. Where ConfigMaps are forbidden the record is kept on this machine alone."""
        try:
            created = await self._cluster.create(to_manifest(record))
        except Forbidden:
            return await self._kept_alone(record)
        self.begun_at = str(created["metadata"]["resourceVersion"])
        return record

    async def write(self, record: Record) -> Record:
        """Bring a record up to date, also one that somebody deleted meanwhile: a tidy hand must not end a run.

        Neither must a right that ends half-way: the record is kept on this machine then. Raises LifecycleError where
        the cluster cannot take it now.
        """
        if not record.shared:
            return await self._kept_alone(record)
        try:
            await self._cluster.replace(to_manifest(record))
        except NotFound:
            return await self.begin(record)
        except Forbidden:
            return await self._kept_alone(record)
        return record

    async def _kept_alone(self, record: Record) -> Record:
        alone = record.model_copy(update={"shared": False})
        await self.keep(alone)
        return alone

    async def close_other(self, operation_id: str, namespace: str | None, by: Record) -> None:
        """Note on an earlier operation that a later one resumed or undid it; an undo taken back itself leaves it be."""
        back = by.plan.relation == "undo"
        if back and by.state == "undone":
            return
        earlier = await self.record(operation_id, namespace)
        ended = by.state in ("done", "undone")
        state = ("undone" if back else by.state) if ended else earlier.state
        closed = earlier.model_copy(update={"state": state, "closed_by": by.id, "ended": earlier.ended or by.ended})
        await self.write(closed)

    async def record(self, operation_id: str, namespace: str | None = None) -> Record:
        """One operation's record: in the namespace given, the context's, on this machine, then everywhere."""
        identity = await self._cluster.identity()
        home = namespace or identity.default_namespace
        kept = await self._kept(identity.uid, operation_id)
        try:
            found = from_config_map(await self._cluster.get(CONFIG_MAPS, name_of(operation_id), home))
        except NotFound:
            found = None
        except Forbidden:
            if kept is None:
                raise
            found = None
        found = _further(found, kept)
        found = found or await self._anywhere(operation_id, namespace)
        if found is None:
            raise NotFound(
                f"There is no operation {operation_id!r} in {identity.context}.",
                hint="List what was done with `list_operations` (`dot-ai history`).",
            )
        return found

    async def _anywhere(self, operation_id: str, namespace: str | None) -> Record | None:
        if namespace:
            return None
        try:
            listing = await self._cluster.list(CONFIG_MAPS, labels=f"{OPERATION_LABEL}={operation_id}")
        except Forbidden as error:
            raise NotFound(
                f"There is no operation {operation_id!r} in the context's namespace, and no right to look in others.",
                hint="Name the operation's namespace.",
            ) from error
        return next((found for found in map(from_config_map, listing.items) if found), None)

    async def records(
        self, namespace: str | None = None, *, app: str = "", kind: str = "", limit: int = KEPT
    ) -> tuple[Record, ...]:
        """The latest records, newest first; of one app where named. No namespace means all."""
        identity, listed = await asyncio.gather(
            self._cluster.identity(), self._labelled(namespace, app_label(app) if app else OPERATION_LABEL)
        )

        def fits(record: Record) -> bool:
            """A label holds the beginning of a long name only."""
            return any(
                namespace in (None, ref.namespace) and app in ("", ref.name) and kind in ("", ref.kind)
                for ref in (record.plan.app, *record.plan.others)
            )

        # To unpack them all costs ten times what listing them does; a record is made as its operation begins.
        latest = sorted(listed, key=lambda found: found.created or _BEFORE_ALL, reverse=True)
        self._full[namespace, kind, app] = latest if app and len(latest) >= KEPT else []
        shared = islice((record for record in map(from_config_map, latest) if record and fits(record)), limit)
        kept = (record for record in await self._all_kept(identity.uid) if fits(record))
        return _newest_first((*shared, *kept))[:limit]

    async def _labelled(self, namespace: str | None, label: str) -> tuple[ConfigMap, ...]:
        """The ConfigMaps with that label; none where they may not be seen."""
        try:
            return (await self._cluster.list(CONFIG_MAPS, namespace, labels=label)).items
        except Forbidden:
            return ()

    async def settled(self, record: Record, within: float) -> Record:
        """The record once it has ended, or as it stands after `within` seconds."""
        if record.state != "running" or within <= 0 or not record.shared:
            return record
        latest: ConfigMap | None = None
        namespace, fields = record.plan.app.namespace, f"metadata.name={name_of(record.id)}"
        try:
            async with asyncio.timeout(within), self._cluster.watch(CONFIG_MAPS, namespace, fields=fields) as seen:
                async for one in seen:
                    latest = one.item or latest
                    if latest is not None and latest.labels.get(STATE_LABEL) != "running":
                        break
        except (TimeoutError, Expired, Forbidden):
            pass
        return await self._read_in_turn(latest) or record

    async def _read_in_turn(self, found: ConfigMap | None) -> Record | None:
        """The record in a ConfigMap. Of many who waited one reads at a time, and others are served in between."""
        if found is None:
            return None
        async with self._reading:
            await asyncio.sleep(0)
            return from_config_map(found)

    async def prune(self, record: Record) -> None:
        """Let go of an app's ended records beyond the newest twenty that no retained revision came from.

        Never an error: pruning is not the work. What was read to plan the operation is not read again.
        """
        app = record.plan.app
        place = (app.namespace, app.kind, app.name)
        try:
            if place not in self._full:
                await self.records(app.namespace, app=app.name, kind=app.kind)
            known = [one for one in map(from_config_map, self._full.pop(place)) if one and one.id != record.id]
            own = [one for one in known if one.plan.app.name == app.name and one.plan.app.kind == app.kind]
            old = [one for one in _newest_first((record, *own))[KEPT:] if one.state not in UNFINISHED]
            retained = await self._retained(app) if old else set()
            for one in old:
                if one.template_after == one.template_before or one.template_after not in retained:
                    await self._cluster.delete(ref_to(CONFIG_MAP, name_of(one.id), app.namespace))
        except LifecycleError:
            return

    async def _retained(self, app: Ref) -> set[str]:
        """The digests of the templates to which the app can still go back."""
        revisions = await self._cluster.list(REVISIONS[app.kind], app.namespace)
        return {
            digest_of(revision.template)
            for revision in revisions.items
            if revision.owner is not None and revision.owner.uid == app.uid
        }

    async def keep(self, record: Record) -> None:
        """Keep a record on this machine, where the cluster does not take it: work done is never lost."""
        uid = (await self._cluster.identity()).uid
        self._local.put(f"records/{uid}/{record.id}", record.model_dump_json())

    async def _kept(self, uid: str, operation_id: str) -> Record | None:
        return _understood(self._local.get(f"records/{uid}/{operation_id}"))

    async def _all_kept(self, uid: str) -> list[Record]:
        texts = map(self._local.get, self._local.names(f"records/{uid}/"))
        return [record for record in map(_understood, texts) if record]


def _understood(text: str | None) -> Record | None:
    """The record in a text; None for one that was cut, or written by a version that knows other steps."""
    try:
        return Record.model_validate_json(text) if text else None
    except ValueError:
        return None


def _further(one: Record | None, other: Record | None) -> Record | None:
    """The record that tells more: one kept here is ahead where the cluster did not answer at the end."""
    if one is None or other is None:
        return one or other
    return max(one, other, key=lambda record: (record.ended is not None, len(record.happenings)))


def _newest_first(records: Iterable[Record]) -> tuple[Record, ...]:
    latest: dict[str, Record] = {}
    for record in records:
        latest[record.id] = _further(latest.get(record.id), record) or record
    return tuple(sorted(latest.values(), key=lambda record: record.started, reverse=True))
