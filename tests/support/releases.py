"""Releases as Helm writes them: a chart rendered, applied, and kept as one Secret a revision."""

import base64
import copy
import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import yaml

from dot_ai_lifecycle.embedded.objects import YAML
from tests.support.house import House

DEPLOYMENT = """
# Source: shop/templates/deployment.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  labels: {{app: {name}}}
spec:
  {spec}
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}{labels}}}}}
    spec:
      containers:
      - name: {name}
        image: {registry}/{name}:{tag}
        env:
        - {{name: MODE, value: "{mode}"}}
        - {{name: DB_PASSWORD, value: "{password}"}}
        {pod}
        ports: [{{containerPort: 8080, name: http}}]
        readinessProbe: {{httpGet: {{path: /ready, port: http}}, periodSeconds: 1}}
        {drain}
        resources: {{limits: {{cpu: 1000m, memory: 64Mi}}}}
"""
SERVICE = """
# Source: shop/templates/service.yaml
apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec: {{selector: {{app: {name}}}, ports: [{{port: 80, targetPort: http}}]}}
"""
SETTINGS = """
# Source: shop/templates/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {{name: {name}-settings}}
data: {{colour: "{colour}"}}
"""

SECRET = """
apiVersion: v1
kind: Secret
metadata: {name: site-login}
type: Opaque
stringData: {password: "%s"}
"""

WORKER = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: worker}
spec:
  replicas: 2
  selector: {matchLabels: {app: worker}}
  template:
    metadata: {labels: {app: worker}}
    spec:
      containers:
      - name: worker
        image: box.local/worker:%s
"""
"""Of a chart that has more; `%` says what its password and its version are."""


@dataclass
class Chart:
    """What a revision renders, and what it is rendered with."""

    tag: str
    mode: str = "light"
    password: str = "first-secret"
    colour: str = "green"
    settings: bool = True
    version: str = "1.0.0"
    more: str = ""
    spec: str = "replicas: 4"
    labels: str = ""
    pod: str = ""
    drain: str = "lifecycle: {preStop: {sleep: {seconds: 3}}}"
    registry: str = "box.local"
    hooks: list[dict[str, Any]] = field(default_factory=list)

    @property
    def values(self) -> dict[str, Any]:
        return {"image": {"tag": self.tag}, "mode": self.mode, "password": self.password, "colour": self.colour}

    def manifest(self, name: str) -> str:
        parts = (SERVICE, DEPLOYMENT, *((SETTINGS,) if self.settings else ()))
        written = [part.format(name=name, **vars(self)) for part in parts]
        return "---".join(("", *written, *((self.more,) if self.more else ())))


FIRST = Chart(tag="v1", settings=False)
SECOND = Chart(tag="v2", version="1.1.0", mode="dark", password="second-secret")
THIRD = Chart(tag="v3", version="1.1.0", mode="dim", password="third-secret", colour="red")


@dataclass
class Helm:
    """`helm upgrade`, as far as its effect goes."""

    home: House
    release: str = "site"
    namespace: str = "shop"

    async def upgrade(self, *charts: Chart, status: str = "deployed") -> None:
        """Deploy those revisions one after another."""
        for chart in charts:
            number = len(self.history()) + 1
            for one in self.history():
                if one["info"]["status"] == "deployed" and status == "deployed":
                    self._keep({**one, "info": {**one["info"], "status": "superseded"}})
            self._apply(chart.manifest(self.release), self._manifest())
            self._keep(revision(chart, self.release, self.namespace, number, status))
            await self.home.box.settled()

    def history(self) -> list[dict[str, Any]]:
        """The revisions by number, read as Helm reads them."""
        secrets = [one for one in self.home.box.store.list("Secret", self.namespace) if one["type"] == TYPE]
        found = [read(one) for one in secrets if one["metadata"]["labels"]["name"] == self.release]
        return sorted(found, key=lambda one: one["version"])

    def statuses(self) -> list[str]:
        """The statuses by number, labels and content agreeing."""
        for one in self.history():
            labels = self._secret(one["version"])["metadata"]["labels"]
            assert (labels["status"], labels["version"]) == (one["info"]["status"], str(one["version"]))
            assert (labels["owner"], labels["name"]) == ("helm", self.release)
        return [one["info"]["status"] for one in self.history()]

    def edit(self, number: int, change: Callable[[dict[str, Any]], Any]) -> None:
        """Somebody changes what a revision holds."""
        release = read(self._secret(number))
        change(release)
        self._keep(release)

    def _secret(self, number: int) -> dict[str, Any]:
        return self.home.box.store.get("Secret", f"sh.helm.release.v1.{self.release}.v{number}", self.namespace)

    def _manifest(self) -> str:
        return self.history()[-1]["manifest"] if self.history() else ""

    def _apply(self, wanted: str, before: str) -> None:
        now = {}
        for one in yaml.load_all(wanted, YAML):
            if one:
                now[one["kind"], one["metadata"]["name"]] = marked(one, self.release, self.namespace)
        for one in now.values():
            self.home.box.apply(yaml.safe_dump(one))
        for one in yaml.load_all(before, YAML):
            if one and (one["kind"], one["metadata"]["name"]) not in now:
                self.home.box.store.delete(one["kind"], one["metadata"]["name"], self.namespace)

    def _keep(self, release: dict[str, Any]) -> None:
        self.home.box.apply(yaml.safe_dump(secret(release)))


TYPE = "helm.sh/release.v1"


def secret(release: dict[str, Any]) -> dict[str, Any]:
    """The Secret of a revision."""
    body = base64.b64encode(gzip.compress(json.dumps(release).encode())).decode()
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": TYPE,
        "metadata": {
            "name": f"sh.helm.release.v1.{release['name']}.v{release['version']}",
            "namespace": release["namespace"],
            "labels": {
                "name": release["name"],
                "owner": "helm",
                "status": release["info"]["status"],
                "version": str(release["version"]),
                "modifiedAt": "1793526000",
            },
        },
        "data": {"release": base64.b64encode(body.encode()).decode()},
    }


def read(found: dict[str, Any]) -> dict[str, Any]:
    """The revision in a Secret."""
    body = base64.b64decode(base64.b64decode(found["data"]["release"]))
    return dict(json.loads(gzip.decompress(body)))


def marked(manifest: dict[str, Any], release: str, namespace: str) -> dict[str, Any]:
    """With the marks Helm leaves on what it applies."""
    one = copy.deepcopy(manifest)
    metadata = one["metadata"]
    metadata.setdefault("namespace", namespace)
    metadata.setdefault("labels", {})["app.kubernetes.io/managed-by"] = "Helm"
    metadata.setdefault("annotations", {}).update(
        {"meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": namespace}
    )
    return one


def revision(chart: Chart, release: str, namespace: str, number: int, status: str) -> dict[str, Any]:
    """A revision as Helm keeps it."""
    return {
        "name": release,
        "info": {
            "first_deployed": "2026-11-01T10:00:00.000000001Z",
            "last_deployed": f"2026-11-0{number}T10:00:00.000000001Z",
            "deleted": "",
            "description": "Upgrade complete",
            "status": status,
            "notes": f"Thank you for installing {chart.tag}.",
        },
        "chart": {
            "metadata": {
                "name": "shop",
                "version": chart.version,
                "appVersion": chart.tag.removeprefix("v"),
                "apiVersion": "v2",
            }
        },
        "config": chart.values,
        "manifest": chart.manifest(release),
        "hooks": chart.hooks,
        "version": number,
        "namespace": namespace,
    }


def deployed(release: str, namespace: str, *charts: Chart) -> list[dict[str, Any]]:
    """The objects of a release that was deployed with those charts one after another, and its whole history."""
    statuses = ["superseded"] * (len(charts) - 1) + ["deployed"]
    history = [
        secret(revision(chart, release, namespace, number, status))
        for number, (chart, status) in enumerate(zip(charts, statuses, strict=True), start=1)
    ]
    objects = [one for one in yaml.safe_load_all(charts[-1].manifest(release)) if one]
    return [*history, *(marked(one, release, namespace) for one in objects)]
