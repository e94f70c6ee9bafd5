"""Asking an app through the API server: what the app says is an answer, what the API server says of it is not."""

import asyncio
import json
from typing import Any

import pytest

from dot_ai_lifecycle.adapters.kubernetes.client import KubernetesCluster
from dot_ai_lifecycle.adapters.kubernetes.proxying import PROXY_BYTES, PROXY_SECONDS
from dot_ai_lifecycle.core.errors import Forbidden, NotFound, Unreachable
from dot_ai_lifecycle.core.refs import SERVICE, ref_to
from dot_ai_lifecycle.core.smoke import Reply
from dot_ai_lifecycle.embedded.transport import Answer
from tests.adapters.conftest import BEGINNING, Box, on_loop_time

WEB = ref_to(SERVICE, "web", "shop")


class Scripted:
    """A transport that gives one answer, or one failure, and notes what it was asked."""

    def __init__(self, answer: Answer | OSError | float) -> None:
        self._answer = answer
        self.asked: list[tuple[str, str, Any]] = []

    async def request(self, method: str, path: str, *, query: Any = (), most: int | None = None, **_: Any) -> Answer:
        self.asked.append((method, path, tuple(query)))
        if isinstance(self._answer, float):
            await asyncio.sleep(self._answer)
        if not isinstance(self._answer, Answer):
            raise self._answer if isinstance(self._answer, OSError) else TimeoutError
        return Answer(self._answer.status, self._answer.headers, self._answer.body[:most])

    def stream(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError

    async def close(self) -> None:
        """Nothing is held."""


def on(transport: Scripted) -> KubernetesCluster:
    return KubernetesCluster(transport, "test", "shop", clock=on_loop_time)


def said(status: int, body: bytes | dict[str, Any] = b"") -> Scripted:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Scripted(Answer(status, {"date": "Sat, 01 Jan 2000 00:00:00 GMT"}, text))


def status(code: int, message: str, **details: str) -> dict[str, Any]:
    return {"kind": "Status", "apiVersion": "v1", "code": code, "message": message, "details": details}


async def test_an_answer_of_any_status_is_an_answer_and_its_date_is_not_ours_to_believe() -> None:
    app = said(503, b"warming up\n")
    cluster = on(app)
    assert await cluster.ask(WEB, 80, "/") == Reply(status=503, text="warming up\n")
    assert cluster.now() == on_loop_time()


@pytest.mark.parametrize(
    ("path", "scheme", "sent", "query"),
    [
        ("/", "http", "web:80/proxy/", ()),
        ("/a/b%7E;c=d", "https", "https:web:80/proxy/a/b%7E;c=d", ()),
        ("/items?page=2&q=a%20b&all", "http", "web:80/proxy/items", (("page", "2"), ("q", "a b"), ("all", ""))),
    ],
)
async def test_a_path_is_asked_for_as_it_is_written(path: str, scheme: Any, sent: str, query: Any) -> None:
    app = said(200)
    await on(app).ask(WEB, 80, path, scheme)
    assert app.asked == [("GET", f"/api/v1/namespaces/shop/services/{sent}", query)]


async def test_of_a_long_answer_only_the_beginning_is_read() -> None:
    reply = await on(said(200, b"\xff" * 99_999)).ask(WEB, 80, "/")
    assert len(reply.text) == PROXY_BYTES


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (503, status(503, 'no endpoints available for service "web"')),
        (503, status(503, "error trying to reach service: dial tcp 10.0.0.1:8080: connect: connection refused")),
        (404, status(404, 'endpoints "web" not found', name="web", kind="endpoints")),
        (404, status(404, 'services "web" not found', name="web", kind="services")),
    ],
)
async def test_that_no_pod_was_reached_is_no_answer_of_the_app(code: int, told: dict[str, Any]) -> None:
    assert await on(said(code, told)).ask(WEB, 80, "/") == Reply(status=0, text=told["message"])


async def test_an_app_that_takes_too_long_has_not_answered() -> None:
    reply = await on(Scripted(3600.0)).ask(WEB, 80, "/")
    assert reply == Reply(status=0, text="no answer within 10 s")
    assert on_loop_time().timestamp() - BEGINNING.timestamp() == pytest.approx(PROXY_SECONDS, abs=1)


@pytest.mark.parametrize("failure", [ConnectionRefusedError(), ConnectionResetError()])
async def test_an_api_server_that_is_away_is_told_apart(failure: OSError) -> None:
    with pytest.raises(Unreachable, match="get Service shop/web"):
        await on(Scripted(failure)).ask(WEB, 80, "/")


async def test_what_the_api_server_itself_refuses_is_an_error(box: Box) -> None:
    with pytest.raises(NotFound, match="no namespace 'shop'"):
        await on(said(404, status(404, 'namespaces "shop" not found', name="shop", kind="namespaces"))).ask(
            WEB, 80, "/"
        )
    box.faults.forbid("get", "services/proxy")
    with pytest.raises(Forbidden, match="get services/proxy"):
        await box.cluster.ask(WEB, 80, "/")
