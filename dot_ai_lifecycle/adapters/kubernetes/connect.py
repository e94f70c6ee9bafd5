"""From a kubeconfig to a cluster; the heavy client is loaded here, at the first connection and not before."""

import os
import random
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

import structlog

from dot_ai_lifecycle.adapters.kubernetes.auth import credentials_of
from dot_ai_lifecycle.adapters.kubernetes.caller import wall_clock
from dot_ai_lifecycle.adapters.kubernetes.client import KubernetesCluster
from dot_ai_lifecycle.adapters.kubernetes.kubeconfig import Access, resolve
from dot_ai_lifecycle.adapters.kubernetes.plugin import PATIENCE
from dot_ai_lifecycle.adapters.kubernetes.words import one_line

_log = structlog.get_logger()


async def connect(
    context: str | None = None,
    kubeconfig: str | None = None,
    *,
    environment: Mapping[str, str] = os.environ,
    clock: Callable[[], datetime] = wall_clock,
    chance: random.Random | None = None,
    plugin_patience: float = PATIENCE,
) -> KubernetesCluster:
    """The cluster of that context (else the current one), its credentials at hand; nothing was asked of it yet.

    `environment` gives KUBECONFIG, HOME, PATH and what credential plugins need. Raises NoCluster.
    """
    access = resolve(context, kubeconfig, environment)
    return await connected(access, environment=environment, clock=clock, chance=chance, plugin_patience=plugin_patience)


async def connected(
    access: Access,
    *,
    environment: Mapping[str, str],
    clock: Callable[[], datetime] = wall_clock,
    chance: random.Random | None = None,
    plugin_patience: float = PATIENCE,
) -> KubernetesCluster:
    """The cluster behind that access. Raises NoCluster where its credentials or certificates cannot be had."""
    # HTTP costs 0.1 s and 20 MiB: a server answers its client before that
    from dot_ai_lifecycle.adapters.kubernetes.pooled import PooledTransport

    address = one_line(access.server)
    if access.cluster.get("insecure-skip-tls-verify"):
        _log.warning(
            "the server's certificate is not verified (insecure-skip-tls-verify)",
            context=access.context,
            server=address,
        )
    credentials = credentials_of(access, environment, partial(_openid_token, access), plugin_patience)
    transport = PooledTransport(access, credentials)
    await transport.prepare()
    return KubernetesCluster(
        transport,
        access.context,
        access.namespace,
        address=address,
        login=access.login,
        clock=clock,
        chance=chance,
    )


async def _openid_token(access: Access) -> str:
    from dot_ai_lifecycle.adapters.kubernetes.openid import openid_token

    return await openid_token(access)
