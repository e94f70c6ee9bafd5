"""Asks a starting cluster whether it is ready, from inside its network, for the price of one small request."""

import http.client
import json
import ssl
from pathlib import Path
from typing import Any

from tests.real.cluster.network import Visitor

_PATIENCE = 2.0  # seconds for one answer


class Readiness:
    """Questions with yes or no as the answer; a refused connection is a no."""

    def __init__(self, visitor: Visitor, kubeconfig: Path) -> None:
        config = json.loads(kubeconfig.read_text(encoding="utf-8"))
        self._token = config["users"][0]["user"]["token"]
        # The certificate is checked by every real client afterwards; here only a yes counts.
        self._tls = ssl.create_default_context()
        self._tls.check_hostname = False
        self._tls.verify_mode = ssl.CERT_NONE
        self._visitor = visitor

    def api_server(self) -> bool:
        """The API server calls itself ready: RBAC is bootstrapped."""
        return self._api("/readyz") == b"ok"

    def node(self) -> bool:
        """The kubelet has reported a node that takes pods."""
        answer = self._api("/api/v1/nodes/node1")
        if answer is None:
            return False
        node: dict[str, Any] = json.loads(answer)
        conditions = node.get("status", {}).get("conditions", [])
        return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)

    def controllers(self) -> bool:
        """The controllers work: they have given the default namespace its account, without which pods are refused."""
        return self._api("/api/v1/namespaces/default/serviceaccounts/default") is not None

    def proxy(self) -> bool:
        """kube-proxy has programmed the Services there are."""
        return self._ask(http.client.HTTPConnection("127.0.0.1", 10256, timeout=_PATIENCE), "/healthz") is not None

    def _api(self, path: str) -> bytes | None:
        return self._ask(http.client.HTTPSConnection("127.0.0.1", 6443, timeout=_PATIENCE, context=self._tls), path)

    def _ask(self, connection: http.client.HTTPConnection, path: str) -> bytes | None:
        def ask() -> bytes | None:
            connection.request("GET", path, headers={"Authorization": f"Bearer {self._token}"})
            answer = connection.getresponse()
            body = answer.read()
            return body if answer.status == 200 else None

        try:
            return self._visitor.call(ask)
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
