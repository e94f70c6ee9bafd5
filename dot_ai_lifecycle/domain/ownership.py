"""Who holds the truth about an object: whoever does would take back, or overwrite, what anybody else changes.

Strongest evidence first: a controlling ownerReference, a tracking annotation that names this very object, the labels
Flux alone writes, who applied the spec (managedFields), Helm's release annotation; a lone label comes last, because
charts copy labels around.
"""

from collections.abc import Callable
from typing import Any, Literal

from msgspec import Struct

from dot_ai_lifecycle.core.workload import Manifest

OwnerKind = Literal["argocd", "flux", "helm", "operator", "unknown", "nobody"]

TRACKING_ID = "argocd.argoproj.io/tracking-id"
ARGO_INSTANCE = "argocd.argoproj.io/instance"
RELEASE = "meta.helm.sh/release-name"
RELEASE_NAMESPACE = "meta.helm.sh/release-namespace"
MANAGED_BY = "app.kubernetes.io/managed-by"
KUSTOMIZATION = "kustomize.toolkit.fluxcd.io"
HELM_RELEASE = "helm.toolkit.fluxcd.io"

_APPLIERS: dict[str, tuple[OwnerKind, str]] = {
    "argocd-controller": ("argocd", "Argo CD"),
    "argocd-application-controller": ("argocd", "Argo CD"),
    "kustomize-controller": ("flux", "Flux"),
    "helm-controller": ("flux", "Flux"),
}
"""Field managers under which reconcilers write; nobody else does by accident."""

_RECONCILERS = {
    "kapp.k14s.io/app": "kapp",
    "app.oam.dev/name": "KubeVela",
    "crossplane.io/composite": "Crossplane",
    "olm.owner": "Operator Lifecycle Manager",
    "objectset.rio.cattle.io/hash": "Rancher Fleet",
    "configmanagement.gke.io/managed": "Config Sync",
}
"""Labels or annotations by which further reconcilers track what they put back."""

_PUSHERS = ("kubectl", "kustomize", "helm", "skaffold", "tilt", "terraform", "pulumi", "ansible", "dot-ai")
"""Values of managed-by that name a tool which acts when somebody runs it, and otherwise leaves objects alone."""


class Owner(Struct, frozen=True):
    """Who owns an object, what it is called there, where to change it instead, and what says so."""

    kind: OwnerKind
    name: str = ""
    how_to_change: str = ""
    evidence: str = ""


def owner(manifest: Manifest) -> Owner:
    """Who owns the object, by the strongest evidence it carries; `nobody` where it carries none."""
    meta = manifest.get("metadata") or {}
    for evidence in _STRONGEST_FIRST:
        if found := evidence(manifest, meta):
            return found
    return Owner("nobody", evidence="no label, annotation, ownerReference or field manager of an owner")


def _operator(manifest: Manifest, meta: Any) -> Owner | None:
    """A dot-ai Solution refers to its objects too, but does not control them, so `controller` decides."""
    for reference in meta.get("ownerReferences") or ():
        if reference.get("controller"):
            name = f"{reference['kind']} {reference['name']}"
            return Owner("operator", name, f"Change the {name} that controls it.", "controlling ownerReference")
    return None


def _argo_tracking(manifest: Manifest, meta: Any) -> Owner | None:
    """The id must name the object it stands on; otherwise the object is a copy of a tracked one."""
    tracked = (meta.get("annotations") or {}).get(TRACKING_ID, "")
    app, _, rest = tracked.partition(":")
    kind, _, place = rest.partition(":")
    if not app or kind.rpartition("/")[2] != manifest.get("kind") or place.rpartition("/")[2] != meta.get("name"):
        return None
    return _argo(app.replace("_", "/"), f"annotation {TRACKING_ID}")


def _argo_label(manifest: Manifest, meta: Any) -> Owner | None:
    name = (meta.get("labels") or {}).get(ARGO_INSTANCE)
    # A tracking annotation that names another object says that everything here was copied, this label too.
    if not name or TRACKING_ID in (meta.get("annotations") or {}):
        return None
    return _argo(name, f"label {ARGO_INSTANCE}")


def _argo(name: str, evidence: str) -> Owner:
    return Owner("argocd", name, f"Change it in the Git source of Argo CD application {name} and sync.", evidence)


def _flux(manifest: Manifest, meta: Any) -> Owner | None:
    labels, annotations = meta.get("labels") or {}, meta.get("annotations") or {}
    for prefix, kind in ((HELM_RELEASE, "HelmRelease"), (KUSTOMIZATION, "Kustomization")):
        name = labels.get(f"{prefix}/name")
        if not name or annotations.get(f"{prefix}/reconcile") == "disabled":
            continue
        space = labels.get(f"{prefix}/namespace", "")
        what = f"{kind} {space}/{name}" if space else f"{kind} {name}"
        where = "values of" if kind == "HelmRelease" else "Git source of"
        return Owner("flux", what, f"Change it in the {where} {what} and let Flux reconcile.", f"label {prefix}/name")
    return None


def _applier(manifest: Manifest, meta: Any) -> Owner | None:
    for entry in meta.get("managedFields") or ():
        kind, name = _APPLIERS.get(entry.get("manager", ""), ("nobody", ""))
        if name and not entry.get("subresource"):
            how = f"Change it in the Git source that {name} applies."
            return Owner(kind, name, how, f"field manager {entry['manager']}")
    return None


def _helm(manifest: Manifest, meta: Any) -> Owner | None:
    annotations = meta.get("annotations") or {}
    name = annotations.get(RELEASE)
    if not name:
        return None
    space = annotations.get(RELEASE_NAMESPACE) or meta.get("namespace", "")
    how = f"Change its values with `helm upgrade {name} CHART --namespace {space} --reuse-values --set …`."
    return Owner("helm", name, how, f"annotation {RELEASE}")


def release_of(manifest: Manifest) -> tuple[str, str]:
    """The Helm release that owns the object, and the namespace of its history; empty where another owns it, or none."""
    found, meta = owner(manifest), manifest.get("metadata") or {}
    if found.kind != "helm":
        return "", ""
    return found.name, (meta.get("annotations") or {}).get(RELEASE_NAMESPACE) or meta.get("namespace", "")


def _reconciler(manifest: Manifest, meta: Any) -> Owner | None:
    marks = {**(meta.get("labels") or {}), **(meta.get("annotations") or {})}
    for mark, name in _RECONCILERS.items():
        if marks.get(mark):
            return Owner("unknown", name, f"Change it where {name} takes it from.", f"{mark}")
    return None


def _managed_by(manifest: Manifest, meta: Any) -> Owner | None:
    name = (meta.get("labels") or {}).get(MANAGED_BY, "")
    if not name or name.lower().startswith(_PUSHERS):
        return None
    return Owner("unknown", name, f"Find out what {name} is and change it there.", f"label {MANAGED_BY}")


_Evidence = Callable[[Manifest, Any], Owner | None]
_STRONGEST_FIRST: tuple[_Evidence, ...] = (
    _operator,
    _argo_tracking,
    _flux,
    _applier,
    _helm,
    _argo_label,
    _reconciler,
    _managed_by,
)
