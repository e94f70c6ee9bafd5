"""A pooled session to an API server, with the certificates, the proxy and the names its kubeconfig says."""

import base64
import binascii
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import aiohttp
from msgspec import Struct

from dot_ai_lifecycle.adapters.kubernetes.kubeconfig import Access
from dot_ai_lifecycle.adapters.kubernetes.plugin import Certificate
from dot_ai_lifecycle.adapters.kubernetes.words import one_line
from dot_ai_lifecycle.core.errors import NoCluster

_BUFFER = 2**21
"""Bytes of one answer read ahead; a line of a watch may be as long as etcd lets an object be, 1.5 MiB."""


class Session(Struct, frozen=True):
    """Connections to one server; `server_hostname` is the name its certificate has, where that is another."""

    http: aiohttp.ClientSession
    proxy: str | None
    server_hostname: str | None


async def open_session(access: Access, certificate: Certificate | None) -> Session:
    """A session to the cluster, showing that certificate or the kubeconfig's own.

    Raises NoCluster for certificates that cannot be used. A key is on disk only while it is read, and for nobody else.
    """
    try:
        context = _tls(access, certificate)
    except ssl.SSLError as error:
        reason = f"The certificates of context {access.context!r} in {access.origin} cannot be used: "
        raise NoCluster(
            f"{reason}{one_line(error.reason or 'not PEM', 100)}.",
            hint="Write the kubeconfig anew, or check client-certificate, client-key and certificate-authority.",
        ) from error
    connector = aiohttp.TCPConnector(ssl=context)
    http = aiohttp.ClientSession(connector=connector, trust_env=True, read_bufsize=_BUFFER)
    return Session(http, access.cluster.get("proxy-url"), access.cluster.get("tls-server-name"))


def _tls(access: Access, certificate: Certificate | None) -> ssl.SSLContext | Literal[True]:
    """How the server is spoken to; a server without TLS is not waited for until this machine's authorities are read."""
    if access.server.startswith("http:"):
        return True
    context = _verifying(access)
    _showing(context, access, certificate)
    return context


def _verifying(access: Access) -> ssl.SSLContext:
    """Whom we believe: the kubeconfig's authority, else those this machine believes."""
    authority = _pem("certificate-authority", access.cluster, access)
    context = ssl.create_default_context(cadata=authority.decode("ascii", "ignore") if authority else None)
    if access.cluster.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    # kubectl knows none of the stricter certificate rules Python 3.13 began with, and many clusters' CAs fail them
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _showing(context: ssl.SSLContext, access: Access, certificate: Certificate | None) -> None:
    """Who we are, where a certificate says that; `ssl` reads it from files only."""
    if certificate:
        shown, key = certificate.certificate.encode(), certificate.key.encode()
    else:
        shown, key = _pem("client-certificate", access.user, access), _pem("client-key", access.user, access)
    if not shown:
        return
    with tempfile.TemporaryDirectory() as home:
        pair = Path(home) / "pair.pem"
        pair.write_bytes(shown + b"\n" + key)
        context.load_cert_chain(pair, password="")  # an encrypted key fails: nobody is asked in a terminal


def _pem(name: str, section: Mapping[str, Any], access: Access) -> bytes:
    """What a section says inline or in a file; inline wins, as with kubectl. Empty where it says nothing."""
    try:
        if inline := section.get(f"{name}-data"):
            return base64.b64decode("".join(str(inline).split()), validate=True)
        return Path(section[name]).read_bytes() if section.get(name) else b""
    except (binascii.Error, OSError) as error:
        what = f"{section[name]}: {error.strerror}" if isinstance(error, OSError) else f"{name}-data is not base64"
        raise NoCluster(
            f"Context {access.context!r} in {access.origin} cannot be used: {one_line(what, 300)}.",
            hint="Check the files and the base64 values it names.",
        ) from error
