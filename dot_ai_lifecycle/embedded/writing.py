"""The verbs that change: create, update, patch, delete and deletecollection."""

from collections.abc import Sequence
from typing import Any

from dot_ai_lifecycle.embedded.causes import wrong
from dot_ai_lifecycle.embedded.forms import Show
from dot_ai_lifecycle.embedded.kinds import Kind
from dot_ai_lifecycle.embedded.messages import Request, Response, answer
from dot_ai_lifecycle.embedded.objects import Object, name_of, namespace_of, timestamp, uid_of
from dot_ai_lifecycle.embedded.patches import apply as apply_patch
from dot_ai_lifecycle.embedded.patches import json_patch, merge_patch, strategic_merge
from dot_ai_lifecycle.embedded.reading import name_in, selected
from dot_ai_lifecycle.embedded.rejected import Rejected, bad_request, not_found
from dot_ai_lifecycle.embedded.routes import Target
from dot_ai_lifecycle.embedded.store import Store
from dot_ai_lifecycle.embedded.strictness import accepted, refused_body, refused_patch, typed, warned
from dot_ai_lifecycle.embedded.validation import must_name_version

MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY = frozenset({"application/apply-patch+yaml", "application/apply-patch+json"})
_PATCHES = (JSON_PATCH, MERGE, STRATEGIC, "application/apply-patch+yaml")

_RETURNED_WHEN_DELETED = frozenset(
    {"Pod", "Service", "PersistentVolumeClaim", "PersistentVolume", "ServiceAccount", "PodTemplate", "ResourceQuota"}
)
_ORPHANS_BY_DEFAULT = frozenset({"Job", "ReplicationController"})
"""Kinds whose dependents stay when the client names no propagation policy."""


def manifest_of(target: Target, request: Request) -> Object:
    """The object in the request's body, checked against the path; raises 400 when they disagree."""
    body = request.decoded()
    if not isinstance(body, dict):
        raise bad_request("the object provided is unrecognized: it must be a JSON object with apiVersion and kind")
    kind = target.kind
    given = (body.get("apiVersion") or kind.api_version, body.get("kind") or kind.kind)
    if given != (kind.api_version, kind.kind):
        message = (
            f"{given[1]} in version {given[0]!r} cannot be handled as a {kind.kind}: the path is for {kind.resource}"
        )
        raise bad_request(message)
    body["apiVersion"], body["kind"] = given
    metadata = body.setdefault("metadata", {})
    if metadata is None or not isinstance(metadata, dict):
        metadata = body["metadata"] = {}
    _same_place(target, metadata)
    return body


def _same_place(target: Target, metadata: dict[str, Any]) -> None:
    if target.kind.namespaced:
        if metadata.get("namespace", target.namespace) not in {target.namespace, ""}:
            raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
        metadata["namespace"] = target.namespace
    if target.name:
        name = metadata.setdefault("name", target.name)
        if name != target.name:
            raise bad_request(f"the name of the object ({name}) does not match the name on the URL ({target.name})")


def patched(kind: Kind, document: Object, request: Request) -> Any:
    """The document after the request's JSON, merge or strategic merge patch; raises 400, 415 or 422."""
    patch = request.decoded()
    media = request.content_type
    if media == JSON_PATCH:
        return json_patch.apply(document, patch)
    if media not in {MERGE, STRATEGIC}:
        said = f"the body of the request was in an unknown format - accepted media types include: {', '.join(_PATCHES)}"
        raise Rejected(415, "UnsupportedMediaType", said)
    if not isinstance(patch, dict):
        raise bad_request("error decoding patch: it must be a JSON object")
    if media == STRATEGIC:
        if kind.custom:
            said = "strategic merge patch is not supported for custom resources"
            raise Rejected(415, "UnsupportedMediaType", said)
        return strategic_merge.apply(kind.root, document, patch)
    return merge_patch.apply(document, patch)


def _applicable(target: Target, request: Request) -> Object:
    """The object an apply patch carries; raises 400 and 422 as the API server does."""
    if not request.arg("fieldManager"):
        cause = {"reason": "FieldValueRequired", "message": "Required value: is required for apply patch"}
        message = 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch'
        details = {"group": "meta.k8s.io", "kind": "PatchOptions", "causes": [cause | {"field": "fieldManager"}]}
        raise Rejected(422, "Invalid", message, details)
    wanted = typed(target.kind, manifest_of(target, request))
    if wanted["metadata"].get("managedFields"):
        raise bad_request("metadata.managedFields must be nil")
    if "status" in target.kind.subresources and target.subresource != "status":
        wanted.pop("status", None)
    return wanted


def _unconditional(stored: Object, kind: Kind) -> Rejected:
    cause = wrong("metadata.resourceVersion", 0, "must be specified for an update")
    details = {"name": name_of(stored), "group": kind.group, "kind": kind.plural, "causes": [cause]}
    said = f'{kind.resource} "{name_of(stored)}" is invalid: {cause["field"]}: {cause["message"]}'
    return Rejected(422, "Invalid", said, details)


class Writing:
    """Carries out the requests that change objects."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def _shown(
        self, target: Target, request: Request, object_: Object, status: int = 200, warnings: Sequence[str] = ()
    ) -> Response:
        return warned(Response(status, Show(self._store, target.kind, request).one(object_)), warnings)

    def create(self, target: Target, request: Request) -> Response:
        """A new object: 201."""
        if target.kind.namespaced and target.namespace is None:
            raise Rejected(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
        manifest, warnings = accepted(target.kind, manifest_of(target, request), request, refused_body)
        fresh = self._store.create(manifest, dry_run=request.dry_run, field_manager=request.field_manager)
        return self._shown(target, request, fresh, 201, warnings)

    def update(self, target: Target, request: Request) -> Response:
        """A whole object in place of the stored one."""
        manifest, warnings = accepted(target.kind, manifest_of(target, request), request, refused_body)
        if must_name_version(target.kind) and not manifest["metadata"].get("resourceVersion"):
            raise _unconditional(self._store.get(name_in(target.kind), target.name, target.namespace), target.kind)
        return self._shown(target, request, self._replaced(target, request, manifest), warnings=warnings)

    def _replaced(self, target: Target, request: Request, manifest: Object) -> Object:
        return self._store.replace(
            manifest, subresource=target.subresource, dry_run=request.dry_run, field_manager=request.field_manager
        )

    def patch(self, target: Target, request: Request) -> Response:
        """A stored object after a patch."""
        if request.content_type in APPLY:
            return self._apply(target, request)
        old = self._store.get(name_in(target.kind), target.name, target.namespace)
        fresh = patched(target.kind, old, request)
        self._same_identity(target, fresh)
        refuse = refused_patch(request.decoded(), fresh, strategic=request.content_type == STRATEGIC)
        fresh, warnings = accepted(target.kind, fresh, request, refuse)
        return self._shown(target, request, self._replaced(target, request, fresh), warnings=warnings)

    def _same_identity(self, target: Target, fresh: Any) -> None:
        if not isinstance(fresh, dict) or not isinstance(fresh.get("metadata"), dict):
            raise json_patch.unprocessable()
        if name_of(fresh) != target.name:
            said = f"the name of the object ({name_of(fresh)}) does not match the name on the URL ({target.name})"
            raise bad_request(said)
        if target.kind.namespaced and namespace_of(fresh) != target.namespace:
            raise bad_request("the namespace of the provided object does not match the namespace sent on the request")

    def _apply(self, target: Target, request: Request) -> Response:
        wanted = _applicable(target, request)
        live = self._store.find(name_in(target.kind), target.name, target.namespace)
        if live is None and target.subresource:
            raise not_found(target.kind, target.name)
        merged, managed = apply_patch.apply(
            target.kind,
            live,
            wanted,
            manager=request.field_manager,
            subresource=target.subresource,
            time=timestamp(self._store.now()),
            force=request.flag("force"),
        )
        if live is None:
            fresh = self._store.create(merged, dry_run=request.dry_run, managed=managed)
            return self._shown(target, request, fresh, 201)
        fresh = self._store.replace(merged, subresource=target.subresource, dry_run=request.dry_run, managed=managed)
        return self._shown(target, request, fresh)

    def delete(self, target: Target, request: Request) -> Response:
        """The object, gone or marked: a success Status for most kinds, the object where the API returns it."""
        before = self._store.get(name_in(target.kind), target.name, target.namespace)
        last = self._delete_one(target, before, request)
        still = self._store.find(name_in(target.kind), target.name, target.namespace)
        gone = still is None or request.dry_run
        if not gone or target.kind.kind in _RETURNED_WHEN_DELETED:
            return self._shown(target, request, last)
        details = {"name": target.name, "group": target.kind.group, "kind": target.kind.plural, "uid": uid_of(before)}
        kept = {key: value for key, value in details.items() if value}
        return answer({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": kept})

    def delete_collection(self, target: Target, request: Request) -> Response:
        """Every selected object deleted; answers with the list of them."""
        last = [self._delete_one(target, one, request) for one in selected(self._store, target, request)]
        metadata = {"resourceVersion": str(self._store.revision)}
        return Response(200, Show(self._store, target.kind, request).many(last, metadata))

    def _delete_one(self, target: Target, object_: Object, request: Request) -> Object:
        options = _delete_options(target, request)
        return self._store.delete(name_in(target.kind), name_of(object_), namespace_of(object_) or None, **options)


def _delete_options(target: Target, request: Request) -> dict[str, Any]:
    body = request.decoded() if request.body.strip() else {}
    if not isinstance(body, dict):
        raise bad_request("the body of a DELETE must be DeleteOptions")
    preconditions = body.get("preconditions") or {}
    default = "Orphan" if target.kind.kind in _ORPHANS_BY_DEFAULT else "Background"
    if (orphan := body.get("orphanDependents")) is not None:
        default = "Orphan" if orphan else "Background"
    grace = body.get("gracePeriodSeconds", request.number("gracePeriodSeconds"))
    return {
        "uid": preconditions.get("uid"),
        "resource_version": preconditions.get("resourceVersion"),
        "grace_seconds": grace,
        "propagation": body.get("propagationPolicy") or request.arg("propagationPolicy") or default,
        "dry_run": request.dry_run or body.get("dryRun") == ["All"],
    }
