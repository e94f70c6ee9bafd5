"""Who holds the truth about an object, and how sure that is."""

from typing import Any

import pytest

from dot_ai_lifecycle.domain.ownership import owner

TRACKED = "argocd.argoproj.io/tracking-id"
INSTANCE = "argocd.argoproj.io/instance"
HELM = {"meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": "prod"}
FLUX = {"kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}


def manifest(**meta: Any) -> dict[str, Any]:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "prod", **meta}}


def controlled(controller: bool, kind: str = "Kafka") -> list[dict[str, Any]]:
    return [{"apiVersion": "v1", "kind": kind, "name": "events", "uid": "u", "controller": controller}]


@pytest.mark.parametrize(
    ("meta", "kind", "name", "how"),
    [
        pytest.param({}, "nobody", "", "", id="nothing says so"),
        pytest.param(
            {"annotations": {TRACKED: "shop:apps/Deployment:prod/web"}},
            "argocd",
            "shop",
            "Argo CD",
            id="Argo CD tracks it",
        ),
        pytest.param(
            {"annotations": {TRACKED: "team_shop:apps/Deployment:prod/web"}},
            "argocd",
            "team/shop",
            "team/shop",
            id="an Argo CD application of another namespace",
        ),
        pytest.param({"labels": {INSTANCE: "shop"}}, "argocd", "shop", "sync", id="Argo CD by label"),
        pytest.param(
            {"annotations": {TRACKED: "shop:apps/Deployment:prod/other"}, "labels": {INSTANCE: "shop"}},
            "nobody",
            "",
            "",
            id="a copy of what Argo CD tracks",
        ),
        pytest.param({"labels": FLUX}, "flux", "Kustomization flux-system/apps", "Git source", id="Flux Kustomization"),
        pytest.param(
            {"labels": {"helm.toolkit.fluxcd.io/name": "shop"}, "annotations": HELM},
            "flux",
            "HelmRelease shop",
            "values of",
            id="a Helm release that Flux drives",
        ),
        pytest.param(
            {"labels": FLUX, "annotations": {"kustomize.toolkit.fluxcd.io/reconcile": "disabled"}},
            "nobody",
            "",
            "",
            id="Flux was told to leave it alone",
        ),
        pytest.param(
            {"managedFields": [{"manager": "kustomize-controller", "operation": "Apply"}]},
            "flux",
            "Flux",
            "Git source",
            id="Flux applied it without labels",
        ),
        pytest.param(
            {"managedFields": [{"manager": "argocd-controller", "subresource": "status"}]},
            "nobody",
            "",
            "",
            id="only its status is Argo CD's",
        ),
        pytest.param({"annotations": HELM}, "helm", "shop", "--namespace prod", id="Helm release"),
        pytest.param(
            {"annotations": HELM, "labels": {INSTANCE: "x"}}, "helm", "shop", "helm upgrade", id="annotation over label"
        ),
        pytest.param(
            {"labels": {"app.kubernetes.io/managed-by": "Helm"}},
            "nobody",
            "",
            "",
            id="rendered from a chart, not released",
        ),
        pytest.param({"ownerReferences": controlled(True)}, "operator", "Kafka events", "Kafka", id="an operator"),
        pytest.param(
            {"ownerReferences": controlled(True), "annotations": {TRACKED: "shop:apps/Deployment:prod/web"}},
            "operator",
            "Kafka events",
            "Kafka",
            id="an operator that copied a tracking annotation",
        ),
        pytest.param({"ownerReferences": controlled(False, "Solution")}, "nobody", "", "", id="a dot-ai Solution"),
        pytest.param({"labels": {"kapp.k14s.io/app": "17"}}, "unknown", "kapp", "kapp", id="another reconciler"),
        pytest.param(
            {"labels": {"app.kubernetes.io/managed-by": "robot"}},
            "unknown",
            "robot",
            "Find out",
            id="never heard of it",
        ),
        pytest.param(
            {"labels": {"app.kubernetes.io/managed-by": "Terraform"}}, "nobody", "", "", id="a tool run by hand"
        ),
    ],
)
def test_the_owner(meta: dict[str, Any], kind: str, name: str, how: str) -> None:
    found = owner(manifest(**meta))
    assert (found.kind, found.name) == (kind, name)
    assert how in found.how_to_change
    assert found.evidence
