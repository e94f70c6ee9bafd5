"""Three-way merges, as Helm makes them: from what a revision said, to what another says, on what is there now.

What the earlier manifest said and the wanted one does not goes; what neither ever said (defaults of the API server, a
sidecar, a count that an autoscaler set) stays. Lists are merged by the keys of Kubernetes' strategic merge.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from dot_ai_lifecycle.core.pointers import pointer
from dot_ai_lifecycle.core.steps import Edit

_MERGE_KEYS = ("mountPath", "devicePath", "containerPort", "port", "topologyKey", "name")
"""Merge keys of lists in the specs of pods and Services (`x-kubernetes-patch-merge-key`), the telling ones first."""

_WHOLE = ("strategy", "updateStrategy")
"""Unions by `type`: of another type, nothing of the old one may stay (`retainKeys`)."""


def merged(original: Any, wanted: Any, live: Any, name: str = "") -> Any:
    """What `live` becomes where `original` was said and `wanted` is; `name` is the field's name."""
    if isinstance(wanted, Mapping) and isinstance(live, Mapping):
        if name in _WHOLE and wanted.get("type", live.get("type")) != live.get("type"):
            return wanted
        return _merged_maps(original, wanted, live)
    if isinstance(wanted, list) and isinstance(live, list):
        return _merged_lists(original, wanted, live)
    return wanted


def _merged_maps(original: Any, wanted: Mapping[str, Any], live: Mapping[str, Any]) -> Any:
    before = original if isinstance(original, Mapping) else {}
    result = {key: value for key, value in live.items() if key in wanted or key not in before}
    for key, value in wanted.items():
        result[key] = merged(before.get(key), value, live[key], key) if key in live else value
    return result


def _merged_lists(original: Any, wanted: list[Any], live: list[Any]) -> list[Any]:
    before = original if isinstance(original, list) else []
    key = _merge_key(wanted, live, before)
    if key:
        told = {item[key]: item for item in before}
        there = {item[key]: item for item in live}
        ours = [merged(told.get(item[key]), item, there[item[key]]) if item[key] in there else item for item in wanted]
        names = {item[key] for item in wanted}
        return ours + [item for item in live if item[key] not in names and item[key] not in told]
    if len(wanted) != len(live):
        return wanted
    earlier = before if len(before) == len(live) else [None] * len(live)
    return [merged(*three) for three in zip(earlier, wanted, live, strict=True)]


def _merge_key(*lists: list[Any]) -> str:
    """The key that tells the items of all the lists apart; empty where the lists are atomic."""
    items = [item for one in lists for item in one]
    if not items or not all(isinstance(item, Mapping) for item in items):
        return ""
    for key in _MERGE_KEYS:
        if all(isinstance(item.get(key), str | int) for item in items):
            return key if all(len({item[key] for item in one}) == len(one) for one in lists) else ""
    return ""


def said(manifest: Any) -> Any:
    """A manifest without its nulls, which say nothing, and without a status, which nobody can say."""
    if isinstance(manifest, Mapping):
        return {key: said(value) for key, value in manifest.items() if value is not None}
    return [said(item) for item in manifest] if isinstance(manifest, list) else manifest


_OF_THE_SERVER = ("apiVersion", "kind", "status", "metadata")


def edits_to(live: Mapping[str, Any], wanted: Mapping[str, Any]) -> tuple[Edit, ...]:
    """The edits from an object as it is to one as it shall be: in its labels, its annotations, and its body."""
    return tuple(_edits_between(_body(live), _body(wanted)))


def _body(manifest: Mapping[str, Any]) -> dict[str, Any]:
    metadata = manifest.get("metadata") or {}
    spoken = {key: metadata[key] for key in ("labels", "annotations") if metadata.get(key)}
    return {"metadata": spoken} | {key: value for key, value in manifest.items() if key not in _OF_THE_SERVER}


def _edits_between(live: Mapping[str, Any], wanted: Mapping[str, Any], *parts: str) -> Iterator[Edit]:
    """The fewest edits that make one object into the other; lists change as a whole, and so does a pod template."""
    for key in (*live, *(key for key in wanted if key not in live)):
        old, new = live.get(key), wanted.get(key)
        if old == new:
            continue
        inside = isinstance(old, Mapping) and isinstance(new, Mapping) and (*parts, key) != ("spec", "template")
        if inside:
            yield from _edits_between(old, new, *parts, key)  # type: ignore[arg-type] # both are maps here
        else:
            yield Edit(path=pointer(*parts, key), old=old, new=new)
