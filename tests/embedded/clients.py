"""A client of an API without controllers, on the loop's own time."""

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from dot_ai_lifecycle.embedded.api import Api
from dot_ai_lifecycle.embedded.faults import Faults
from dot_ai_lifecycle.embedded.metrics import Usage
from dot_ai_lifecycle.embedded.objects import Object
from dot_ai_lifecycle.embedded.store import Store
from dot_ai_lifecycle.embedded.transport import InProcess
from tests.contract.talk import Said

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
LOG = b"one\ntwo\n"


def now() -> datetime:
    """A date that runs with the event loop."""
    try:
        return BEGAN + timedelta(seconds=asyncio.get_running_loop().time())
    except RuntimeError:
        return BEGAN


def log(pod: Object, container: str, previous: bool, tail: int | None, limit: int | None) -> bytes:
    return LOG


@dataclass(frozen=True)
class Client:
    store: Store
    api: Api
    transport: InProcess

    @property
    def faults(self) -> Faults:
        return self.api.faults

    async def ask(
        self, method: str, path: str, body: Any = None, media: str = "application/json", **query: str
    ) -> Said:
        sent = b"" if body is None else json.dumps(body).encode()
        headers = {"content-type": media, "user-agent": "tests/1"}
        answer = await self.transport.request(method, path, query=tuple(query.items()), headers=headers, body=sent)
        decoded = json.loads(answer.body) if answer.headers.get("content-type") == "application/json" else {}
        return Said(answer.status, decoded, answer.headers)


def client(*, usage: Usage | None = None) -> Client:
    store = Store(now)
    api = Api(store, now=now, logs=log, usage=usage)
    return Client(store, api, InProcess(api))


def config_map(name: str, **data: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def pod(name: str, *, node: str = "", labels: dict[str, str] | None = None) -> Object:
    spec: Object = {"containers": [{"name": "app", "image": "example.org/app:1"}]}
    metadata: Object = {"name": name, "labels": labels or {}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": spec | ({"nodeName": node} if node else {}),
    }
