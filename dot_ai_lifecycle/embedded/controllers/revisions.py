"""ControllerRevisions: the history of StatefulSets and DaemonSets, one object for each pod template they had."""

from typing import Any

from dot_ai_lifecycle.embedded.controllers.deployment_sets import template_hash
from dot_ai_lifecycle.embedded.controllers.plane import Plane
from dot_ai_lifecycle.embedded.controllers.pods import claimed, owner_reference
from dot_ai_lifecycle.embedded.objects import Object, copied
from dot_ai_lifecycle.embedded.selectors import selector_test

HASH = "controller-revision-hash"


def template_patch(owner: Object) -> dict[str, Any]:
    """What a revision keeps: a strategic merge patch that puts this template in the place of any other."""
    return {"spec": {"template": {"$patch": "replace", **copied(owner["spec"]["template"])}}}


def template_in(revision: Object) -> Object:
    """The pod template a revision keeps."""
    return {key: value for key, value in revision["data"]["spec"]["template"].items() if key != "$patch"}


def history(plane: Plane, owner: Object) -> list[Object]:
    """The revisions of an owner, oldest first."""
    picks = selector_test(owner["spec"]["selector"])
    return sorted(claimed(plane, owner, "ControllerRevision", picks), key=lambda one: int(one["revision"]))


def current(plane: Plane, owner: Object, label: str, annotations: dict[str, str]) -> Object:
    """The revision of the owner's present template; an equal old one is taken up again under the next number.

    `label` is where the revision's own hash is written.
    """
    known, patch = history(plane, owner), template_patch(owner)
    following = int(known[-1]["revision"]) + 1 if known else 1
    equal = next((one for one in reversed(known) if one["data"] == patch), None)
    if equal is None:
        return _create(plane, owner, patch, following, label, annotations)
    if equal is known[-1]:
        return equal

    def change(fresh: Object) -> None:
        fresh["revision"] = following

    return plane.edit(equal, change)


def _create(
    plane: Plane, owner: Object, patch: dict[str, Any], number: int, label: str, annotations: dict[str, str]
) -> Object:
    meta = owner["metadata"]
    collisions = (owner.get("status") or {}).get("collisionCount", 0)
    hashed = template_hash(patch, collisions)
    labels = dict((owner["spec"]["template"].get("metadata") or {}).get("labels") or {})
    return plane.store.create(
        {
            "apiVersion": "apps/v1",
            "kind": "ControllerRevision",
            "metadata": {
                "name": f"{meta['name']}-{hashed}",
                "namespace": meta["namespace"],
                "labels": labels | {label: hashed},
                "annotations": {**(meta.get("annotations") or {}), **annotations},
                "ownerReferences": [owner_reference(owner)],
            },
            "data": patch,
            "revision": number,
        }
    )


def clear_away(plane: Plane, owner: Object, used: set[str]) -> None:
    """Delete the oldest revisions beyond revisionHistoryLimit; those in `used` (names) are kept and not counted."""
    limit = owner["spec"].get("revisionHistoryLimit", 10)
    unused = [one for one in history(plane, owner) if one["metadata"]["name"] not in used]
    for one in unused[: max(0, len(unused) - limit)]:
        plane.store.delete("ControllerRevision", one["metadata"]["name"], one["metadata"]["namespace"])
