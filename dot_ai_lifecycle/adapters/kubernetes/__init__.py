"""Kubernetes: the cluster behind the ports, over a thin client of our own.

Importing this costs neither `kubernetes_asyncio` nor `aiohttp`: they are loaded by the first connection.
"""

from dot_ai_lifecycle.adapters.kubernetes.client import KubernetesCluster
from dot_ai_lifecycle.adapters.kubernetes.connect import connect
from dot_ai_lifecycle.adapters.kubernetes.kubeconfig import ContextName, contexts
from dot_ai_lifecycle.adapters.kubernetes.lazy import LazyCluster
from dot_ai_lifecycle.adapters.kubernetes.transport import Answer, Stream, Transport

__all__ = ["Answer", "ContextName", "KubernetesCluster", "LazyCluster", "Stream", "Transport", "connect", "contexts"]
