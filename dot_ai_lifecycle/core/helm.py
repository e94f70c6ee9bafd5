"""Releases of Helm as Helm keeps them: one Secret a revision, with the whole release in it, gzipped."""

import base64
import binascii
import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from msgspec import Struct

from dot_ai_lifecycle.core.errors import ClusterFailure
from dot_ai_lifecycle.core.objects import View
from dot_ai_lifecycle.core.refs import SECRET, Ref, ref_to
from dot_ai_lifecycle.core.steps import Inscribe
from dot_ai_lifecycle.core.workload import Manifest

TYPE = "helm.sh/release.v1"
"""The type of a Secret that holds a revision of a release."""

_SYSTEM_LABELS = ("name", "owner", "status", "version", "createdAt", "modifiedAt")
"""Labels of Helm's own; all others are the user's and go along with a revision."""

_MAKER = "lifecycle.dot-ai/operation"
"""The annotation that tells which operation made a revision; Helm takes no notice of it."""

_ZIPPED = b"\x1f\x8b"


class Hook(Struct, frozen=True):
    """What a chart wants to be run at certain moments (`pre-rollback`, …) of its release's life."""

    name: str
    kind: str
    events: tuple[str, ...] = ()


@dataclass(frozen=True)
class Release:
    """One revision of a release.

    `values` are those its user gave, without the chart's own; `applied` is how its objects were written (`ssa` for
    server-side apply, else empty or `csa`). One that could not be read has the status `unreadable`, and nothing else.
    """

    secret: Ref
    name: str
    number: int
    status: str
    chart: str = ""
    chart_version: str = ""
    app_version: str = ""
    values: Manifest = field(default_factory=dict)
    manifest: str = ""
    hooks: tuple[Hook, ...] = ()
    description: str = ""
    applied: str = ""
    parsed: Callable[[str], tuple[Manifest, ...]] = field(default=lambda text: (), repr=False, compare=False)

    @property
    def namespace(self) -> str:
        return self.secret.namespace or ""

    @cached_property
    def objects(self) -> tuple[Manifest, ...]:
        """The objects of its manifest, hooks left out. Raises ClusterFailure where it is no YAML of objects."""
        return self.parsed(self.manifest)


RELEASES = View(SECRET, Release)
"""Secrets read as releases; only those with Helm's labels are."""


def labels_of(name: str) -> str:
    """The label query by which Helm finds the revisions of a release."""
    return f"name={name},owner=helm"


def secret_of(name: str, number: int, namespace: str, uid: str = "") -> Ref:
    """Where Helm keeps that revision."""
    return ref_to(SECRET, f"sh.helm.release.v1.{name}.v{number}", namespace, uid)


def unpacked(packed: str) -> dict[str, Any]:
    """What a release Secret holds, from its base64. Raises ClusterFailure where that is no release."""
    try:
        body = base64.b64decode(base64.b64decode(packed))
        found = json.loads(gzip.decompress(body) if body.startswith(_ZIPPED) else body)
    except (binascii.Error, OSError, EOFError, ValueError) as error:
        raise ClusterFailure(
            f"A release of Helm cannot be read ({type(error).__name__}).",
            hint="Look at it with `helm history`; its Secret may be broken, or be written by another tool.",
        ) from error
    if not isinstance(found, dict):
        raise ClusterFailure("A release of Helm cannot be read: it is no object.")
    return found


def packed(release: Mapping[str, Any]) -> str:
    """The release as its Secret holds it."""
    body = gzip.compress(json.dumps(release, separators=(",", ":"), ensure_ascii=False).encode(), mtime=0)
    return base64.b64encode(base64.b64encode(body)).decode()


def status_in(secret: Manifest) -> str:
    """The status of the revision in that Secret."""
    return str((unpacked(secret["data"]["release"]).get("info") or {}).get("status", ""))


def copied(source: Manifest, step: Inscribe, now: datetime) -> dict[str, Any]:
    """The Secret of a new revision with the content of an older one, as `helm rollback` makes it, and who made it.

    Helm keeps the moment of the first deployment and the chart's notes, and says in the description where it went.
    """
    release = unpacked(source["data"]["release"])
    earlier = release.get("info") or {}
    kept = {key: earlier[key] for key in ("first_deployed", "notes") if key in earlier}
    told = {"last_deployed": _moment(now), "deleted": "", "description": f"Rollback to {release['version']}"}
    release |= {"version": step.number, "info": {**kept, **told, "status": step.status}}
    labels = source["metadata"].get("labels") or {}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": TYPE,
        "metadata": {
            "name": step.ref.name,
            "namespace": step.ref.namespace,
            "annotations": {_MAKER: str(step.maker)},
            "labels": {
                **{key: value for key, value in labels.items() if key not in _SYSTEM_LABELS},
                "name": release["name"],
                "owner": "helm",
                "status": step.status,
                "version": str(step.number),
                "createdAt": str(int(now.timestamp())),
            },
        },
        "data": {"release": packed(release)},
    }


def made_by(secret: Manifest, step: Inscribe) -> bool:
    """Whether the operation itself made that revision: a write whose answer was lost may then be done again."""
    return bool((secret["metadata"].get("annotations") or {}).get(_MAKER) == step.maker)


def restated(secret: Manifest, status: str, now: datetime) -> dict[str, Any]:
    """The Secret with its revision in another status; with its resourceVersion, so that nobody's write is lost."""
    release = unpacked(secret["data"]["release"])
    release["info"] = {**(release.get("info") or {}), "status": status}
    metadata = secret["metadata"]
    labels = {**(metadata.get("labels") or {}), "status": status, "modifiedAt": str(int(now.timestamp()))}
    return {
        **secret,
        "metadata": {**metadata, "labels": labels},
        "data": {**secret["data"], "release": packed(release)},
    }


def key_of(manifest: Manifest, home: str) -> tuple[str, str, str, str]:
    """What an object is told by, whatever the version of its API; `home` is the namespace of what names none."""
    metadata, group = manifest.get("metadata") or {}, str(manifest.get("apiVersion", "")).rpartition("/")[0]
    return group, str(manifest["kind"]), str(metadata.get("namespace") or home), str(metadata.get("name", ""))


def marked(manifest: Manifest, release: str, home: str, namespace: str | None) -> dict[str, Any]:
    """The object as Helm writes it: in its namespace, with the marks by which Helm knows its own.

    `home` is the namespace of the release, `namespace` the object's own; None where its kind has none.
    """
    metadata = manifest.get("metadata") or {}
    place = {"namespace": namespace} if namespace else {}
    labels = {**(metadata.get("labels") or {}), "app.kubernetes.io/managed-by": "Helm"}
    marks = {"meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": home}
    annotations = {**(metadata.get("annotations") or {}), **marks}
    kept = {key: value for key, value in manifest.items() if key != "status"}
    return {**kept, "metadata": {**metadata, **place, "labels": labels, "annotations": annotations}}


def opened(secret: Manifest) -> dict[str, str]:
    """What a Secret's manifest holds, in base64 by key; what it says in plain words wins, as in the API server."""
    plain = {key: _in_base64(value) for key, value in (secret.get("stringData") or {}).items()}
    return {**{key: str(value) for key, value in (secret.get("data") or {}).items()}, **plain}


def _in_base64(value: object) -> str:
    return base64.b64encode(str(value).encode()).decode()


def _moment(now: datetime) -> str:
    return now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
