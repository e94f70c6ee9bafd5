"""The object that runs an app: a Deployment, StatefulSet, DaemonSet or Rollout, read once and named in our words."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from dot_ai_lifecycle.core.driver import Driver
from dot_ai_lifecycle.core.refs import KINDS, Ref, ref_to

Manifest = Mapping[str, Any]

REVISION_ANNOTATION = "deployment.kubernetes.io/revision"
REVISION_ANNOTATIONS = ("rollout.argoproj.io/revision", REVISION_ANNOTATION)
CHANGE_CAUSE = "kubernetes.io/change-cause"
HASH_LABEL = "pod-template-hash"
ROLLOUTS_HASH_LABEL = "rollouts-pod-template-hash"
HASH_LABELS = (HASH_LABEL, ROLLOUTS_HASH_LABEL)
"""The labels by which a Deployment's controller, and Argo Rollouts, tell the revisions of an app apart."""


def digest_of(value: object) -> str:
    """A short stable name for a JSON value: the first 16 hex digits of the SHA-256 of its canonical form."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:16]


def without_hash(template: Manifest) -> dict[str, Any]:
    """The pod template as its author wrote it: the label by which its controller tells it taken out.

    What is in it is shared with the template, not copied.
    """
    metadata = template.get("metadata") or {}
    labels = metadata.get("labels") or {}
    if not labels.keys() & set(HASH_LABELS):
        return dict(template)
    kept = {label: value for label, value in labels.items() if label not in HASH_LABELS}
    return {**template, "metadata": {**metadata, "labels": kept}}


class Image(Struct, frozen=True):
    """An image reference in its parts; `tag` and `digest` are empty where not given."""

    name: str
    tag: str = ""
    digest: str = ""

    @classmethod
    def of(cls, reference: str) -> "Image":
        """Split `registry:5000/name:tag@sha256:…`; a colon before the last slash belongs to the registry's port."""
        rest, _, digest = reference.partition("@")
        head, slash, last = rest.rpartition("/")
        last, _, tag = last.partition(":")
        return cls(f"{head}{slash}{last}", tag, digest)

    def __str__(self) -> str:
        return self.name + (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")

    @property
    def version(self) -> str:
        """What people call the version: the tag, else the digest's beginning, else `latest`."""
        return self.tag or (self.digest[:19] if self.digest else "latest")


class Workload(Struct, frozen=True):
    """A workload as it was read, and what another engine delivers it by, where one does.

    Everything else is derived from the manifest.
    """

    manifest: Manifest
    driver: Driver | None = None

    @property
    def _meta(self) -> Manifest:
        return self.manifest["metadata"]  # type: ignore[no-any-return] # the API promises an object

    @property
    def spec(self) -> Manifest:
        return self.manifest.get("spec", {})  # type: ignore[no-any-return] # the API promises an object

    @property
    def status(self) -> Manifest:
        return self.manifest.get("status", {})  # type: ignore[no-any-return] # the API promises an object

    @property
    def kind(self) -> str:
        return str(self.manifest["kind"])

    @property
    def name(self) -> str:
        return str(self._meta["name"])

    @property
    def namespace(self) -> str:
        return str(self._meta.get("namespace", ""))

    @property
    def uid(self) -> str:
        return str(self._meta.get("uid", ""))

    @property
    def resource_version(self) -> str:
        return str(self._meta.get("resourceVersion", ""))

    @property
    def ref(self) -> Ref:
        """This very object, uid included."""
        return ref_to(KINDS[self.manifest.get("apiVersion", "apps/v1"), self.kind], self.name, self.namespace, self.uid)

    @property
    def engine(self) -> str:
        """The name of the engine that decides how its pods are replaced; empty where Kubernetes does."""
        if self.kind == "Rollout":
            return "Argo Rollouts"
        return self.driver.engine if self.driver is not None else ""

    @property
    def is_copy(self) -> bool:
        """Whether it is the copy that Flagger made of the workload which one changes."""
        return self.driver is not None and self.name == self.driver.primary_name

    @property
    def serving(self) -> "Workload":
        """The workload whose pods serve: Flagger's copy of it, where there is one, else itself."""
        driver = self.driver
        if driver is None or driver.primary is None or self.is_copy:
            return self
        return Workload(driver.primary, replace(driver, changed=self.manifest))

    @property
    def labels(self) -> Mapping[str, str]:
        return self._meta.get("labels") or {}

    @property
    def annotations(self) -> Mapping[str, str]:
        return self._meta.get("annotations") or {}

    @property
    def deleting(self) -> bool:
        return "deletionTimestamp" in self._meta

    @property
    def generation(self) -> int:
        """How often its spec was changed."""
        return int(self._meta.get("generation", 0))

    @property
    def generation_seen(self) -> bool:
        """Whether its controller has looked at the newest spec."""
        seen = str(self.status.get("observedGeneration", 0))  # a Rollout writes it as a text
        return seen.isdecimal() and int(seen) >= self.generation

    @property
    def template(self) -> Manifest:
        """The pod template; empty where a Rollout takes it from another object."""
        return self.spec.get("template") or {}

    @property
    def template_digest(self) -> str:
        return digest_of(self.template)

    @property
    def pod_labels(self) -> Mapping[str, str]:
        return self.template.get("metadata", {}).get("labels") or {}

    @property
    def selector(self) -> str:
        """Its pod selector in the API's query form; matchExpressions included."""
        return selector_query(self.spec.get("selector", {}))

    @property
    def replicas(self) -> int:
        """How many pods are wanted; for a DaemonSet, how many nodes its controller counts."""
        if self.kind == "DaemonSet":
            return int(self.status.get("desiredNumberScheduled", 0))
        return int(self.spec.get("replicas", 1))

    @property
    def ready_replicas(self) -> int:
        return int(self.status.get("numberReady" if self.kind == "DaemonSet" else "readyReplicas", 0))

    @property
    def updated_replicas(self) -> int:
        return int(self.status.get("updatedNumberScheduled" if self.kind == "DaemonSet" else "updatedReplicas", 0))

    @property
    def available_replicas(self) -> int:
        return int(self.status.get("numberAvailable" if self.kind == "DaemonSet" else "availableReplicas", 0))

    @property
    def paused(self) -> bool:
        return bool(self.spec.get("paused", False))

    @property
    def strategy(self) -> Manifest:
        return self.spec.get("strategy" if self.kind in ("Deployment", "Rollout") else "updateStrategy") or {}

    @property
    def strategy_type(self) -> str:
        if self.kind == "Rollout":
            return "BlueGreen" if "blueGreen" in self.strategy else "Canary"
        return str(self.strategy.get("type", "RollingUpdate"))

    @property
    def min_ready_seconds(self) -> int:
        return int(self.spec.get("minReadySeconds", 0))

    @property
    def partition(self) -> int:
        """Of a StatefulSet: ordinals below it keep the old revision."""
        return int((self.strategy.get("rollingUpdate") or {}).get("partition", 0))

    @property
    def containers(self) -> tuple[Manifest, ...]:
        return tuple(self.template.get("spec", {}).get("containers") or ())

    @property
    def init_containers(self) -> tuple[Manifest, ...]:
        return tuple(self.template.get("spec", {}).get("initContainers") or ())

    @property
    def images(self) -> dict[str, str]:
        """Image by container name, init containers left out."""
        return {c["name"]: c.get("image", "") for c in self.containers}

    def condition(self, kind: str) -> Manifest:
        """The status condition of that type; empty where there is none."""
        return next((c for c in self.status.get("conditions") or () if c.get("type") == kind), {})


def selector_query(selector: Manifest) -> str:
    """A labelSelector object as the query the API takes: `a=b,c in (d,e),f,!g`."""
    terms = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    for rule in selector.get("matchExpressions") or ():
        key, operator, values = rule["key"], rule["operator"], ",".join(rule.get("values") or ())
        match operator:
            case "In" | "NotIn":
                terms.append(f"{key} {'in' if operator == 'In' else 'notin'} ({values})")
            case "Exists":
                terms.append(key)
            case "DoesNotExist":
                terms.append(f"!{key}")
    return ",".join(terms)
