"""Would the cluster take a pod of this template? Asked by a dry run, because only the server knows all its rules."""

import asyncio
import re
from collections.abc import Iterator
from typing import Any, Literal

from msgspec import Struct, field

from dot_ai_lifecycle.core.errors import ClusterFailure, Conflict, Forbidden, Invalid, NotFound, Throttled
from dot_ai_lifecycle.core.ports import Reader
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.workload import Manifest, Workload, without_hash

PATIENCE = 5.0
"""Seconds for which the dry run is waited for: a webhook may take 30, and a plan should not."""

NO_DRY_RUN = "does not support dry run"
"""How the API server refuses a dry run for a webhook with side effects."""

_FORBIDDEN = re.compile(r'^pods "[^"]*" is forbidden: ')


class Trial(Struct, frozen=True):
    """How the server took one pod of the new template, and what it says.

    `by` is what refused: quota, terminating, pod_security, webhook, policy, admission. `spec` is that of the pod as
    admission left it: with defaults, injected sidecars and priorities; empty unless admitted.
    """

    outcome: Literal["admitted", "refused", "unknown"] = "unknown"
    words: str = ""
    by: str = ""
    spec: Manifest = field(default_factory=dict)


async def tried(reader: Reader, scene: Scene, template: Manifest) -> Trial:
    """How the server takes a pod of that template. What is no answer about the pod is `unknown`, with its words."""
    try:
        async with asyncio.timeout(PATIENCE):
            admitted = await reader.would_create(pod_of(scene, template))
    except Invalid as refused:
        if NO_DRY_RUN in refused.message:
            return Trial("unknown", _said(refused), "webhook")
        return Trial("refused", _said(refused), str(refused.details.get("refused_by", "admission")))
    except ClusterFailure as failure:
        return Trial("unknown", failure.message, "webhook" if "webhook" in failure.message else "")
    except (Forbidden, NotFound, Conflict, Throttled) as error:
        return Trial("unknown", error.message)
    except TimeoutError:
        return Trial("unknown", f"The cluster did not say within {PATIENCE:.0f} s whether it takes such a pod.")
    return Trial("admitted", spec=admitted.get("spec") or {})


def _said(refused: Invalid) -> str:
    """The server's own words, without the name of a pod that never was."""
    said = str(refused.details.get("said") or refused.message)
    return _FORBIDDEN.sub("", said).rstrip(".") + "."


def pod_of(scene: Scene, template: Manifest) -> dict[str, Any]:
    """A pod as the workload's controller would make it; policies tell apart who owns a pod and who does not."""
    workload, plain = scene.workload, without_hash(template)
    meta, spec = plain.get("metadata") or {}, dict(plain.get("spec") or {})
    volumes = [*(spec.get("volumes") or ()), *_claimed(workload)]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": f"{workload.name}-",
            "namespace": workload.namespace,
            "labels": meta.get("labels") or {},
            "annotations": meta.get("annotations") or {},
            "ownerReferences": [_owner(scene)],
        },
        "spec": spec | ({"volumes": volumes} if volumes else {}),
    }


def _claimed(workload: Workload) -> Iterator[Manifest]:
    """The volumes a StatefulSet adds to its pods; those of its first pod stand for all."""
    for claim in workload.spec.get("volumeClaimTemplates") or ():
        name = claim["metadata"]["name"]
        yield {"name": name, "persistentVolumeClaim": {"claimName": f"{name}-{workload.name}-0"}}


def _owner(scene: Scene) -> dict[str, Any]:
    """Pods of a Deployment or Rollout belong to a ReplicaSet; the one that stands is as good as the one to come."""
    workload, revision = scene.workload, scene.current
    if workload.kind in ("Deployment", "Rollout") and revision is not None:
        version, kind, name, uid = "apps/v1", "ReplicaSet", revision.name, revision.uid
    else:
        version, kind, name, uid = workload.ref.api_version, workload.kind, workload.name, workload.uid
    return {"apiVersion": version, "kind": kind, "name": name, "uid": uid, "controller": True}
