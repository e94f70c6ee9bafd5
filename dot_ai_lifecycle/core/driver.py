"""What another engine delivers a Deployment by: a Canary of Flagger, or a Rollout of OpenKruise that refers to it.

The Deployment stays what one changes; the engine notices, and decides when which pods get the change.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from dot_ai_lifecycle.core.refs import CANARY, KINDS, Ref, ref_to

Manifest = Mapping[str, Any]

FLAGGER = "Flagger"
KRUISE = "OpenKruise Rollouts"

PRIMARY = "-primary"
"""What Flagger adds to the name of its copy, which serves, and to the names and labels within it."""


class Driver(Struct, frozen=True):
    """The engine's object, as it was read, and of Flagger its copy of the workload, where that could be read.

    `changed` is the workload that one changes, where this stands at the copy.
    """

    manifest: Manifest
    primary: Manifest | None = None
    changed: Manifest | None = None

    @property
    def engine(self) -> str:
        return FLAGGER if self.manifest.get("apiVersion") == CANARY.api_version else KRUISE

    @property
    def _meta(self) -> Manifest:
        return self.manifest["metadata"]  # type: ignore[no-any-return] # the API promises an object

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
    def ref(self) -> Ref:
        """This very object, uid included."""
        kind = KINDS[str(self.manifest["apiVersion"]), str(self.manifest["kind"])]
        return ref_to(kind, self.name, self.namespace, self.uid)

    @property
    def spec(self) -> Manifest:
        return self.manifest.get("spec") or {}

    @property
    def status(self) -> Manifest:
        return self.manifest.get("status") or {}

    @property
    def target(self) -> tuple[str, str]:
        """Kind and name of the workload that one changes."""
        ref = self.spec.get("targetRef" if self.engine == FLAGGER else "workloadRef") or {}
        return str(ref.get("kind", "")), str(ref.get("name", ""))

    @property
    def asleep(self) -> bool:
        """Whether the engine was told to leave the workload to its own controller."""
        return bool(self.spec.get("disabled")) if self.engine == KRUISE else False

    @property
    def primary_name(self) -> str:
        """What Flagger's copy of the target is called; empty for other engines."""
        return f"{self.target[1]}{PRIMARY}" if self.engine == FLAGGER else ""

    def drives(self, kind: str, name: str, namespace: str) -> bool:
        """Whether it delivers that workload, or keeps it as its copy."""
        own_kind, own_name = self.target
        names = {own_name, self.primary_name}
        return not self.asleep and (kind, namespace) == (own_kind, self.namespace) and name in names
