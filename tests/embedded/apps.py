"""Manifests the tests of the embedded cluster play with, short where tests need them short."""

from typing import Any

import yaml

from dot_ai_lifecycle.embedded.cluster import EmbeddedCluster

Object = dict[str, Any]

READINESS = {"httpGet": {"path": "/ready", "port": 8080}, "periodSeconds": 1}


def pod_template(name: str, image: str, container: Object, pod: Object) -> Object:
    main = {"name": "web", "image": image, "readinessProbe": READINESS} | container
    return {"metadata": {"labels": {"app": name}}, "spec": {"containers": [main]} | pod}


def workload(kind: str, name: str, image: str, *, container: Any = None, pod: Any = None, **spec: Any) -> Object:
    """A Deployment, StatefulSet or DaemonSet; `container` and `pod` add to those specs, `spec` to the workload's."""
    template = pod_template(name, image, container or {}, pod or {})
    body = {"selector": {"matchLabels": {"app": name}}, "template": template} | spec
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "default"},
        "spec": {key: value for key, value in body.items() if value is not None},
    }


def deployment(name: Any = "web", image: Any = "shop:v1", **more: Any) -> Object:
    return workload("Deployment", name, image, **({"replicas": 4} | more))


def front(name: str = "web") -> Object:
    """The Service in front of an app."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}]},
    }


def env(**values: str) -> Object:
    """Container fields with these variables."""
    return {"env": [{"name": name, "value": value} for name, value in values.items()]}


def apply(cluster: EmbeddedCluster, *manifests: Object) -> None:
    cluster.apply(yaml.safe_dump_all(manifests))


def status(cluster: EmbeddedCluster, name: str = "web", kind: str = "Deployment") -> Object:
    found: Object = cluster.store.get(kind, name, "default").get("status", {})
    return found


def condition(cluster: EmbeddedCluster, type_: str, name: str = "web", kind: str = "Deployment") -> Object:
    return next((one for one in status(cluster, name, kind).get("conditions", []) if one["type"] == type_), {})


def pods(cluster: EmbeddedCluster, name: str = "web") -> list[Object]:
    return cluster.store.list("Pod", "default", labels=f"app={name}")


def images(cluster: EmbeddedCluster, name: str = "web") -> list[str]:
    return sorted(pod["spec"]["containers"][0]["image"] for pod in pods(cluster, name))


def said(cluster: EmbeddedCluster, reason: str) -> list[Object]:
    """The events with this reason."""
    return [event for event in cluster.store.list("Event") if event["reason"] == reason]


def waiting(pod: Object) -> Object:
    """What the first container of a pod waits for."""
    found: Object = pod["status"]["containerStatuses"][0]["state"].get("waiting", {})
    return found
