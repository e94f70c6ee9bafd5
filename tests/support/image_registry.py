"""An image registry over real sockets: the read half of the OCI distribution API, with every way to log in."""

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal

from aiohttp import web

from tests.adapters.server import Authority, serving

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"

Login = Literal["none", "basic", "bearer"]
Misbehaving = Callable[[web.Request], Awaitable[web.StreamResponse | None]]
"""What is done instead of answering; None answers as usual."""


def digest_of(content: bytes) -> str:
    return f"sha256:{sha256(content).hexdigest()}"


@dataclass
class Registry:
    """What it holds, whom it lets in, and what it was asked."""

    login: Login = "none"
    users: dict[str, str] = field(default_factory=lambda: {"jane": "s3cr3t"})
    realm: str = ""
    misbehaving: Misbehaving | None = None
    contents: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    heard: list[web.Request] = field(default_factory=list)
    url: str = ""

    @property
    def host(self) -> str:
        """Its name in image references."""
        return self.url.partition("://")[2]

    @property
    def lines(self) -> list[str]:
        """What was asked, without what only TLS could have read."""
        return [f"{request.method} {request.path_qs}" for request in self.heard]

    @property
    def logins(self) -> list[str]:
        """Every Authorization that was presented."""
        return [request.headers["Authorization"] for request in self.heard if "Authorization" in request.headers]

    def push(self, repository: str, tag: str, document: dict[str, Any], kind: str = MANIFEST) -> str:
        """Keep a manifest under its tag and its digest, which is returned."""
        content = json.dumps({"schemaVersion": 2, "mediaType": kind, **document}).encode()
        digest = digest_of(content)
        for name in (tag, digest):
            self.contents[repository, name] = kind, content
        return digest

    def push_image(self, repository: str, tag: str, platform: str = "linux/amd64", kind: str = MANIFEST) -> str:
        """An image for one platform, which only its configuration names."""
        system, architecture = platform.split("/")
        configuration = json.dumps({"os": system, "architecture": architecture}).encode()
        self.blobs[digest_of(configuration)] = configuration
        return self.push(repository, tag, {"config": {"digest": digest_of(configuration)}, "layers": []}, kind)

    def push_index(self, repository: str, tag: str, *platforms: str, kind: str = INDEX) -> str:
        """An image for several platforms, with an attestation beside them, as builders make it."""
        entries = [_entry(platform) for platform in (*platforms, "unknown/unknown")]
        return self.push(repository, tag, {"manifests": entries}, kind)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.heard.append(request)
        if self.misbehaving and (instead := await self.misbehaving(request)):
            return instead
        if request.path == "/token":
            return self._token(request)
        if not self._let_in(request):
            return self._challenge(request)
        _, _, path = request.path.partition("/v2/")
        repository, kind, name = path.rsplit("/", 2)
        if kind == "blobs":
            return web.Response(body=self.blobs[name]) if name in self.blobs else _error(404, "BLOB_UNKNOWN")
        return self._manifest(repository, name)

    def _manifest(self, repository: str, name: str) -> web.Response:
        if (repository, name) not in self.contents:
            known = {repository for repository, _ in self.contents}
            return _error(404, "MANIFEST_UNKNOWN" if repository in known else "NAME_UNKNOWN")
        kind, content = self.contents[repository, name]
        return web.Response(body=content, content_type=kind, headers={"Docker-Content-Digest": digest_of(content)})

    def _let_in(self, request: web.Request) -> bool:
        presented = request.headers.get("Authorization", "")
        match self.login:
            case "none":
                return True
            case "basic":
                return self._user(presented)
            case "bearer":
                return presented == "Bearer granted"

    def _user(self, presented: str) -> bool:
        user, _, word = base64.b64decode(presented.removeprefix("Basic ")).decode().partition(":")
        return bool(word) and self.users.get(user) == word

    def _challenge(self, request: web.Request) -> web.Response:
        repository = request.path.removeprefix("/v2/").rsplit("/", 2)[0]
        realm = self.realm or f"{self.url}/token"
        asked = {
            "basic": 'Basic realm="registry"',
            "bearer": f'Bearer realm="{realm}",service="registry.test",scope="repository:{repository}:pull"',
        }
        return _error(401, "UNAUTHORIZED", {"WWW-Authenticate": asked[self.login]})

    def _token(self, request: web.Request) -> web.Response:
        """Anybody gets a token where nobody is asked to log in; it opens the door only to users."""
        presented = request.headers.get("Authorization", "")
        if not presented:
            return web.json_response({"token": "of-nobody"})
        if not self._user(presented):
            return _error(401, "UNAUTHORIZED")
        return web.json_response({"access_token": "granted", "expires_in": 300})


def _entry(platform: str) -> dict[str, Any]:
    system, architecture, *variant = platform.split("/")
    named = {"os": system, "architecture": architecture} | ({"variant": variant[0]} if variant else {})
    return {"digest": digest_of(platform.encode()), "size": 7, "mediaType": MANIFEST, "platform": named}


def _error(status: int, code: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"errors": [{"code": code, "message": "no"}]}, status=status, headers=headers)


@asynccontextmanager
async def registry(
    login: Login = "none", *, misbehaving: Misbehaving | None = None, authority: Authority | None = None
) -> AsyncIterator[Registry]:
    """A registry on this machine as long as the block runs; with an authority over TLS."""
    made = Registry(login, misbehaving=misbehaving)
    async with serving(made.answer, authority) as url:
        made.url = url
        yield made
