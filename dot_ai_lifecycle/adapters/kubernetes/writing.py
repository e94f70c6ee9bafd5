"""Writes to the API: each under our field manager, strictly validated, and sent once unless that is harmless."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from dot_ai_lifecycle.adapters.kubernetes.caller import Caller
from dot_ai_lifecycle.adapters.kubernetes.calls import WRITE_QUERY, Call, encoded, path_to
from dot_ai_lifecycle.adapters.kubernetes.reading import document, whole
from dot_ai_lifecycle.core.errors import BadInput, Conflict, Invalid
from dot_ai_lifecycle.core.ports import JsonPatch
from dot_ai_lifecycle.core.refs import KINDS, Kind, Ref
from dot_ai_lifecycle.core.workload import Manifest

_DRY_RUN = (("dryRun", "All"),)
_ABSENT = object()


def kind_of(api_version: str, kind: str) -> Kind:
    """The kind with its plural. Raises BadInput for one the project does not handle."""
    try:
        return KINDS[(api_version, kind)]
    except KeyError:
        raise BadInput(f"{api_version} {kind} is not a kind this works with.") from None


def the_very_one(found: dict[str, Any], ref: Ref) -> dict[str, Any]:
    """The object, if it is the one meant. Raises Conflict where `ref` has a uid and the object another."""
    if ref.uid and found["metadata"].get("uid") != ref.uid:
        raise Conflict(
            f"{ref} is another object of the same name: the one meant was deleted and made anew.",
            hint="Look again before doing anything to it.",
            details={"uid": ref.uid, "found": found["metadata"].get("uid", "")},
        )
    return found


def _query(dry_run: bool) -> tuple[tuple[str, str], ...]:
    return WRITE_QUERY + (_DRY_RUN if dry_run else ())


async def patch(
    caller: Caller,
    kind: Kind,
    ref: Ref,
    namespace: str | None,
    operations: JsonPatch,
    *,
    subresource: str,
    dry_run: bool,
) -> Manifest:
    """Apply a JSON Patch, to the object with `ref`'s uid where it has one, or to a subresource of it."""
    pinned = [{"op": "test", "path": "/metadata/uid", "value": ref.uid}] if ref.uid else []
    asked = [*pinned, *operations]
    call = Call(
        "patch",
        path_to(kind, namespace, ref.name, subresource),
        kind,
        ref.name,
        namespace,
        _query(dry_run),
        encoded(asked),
        "application/json-patch+json",
        repeatable=dry_run,
        subresource=subresource,
    )
    try:
        return document((await caller.ask(call)).body)
    except Invalid as refused:
        if any(operation.get("op") == "test" for operation in asked) and not _names_a_field(refused):
            await _explain(caller, call, asked, refused)
        raise


def _names_a_field(refused: Invalid) -> bool:
    """Validation names fields; a patch that could not be applied is refused without any."""
    return refused.details.get("status") != 422 or "is invalid" in refused.message


async def _explain(caller: Caller, call: Call, asked: Sequence[Mapping[str, Any]], refused: Invalid) -> None:
    """The API server does not say which `test` failed, so look. Raises Conflict naming the first that does not hold.

    Values stay unsaid: they may be secrets.
    """
    assert call.kind is not None
    found = await whole(caller, call.kind, call.name, call.namespace)
    for operation in asked:
        if operation.get("op") != "test":
            return
        path = str(operation["path"])
        seen = at_pointer(found, path)
        if (None if seen is _ABSENT else seen) != operation.get("value"):
            raise Conflict(
                f"{call.target} is not what it was when we looked: {path} has changed. Nothing was written.",
                hint="Look again; somebody or something else changed it.",
                details={**refused.details, "path": path},
            ) from refused


def at_pointer(document: object, pointer: str) -> object:
    """What a JSON pointer (RFC 6901) leads to; a value equal to nothing else where it leads nowhere."""
    here: object = document
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(here, Mapping):
            here = here.get(key, _ABSENT)
        elif isinstance(here, list) and key.isdigit() and int(key) < len(here):
            here = here[int(key)]
        else:
            return _ABSENT
    return here


async def create(
    caller: Caller, kind: Kind, namespace: str | None, manifest: Manifest, *, dry_run: bool, repeatable: bool
) -> Manifest:
    """Create an object; `repeatable` asks again where the server fails. Raises Conflict where it exists."""
    name = str((manifest.get("metadata") or {}).get("name", ""))
    path = path_to(kind, namespace)
    call = Call("create", path, kind, name, namespace, _query(dry_run), encoded(manifest), repeatable=repeatable)
    return document((await caller.ask(call)).body)


async def replace(
    caller: Caller, kind: Kind, namespace: str | None, name: str, manifest: Manifest, dry_run: bool
) -> Manifest:
    """Replace an object. Raises Conflict where its resourceVersion is not the one in the manifest."""
    path = path_to(kind, namespace, name)
    call = Call("update", path, kind, name, namespace, _query(dry_run), encoded(manifest), repeatable=dry_run)
    return document((await caller.ask(call)).body)


Propagation = Literal["Background", "Foreground"]
"""Whether what an object owns follows it, or goes before it."""


async def delete(caller: Caller, kind: Kind, ref: Ref, namespace: str | None, how: Propagation, dry_run: bool) -> None:
    """Delete an object and its dependents."""
    options: dict[str, Any] = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": how}
    if ref.uid:
        options["preconditions"] = {"uid": ref.uid}
    if dry_run:
        options["dryRun"] = ["All"]
    path = path_to(kind, namespace, ref.name)
    await caller.ask(Call("delete", path, kind, ref.name, namespace, body=encoded(options), repeatable=dry_run))
