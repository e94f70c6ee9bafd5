"""Reads of the API: one object whole, one page, or all pages of a list."""

from typing import Any, TypeVar

import msgspec

from dot_ai_lifecycle.adapters.kubernetes.caller import Caller
from dot_ai_lifecycle.adapters.kubernetes.calls import Call, path_to
from dot_ai_lifecycle.adapters.kubernetes.shapes import Item, PageOf, shape_of
from dot_ai_lifecycle.core.errors import ClusterFailure, Expired, Forbidden, NotFound
from dot_ai_lifecycle.core.objects import View
from dot_ai_lifecycle.core.refs import Kind

T = TypeVar("T")

PAGE = 500
# how the kubelet and the API server say that there is no such log (yet)
GONE_BY = ("is waiting to start", "previous terminated container", "ContainerCreating", "does not have a host assigned")


def document(body: bytes) -> dict[str, Any]:
    """A JSON object as the API answered it. Raises ClusterFailure for anything else."""
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ClusterFailure(f"The cluster answered something that is not a JSON object: {error}.") from error


async def whole(caller: Caller, kind: Kind, name: str, namespace: str | None = None) -> dict[str, Any]:
    """One object with everything in it. Raises NotFound."""
    call = Call("get", path_to(kind, namespace, name), kind, name, namespace, repeatable=True)
    return document((await caller.ask(call)).body)


async def groups(caller: Caller) -> frozenset[str] | None:
    """Every group of the API with its versions, as `apps/v1`; None where they may not be listed."""
    try:
        listed = document((await caller.ask(Call("get", "/apis", repeatable=True))).body).get("groups") or ()
    except (NotFound, Forbidden):
        return None
    return frozenset(str(version.get("groupVersion")) for group in listed for version in group.get("versions") or ())


async def serves(caller: Caller, kind: Kind) -> bool:
    """Whether the API has that kind, by its group's own list; where that may not be read, it is taken not to be."""
    call = Call("get", f"/apis/{kind.api_version}", repeatable=True)
    try:
        resources = document((await caller.ask(call)).body).get("resources") or ()
    except (NotFound, Forbidden):
        return False
    return any(resource.get("name") == kind.plural for resource in resources)


async def list_page(
    caller: Caller, view: View[T], namespace: str | None, labels: str, fields: str, limit: int, page: str
) -> PageOf[T]:
    """One page of at most `limit` items (0: 500). Raises Expired where the page token is too old."""
    query = [
        ("labelSelector", labels),
        ("fieldSelector", fields),
        ("limit", str(limit or PAGE)),
        ("continue", page),
    ]
    call = Call(
        "list",
        path_to(view.kind, namespace),
        view.kind,
        namespace=namespace,
        query=tuple((key, value) for key, value in query if value),
        repeatable=True,
    )
    return shape_of(view).page((await caller.ask(call)).body)


async def list_all(caller: Caller, view: View[T], namespace: str | None, labels: str, fields: str) -> PageOf[T]:
    """All pages; begun again once where the cluster forgets the version of the first page on the way."""
    try:
        return await _pages(caller, view, namespace, labels, fields)
    except Expired:
        return await _pages(caller, view, namespace, labels, fields)


async def _pages(caller: Caller, view: View[T], namespace: str | None, labels: str, fields: str) -> PageOf[T]:
    items: list[Item[T]] = []
    page = ""
    while True:
        found = await list_page(caller, view, namespace, labels, fields, PAGE, page)
        items += found.items
        page = found.next_page
        if not page:
            return PageOf(items, found.version, "")
