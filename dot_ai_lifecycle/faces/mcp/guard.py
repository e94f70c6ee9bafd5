"""Who may call over HTTP: the token, and the names under which a browser may reach us."""

import hmac
import ipaddress
from collections.abc import Iterable, Sequence

from mcp.server.transport_security import TransportSecuritySettings
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from dot_ai_lifecycle.core.errors import BadInput

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
OPEN_PATHS = ("/healthz",)
"""Paths anybody may ask: they say nothing about a cluster."""


def is_loopback(host: str) -> bool:
    """Whether an address can only be reached from this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def refuse_open_door(host: str, token: str | None) -> None:
    """Raise BadInput where everybody in the network could change applications."""
    if not token and not is_loopback(host):
        raise BadInput(
            f"{host} can be reached from other machines, and no token is set.",
            hint="Set LIFECYCLE_HTTP_TOKEN and give it to the clients, or listen on 127.0.0.1.",
        )


def names_allowed(host: str, more: Iterable[str]) -> TransportSecuritySettings:
    """The Host and Origin headers that are taken: against pages that point their own name at this machine."""
    own = f"[{host}]" if ":" in host else host
    names = [*dict.fromkeys((*LOOPBACK, own, *more))]
    hosts = [form for name in names for form in (name, f"{name}:*")]
    return TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=hosts,
        allowed_origins=[f"{scheme}://{form}" for form in hosts for scheme in ("http", "https")],
    )


class Bearer:
    """Lets requests pass that carry the token; without a token set, all."""

    def __init__(self, app: ASGIApp, token: str | None, open_paths: Sequence[str] = OPEN_PATHS) -> None:
        self._app = app
        self._wanted = f"Bearer {token}".encode() if token else b""
        self._open_paths = open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._wanted and scope["path"] not in self._open_paths:
            shown = Headers(scope=scope).get("authorization", "").encode()
            if not hmac.compare_digest(shown, self._wanted):
                await _turned_away(scope, receive, send)
                return
        await self._app(scope, receive, send)


async def _turned_away(scope: Scope, receive: Receive, send: Send) -> None:
    answer = JSONResponse(
        {"error": "unauthorized", "message": "Send the server's token: Authorization: Bearer TOKEN."},
        status_code=401,
        headers={"WWW-Authenticate": 'Bearer realm="dot-ai-lifecycle"'},
    )
    await answer(scope, receive, send)
