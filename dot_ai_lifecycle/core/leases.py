"""The lease on an app: one run at a time. How it is named, and whether its holder is alive."""

from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from dot_ai_lifecycle.core.refs import LEASE, Ref, ref_to
from dot_ai_lifecycle.core.workload import Manifest, digest_of

DURATION = 15
"""Seconds a lease lives without renewal; leader election's default in Kubernetes."""

RENEW_EVERY = 5
"""Seconds between renewals: two may fail before the lease is lost."""

LONGEST_NAME = 253
"""Characters of an object's name, at most."""

_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


class Held(Struct, frozen=True):
    """Who holds a lease: `holder` is `ACTOR/OPERATION`; times are the API server's."""

    holder: str
    since: datetime
    renewed: datetime
    duration: int

    @property
    def operation(self) -> str:
        """The operation the holder runs."""
        return self.holder.rpartition("/")[2]

    @property
    def actor(self) -> str:
        """Who runs it."""
        return self.holder.rpartition("/")[0]

    def expires_in(self, now: datetime) -> float:
        """Seconds until it may be taken over; negative once it may."""
        return (self.renewed + timedelta(seconds=self.duration) - now).total_seconds()


def lease_of(app: Ref) -> Ref:
    """The lease that guards an app; of a name too long, its beginning and a digest of the whole."""
    name = f"lifecycle-{app.kind.lower()}-{app.name}"
    if len(name) > LONGEST_NAME:
        name = f"{name[: LONGEST_NAME - 17]}-{digest_of(name)}"
    return ref_to(LEASE, name, app.namespace)


def held(lease: Manifest) -> Held | None:
    """Who holds this lease; None where it was let go or is not filled in."""
    spec = lease.get("spec") or {}
    holder, renewed = spec.get("holderIdentity"), spec.get("renewTime")
    if not holder or not renewed:
        return None
    since = spec.get("acquireTime") or renewed
    return Held(holder, _parsed(since), _parsed(renewed), int(spec.get("leaseDurationSeconds") or DURATION))


def lease_manifest(app: Ref, holder: str, *, since: datetime, now: datetime) -> dict[str, Any]:
    """A lease held by `holder`; an empty holder lets it go."""
    ref = lease_of(app)
    return {
        "apiVersion": ref.api_version,
        "kind": ref.kind,
        "metadata": {
            "name": ref.name,
            "namespace": ref.namespace,
            "labels": {"app.kubernetes.io/managed-by": "dot-ai-lifecycle"},
        },
        "spec": {
            "holderIdentity": holder,
            "leaseDurationSeconds": DURATION,
            "acquireTime": since.strftime(_FORMAT),
            "renewTime": now.strftime(_FORMAT),
        },
    }


def _parsed(text: str) -> datetime:
    return datetime.fromisoformat(text)
