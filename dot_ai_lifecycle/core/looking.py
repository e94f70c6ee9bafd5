"""Looks around an app before an update: in parallel, bounded, and content with what it is allowed to see.

`planning` costs four requests where nothing but images is named: quotas, nodes, the pods on them, and the dry run of a
pod; each ConfigMap, Secret and claim the template names is one more. `whole` adds about a dozen.
"""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, TypeVar

from dot_ai_lifecycle.core.capacity import LIMIT_RANGES, QUOTAS, Booking
from dot_ai_lifecycle.core.errors import (
    ClusterFailure,
    Expired,
    Forbidden,
    Invalid,
    LifecycleError,
    NotFound,
    Throttled,
)
from dot_ai_lifecycle.core.leases import held, lease_of
from dot_ai_lifecycle.core.nearby import (
    CLAIMS,
    HTTP_ROUTES,
    INGRESSES,
    KEYS,
    MUTATING_HOOKS,
    SCALED_OBJECTS,
    SPACES,
    VALIDATING_HOOKS,
    VERTICAL_SCALERS,
    Claim,
    Hook,
    Keyed,
    Space,
)
from dot_ai_lifecycle.core.needs import Need, needs
from dot_ai_lifecycle.core.nodes import Nodes
from dot_ai_lifecycle.core.objects import ENDPOINT_SLICES, View
from dot_ai_lifecycle.core.ports import Reader
from dot_ai_lifecycle.core.refs import PRIORITY_CLASS, RUNTIME_CLASS, SERVICE_ACCOUNT, ref_to
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.surroundings import Depth, Sought, Surroundings
from dot_ai_lifecycle.core.trial import tried
from dot_ai_lifecycle.core.workload import Manifest

T = TypeVar("T")

MOST_OBJECTS = {"planning": 6, "going back": 40, "whole": 60}
"""ConfigMaps, Secrets and claims that are looked for; those beyond stay unknown."""

MOST_PODS = {"planning": 500, "going back": 500, "whole": 5000}
"""Pods of the whole cluster that are counted on its nodes: a page of the API's, or what still takes under a second."""

MOST_BACKENDS = 8
"""Services behind webhooks whose endpoints are looked at."""

_OTHERS = {"ServiceAccount": SERVICE_ACCOUNT, "PriorityClass": PRIORITY_CLASS, "RuntimeClass": RUNTIME_CLASS}
_UNSEEN = (Forbidden, ClusterFailure, Throttled, Invalid, Expired)
"""What keeps us from seeing one thing, and need not keep anybody from planning."""


class Looking:
    """One look around one app."""

    def __init__(self, reader: Reader, nodes: Nodes, scene: Scene, template: Manifest, depth: Depth) -> None:
        self._reader = reader
        self._nodes = nodes
        self._scene = scene
        self._template = template
        self._depth = depth
        self._unread: dict[str, str] = {}

    async def surroundings(self) -> Surroundings:
        """All that can be seen. Raises what a cluster that cannot be reached raises, nothing else."""
        namespace = self._scene.workload.namespace
        wanted = needs(self._template)
        near, further, found, identity = await asyncio.gather(
            self._near(namespace),
            self._further(namespace),
            self._objects([need for need in wanted if need.kind not in _OTHERS], namespace),
            self._reader.identity(),
        )
        admitted = near["trial"].outcome == "admitted"
        if not admitted:
            found |= await self._objects([need for need in wanted if need.kind in _OTHERS], namespace)
        return Surroundings(
            scene=self._scene,
            template=self._template,
            depth=self._depth,
            server=identity.version,
            sought=tuple(_judged(need, found, admitted=admitted) for need in wanted),
            claims={answer.name: answer for answer in found.values() if isinstance(answer, Claim)},
            unread=self._unread,
            **near,
            **further,
        )

    async def _near(self, namespace: str) -> dict[str, Any]:
        quotas, listed, bookings, trial = await asyncio.gather(
            self._all(QUOTAS, namespace),
            self._nodes.listed(),
            self._seen("pods of all namespaces", self._bookings()),
            tried(self._reader, self._scene, self._template),
        )
        if listed.unknown:
            self._unread["nodes"] = listed.unknown
        return {
            "quotas": quotas,
            "nodes": None if listed.unknown else listed.nodes,
            "bookings": bookings,
            "trial": trial,
        }

    async def _bookings(self) -> tuple[Booking, ...] | None:
        most = MOST_PODS[self._depth]
        page = await self._nodes.booked(most)
        if page.next_page:
            self._unread["pods of all namespaces"] = f"The cluster runs more than {most} pods: they are not counted."
            return None
        return page.items

    async def _further(self, namespace: str) -> dict[str, Any]:
        if self._depth != "whole":
            return {}
        workload = self._scene.workload
        around, (space, may_patch, holder) = await asyncio.gather(
            self._listed(namespace),
            asyncio.gather(
                self._seen("namespaces", self._space(namespace)),
                self._seen("rights", self._reader.allowed("patch", workload.ref.of_kind, namespace)),
                self._seen("leases", self._holder()),
            ),
        )
        return {**around, "space": space, "may_patch": may_patch, "holder": holder}

    async def _listed(self, namespace: str) -> dict[str, Any]:
        routes, scalers, limits, hooks = await asyncio.gather(
            self._several((INGRESSES, HTTP_ROUTES), namespace),
            self._several((SCALED_OBJECTS, VERTICAL_SCALERS), namespace),
            self._all(LIMIT_RANGES, namespace),
            self._several((VALIDATING_HOOKS, MUTATING_HOOKS), None),
        )
        each = None if hooks is None else tuple(hook for one in hooks for hook in one.hooks)
        deaf = await self._deaf(each or ())
        return {"routes": routes, "scalers": scalers, "limit_ranges": limits, "hooks": each, "deaf": deaf}

    async def _space(self, namespace: str) -> Space:
        return await self._reader.get(SPACES, namespace)

    async def _holder(self) -> Any:
        try:
            return held(await self._reader.read(lease_of(self._scene.workload.ref)))
        except NotFound:
            return None

    async def _deaf(self, hooks: tuple[Hook, ...]) -> frozenset[tuple[str, str]]:
        """Which services behind webhooks for pods have nobody ready to answer."""
        asked = sorted({hook.service for hook in hooks if hook.fails_closed and hook.service and for_pods(hook)})
        found = await asyncio.gather(*(self._answers(*service) for service in asked[:MOST_BACKENDS]))
        return frozenset(service for service, answers in zip(asked, found, strict=False) if answers is False)

    async def _answers(self, namespace: str, name: str) -> bool | None:
        labels = f"kubernetes.io/service-name={name}"
        slices = await self._seen("endpointslices", self._reader.list(ENDPOINT_SLICES, namespace, labels=labels))
        if slices is None:
            return None
        return any(endpoint.ready for piece in slices.items for endpoint in piece.endpoints)

    async def _objects(self, wanted: Sequence[Need], namespace: str) -> dict[tuple[str, str], object]:
        """What was found of the objects that are named, those beyond the most that are looked for left out."""
        objects = list(dict.fromkeys((need.kind, need.name) for need in wanted))[: MOST_OBJECTS[self._depth]]
        answers = await asyncio.gather(*(self._object(kind, name, namespace) for kind, name in objects))
        return dict(zip(objects, answers, strict=True))

    async def _object(self, kind: str, name: str, namespace: str) -> object:
        """The object; NotFound where it is not there, another error where that cannot be known."""
        try:
            if kind in KEYS:
                return await self._reader.get(KEYS[kind], name, namespace)
            if kind in _OTHERS:
                place = namespace if _OTHERS[kind].namespaced else None
                return await self._reader.read(ref_to(_OTHERS[kind], name, place))
            return await self._reader.get(CLAIMS, name, namespace)
        except (NotFound, *_UNSEEN) as error:
            return error

    async def _several(self, views: tuple[View[T], ...], namespace: str | None) -> tuple[T, ...] | None:
        """All of several kinds; None where one may not be seen. Kinds the API does not serve have none."""
        found = await asyncio.gather(*(self._all(view, namespace) for view in views))
        seen = [items for items in found if items is not None]
        return tuple(item for items in seen for item in items) if len(seen) == len(found) else None

    async def _all(self, view: View[T], namespace: str | None) -> tuple[T, ...] | None:
        async def listed() -> tuple[T, ...]:
            try:
                return (await self._reader.list(view, namespace)).items
            except NotFound:
                return ()

        return await self._seen(view.kind.plural, listed())

    async def _seen(self, what: str, asking: Awaitable[T]) -> T | None:
        """The answer; None where it is withheld, which is noted under that name."""
        try:
            return await asking
        except (NotFound, *_UNSEEN) as error:
            self._unread[what] = error.message
            return None


def for_pods(hook: Hook) -> bool:
    """Whether a webhook is asked when pods are created."""

    wanted = {"operations": "CREATE", "apiGroups": "", "resources": "pods"}
    return any(all({word, "*"} & set(rule.get(key) or ()) for key, word in wanted.items()) for rule in hook.rules)


def _judged(need: Need, found: Mapping[tuple[str, str], object], *, admitted: bool) -> Sought:
    """What became of a need; the server has looked for accounts and classes where it admitted a pod."""
    if need.kind in _OTHERS and admitted:
        return Sought(need, "there")
    answer = found.get((need.kind, need.name))
    match answer:
        case None:
            return Sought(need, "unknown", "More objects are named than are looked for.")
        case NotFound():
            return Sought(need, "missing")
        case LifecycleError():
            return Sought(need, "unknown", answer.message)
        case Keyed() if need.key and need.key not in answer.keys:
            return Sought(need, "no key")
        case _:
            return Sought(need, "there")
