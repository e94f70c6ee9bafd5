"""Short words for requests in one namespace, so that a contract reads as the sentence it is."""

import json
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, NamedTuple, Protocol

Json = dict[str, Any]
Query = Sequence[tuple[str, str]]

JSON_PATCH = "application/json-patch+json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"

_PREFIXES = {
    "deployments": "/apis/apps/v1",
    "replicasets": "/apis/apps/v1",
    "leases": "/apis/coordination.k8s.io/v1",
    "poddisruptionbudgets": "/apis/policy/v1",
    "horizontalpodautoscalers": "/apis/autoscaling/v2",
}


class HasAnswer(Protocol):
    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    @property
    def body(self) -> bytes: ...


class Transport(Protocol):
    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Query = ...,
        headers: Mapping[str, str] = ...,
        body: bytes = ...,
        timeout: float = ...,
    ) -> HasAnswer: ...

    def stream(
        self, method: str, path: str, *, query: Query = ..., headers: Mapping[str, str] = ..., timeout: float = ...
    ) -> AbstractAsyncContextManager[Any]: ...


class Said(NamedTuple):
    """An answer, decoded."""

    status: int
    body: Json
    headers: Mapping[str, str]

    @property
    def reason(self) -> str:
        return str(self.body.get("reason", ""))

    @property
    def message(self) -> str:
        return str(self.body.get("message", ""))


class Talk:
    """Requests about objects of one namespace."""

    def __init__(self, api: Transport, namespace: str) -> None:
        self.api = api
        self.namespace = namespace

    @classmethod
    async def begin(cls, api: Transport) -> "Talk":
        talk = cls(api, f"contract-{secrets.token_hex(4)}")
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": talk.namespace}}
        assert (await talk.ask("POST", "/api/v1/namespaces", body)).status == 201
        return talk

    async def end(self) -> None:
        await self.ask("DELETE", f"/api/v1/namespaces/{self.namespace}")

    async def ask(
        self, method: str, path: str, body: Any = None, media: str = "application/json", **query: str
    ) -> Said:
        headers = {"content-type": media, "accept": "application/json", "user-agent": "contract/1"}
        sent = b"" if body is None else json.dumps(body).encode()
        answer = await self.api.request(method, path, query=tuple(query.items()), headers=headers, body=sent)
        return Said(answer.status, json.loads(answer.body), answer.headers)

    def path(self, plural: str, name: str = "") -> str:
        whole = f"{_PREFIXES.get(plural, '/api/v1')}/namespaces/{self.namespace}/{plural}"
        return f"{whole}/{name}" if name else whole

    async def create(self, plural: str, body: Json, **query: str) -> Said:
        return await self.ask("POST", self.path(plural), body, **query)

    async def made(self, plural: str, body: Json) -> Json:
        said = await self.create(plural, body)
        assert said.status == 201, said.body
        return said.body

    async def get(self, plural: str, name: str = "", **query: str) -> Said:
        return await self.ask("GET", self.path(plural, name), **query)

    async def put(self, plural: str, name: str, body: Json, **query: str) -> Said:
        return await self.ask("PUT", self.path(plural, name), body, **query)

    async def patch(self, plural: str, name: str, body: Any, media: str = MERGE, **query: str) -> Said:
        return await self.ask("PATCH", self.path(plural, name), body, media, **query)

    async def delete(self, plural: str, name: str = "", body: Any = None, **query: str) -> Said:
        return await self.ask("DELETE", self.path(plural, name), body, **query)

    async def until_gone(self, plural: str, name: str) -> None:
        """Wait for what another part of a cluster removes a moment later."""
        await self.until(plural, name, lambda found: found is None)

    async def until(self, plural: str, name: str, holds: Callable[[Json | None], bool]) -> None:
        """Wait until the object, None when it is not there, is as wanted."""
        listed = await self.get(plural, fieldSelector=f"metadata.name={name}")
        found = listed.body["items"]
        if holds(found[0] if found else None):
            return
        version = listed.body["metadata"]["resourceVersion"]
        options = {"fieldSelector": f"metadata.name={name}", "resourceVersion": version, "timeoutSeconds": "30"}
        async with self.watch(plural, **options) as watched:
            type_, object_ = await watched.next()
            while not holds(None if type_ == "DELETED" else object_):
                type_, object_ = await watched.next()

    @asynccontextmanager
    async def watch(self, plural: str, **query: str) -> AsyncIterator["Watched"]:
        asked = tuple(({"watch": "1", "timeoutSeconds": "5"} | query).items())
        async with self.api.stream("GET", self.path(plural), query=asked) as stream:
            assert stream.status == 200
            yield Watched(aiter(stream))


class Watched:
    """The events of a watch."""

    def __init__(self, lines: AsyncIterator[bytes]) -> None:
        self._lines = lines

    async def next(self) -> tuple[str, Json]:
        event = json.loads(await anext(self._lines))
        return event["type"], event["object"]

    async def names(self, count: int) -> list[tuple[str, str]]:
        """Type and name of the next events, bookmarks aside."""
        found: list[tuple[str, str]] = []
        while len(found) < count:
            type_, object_ = await self.next()
            if type_ != "BOOKMARK":
                found.append((type_, object_["metadata"]["name"]))
        return found

    async def rest(self) -> list[tuple[str, Json]]:
        """Everything until the watch ends."""
        return [(event["type"], event["object"]) async for event in _parsed(self._lines)]


async def _parsed(lines: AsyncIterator[bytes]) -> AsyncIterator[Json]:
    async for line in lines:
        yield json.loads(line)


def config_map(name: str, **more: Any) -> Json:
    """A ConfigMap: labels, owners and finalizers go to its metadata, the rest to its data."""
    metadata = {key: more.pop(key) for key in ("labels", "ownerReferences", "finalizers") if key in more}
    return {"metadata": {"name": name} | metadata, "data": more}


def deployment(name: str = "web", **spec: Any) -> Json:
    """A Deployment of no pods, so that nothing moves on a cluster with controllers."""
    container = {"name": "app", "image": "example.org/app:1", "env": [{"name": "MODE", "value": "a"}]}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
    whole = {"replicas": 0, "selector": {"matchLabels": {"app": name}}, "template": template} | spec
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": whole}
