"""The application under test on a cluster: a workload and a Service of it, deployed and seen to answer."""

import http.client
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.real.cluster.access import Cluster
from tests.real.cluster.errors import Unavailable
from tests.real.cluster.given import GivenCluster
from tests.real.traffic import Traffic

_API = {"Rollout": "argoproj.io/v1alpha1"}
_RESOURCE = {"Rollout": "rollouts.argoproj.io"}  # OpenKruise has a Rollout as well
_PROBE = {"httpGet": {"path": "/ready", "port": "http"}, "periodSeconds": 1}


@dataclass(frozen=True)
class WebSpec:
    """What is deployed. `env` is what the application reads; `pod`, `container`, `workload` add to the manifests."""

    name: str = "web"
    tag: str = "v1"
    kind: str = "Deployment"  # or StatefulSet, DaemonSet; Rollout where Argo Rollouts is
    replicas: int = 4
    env: Mapping[str, str] = field(default_factory=dict)
    pre_stop: int | None = 3  # seconds of sleep before SIGTERM; None: the application dies at once
    probe: Mapping[str, Any] | None = field(default_factory=lambda: _PROBE)  # None: ready as soon as it runs
    strategy: Mapping[str, Any] | None = None  # of a Deployment; None: Kubernetes' default rolling update
    labels: Mapping[str, str] = field(default_factory=dict)
    pod: Mapping[str, Any] = field(default_factory=dict)
    container: Mapping[str, Any] = field(default_factory=dict)
    workload: Mapping[str, Any] = field(default_factory=dict)

    def manifests(self, image: str) -> list[dict[str, Any]]:
        """The workload, running `image`, and its Service."""
        metadata = {"name": self.name, "labels": {"app": self.name, **self.labels}}
        spec = {
            **({"replicas": self.replicas} if self.kind != "DaemonSet" else {}),
            **({"serviceName": self.name} if self.kind == "StatefulSet" else {}),
            "selector": {"matchLabels": {"app": self.name}},
            "template": {
                "metadata": {"labels": {"app": self.name, **self.labels}},
                "spec": {"containers": [self._container(image)], **self.pod},
            },
            **({"strategy": self.strategy} if self.strategy is not None else {}),
            **self.workload,
        }
        ports = [{"port": 80, "targetPort": "http"}]
        return [
            {"apiVersion": _API.get(self.kind, "apps/v1"), "kind": self.kind, "metadata": metadata, "spec": spec},
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": metadata,
                "spec": {"selector": {"app": self.name}, "ports": ports},
            },
        ]

    def _container(self, image: str) -> dict[str, Any]:
        container: dict[str, Any] = {
            "name": "web",
            "image": image,
            "imagePullPolicy": "IfNotPresent",
            "ports": [{"containerPort": 8080, "name": "http"}],
            "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
            "env": [{"name": name, "value": value} for name, value in self.env.items()],
        }
        if self.probe is not None:
            container["readinessProbe"] = dict(self.probe)
        if self.pre_stop is not None:
            container["lifecycle"] = {"preStop": {"sleep": {"seconds": self.pre_stop}}}
        return {**container, **self.container}


@dataclass(frozen=True)
class Web:
    """A deployed application. `address` is the Service's ClusterIP, its port is 80."""

    cluster: Cluster
    namespace: str
    name: str
    address: str
    kind: str = "Deployment"

    def traffic(self, rate: float = 200.0, keep_alive: int = 8) -> Traffic:
        """Users of the application, as a context manager."""
        return Traffic(self.cluster, self.address, 80, rate, keep_alive)

    def kubectl(self, *arguments: str) -> str:
        """What kubectl prints, in the application's namespace."""
        return self.cluster.kubectl("-n", self.namespace, *arguments, timeout=120).stdout

    def object(self, kind: str | None = None) -> dict[str, Any]:
        """The application's workload, or another object of its name, as it is now."""
        return self.cluster.read("-n", self.namespace, kind or _RESOURCE.get(self.kind, self.kind), self.name)

    def template(self) -> dict[str, Any]:
        """The workload's pod template as it is now."""
        template: dict[str, Any] = self.object()["spec"]["template"]
        return template

    def pods(self) -> list[dict[str, Any]]:
        """The application's pods, terminating ones included."""
        items: list[dict[str, Any]] = self.cluster.read("-n", self.namespace, "pods", "-l", f"app={self.name}")["items"]
        return items

    def update_with_kubectl(self, tag: str, within: float = 60.0) -> None:
        """A plain rolling update to version `tag`, as a person would do it, until the last old pod is gone.

        `rollout status` ends while old pods still drain, so traffic that stops there has not seen them die.
        """
        old = self.pod_names()
        self.kubectl("set", "image", f"{self.kind}/{self.name}", f"web={self.cluster.image(tag)}")
        self.kubectl("rollout", "status", f"{self.kind}/{self.name}", f"--timeout={within:.0f}s")
        self.wait_until_gone(old)

    def pod_names(self) -> list[str]:
        """The names of the application's pods, terminating ones included."""
        return [pod["metadata"]["name"] for pod in self.pods()]

    def wait_until_gone(self, pods: Sequence[str], within: float = 40.0) -> None:
        """Wait until none of `pods` is left; call it inside a traffic block to see what their end costs."""
        if pods:
            self.kubectl("wait", "--for=delete", f"--timeout={within:.0f}s", *(f"pod/{name}" for name in pods))

    def answer(self) -> tuple[str, str] | None:
        """(version, pod) of one answer through the Service on a new connection; None where there was none."""
        return self.cluster.visit(self._ask)

    def _ask(self) -> tuple[str, str] | None:
        connection = http.client.HTTPConnection(self.address, 80, timeout=1.0)
        try:
            connection.request("GET", "/", headers={"Connection": "close"})
            version, pod = connection.getresponse().read().decode().split()
        except (OSError, http.client.HTTPException, ValueError):
            return None
        finally:
            connection.close()
        return version, pod


def deploy(cluster: Cluster, namespace: str, spec: WebSpec, within: float = 60.0) -> Web:
    """Deploy the application and wait until every pod is ready and has answered through the Service.

    kube-proxy lags behind ready pods by up to a second; whoever measures before it has caught up measures that.
    """
    cluster.apply(*spec.manifests(cluster.image(spec.tag)), namespace=namespace)
    scope = ("-n", namespace)
    wait = ("rollout", "status", f"{spec.kind}/{spec.name}", f"--timeout={within:.0f}s")
    if spec.kind == "Rollout":
        healthy = ("--for=jsonpath={.status.phase}=Healthy", f"--timeout={within:.0f}s")
        wait = ("wait", f"{_RESOURCE[spec.kind]}/{spec.name}", *healthy)
    cluster.kubectl(*scope, *wait, timeout=within + 5)
    address = cluster.read(*scope, "service", spec.name)["spec"]["clusterIP"]
    web = Web(cluster, namespace, spec.name, address, spec.kind)
    wanted, seen = set(web.pod_names()), set[str]()
    deadline = time.monotonic() + 20.0
    while not wanted <= seen and time.monotonic() < deadline:
        answered = web.answer()
        seen |= {answered[1]} if answered else set()
    if not wanted <= seen:
        silent = f"{spec.name}: {sorted(wanted - seen)} did not answer through {address} within 20 s"
        raise Unavailable(silent) if isinstance(cluster, GivenCluster) else TimeoutError(silent)
    return web
