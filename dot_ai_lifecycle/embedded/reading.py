"""The verbs that look: get, list and watch."""

from collections.abc import Callable

from dot_ai_lifecycle.embedded.forms import Show
from dot_ai_lifecycle.embedded.kinds import Kind
from dot_ai_lifecycle.embedded.messages import JSON, Request, Response
from dot_ai_lifecycle.embedded.objects import Object
from dot_ai_lifecycle.embedded.paging import Page, Pages
from dot_ai_lifecycle.embedded.rejected import bad_request, not_found
from dot_ai_lifecycle.embedded.routes import Target
from dot_ai_lifecycle.embedded.selectors import field_test, label_test, labels_of
from dot_ai_lifecycle.embedded.store import Store
from dot_ai_lifecycle.embedded.watch import Ask, Hub, Match, frames

_WATCH_SECONDS = 1800.0
"""How long a watch lives when the client sets no timeout: the API server's --min-request-timeout."""


def name_in(kind: Kind) -> str:
    """The kind's name as the store takes it, group included."""
    return f"{kind.kind}.{kind.group}"


def selected(store: Store, target: Target, request: Request) -> list[Object]:
    """The objects a collection request is about."""
    fields, name = request.arg("fieldSelector"), target.kind
    return store.list(name_in(name), target.namespace, labels=request.arg("labelSelector"), fields=fields)


def _match(target: Target, request: Request) -> Match:
    labels = label_test(request.arg("labelSelector"))
    fields = field_test(target.kind.kind, request.arg("fieldSelector"))
    namespace, name = target.namespace, target.name

    def match(object_: Object) -> bool:
        metadata = object_["metadata"]
        if namespace is not None and metadata.get("namespace") != namespace:
            return False
        if name and metadata["name"] != name:
            return False
        return labels(labels_of(object_)) and fields(object_)

    return match


class Reading:
    """Answers the requests that change nothing."""

    def __init__(self, store: Store, hub: Hub, pages: Pages) -> None:
        self._store = store
        self._hub = hub
        self._pages = pages

    def get(self, target: Target, request: Request) -> Response:
        """One object."""
        found = self._store.find(name_in(target.kind), target.name, target.namespace)
        if found is None:
            raise not_found(target.kind, target.name)
        return Response(200, Show(self._store, target.kind, request).one(found))

    def collection(self, target: Target, request: Request) -> Response:
        """A collection, or a page of it."""
        show = Show(self._store, target.kind, request)
        page = self._page(target, request, lambda: selected(self._store, target, request))
        metadata: dict[str, object] = {"resourceVersion": str(page.revision)}
        if page.token:
            metadata["continue"] = page.token
            if not request.arg("labelSelector") and not request.arg("fieldSelector"):
                metadata["remainingItemCount"] = page.remaining
        return Response(200, show.many(page.objects, metadata))

    def _page(self, target: Target, request: Request, found: Callable[[], list[Object]]) -> Page:
        limit, revision = request.number("limit") or 0, self._store.revision
        what = "|".join((target.kind.resource, target.namespace or "", request.arg("labelSelector")))
        what += "|" + request.arg("fieldSelector")
        if token := request.arg("continue"):
            return self._pages.next(what, token, limit, found, revision)
        return self._pages.first(what, found(), revision, limit)

    def watch(self, target: Target, request: Request) -> Response:
        """A stream of changes; raises 400 for a combination of options the API server refuses."""
        initial = request.flag("sendInitialEvents")
        if initial and request.arg("resourceVersionMatch") != "NotOlderThan":
            raise bad_request("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
        since = request.number("resourceVersion")
        ask = Ask(
            kind=target.kind,
            match=_match(target, request),
            show=Show(self._store, target.kind, request).event,
            since=None if initial or not since else since,
            timeout=float(request.number("timeoutSeconds") or _WATCH_SECONDS),
            namespace=target.namespace,
            bookmarks=request.flag("allowWatchBookmarks"),
            mark_initial_end=initial,
        )
        return Response(200, headers={"content-type": JSON}, frames=frames(self._hub, ask))
