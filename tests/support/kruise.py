"""OpenKruise Rollouts, as far as we rely on them: steps by replicas, pauses, approval, a jump, a template taken back.

Its webhook is played by a look right after a write, its controller by one look a second. A step keeps that share of the
Deployment's pods on the new version by holding the Deployment paused between maxSurge and maxUnavailable of its own.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from dot_ai_lifecycle.core.workload import digest_of
from dot_ai_lifecycle.embedded.cluster import EmbeddedCluster

DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: rollouts.rollouts.kruise.io}
spec:
  group: rollouts.kruise.io
  scope: Namespaced
  names: {plural: rollouts, singular: rollout, kind: Rollout, listKind: RolloutList}
  versions:
  - name: v1beta1
    served: true
    storage: true
    subresources: {status: {}}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            required: [strategy, workloadRef]
            properties:
              disabled: {type: boolean, default: false}
              workloadRef:
                type: object
                required: [apiVersion, kind, name]
                properties:
                  apiVersion: {type: string}
                  kind: {type: string}
                  name: {type: string}
              strategy:
                type: object
                properties:
                  paused: {type: boolean}
                  canary: &steps
                    type: object
                    properties:
                      enableExtraWorkloadForCanary: {type: boolean}
                      steps:
                        type: array
                        items:
                          type: object
                          properties:
                            traffic: {type: string}
                            replicas: {x-kubernetes-int-or-string: true}
                            pause: {type: object, properties: {duration: {type: integer}}}
                  blueGreen: *steps
          status:
            type: object
            properties:
              observedGeneration: {type: integer}
              phase: {type: string}
              message: {type: string}
              currentStepIndex: {type: integer}
              currentStepState: {type: string}
              canaryStatus: &status
                type: object
                properties:
                  observedWorkloadGeneration: {type: integer}
                  stableRevision: {type: string}
                  canaryRevision: {type: string}
                  updatedRevision: {type: string}
                  podTemplateHash: {type: string}
                  currentStepIndex: {type: integer}
                  nextStepIndex: {type: integer}
                  currentStepState: {type: string}
              blueGreenStatus: *status
"""
"""The fields of a Rollout that OpenKruise reads and writes, as far as they matter here."""

_APP = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop, labels: {app: api}}
spec:
  replicas: 4
  selector: {matchLabels: {app: api}}
  strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
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
spec: {selector: {app: api}, ports: [{port: 80, targetPort: http}]}
---
apiVersion: rollouts.kruise.io/v1beta1
kind: Rollout
metadata: {name: api, namespace: shop}
spec:
  workloadRef: {apiVersion: apps/v1, kind: Deployment, name: api}
  strategy:
    canary:
      steps:
      - {replicas: 25%, pause: {}}
      - {replicas: 50%, pause: {duration: 30}}
      - {replicas: 75%, pause: {}}
      - {replicas: 100%, pause: {}}
"""
APP = f"{DEFINITION}---{_APP}"
"""An app `api` whose rollout pauses until somebody promotes, for half a minute, and once more until somebody does."""

MARK = "rollouts.kruise.io/in-progressing"


@dataclass
class Kruise:
    """The webhook and the controller."""

    box: EmbeddedCluster
    name: str = "api"
    namespace: str = "shop"
    stable: str = ""
    waited: int = 0

    @property
    def rollout(self) -> dict[str, Any]:
        return self.box.store.get("Rollout", self.name, self.namespace)

    @property
    def state(self) -> dict[str, Any]:
        return dict((self.rollout.get("status") or {}).get("canaryStatus") or {})

    @property
    def phase(self) -> str:
        return str((self.rollout.get("status") or {}).get("phase", ""))

    @property
    def deployment(self) -> dict[str, Any]:
        return self.box.store.get("Deployment", self.name, self.namespace)

    @property
    def hash(self) -> str:
        return digest_of(self.deployment["spec"]["template"])

    def admit(self) -> None:
        """The webhook: a template that is not the stable one is held, in the very write that brings it."""
        marked = MARK in (self.deployment["metadata"].get("annotations") or {})
        if self.stable and not marked and self.hash != self.stable:
            self._hold({MARK: '{"rolloutName":"api"}'}, paused=True)

    def look(self) -> None:
        """One look of the controller."""
        marked = MARK in (self.deployment["metadata"].get("annotations") or {})
        if not self.stable:
            self.stable = self.hash
            self._write(phase="Healthy", message="rollout is healthy")
        elif marked and self.hash == self.stable:
            self._end("Rollout progressing has been canceled")
        elif marked and (self.phase != "Progressing" or self.state.get("canaryRevision") != self.hash):
            self._step(1, "StepUpgrade", canaryRevision=self.hash, stableRevision=self._stable_hash())
        elif marked and not self.rollout["spec"]["strategy"].get("paused"):
            self._advance()

    def _advance(self) -> None:
        steps, state = self.rollout["spec"]["strategy"]["canary"]["steps"], self.state
        index, following = state["currentStepIndex"], state["nextStepIndex"]
        usual = index + 1 if index < len(steps) else -1
        step = steps[index - 1]
        if following not in (usual, -1):
            self._step(following, "StepUpgrade")
        elif state["currentStepState"] == "StepUpgrade":
            share = int(str(step["replicas"]).rstrip("%")) * self.deployment["spec"]["replicas"] // 100
            if self._updated() >= share:
                self.waited = 0
                self._step(index, "StepPaused")
            else:
                self._hold({}, paused=False)
        elif state["currentStepState"] == "StepPaused":
            self._paused(step, index, last=index == len(steps))
        elif index == len(steps):
            self._end("Rollout progressing has been completed")
        else:
            self._step(index + 1, "StepUpgrade")

    def _paused(self, step: dict[str, Any], index: int, *, last: bool) -> None:
        self.waited += 1
        self._hold({}, paused=True)
        lasts = (step.get("pause") or {}).get("duration")
        if (last and step["replicas"] == "100%") or (lasts and self.waited >= lasts):
            self._step(index, "StepReady")

    def _updated(self) -> int:
        return int((self.deployment.get("status") or {}).get("updatedReplicas", 0))

    def _stable_hash(self) -> str:
        sets = self.box.store.list("ReplicaSet", self.namespace, labels=f"app={self.name}")
        old = max(sets, key=lambda one: int(one["status"].get("readyReplicas", 0)))
        return str(old["metadata"]["labels"]["pod-template-hash"])

    def _end(self, words: str) -> None:
        self._hold({MARK: None}, paused=False)
        status, wanted = self.deployment["status"], self.deployment["spec"]["replicas"]
        if (status.get("updatedReplicas"), status.get("replicas"), status.get("availableReplicas")) != (wanted,) * 3:
            self._hold({MARK: '{"rolloutName":"api"}'}, paused=False)
            return
        self.stable = self.hash
        self._step(len(self.rollout["spec"]["strategy"]["canary"]["steps"]), "Completed")
        self._write(phase="Healthy", message=words)

    def _step(self, index: int, state: str, **more: Any) -> None:
        steps = len(self.rollout["spec"]["strategy"]["canary"]["steps"])
        following = index + 1 if index < steps else -1
        own = {**self.state, "currentStepIndex": index, "nextStepIndex": following, "currentStepState": state, **more}
        words = f"Rollout is in step({index}/{steps})"
        self._write(
            phase="Progressing", message=words, canaryStatus=own, currentStepIndex=index, currentStepState=state
        )

    def _hold(self, marks: dict[str, str | None], *, paused: bool) -> None:
        def change(deployment: dict[str, Any]) -> None:
            annotations = deployment["metadata"].setdefault("annotations", {})
            for mark, value in marks.items():
                annotations.pop(mark, None)
                if value is not None:
                    annotations[mark] = value
            if paused:
                deployment["spec"]["paused"] = True
            else:
                deployment["spec"].pop("paused", None)

        self.box.store.edit("Deployment", self.name, self.namespace, change, field_manager="kruise")

    def _write(self, **fields: Any) -> None:
        def change(rollout: dict[str, Any]) -> None:
            rollout.setdefault("status", {}).update(fields, observedGeneration=rollout["metadata"]["generation"])

        self.box.store.edit("Rollout", self.name, self.namespace, change, subresource="status", field_manager="kruise")


@asynccontextmanager
async def kruise(box: EmbeddedCluster) -> AsyncIterator[Kruise]:
    """OpenKruise at work in that cluster."""
    controller = Kruise(box)
    leave = box.store.subscribe(lambda change: controller.admit() if _of_template(change) else None)

    async def forever() -> None:
        while True:
            controller.look()
            await asyncio.sleep(1)

    task = asyncio.create_task(forever(), name="kruise")
    try:
        await asyncio.sleep(0)
        await box.settled()
        yield controller
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        leave()


def _of_template(change: Any) -> bool:
    """Whether somebody changed the pod template of the app."""
    new, old = change.object, change.old
    if (new["kind"], new["metadata"]["name"]) != ("Deployment", "api") or old is None:
        return False
    return bool(new["spec"]["template"] != old["spec"]["template"])
