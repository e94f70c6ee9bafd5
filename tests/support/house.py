"""A whole house for a test: the embedded cluster, our client on it, an engine, and a shop to act on."""

import copy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dot_ai_lifecycle.adapters.kubernetes.client import KubernetesCluster
from dot_ai_lifecycle.adapters.local_files import LocalFiles
from dot_ai_lifecycle.core.metrics import Metrics
from dot_ai_lifecycle.core.operation import Change
from dot_ai_lifecycle.core.policy import Policy
from dot_ai_lifecycle.core.record import Record
from dot_ai_lifecycle.embedded.cluster import EmbeddedCluster
from dot_ai_lifecycle.engine.engine import Engine
from dot_ai_lifecycle.engine.proposal import Consent, Proposal
from dot_ai_lifecycle.engine.run import Progress, Run

SHOP = """
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  replicas: 4
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: box.local/web:v1
        ports: [{containerPort: 8080, name: http}]
        readinessProbe: {httpGet: {path: /ready, port: http}, periodSeconds: 1}
        lifecycle: {preStop: {sleep: {seconds: 3}}}
        resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {memory: 64Mi}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
"""

DATABASE = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop, labels: {app: db}}
spec:
  serviceName: db
  replicas: 3
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers:
      - name: db
        image: box.local/db:v1
        ports: [{containerPort: 8080, name: http}]
        readinessProbe: {httpGet: {path: /ready, port: http}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec: {clusterIP: None, selector: {app: db}, ports: [{port: 80, targetPort: http}]}
"""

AGENT = """
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: shop, labels: {app: agent}}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec:
      containers:
      - name: agent
        image: box.local/agent:v1
        ports: [{containerPort: 8080, name: http}]
        readinessProbe: {httpGet: {path: /ready, port: http}, periodSeconds: 1}
"""


BARE = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: bare, namespace: shop, labels: {app: bare}}
spec:
  replicas: 4
  selector: {matchLabels: {app: bare}}
  template:
    metadata: {labels: {app: bare}}
    spec:
      containers:
      - name: bare
        image: box.local/bare:v1
        ports: [{containerPort: 8080, name: http}]
        readinessProbe: {httpGet: {path: /ready, port: http}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: bare, namespace: shop}
spec: {selector: {app: bare}, ports: [{port: 80, targetPort: http}]}
---
apiVersion: v1
kind: Service
metadata: {name: bare-admin, namespace: shop}
spec: {selector: {app: bare}, ports: [{port: 81, targetPort: http}]}
"""
"""An app of two Services whose pods end at once when they are asked to."""

STOPS = BARE.replace("  replicas: 4\n", "  replicas: 4\n  strategy: {type: Recreate}\n")
"""The same app, which ends all its pods before it starts new ones."""


_COUNTS_OF_NODES = ("currentNumberScheduled", "updatedNumberScheduled", "numberReady")


@dataclass
class House:
    """Everything a test acts on."""

    box: EmbeddedCluster
    state_dir: Path
    engine: Engine
    first: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    """The specs of the workloads and Services before anybody touched them, by kind and name."""

    def another_engine(self, *, actor: str = "cli:colleague", policy: Policy | None = None) -> Engine:
        """An engine of another process: same cluster, its own connection, nothing in memory."""
        return engine_on(self.box, self.state_dir, actor=actor, policy=policy)

    def client(self) -> KubernetesCluster:
        """A connection of its own to the cluster."""
        return client_of(self.box)

    async def run(self, change: Change[Any], told: list[Progress] | None = None) -> Record:
        """Propose, agree, and wait for the end."""
        run = await self.start(change, told)
        return await run.wait()

    async def start(self, change: Change[Any], told: list[Progress] | None = None) -> Run:
        """Propose, agree, begin."""
        proposal = await self.engine.propose(change)
        return await self.engine.start(change, self.consent(proposal), told.append if told is not None else None)

    def consent(self, proposal: Proposal) -> Consent:
        """A person's yes to a plan."""
        return Consent(by="cli:tester", plan_id=proposal.plan.id, person=True)

    async def run_if_any(self, change: Change[Any]) -> Record | None:
        """As `run`; None where there is nothing to do."""
        proposal = await self.engine.propose(change)
        return await self.run(change) if proposal.plan.steps else None

    def deployment(self, name: str = "web", kind: str = "Deployment") -> dict[str, Any]:
        """A workload as it stands in the cluster."""
        return self.box.store.get(kind, name, "shop")

    def selector(self, service: str) -> dict[str, str]:
        """What a Service selects now."""
        return dict(self.box.store.get("Service", service, "shop")["spec"]["selector"])

    def image(self, name: str = "web", kind: str = "Deployment") -> str:
        """The image a workload wants now."""
        return str(self.deployment(name, kind)["spec"]["template"]["spec"]["containers"][0]["image"])

    def is_as_at_first(self, name: str, image: str, kind: str = "Deployment") -> bool:
        """Whether all of a workload but its image, and all of its Services, are as they were before anybody came.

        Every pod has to run that image and be ready, and nothing of ours may be left on it. Fails with what differs.
        """
        found, wanted = self.deployment(name, kind), copy.deepcopy(self.first[kind, name])
        wanted["template"]["spec"]["containers"][0]["image"] = image
        assert found["spec"] == wanted
        for service in self.box.store.list("Service", "shop"):
            assert service["spec"]["selector"] == self.first["Service", service["metadata"]["name"]]["selector"]
        annotations = found["metadata"].get("annotations") or {}
        assert not [key for key in annotations if key.startswith("lifecycle.dot-ai/")]
        counts = _COUNTS_OF_NODES if kind == "DaemonSet" else ("replicas", "updatedReplicas", "readyReplicas")
        total = found["status"]["desiredNumberScheduled"] if kind == "DaemonSet" else wanted["replicas"]
        return {found["status"].get(part) for part in counts} == {total}

    def edit(self, change: Any, name: str = "web", kind: str = "Deployment") -> None:
        """Somebody else changes a workload."""
        self.box.store.edit(kind, name, "shop", change, field_manager="a-stranger")


def client_of(box: EmbeddedCluster) -> KubernetesCluster:
    """A connection of its own to an embedded cluster, at home in the shop."""
    return KubernetesCluster(box.transport, "embedded", "shop", clock=box.now)


def engine_on(
    box: EmbeddedCluster, state_dir: Path, *, actor: str, policy: Policy | None = None, metrics: Metrics | None = None
) -> Engine:
    """An engine on an embedded cluster, over a connection of its own."""
    return Engine(client_of(box), LocalFiles(state_dir), policy or Policy(), actor=actor, metrics=metrics)


def with_image(image: str) -> Any:
    """A stranger's edit: another image."""

    def change(workload: dict[str, Any]) -> None:
        workload["spec"]["template"]["spec"]["containers"][0]["image"] = image

    return change


@asynccontextmanager
async def house(tmp_path: Path, *manifests: str) -> AsyncIterator[House]:
    """A house with a running shop (or with the manifests given besides it)."""
    async with EmbeddedCluster(seed=7) as box:
        for manifest in (SHOP, *manifests):
            box.apply(manifest)
        await box.settled()
        first = {
            (kind, found["metadata"]["name"]): copy.deepcopy(found["spec"])
            for kind in ("Deployment", "StatefulSet", "DaemonSet", "Service")
            for found in box.store.list(kind, "shop")
        }
        yield House(box, tmp_path, engine_on(box, tmp_path, actor="cli:tester"), first)
