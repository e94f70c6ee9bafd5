"""What the outside world must offer, on one page.

Everything here is asynchronous and may raise any `LifecycleError` of the cluster's branch. Reads never change the
cluster; only the engine is handed a `Cluster`, everything else gets a `Reader`.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Generic, Literal, Protocol, TypeVar

from msgspec import Struct

from dot_ai_lifecycle.core.objects import View
from dot_ai_lifecycle.core.record import Record
from dot_ai_lifecycle.core.refs import Kind, Ref
from dot_ai_lifecycle.core.smoke import Reply, Scheme
from dot_ai_lifecycle.core.workload import Manifest

T = TypeVar("T")

JsonPatch = Sequence[Mapping[str, Any]]


class ClusterIdentity(Struct, frozen=True):
    """Which cluster this is: the kubeconfig context, the uid of `kube-system`, and the server's version."""

    context: str
    uid: str
    version: str
    default_namespace: str = "default"


class Listing(Struct, Generic[T], frozen=True):
    """What a list answered: the items, the version a watch may go on from, and where the next page begins."""

    items: tuple[T, ...]
    resource_version: str
    next_page: str = ""


class Seen(Struct, Generic[T], frozen=True):
    """One thing a watch saw. `synced` says the first listing is complete; `item` is None then, and only then."""

    type: Literal["added", "modified", "deleted", "synced"]
    item: T | None
    resource_version: str


class Reader(Protocol):
    """The cluster, to look at."""

    async def identity(self) -> ClusterIdentity:
        """Name the cluster; the answer is remembered after the first call."""

    def now(self) -> datetime:
        """The API server's time in UTC, as far as its last answers told."""

    async def get(self, view: View[T], name: str, namespace: str | None = None) -> T:
        """Read one object in our shape. Raises NotFound."""

    async def read(self, ref: Ref) -> Manifest:
        """Read one object whole. Raises NotFound; Conflict where `ref` has a uid and the object another."""

    async def list(
        self,
        view: View[T],
        namespace: str | None = None,
        *,
        labels: str = "",
        fields: str = "",
        limit: int = 0,
        page: str = "",
    ) -> Listing[T]:
        """List in our shape: all pages, or with `limit` one page of at most that many. No namespace means all."""

    def watch(
        self, view: View[T], namespace: str | None = None, *, labels: str = "", fields: str = "", since: str = ""
    ) -> AbstractAsyncContextManager[AsyncIterator[Seen[T]]]:
        """Tell what happens, for as long as it is read.

        Without `since` it begins with what exists (`added`), then `synced`. It survives ended and cut connections;
        after `Expired` it lists again, telling what changed meanwhile, deletions included. It raises only what waiting
        cannot mend (Forbidden, Unauthorized), or Unreachable after two minutes without any answer.
        """

    async def log_lines(
        self, pod: str, namespace: str, container: str, *, previous: bool = False, lines: int = 20
    ) -> tuple[str, ...]:
        """The last log lines of a container, at most 16 KiB, decoded leniently."""

    async def would_create(self, manifest: Manifest) -> Manifest:
        """The object as the server would store it, by a dry run, which changes nothing.

        Raises what creating it would raise: Invalid where admission or validation refuses (`details["refused_by"]`),
        Forbidden, ClusterFailure. It is asked once: what a broken webhook makes of it is an answer too.
        """

    async def would_patch(self, ref: Ref, operations: JsonPatch) -> Manifest:
        """The object as the server would store it after that JSON Patch, by a dry run, which changes nothing.

        Raises what patching it would raise: Conflict, Invalid, Forbidden, NotFound.
        """

    async def serves(self, kind: Kind) -> bool:
        """Whether the API has that kind; the answer is remembered, a no for a few minutes. Costs no right."""

    async def allowed(self, verb: str, kind: Kind, namespace: str | None = None, *, subresource: str = "") -> bool:
        """Whether we may do that (SelfSubjectAccessReview)."""


class Cluster(Reader, Protocol):
    """The cluster, to act on. Every write carries our field manager and strict field validation."""

    async def patch(self, ref: Ref, operations: JsonPatch, *, subresource: str = "", dry_run: bool = False) -> Manifest:
        """Apply a JSON Patch to the object, or to a subresource of it.

        Raises Conflict where a `test` operation did not hold, Invalid where validation refused.
        """

    async def create(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        """Create an object. Raises Conflict where it exists."""

    async def replace(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        """Replace an object; with a resourceVersion in it, only that version. Raises Conflict otherwise."""

    async def delete(self, ref: Ref, *, dry_run: bool = False, foreground: bool = False) -> None:
        """Delete the object; with a uid, only that very one (Conflict otherwise). Raises NotFound.

        What it owns follows it; with `foreground` it stays until that is gone.
        """

    async def ask(self, service: Ref, port: int, path: str, scheme: Scheme = "http") -> Reply:
        """GET a path from one pod behind a Service, through the API server; redirects are answers too.

        It is asked once, and at most the first 2 KiB are read within 10 s. A Service that the API server does not know
        (yet) is not reached. Raises Forbidden, and what else the API server itself refuses.
        """

    async def close(self) -> None:
        """Let go of all connections."""


class Story(Protocol):
    """The records of operations, to read."""

    async def record(self, operation_id: str, namespace: str | None = None) -> Record:
        """One operation's record: in the namespace given, the context's, then everywhere. Raises NotFound."""

    async def records(
        self, namespace: str | None = None, *, app: str = "", kind: str = "", limit: int = 20
    ) -> tuple[Record, ...]:
        """The latest records, newest first; of one app where named. No namespace means all."""

    async def settled(self, record: Record, within: float) -> Record:
        """The record once it has ended, or as it stands after `within` seconds; by watch, not by polling."""


class LocalStore(Protocol):
    """A place of our own on this machine for small texts, private to the user. Names may hold slashes."""

    def put(self, name: str, text: str) -> None:
        """Keep a text under a name, replacing what was there, all or nothing."""

    def get(self, name: str) -> str | None:
        """The text of that name; None where there is none."""

    def names(self, prefix: str) -> tuple[str, ...]:
        """The names below a prefix, oldest first."""

    def remove(self, name: str) -> None:
        """Forget the text of that name; nothing happens where there is none."""
