"""What tests do with a cluster, wherever it comes from: commands against it, objects in it, users with few rights."""

import base64
import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from tests.real.cluster import kubeconfig as kubeconfigs
from tests.real.cluster.errors import CommandFailed, Unavailable
from tests.real.cluster.prerequisites import kubectl

Rule = Mapping[str, Sequence[str]]  # apiGroups, resources, verbs, as in a Role
Result = TypeVar("Result")
Completed = subprocess.CompletedProcess[str]


class Cluster:
    """A cluster that tests may change. `directory` is for files that live as long as it does."""

    def __init__(self, kubeconfig: Path, directory: Path, image_prefix: str | None) -> None:
        self.kubeconfig = kubeconfig
        self.directory = directory
        self._image_prefix = image_prefix

    def inside(self, *command: str) -> list[str]:
        """`command` as it has to be started to reach the cluster's addresses."""
        return list(command)

    def visit(self, function: Callable[[], Result]) -> Result:
        """What `function` returns when it is called where the cluster's addresses can be reached."""
        return function()

    def run(
        self, *command: str, check: bool = True, text: str | None = None, timeout: float = 60.0, **env: str
    ) -> Completed:
        """Run a command that reaches the cluster, with KUBECONFIG set, `text` as its input and `env` added.

        With `check` a failing command raises CommandFailed with what it said.
        """
        completed = subprocess.run(
            self.inside(*command),
            input=text,
            stdin=subprocess.DEVNULL if text is None else None,
            capture_output=True,
            text=True,
            timeout=timeout,
            env={**os.environ, "KUBECONFIG": str(self.kubeconfig), **env},
            check=False,
        )
        if check and completed.returncode != 0:
            said = (completed.stderr or completed.stdout).strip()
            raise CommandFailed(f"{' '.join(command)} ended with {completed.returncode}: {said}")
        return completed

    def kubectl(self, *arguments: str, check: bool = True, text: str | None = None, timeout: float = 60.0) -> Completed:
        """Run kubectl as the cluster's admin."""
        return self.run(kubectl(), *arguments, check=check, text=text, timeout=timeout)

    def read(self, *arguments: str) -> dict[str, Any]:
        """`kubectl get` these arguments, as an object."""
        document: dict[str, Any] = json.loads(self.kubectl("get", *arguments, "-o", "json").stdout)
        return document

    def apply(self, *manifests: str | Mapping[str, Any], namespace: str | None = None) -> Completed:
        """`kubectl apply` manifests: YAML texts, or objects as dicts."""
        texts = [m if isinstance(m, str) else json.dumps(m) for m in manifests]
        scope = ("-n", namespace) if namespace else ()
        return self.kubectl("apply", "-f", "-", *scope, text="\n---\n".join(texts))

    def image(self, tag: str) -> str:
        """The reference of the test application in version `tag`; Unavailable where this cluster cannot have it."""
        if self._image_prefix is None:
            raise Unavailable(
                "images cannot be loaded into this cluster; push the test application as web:v1, v2 and v3 "
                "to a registry and set LIFECYCLE_TEST_IMAGE_PREFIX to it"
            )
        return f"{self._image_prefix}/web:{tag}"

    def load_image(self, ref: str, env: Mapping[str, str] | None = None) -> None:
        """Make the test application available as `ref` with an environment; Unavailable where that is impossible."""
        raise Unavailable(f"images cannot be loaded into this cluster: {ref} with {sorted(env or {})}")

    def token_for(self, name: str, rules: Sequence[Rule], namespace: str | None = None) -> Path:
        """A kubeconfig for a new ServiceAccount `name` that may do what `rules` say and nothing else.

        With a namespace the rules hold there (Role), without one in the whole cluster (ClusterRole); the account is in
        `namespace` or in `default`. No rules: no rights.
        """
        home = namespace or "default"
        kind = "Role" if namespace else "ClusterRole"
        place = {"namespace": home} if namespace else {}
        group = "rbac.authorization.k8s.io"
        account = {"kind": "ServiceAccount", "name": name, "namespace": home}
        metadata = {"name": name, **place}
        self.apply(
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": home}},
            {"apiVersion": f"{group}/v1", "kind": kind, "metadata": metadata, "rules": [dict(rule) for rule in rules]},
            {
                "apiVersion": f"{group}/v1",
                "kind": f"{kind}Binding",
                "metadata": metadata,
                "subjects": [account],
                "roleRef": {"apiGroup": group, "kind": kind, "name": name},
            },
        )
        token = self.kubectl("create", "token", name, "-n", home, "--duration", "2h").stdout.strip()
        config = json.loads(self.kubectl("config", "view", "--raw", "--minify", "--flatten", "-o", "json").stdout)
        server = config["clusters"][0]["cluster"]
        return kubeconfigs.write(
            self.directory / f"{home}-{name}.kubeconfig",
            authority=base64.b64decode(server.get("certificate-authority-data", "")),
            user=name,
            token=token,
            server=server["server"],
        )
