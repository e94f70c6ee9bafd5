"""Logins for registries, as pull secrets hold them and as the kubelet chooses among them.

The rules are those of `k8s.io/kubernetes/pkg/credentialprovider`: how entries are read, which match an image, and in
which order they are tried. Who plans by other rules would refuse what the kubelet pulls.
"""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

from dot_ai_lifecycle.core.image_reference import DEFAULT_HOST, Reference
from dot_ai_lifecycle.core.registry import Credential
from dot_ai_lifecycle.core.workload import Manifest

_DEFAULT_KEY = "index.docker.io"
_KEYS = {"kubernetes.io/dockerconfigjson": ".dockerconfigjson", "kubernetes.io/dockercfg": ".dockercfg"}


def credentials_of(secret: Manifest) -> tuple[Credential, ...]:
    """The logins in a Secret of one of the two types for them; entries that cannot be read are left out."""
    kind = str(secret.get("type", ""))
    encoded = (secret.get("data") or {}).get(_KEYS.get(kind, ""))
    try:
        content = json.loads(base64.b64decode(encoded)) if isinstance(encoded, str) else None
    except (ValueError, RecursionError):
        return ()
    if kind == "kubernetes.io/dockerconfigjson":
        content = content.get("auths") if isinstance(content, dict) else None
    return tuple(_read(content)) if isinstance(content, dict) else ()


def matching(reference: Reference, credentials: Sequence[Credential]) -> tuple[Credential, ...]:
    """Those logins the kubelet would try for the image, in its order: the longest paths of a host first."""
    ordered = sorted(credentials, key=lambda one: one.host, reverse=True)
    fitting = tuple(one for one in ordered if _matches(one.host, reference.name))
    if not fitting and reference.host == DEFAULT_HOST:
        return tuple(one for one in ordered if one.host == _DEFAULT_KEY)
    return fitting


def _read(entries: Mapping[str, Any]) -> Iterator[Credential]:
    for address, entry in entries.items():
        login = _login(entry) if isinstance(entry, dict) else None
        host = _host(address)
        if login and host:
            yield Credential(host, *login)


def _login(entry: Mapping[str, Any]) -> tuple[str, str] | None:
    """User and password: `auth`, where it is there, rules over the two fields beside it."""
    auth, username, password = entry.get("auth"), entry.get("username"), entry.get("password")
    if not auth:
        return (username, password) if isinstance(username, str) and isinstance(password, str) else None
    try:
        # some write it without the padding, which the kubelet takes as well
        decoded = base64.b64decode(auth + "=" * (-len(auth) % 4), validate=True).decode()
    except (TypeError, ValueError):  # no text, no base64, no UTF-8
        return None
    user, colon, word = decoded.partition(":")
    return (user, word) if colon else None


def _host(address: str) -> str:
    """`https://index.docker.io/v1/` as `index.docker.io`; a path counts, but for the API's own `/v1/` and `/v2/`."""
    whole = address if address.startswith(("https://", "http://")) else f"https://{address}"
    try:
        parts = urlsplit(whole)
    except ValueError:
        return ""
    path = parts.path
    if path.startswith(("/v1/", "/v2/")):
        path = path[3:]
    return parts.netloc + ("" if path == "/" else path)


def _matches(pattern: str, name: str) -> bool:
    """Host part by part with wildcards, the same port, and the path as a plain beginning."""
    labels, port, path = _split(name)
    wanted_labels, wanted_port, wanted_path = _split(pattern)
    return (
        port == wanted_port
        and len(labels) == len(wanted_labels)
        and path.startswith(wanted_path)
        and all(
            label == wanted or fnmatchcase(label, wanted) for label, wanted in zip(labels, wanted_labels, strict=True)
        )
    )


def _split(text: str) -> tuple[list[str], str, str]:
    """The labels of the host, its port, and the path with its slash."""
    host, slash, rest = text.partition("/")
    name, _, port = host.rpartition(":") if ":" in host and not host.endswith("]") else (host, "", "")
    return name.split("."), port, slash + rest
