"""Over real sockets: TLS, certificates, plugins, proxies, and servers that misbehave."""

import asyncio
import base64
import json
import os
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog
from aiohttp import web

from dot_ai_lifecycle.adapters.kubernetes import KubernetesCluster, connect
from dot_ai_lifecycle.adapters.kubernetes.auth import Fixed
from dot_ai_lifecycle.adapters.kubernetes.kubeconfig import resolve
from dot_ai_lifecycle.adapters.kubernetes.pooled import PooledTransport
from dot_ai_lifecycle.adapters.kubernetes.transport import ConnectTimeout
from dot_ai_lifecycle.core.errors import ClusterFailure, NoCluster, Unauthorized, Unreachable
from dot_ai_lifecycle.core.objects import CONFIG_MAPS
from dot_ai_lifecycle.core.refs import CONFIG_MAP, ref_to
from dot_ai_lifecycle.embedded.http import HttpFront
from tests.adapters.conftest import Box, config_map
from tests.adapters.server import Answering, Authority, kubeconfig, raw, serving
from tests.adapters.test_auth import API, counting, program

pytestmark = pytest.mark.realtime

EMPTY = {"kind": "ConfigMapList", "apiVersion": "v1", "metadata": {"resourceVersion": "7"}, "items": []}
UNAUTHORIZED = {"kind": "Status", "code": 401, "reason": "Unauthorized", "message": "Unauthorized"}


def answering(document: Any = EMPTY, status: int = 200, seen: list[web.Request] | None = None) -> Answering:
    async def answer(request: web.Request) -> web.StreamResponse:
        if seen is not None:
            seen.append(request)
        return web.json_response(document, status=status)

    return answer


def believing(*tokens: str, seen: list[str] | None = None) -> Answering:
    """An API that takes these tokens only."""

    async def answer(request: web.Request) -> web.StreamResponse:
        given = request.headers.get("Authorization", "")
        if seen is not None:
            seen.append(given)
        known = given in [f"Bearer {token}" for token in tokens]
        return web.json_response(EMPTY if known else UNAUTHORIZED, status=200 if known else 401)

    return answer


@pytest.fixture
async def connected(tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    """Connects to a server as a user, and closes what it opened."""
    opened: list[KubernetesCluster] = []

    async def make(server: str, user: dict[str, object] | None = None, **cluster: object) -> KubernetesCluster:
        config = kubeconfig(tmp_path / "config", {"server": server, **cluster}, user or {})
        opened.append(await connect(None, config, environment=dict(os.environ), plugin_patience=5))
        return opened[-1]

    yield make
    for cluster in opened:
        await cluster.close()


async def test_a_bearer_token_and_our_name_are_sent(connected: Callable[..., Any]) -> None:
    seen: list[web.Request] = []
    async with serving(answering(seen=seen)) as server:
        cluster = await connected(f"{server}/k8s/clusters/c-1", {"token": "t0ken"})
        assert (await cluster.list(CONFIG_MAPS, "shop", labels="a in (b,c)")).resource_version == "7"
    (request,) = seen
    assert request.path == "/k8s/clusters/c-1/api/v1/namespaces/shop/configmaps"
    assert request.query["labelSelector"] == "a in (b,c)"
    assert request.headers["Authorization"] == "Bearer t0ken"
    assert request.headers["User-Agent"].startswith("dot-ai-lifecycle/")


async def test_impersonation_of_the_kubeconfig_is_asked_for(connected: Callable[..., Any]) -> None:
    seen: list[web.Request] = []
    async with serving(answering(seen=seen)) as server:
        cluster = await connected(server, {"token": "t", "as": "jane", "as-groups": ["dev", "ops"]})
        await cluster.list(CONFIG_MAPS)
    assert seen[0].headers["Impersonate-User"] == "jane"
    assert seen[0].headers.getall("Impersonate-Group") == ["dev", "ops"]


async def test_a_rejected_plugin_token_is_renewed_and_the_request_sent_again(
    tmp_path: Path, connected: Callable[..., Any]
) -> None:
    seen: list[str] = []
    async with serving(believing("token-2", seen=seen)) as server:
        plugin = {"apiVersion": API, "command": counting(tmp_path)}
        cluster = await connected(server, {"exec": plugin})
        await cluster.list(CONFIG_MAPS)
        await cluster.list(CONFIG_MAPS)
    assert seen == ["Bearer token-1", "Bearer token-2", "Bearer token-2"]


async def test_a_rejected_token_nobody_can_renew_is_asked_once_and_says_where_it_came_from(
    connected: Callable[..., Any],
) -> None:
    seen: list[str] = []
    async with serving(believing("another", seen=seen)) as server:
        cluster = await connected(server, {"token": "s3cret"})
        with pytest.raises(Unauthorized, match="user 'u' of") as error:
            await cluster.list(CONFIG_MAPS)
    assert seen == ["Bearer s3cret"]
    assert "s3cret" not in f"{error.value} {error.value.details}"


async def test_tls_is_verified_against_the_clusters_authority(tmp_path: Path, connected: Callable[..., Any]) -> None:
    authority = Authority.made(tmp_path)
    async with serving(answering(), authority) as server:
        trusting = await connected(server, {"token": "t"}, **{"certificate-authority": "ca.pem"})
        assert (await trusting.list(CONFIG_MAPS)).items == ()
        doubting = await connected(server, {"token": "t"})
        with pytest.raises(Unreachable, match=r"certificate is not trusted \(") as error:
            await doubting.list(CONFIG_MAPS)
    assert "certificate-authority" in error.value.hint


async def test_a_client_certificate_is_shown(tmp_path: Path, connected: Callable[..., Any]) -> None:
    authority = Authority.made(tmp_path)
    certificate, key = authority.issue("jane")
    shown: list[Any] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        shown.append(request.transport.get_extra_info("peercert"))
        return web.json_response(EMPTY)

    user = {"client-certificate": certificate.name, "client-key": key.name}
    async with serving(answer, authority) as server:
        cluster = await connected(server, user, **{"certificate-authority": "ca.pem"})
        await cluster.list(CONFIG_MAPS)
    assert (("commonName", "jane"),) in shown[0]["subject"]


async def test_a_plugins_client_certificate_is_shown_too(tmp_path: Path, connected: Callable[..., Any]) -> None:
    authority = Authority.made(tmp_path)
    certificate, key = authority.issue("machine")
    status = {"clientCertificateData": certificate.read_text(), "clientKeyData": key.read_text()}
    answer = json.dumps({"apiVersion": API, "kind": "ExecCredential", "status": status})
    plugin = {"apiVersion": API, "command": program(tmp_path / "plugin", f"print({answer!r})")}
    shown: list[Any] = []

    async def answered(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        shown.append(request.transport.get_extra_info("peercert"))
        return web.json_response(EMPTY)

    async with serving(answered, authority) as server:
        cluster = await connected(server, {"exec": plugin}, **{"certificate-authority": "ca.pem"})
        await cluster.list(CONFIG_MAPS)
    assert (("commonName", "machine"),) in shown[0]["subject"]


async def test_a_plugins_new_certificate_is_shown_on_new_connections(
    tmp_path: Path, connected: Callable[..., Any]
) -> None:
    authority = Authority.made(tmp_path)
    pairs = [[path.read_text() for path in authority.issue(name)] for name in ("old", "new")]
    body = f"""
certificate, key = {pairs!r}[os.path.exists({str(tmp_path / "ran")!r})]
open({str(tmp_path / "ran")!r}, "w").close()
status = {{"clientCertificateData": certificate, "clientKeyData": key}}
print(json.dumps({{"apiVersion": "{API}", "kind": "ExecCredential", "status": status}}))
"""
    shown: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        shown.append(request.transport.get_extra_info("peercert")["subject"][0][0][1])
        believed = shown[-1] == "new"
        return web.json_response(EMPTY if believed else UNAUTHORIZED, status=200 if believed else 401)

    async with serving(answer, authority) as server:
        plugin = {"apiVersion": API, "command": program(tmp_path / "plugin", body)}
        cluster = await connected(server, {"exec": plugin}, **{"certificate-authority": "ca.pem"})
        await cluster.list(CONFIG_MAPS)
        async with cluster.watch(CONFIG_MAPS) as story:
            assert (await anext(story)).type == "synced"
    assert shown == ["old", "new", "new"]


def openid(lives: int) -> dict[str, object]:
    """A user with an OpenID Connect token that lives so many more seconds."""
    parts = ({"alg": "none"}, {"exp": int(time.time()) + lives})
    token = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    settings = {"id-token": f"{token}.c2ln", "client-id": "c", "idp-issuer-url": "https://issuer.test"}
    return {"auth-provider": {"name": "oidc", "config": settings}}


@pytest.mark.filterwarnings("default::DeprecationWarning:kubernetes_asyncio")
async def test_an_openid_token_of_the_kubeconfig_is_used_and_an_expired_one_is_told(
    connected: Callable[..., Any],
) -> None:
    seen: list[web.Request] = []
    async with serving(answering(seen=seen)) as server:
        cluster = await connected(server, openid(lives=3600))
        await cluster.list(CONFIG_MAPS)
        assert seen[0].headers["Authorization"].startswith("Bearer eyJ")
        with pytest.raises(NoCluster, match="cannot refresh without refresh-token"):
            await connected(server, openid(lives=-3600))


async def test_a_server_of_another_name_is_believed_where_the_kubeconfig_says_which(
    tmp_path: Path, connected: Callable[..., Any]
) -> None:
    authority = Authority.made(tmp_path)
    ca = {"certificate-authority": "ca.pem"}
    async with serving(answering(), authority) as server:
        right = await connected(server, {"token": "t"}, **ca, **{"tls-server-name": "cluster.test"})
        assert (await right.list(CONFIG_MAPS)).items == ()
        wrong = await connected(server, {"token": "t"}, **ca, **{"tls-server-name": "other.test"})
        with pytest.raises(Unreachable, match="tls-server-name"):
            await wrong.list(CONFIG_MAPS)


async def test_an_unverified_server_is_warned_about(tmp_path: Path, connected: Callable[..., Any]) -> None:
    async with serving(answering(), Authority.made(tmp_path)) as server:
        with structlog.testing.capture_logs() as logged:
            cluster = await connected(server, {"token": "t"}, **{"insecure-skip-tls-verify": True})
        assert (await cluster.list(CONFIG_MAPS)).items == ()
    assert [(line["log_level"], line["context"]) for line in logged] == [("warning", "here")]


async def test_a_proxy_of_the_kubeconfig_is_used(connected: Callable[..., Any]) -> None:
    seen: list[web.Request] = []
    async with serving(answering(seen=seen)) as proxy:
        cluster = await connected("http://cluster.test:6443", {"token": "t"}, **{"proxy-url": proxy})
        assert (await cluster.list(CONFIG_MAPS)).items == ()
    assert seen[0].headers["Host"] == "cluster.test:6443"


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ({"client-certificate": "gone.pem", "client-key": "gone.key"}, r"gone\.pem"),
        ({"client-certificate-data": "%%%", "client-key-data": "%%%"}, "base64|cannot be used"),
        ({"client-certificate-data": "bm8gcGVt", "client-key-data": "bm8gcGVt"}, "certificates of context 'here'"),
    ],
)
async def test_certificates_that_cannot_be_used_are_told_at_once(
    connected: Callable[..., Any], user: dict[str, object], words: str
) -> None:
    with pytest.raises(NoCluster, match=words):
        await connected("https://127.0.0.1:1", user)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


async def test_a_refused_connection_names_address_context_and_what_to_check(connected: Callable[..., Any]) -> None:
    address = f"http://127.0.0.1:{_free_port()}"
    cluster = await connected(address, {"token": "s3cret"})
    with pytest.raises(Unreachable, match="connection was refused") as error:
        await cluster.delete(ref_to(CONFIG_MAP, "a", "shop"))
    assert error.value.details == {"address": address, "context": "here"}
    assert "s3cret" not in str(error.value)


async def test_a_name_nobody_knows_says_so(connected: Callable[..., Any]) -> None:
    cluster = await connected("https://no-such-cluster.invalid:6443", {"token": "t"})
    with pytest.raises(Unreachable, match="name is not known"):
        await cluster.patch(ref_to(CONFIG_MAP, "a", "shop"), [{"op": "remove", "path": "/data"}])


async def test_speaking_tls_to_a_plain_server_says_so(connected: Callable[..., Any]) -> None:
    async with serving(answering()) as server:
        cluster = await connected(server.replace("http:", "https:"), {"token": "t"})
        with pytest.raises(Unreachable, match="TLS failed"):
            await cluster.list(CONFIG_MAPS)


async def test_credentials_are_never_sent_where_a_redirect_points(connected: Callable[..., Any]) -> None:
    seen: list[web.Request] = []

    async def away(request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": other})

    async with serving(answering(seen=seen)) as other, serving(away) as server:
        cluster = await connected(server, {"token": "t"})
        with pytest.raises(ClusterFailure, match="not a Kubernetes API"):
            await cluster.list(CONFIG_MAPS)
    assert seen == []


async def test_a_watch_reads_lines_of_any_length_in_pieces_of_any_size(connected: Callable[..., Any]) -> None:
    big = {
        "metadata": {"name": "big", "namespace": "shop", "uid": "u", "resourceVersion": "8"},
        "data": {"k": "x" * 5_000_000},
    }
    line = json.dumps({"type": "ADDED", "object": big}).encode() + b"\n"

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.query.get("watch") != "true":
            return web.json_response(EMPTY)
        response = web.StreamResponse()
        await response.prepare(request)
        for start in range(0, len(line), 700_001):
            await response.write(line[start : start + 700_001])
        await response.write(b'{"type": "ADDED", "obj')  # cut in the middle of a line
        return response

    async with serving(answer) as server:
        cluster = await connected(server, {"token": "t"})
        async with cluster.watch(CONFIG_MAPS, "shop") as story:
            assert (await anext(story)).type == "synced"
            seen = await anext(story)
            assert len(seen.item.data["k"]) == 5_000_000
            assert (await anext(story)).item.name == "big", "it went on from version 8 after the cut"


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Accepts and never says a word."""
    await reader.read()


async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hears the first line and hangs up."""
    await reader.readline()
    writer.transport.abort()


@asynccontextmanager
async def transport_to(server: str, tmp_path: Path) -> AsyncIterator[PooledTransport]:
    config = kubeconfig(tmp_path / "config", {"server": server}, {"token": "t"})
    transport = PooledTransport(resolve(None, config, {}), Fixed("Bearer t"))
    yield transport
    await transport.close()


@pytest.mark.timeout(10)
async def test_a_handshake_that_never_ends_is_a_connection_that_did_not_come_about(tmp_path: Path) -> None:
    async with raw(silent) as address, transport_to(f"https://{address}", tmp_path) as transport:
        with pytest.raises(ConnectTimeout):
            await transport.request("GET", "/version")


async def test_an_answer_that_does_not_come_is_a_timeout_for_requests_and_for_streams(tmp_path: Path) -> None:
    async with raw(silent) as address, transport_to(f"http://{address}", tmp_path) as transport:
        with pytest.raises(TimeoutError):
            await transport.request("GET", "/version", timeout=0.1)
        with pytest.raises(TimeoutError):
            async with transport.stream("GET", "/version", timeout=0.1):
                pass


async def test_a_connection_cut_by_the_server_is_a_broken_connection(tmp_path: Path) -> None:
    async with raw(rude) as address, transport_to(f"http://{address}", tmp_path) as transport:
        with pytest.raises(ConnectionError):
            await transport.request("POST", "/api/v1/namespaces", body=b"{}")


async def test_the_embedded_cluster_over_http_is_a_cluster_like_any_other(tmp_path: Path, box: Box) -> None:
    front = HttpFront(box.api)
    config = kubeconfig(tmp_path / "config", {"server": await front.start()}, {})
    cluster = await connect("here", config, environment={})
    async with cluster.watch(CONFIG_MAPS, "shop") as story:
        assert (await anext(story)).type == "synced"
        made = await cluster.create(config_map("a", k="v"))
        assert (await anext(story)).item == await cluster.get(CONFIG_MAPS, "a")
        await cluster.delete(ref_to(CONFIG_MAP, "a", "shop", made["metadata"]["uid"]))
        assert (await anext(story)).type == "deleted"
    await cluster.close()
    await front.stop()
