"""Credentials that stay fresh: who we are, asked again when it runs out or is not believed."""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from dot_ai_lifecycle.adapters.kubernetes import plugin
from dot_ai_lifecycle.adapters.kubernetes.kubeconfig import Access
from dot_ai_lifecycle.adapters.kubernetes.plugin import Certificate, Credential
from dot_ai_lifecycle.core.errors import NoCluster

MINIMUM = 10.0  # seconds between two runs of a plugin for the same reason
BEFORE_EXPIRY = timedelta(seconds=60)
TOKEN_FILE_PERIOD = 60.0  # seconds; the kubelet rotates service account tokens long before they expire


class Credentials(Protocol):
    """Who we are, for the next request."""

    async def authorization(self) -> str:
        """The Authorization header's value; empty where there is none (client certificates, anonymous)."""

    async def renewed(self, rejected: str) -> bool:
        """After a 401 for that value: whether there is a newer one worth trying."""

    @property
    def certificate(self) -> Certificate | None:
        """A client certificate that did not come from the kubeconfig."""


class Fixed:
    """A token, a password, or nothing: never changes."""

    certificate = None

    def __init__(self, value: str = "") -> None:
        self._value = value

    async def authorization(self) -> str:
        return self._value

    async def renewed(self, rejected: str) -> bool:
        return False


class TokenFile:
    """A token in a file that somebody rotates; read again every minute, and after a 401."""

    certificate = None

    def __init__(self, path: Path, period: float = TOKEN_FILE_PERIOD) -> None:
        self._path, self._period = path, period
        self._value = ""
        self._read_at = 0.0

    async def authorization(self) -> str:
        now = asyncio.get_running_loop().time()
        if not self._value or now - self._read_at >= self._period:
            self._read(now)
        return self._value

    async def renewed(self, rejected: str) -> bool:
        self._read(asyncio.get_running_loop().time())
        return self._value != rejected

    def _read(self, now: float) -> None:
        try:
            token = self._path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise NoCluster(
                f"The token file {self._path} cannot be read.", hint="Check path and permissions."
            ) from error
        if not token:
            raise NoCluster(f"The token file {self._path} is empty.", hint="Log in again.")
        self._value, self._read_at = f"Bearer {token}", now


class Plugin:
    """A credential plugin's answer, kept until shortly before it expires; one run at a time."""

    def __init__(
        self,
        access: Access,
        environment: Mapping[str, str],
        *,
        patience: float = plugin.PATIENCE,
        minimum: float = MINIMUM,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._access, self._environment, self._clock = access, environment, clock
        self._patience, self._minimum = patience, minimum
        self._alone = asyncio.Lock()
        self._credential: Credential | None = None
        self._ran_at = self._renewed_at = -minimum
        self._fresh_until: datetime | None = None

    @property
    def certificate(self) -> Certificate | None:
        return self._credential.certificate if self._credential else None

    async def authorization(self) -> str:
        async with self._alone:
            if self._credential is None or self._stale():
                await self._run()
        return self._value()

    async def renewed(self, rejected: str) -> bool:
        async with self._alone:
            if self._value() != rejected:
                return True
            now = asyncio.get_running_loop().time()
            if now - self._renewed_at < self._minimum:
                return False
            self._renewed_at = now
            await self._run()
        return True

    def _value(self) -> str:
        return f"Bearer {self._credential.token}" if self._credential and self._credential.token else ""

    def _stale(self) -> bool:
        if self._fresh_until is None or self._clock() < self._fresh_until:
            return False
        return asyncio.get_running_loop().time() - self._ran_at >= self._minimum

    async def _run(self) -> None:
        self._credential = await plugin.run(self._access, self._environment, self._patience)
        self._ran_at = asyncio.get_running_loop().time()
        expires, now = self._credential.expires, self._clock()
        self._fresh_until = expires - min(BEFORE_EXPIRY, max(expires - now, timedelta()) / 4) if expires else None


class Borrowed:
    """A token the client library renews (OpenID Connect); asked again every minute, and after a 401."""

    certificate = None

    def __init__(self, load: Callable[[], Awaitable[str]]) -> None:
        self._load = load
        self._value = ""
        self._loaded_at = 0.0

    async def authorization(self) -> str:
        now = asyncio.get_running_loop().time()
        if not self._value or now - self._loaded_at >= TOKEN_FILE_PERIOD:
            self._value, self._loaded_at = await self._load(), now
        return self._value

    async def renewed(self, rejected: str) -> bool:
        self._value = await self._load()
        return self._value != rejected


def credentials_of(
    access: Access, environment: Mapping[str, str], openid: Callable[[], Awaitable[str]], patience: float
) -> Credentials:
    """The credentials of a user section, in kubectl's order of preference. Raises NoCluster for what is no more."""
    user = access.user
    if provider := (user.get("auth-provider") or {}).get("name"):
        if provider != "oidc":
            raise NoCluster(
                f"User {access.user_name!r} of {access.origin} uses the auth-provider {provider!r}, which Kubernetes "
                "has removed.",
                hint="Write the kubeconfig anew with the cloud provider's tool: it will use a credential plugin.",
            )
        return Borrowed(openid)
    if user.get("tokenFile"):
        return TokenFile(Path(str(user["tokenFile"])))
    if user.get("token"):
        return Fixed(f"Bearer {str(user['token']).strip()}")
    if user.get("exec"):
        return Plugin(access, environment, patience=patience)
    if user.get("username"):
        pair = f"{user['username']}:{user.get('password', '')}".encode()
        return Fixed(f"Basic {base64.b64encode(pair).decode()}")
    return Fixed()
