"""kubernetes_asyncio, for what it does well: certificates, TLS, proxies, OpenID Connect, and the pooled session.

This is the only place that knows it, and it is loaded by the first connection only.
"""

import binascii
import ssl
from collections.abc import Mapping
from typing import Any

from kubernetes_asyncio.client import Configuration
from kubernetes_asyncio.client.rest import RESTClientObject
from kubernetes_asyncio.config import ConfigException, load_kube_config_from_dict

from dot_ai_lifecycle.adapters.kubernetes.kubeconfig import Access
from dot_ai_lifecycle.adapters.kubernetes.plugin import Certificate
from dot_ai_lifecycle.adapters.kubernetes.words import one_line
from dot_ai_lifecycle.core.errors import NoCluster

# what we read ourselves, and better: see auth.py
_OURS = ("exec", "token", "tokenFile", "username", "password")


async def open_session(access: Access, certificate: Certificate | None) -> RESTClientObject:
    """A pooled session to the cluster, with its TLS settings. Raises NoCluster for certificates that cannot be used."""
    try:
        return RESTClientObject(await _configuration(access, certificate))
    except ssl.SSLError as error:
        raise NoCluster(
            f"The certificates of context {access.context!r} in {access.origin} cannot be used: "
            f"{one_line(error.reason or 'not PEM', 100)}.",
            hint="Write the kubeconfig anew, or check client-certificate, client-key and certificate-authority.",
        ) from error


async def openid_token(access: Access) -> str:
    """The OpenID Connect token as an Authorization header, renewed where it has expired. Raises NoCluster."""
    configuration = await _configuration(access, None)
    return str(configuration.api_key.get("BearerToken", ""))


async def _configuration(access: Access, certificate: Certificate | None) -> Any:
    configuration = type.__call__(Configuration)  # not a copy of the library's process-wide default
    try:
        await load_kube_config_from_dict(
            _document(access, certificate), context=access.context, client_configuration=configuration
        )
    except (ConfigException, binascii.Error, ValueError, OSError) as error:
        raise NoCluster(
            f"Context {access.context!r} in {access.origin} cannot be used: {one_line(str(error), 300)}.",
            hint="Check the files and the base64 values it names.",
        ) from error
    # kubectl knows none of the stricter certificate rules Python 3.13 began with, and many clusters' CAs fail them
    configuration.disable_strict_ssl_verification = True
    return configuration


def _document(access: Access, certificate: Certificate | None) -> dict[str, Any]:
    user = {key: value for key, value in access.user.items() if key not in _OURS}
    if certificate:
        user |= {
            "client-certificate-data": _base64(certificate.certificate),
            "client-key-data": _base64(certificate.key),
        }
    cluster: Mapping[str, Any] = {**access.cluster, "server": access.server}
    return {
        "contexts": [{"name": access.context, "context": {"cluster": "cluster", "user": "user"}}],
        "clusters": [{"name": "cluster", "cluster": cluster}],
        "users": [{"name": "user", "user": user}],
        "current-context": access.context,
    }


def _base64(text: str) -> str:
    return binascii.b2a_base64(text.encode(), newline=False).decode()
