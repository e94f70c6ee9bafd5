"""kubernetes_asyncio, for what it does well: OpenID Connect tokens of a kubeconfig, renewed where they have expired.

This is the only place that knows it. It is loaded only for users that log in so: it brings a class for every kind of
Kubernetes, a quarter of what a whole command costs.
"""

import binascii
from typing import Any

from kubernetes_asyncio.client import Configuration
from kubernetes_asyncio.config import ConfigException, load_kube_config_from_dict

from dot_ai_lifecycle.adapters.kubernetes.kubeconfig import Access
from dot_ai_lifecycle.adapters.kubernetes.words import one_line
from dot_ai_lifecycle.core.errors import NoCluster


async def openid_token(access: Access) -> str:
    """The OpenID Connect token as an Authorization header, renewed where it has expired. Raises NoCluster."""
    configuration: Any = type.__call__(Configuration)  # not a copy of the library's process-wide default
    document = {
        "contexts": [{"name": access.context, "context": {"cluster": "cluster", "user": "user"}}],
        "clusters": [{"name": "cluster", "cluster": {"server": access.server}}],
        "users": [{"name": "user", "user": {"auth-provider": access.user["auth-provider"]}}],
        "current-context": access.context,
    }
    try:
        await load_kube_config_from_dict(document, context=access.context, client_configuration=configuration)
    except (ConfigException, binascii.Error, ValueError, OSError) as error:
        raise NoCluster(
            f"Context {access.context!r} in {access.origin} cannot be used: {one_line(str(error), 300)}.",
            hint="Log in again with the tool that wrote this user, or check its idp-issuer-url and refresh-token.",
        ) from error
    return str(configuration.api_key.get("BearerToken", ""))
