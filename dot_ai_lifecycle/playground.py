"""A cluster to play with: the embedded one, with a small shop running on it."""

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from rich.console import Console

from dot_ai_lifecycle.adapters.kubernetes import KubernetesCluster
from dot_ai_lifecycle.core.errors import BadInput
from dot_ai_lifecycle.embedded.cluster import EmbeddedCluster
from dot_ai_lifecycle.embedded.http import HttpFront, kubeconfig

NAMESPACE = "shop"

MANIFESTS = """
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: my-app, namespace: shop, labels: {app.kubernetes.io/name: my-app}}
spec:
  replicas: 4
  selector: {matchLabels: {app: my-app}}
  template:
    metadata: {labels: {app: my-app}}
    spec:
      containers:
      - name: my-app
        image: example/my-app:v1.9.0
        ports: [{containerPort: 8080, name: http}]
        readinessProbe: {httpGet: {path: /ready, port: http}, periodSeconds: 1}
        lifecycle: {preStop: {sleep: {seconds: 3}}}
        resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {memory: 256Mi}}
---
apiVersion: v1
kind: Service
metadata: {name: my-app, namespace: shop}
spec: {selector: {app: my-app}, ports: [{port: 80, targetPort: http}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: orders, namespace: shop, labels: {app.kubernetes.io/name: orders}}
spec:
  serviceName: orders
  replicas: 2
  selector: {matchLabels: {app: orders}}
  template:
    metadata: {labels: {app: orders}}
    spec:
      containers:
      - name: orders
        image: example/orders:v3
        ports: [{containerPort: 8080, name: http}]
        readinessProbe: {httpGet: {path: /ready, port: http}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: orders, namespace: shop}
spec: {clusterIP: None, selector: {app: orders}, ports: [{port: 80, targetPort: http}]}
"""

BAD_VERSION = "v2.1.0"
"""The one version of the shop's app that cannot start: its database has another name there."""


class Playground:
    """A running embedded cluster with a shop."""

    def __init__(self, box: EmbeddedCluster) -> None:
        self.box = box

    def client(self) -> KubernetesCluster:
        """The cluster as the engine wants it, without a network between."""
        return KubernetesCluster(self.box.transport, "embedded", NAMESPACE, clock=self.box.now)


@asynccontextmanager
async def playground() -> AsyncIterator[Playground]:
    """Start the cluster and its shop; everything is gone at the end."""
    async with EmbeddedCluster() as box:
        bad = {"VERSION": BAD_VERSION, "CRASH": "cannot open database: no host named db-2"}
        box.behaviour.images[f"example/my-app:{BAD_VERSION}"] = bad
        box.apply(MANIFESTS)
        yield Playground(box)


@asynccontextmanager
async def reachable(place: Playground, port: int, path: Path) -> AsyncIterator[str]:
    """Serve the playground's API on loopback, with a kubeconfig at `path`. Raises BadInput where that cannot be."""
    front = HttpFront(place.box.api)
    try:
        address = await front.start(port=port)
        path.parent.mkdir(parents=True, exist_ok=True)
        kubeconfig(address, path, NAMESPACE)
    except OSError as error:
        await front.stop()
        raise BadInput(
            f"Cannot serve on port {port} with a kubeconfig at {path}: {error.strerror or error}."
        ) from error
    try:
        yield address
    finally:
        await front.stop()


async def keep_cluster(state_dir: Path, port: int, path: str | None) -> int:
    """Run the embedded cluster until SIGINT or SIGTERM. Returns the exit code."""
    config = Path(path) if path else state_dir / "embedded.kubeconfig"
    async with playground() as place, reachable(place, port, config) as address:
        console = Console(highlight=False, soft_wrap=True)
        console.print(f"An embedded Kubernetes runs at {address}, with a small shop in namespace {NAMESPACE}.")
        console.print(f"\n  export KUBECONFIG={config}")
        console.print("  export LIFECYCLE_REGISTRY_CHECK=off    # its images are in no registry\n")
        console.print(f"  kubectl -n {NAMESPACE} get pods")
        console.print(f"  dot-ai list -n {NAMESPACE}")
        console.print(f"  dot-ai update my-app -n {NAMESPACE} --version v2.0.0")
        console.print(f"  dot-ai update my-app -n {NAMESPACE} --version {BAD_VERSION}    # crashes, and is taken back")
        console.print("\nAny image runs; its tag decides how: missing, crash, unready and slow in a tag misbehave so.")
        console.print("Ctrl-C ends it; nothing is kept.")
        await until_told()
    return 0


async def until_told() -> None:
    """Return at SIGINT or SIGTERM."""
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            return
