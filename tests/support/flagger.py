"""Flagger, as far as we rely on it: a Canary's phases, its copy of the target, gates, failed checks, skipped analyses.

It looks every ten seconds, as the real one looks once an interval, and goes by the same questions in the same order:
suspended, anything new, is the canary ready, skip, failed too often, one step on, promote, finish. It sends no traffic.
"""

import asyncio
import copy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from dot_ai_lifecycle.core.workload import digest_of
from dot_ai_lifecycle.embedded.cluster import EmbeddedCluster

DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: canaries.flagger.app}
spec:
  group: flagger.app
  scope: Namespaced
  names: {plural: canaries, singular: canary, kind: Canary, listKind: CanaryList}
  versions:
  - name: v1beta1
    served: true
    storage: true
    subresources: {status: {}}
    schema:
      openAPIV3Schema:
        type: object
        required: [spec]
        properties:
          spec:
            type: object
            required: [targetRef]
            properties:
              provider: {type: string}
              progressDeadlineSeconds: {type: number}
              skipAnalysis: {type: boolean}
              suspend: {type: boolean}
              targetRef:
                type: object
                required: [kind, name]
                properties:
                  apiVersion: {type: string}
                  kind: {type: string, enum: [DaemonSet, Deployment, Service]}
                  name: {type: string}
              autoscalerRef:
                type: object
                properties:
                  apiVersion: {type: string}
                  kind: {type: string, enum: [HorizontalPodAutoscaler, ScaledObject]}
                  name: {type: string}
              service: {type: object, properties: {port: {type: number}}}
              analysis:
                type: object
                properties:
                  interval: {type: string}
                  iterations: {type: number}
                  threshold: {type: number}
                  maxWeight: {type: number}
                  stepWeight: {type: number}
                  stepWeights: {type: array, items: {type: number}}
                  webhooks:
                    type: array
                    items:
                      type: object
                      properties:
                        name: {type: string}
                        type: {type: string}
                        url: {type: string}
          status:
            type: object
            properties:
              phase: {type: string}
              failedChecks: {type: number}
              canaryWeight: {type: number}
              iterations: {type: number}
              lastAppliedSpec: {type: string}
              lastPromotedSpec: {type: string}
              lastTransitionTime: {type: string}
              conditions:
                type: array
                items:
                  type: object
                  properties:
                    type: {type: string}
                    status: {type: string}
                    reason: {type: string}
                    message: {type: string}
                    lastUpdateTime: {type: string}
                    lastTransitionTime: {type: string}
"""
"""The fields of a Canary that Flagger reads and writes, as far as they matter here."""

_APP = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop, labels: {app: api}}
spec:
  replicas: 3
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      containers:
      - name: api
        image: box.local/api:v1
        ports: [{containerPort: 8080, name: http}]
        readinessProbe: {httpGet: {path: /ready, port: http}, periodSeconds: 1}
        lifecycle: {preStop: {sleep: {seconds: 3}}}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api-primary}, ports: [{port: 80, targetPort: http}]}
"""

_CANARY = """
apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {{name: api, namespace: shop}}
spec:
  provider: kubernetes
  targetRef: {{apiVersion: apps/v1, kind: Deployment, name: api}}
  service: {{port: 80}}
  analysis: {{interval: 10s, threshold: 2, iterations: 3, webhooks: [{webhooks}]}}
"""

GATE = "{{name: ask, type: {type}, url: 'http://loadtester.test/gate/check'}}"


def app(*gates: str) -> str:
    """An app `api` that Flagger delivers after three looks, with those gates (confirm-rollout, confirm-promotion)."""
    webhooks = ", ".join(GATE.format(type=gate) for gate in gates)
    return "---".join((DEFINITION, _APP, _CANARY.format(webhooks=webhooks)))


IDLE = ("Initialized", "Succeeded", "Failed")


@dataclass
class Flagger:
    """The controller. `failing` is how many more checks fail; `opened` are the gates that say yes."""

    box: EmbeddedCluster
    name: str = "api"
    namespace: str = "shop"
    replicas: int = 3
    failing: int = 0
    opened: set[str] = field(default_factory=set)
    looks: int = 0

    @property
    def canary(self) -> dict[str, Any]:
        return self.box.store.get("Canary", self.name, self.namespace)

    @property
    def status(self) -> dict[str, Any]:
        return dict(self.canary.get("status") or {})

    @property
    def phase(self) -> str:
        return str(self.status.get("phase", ""))

    def target(self, suffix: str = "") -> dict[str, Any]:
        return self.box.store.get("Deployment", f"{self.name}{suffix}", self.namespace)

    @property
    def image(self) -> str:
        """What its copy, which serves, runs."""
        return str(self.target("-primary")["spec"]["template"]["spec"]["containers"][0]["image"])

    def look(self) -> None:
        """One tick."""
        spec, phase = self.canary["spec"], self.phase
        self.looks += 1
        if spec.get("suspend"):
            return
        if not phase:
            self._initialize()
            return
        if phase == "Failed":
            self._write(lastAppliedSpec=self._hash)
        seen = self.status if phase != "Failed" else {**self.status, "lastAppliedSpec": None}
        new = self._hash not in (seen.get("lastPromotedSpec"), seen.get("lastAppliedSpec"))
        if phase in (*IDLE, "Waiting"):
            if (phase == "Waiting" or new) and self._asks("confirm-rollout", "Waiting"):
                self._scale(self.replicas)
                self._fresh("Progressing")
            return
        if phase in ("Progressing", "WaitingPromotion") and new:
            self._fresh("Progressing")
        elif self._ready():
            self._on(spec, phase)

    def _on(self, spec: dict[str, Any], phase: str) -> None:
        if spec.get("skipAnalysis"):
            self._promote()
            self._finish()
        elif phase == "Promoting":
            if self._ready("-primary"):
                self._write(phase="Finalising")
        elif phase == "Finalising":
            self._finish()
        else:
            self._analysed(spec["analysis"], self.status.get("failedChecks", 0), self.status.get("iterations", 0))

    def _analysed(self, analysis: dict[str, Any], failed: int, passed: int) -> None:
        if failed >= analysis["threshold"]:
            self._scale(0)
            self._fresh("Failed")
        elif self.failing:
            self.failing -= 1
            self._write(failedChecks=failed + 1)
        elif passed < analysis["iterations"]:
            self._write(iterations=passed + 1)
        elif self._asks("confirm-promotion", "WaitingPromotion"):
            self._promote()
            self._write(phase="Promoting")

    def _initialize(self) -> None:
        first, primary = self.target(), f"{self.name}-primary"
        made: dict[str, Any] = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": primary, "namespace": self.namespace, "labels": {"app": primary}},
            "spec": {**copy.deepcopy(first["spec"]), "selector": {"matchLabels": {"app": primary}}},
        }
        made["metadata"]["ownerReferences"] = [
            {
                "apiVersion": "flagger.app/v1beta1",
                "kind": "Canary",
                "name": self.name,
                "uid": self.canary["metadata"]["uid"],
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ]
        made["spec"]["template"] = self._copied(first)
        self.box.store.create(made)
        self._scale(0)
        self._fresh("Initialized")
        self._write(lastPromotedSpec=self._hash)

    def _copied(self, target: dict[str, Any]) -> dict[str, Any]:
        template = copy.deepcopy(target["spec"]["template"])
        template["metadata"]["labels"]["app"] = f"{self.name}-primary"
        annotations = template["metadata"].get("annotations") or {}
        template["metadata"]["annotations"] = {**annotations, "flagger-id": f"id-{self.looks}"}
        return dict(template)

    def _promote(self) -> None:
        target = self.target()

        def change(primary: dict[str, Any]) -> None:
            primary["spec"]["template"] = self._copied(target)
            primary["spec"]["replicas"] = target["spec"]["replicas"]

        self.box.store.edit("Deployment", f"{self.name}-primary", self.namespace, change, field_manager="flagger")

    def _finish(self) -> None:
        self._scale(0)
        self._write(phase="Succeeded", iterations=0, lastPromotedSpec=self.status["lastAppliedSpec"])

    def _asks(self, gate: str, waiting: str) -> bool:
        hooks = self.canary["spec"]["analysis"].get("webhooks") or ()
        closed = gate not in self.opened and any(hook["type"] == gate for hook in hooks)
        if closed and self.phase != waiting:
            self._write(phase=waiting)
        return not closed

    def _ready(self, suffix: str = "") -> bool:
        found = self.target(suffix)
        status, wanted = found.get("status") or {}, found["spec"]["replicas"]
        seen = status.get("observedGeneration", 0) >= found["metadata"]["generation"]
        counts = (status.get("updatedReplicas", 0), status.get("availableReplicas", 0), status.get("replicas", 0))
        return bool(seen and counts == (wanted, wanted, wanted))

    @property
    def _hash(self) -> str:
        return digest_of(self.target()["spec"]["template"])

    def _scale(self, replicas: int) -> None:
        def change(deployment: dict[str, Any]) -> None:
            deployment["spec"]["replicas"] = replicas

        self.box.store.edit("Deployment", self.name, self.namespace, change, field_manager="flagger")

    def _fresh(self, phase: str) -> None:
        self._write(phase=phase, failedChecks=0, canaryWeight=0, iterations=0, lastAppliedSpec=self._hash)

    def _write(self, **fields: Any) -> None:
        now = self.box.plane.stamp()

        def change(canary: dict[str, Any]) -> None:
            status = canary.setdefault("status", {})
            status.update(fields, lastTransitionTime=now)
            ends = {"Succeeded": "True", "Initialized": "True", "Failed": "False"}
            phase = status["phase"]
            word = {"Failed": "Canary analysis failed, Deployment scaled to zero."}.get(phase, phase)
            promoted = {"type": "Promoted", "status": ends.get(phase, "Unknown"), "reason": phase}
            status["conditions"] = [{**promoted, "message": word}]

        self.box.store.edit("Canary", self.name, self.namespace, change, subresource="status", field_manager="flagger")


@asynccontextmanager
async def flagger(box: EmbeddedCluster) -> AsyncIterator[Flagger]:
    """Flagger at work in that cluster, its copy made and serving."""
    controller = Flagger(box)

    async def forever() -> None:
        while True:
            controller.look()
            await asyncio.sleep(10)

    task = asyncio.create_task(forever(), name="flagger")
    try:
        await asyncio.sleep(0)
        await box.settled()
        yield controller
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
