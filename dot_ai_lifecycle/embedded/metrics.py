"""The resource metrics API (`metrics.k8s.io/v1beta1`), which `kubectl top` and autoscalers read."""

from collections.abc import Callable, Mapping
from typing import Any

from dot_ai_lifecycle.embedded.messages import Request, Response, answer
from dot_ai_lifecycle.embedded.objects import Object, name_of, namespace_of, timestamp
from dot_ai_lifecycle.embedded.rejected import Rejected
from dot_ai_lifecycle.embedded.routes import unknown_path
from dot_ai_lifecycle.embedded.selectors import label_test, labels_of
from dot_ai_lifecycle.embedded.store import Store

Usage = Callable[[Object], Mapping[str, tuple[int, int]] | None]
"""What each container of a pod uses, as (millicores, bytes); None for a pod that has no metrics (yet)."""

PREFIX = "/apis/metrics.k8s.io/v1beta1"
_GROUP = "metrics.k8s.io/v1beta1"
_WINDOW = "15s"


def _amounts(millicores: int, size: int) -> dict[str, str]:
    return {"cpu": f"{millicores}m", "memory": f"{size // 1024}Ki"}


class Metrics:
    """Answers from a callable that knows what each pod uses."""

    def __init__(self, store: Store, usage: Usage) -> None:
        self._store = store
        self._usage = usage

    def answer(self, request: Request) -> Response | None:
        """The answer for a path of this API, or None when the path is another."""
        if not request.path.startswith(PREFIX + "/"):
            return None
        parts = request.path.removeprefix(PREFIX + "/").strip("/").split("/")
        match parts:
            case ["pods"]:
                return self._pods(None, request)
            case ["namespaces", namespace, "pods"]:
                return self._pods(namespace, request)
            case ["namespaces", namespace, "pods", name]:
                found = self._pod(self._store.get("Pod", name, namespace))
                return self._one(found, "pods", name)
            case ["nodes"]:
                return answer(self._list("NodeMetricsList", [self._node(one) for one in self._nodes(request)]))
            case ["nodes", name]:
                return self._one(self._node(self._store.get("Node", name)), "nodes", name)
        raise unknown_path()

    def _one(self, found: dict[str, Any] | None, plural: str, name: str) -> Response:
        if found is None:
            raise Rejected(404, "NotFound", f'{plural}.metrics.k8s.io "{name}" not found', {"name": name})
        kind = "PodMetrics" if plural == "pods" else "NodeMetrics"
        return answer({"kind": kind, "apiVersion": _GROUP} | found)

    def _list(self, kind: str, items: list[dict[str, Any]]) -> dict[str, Any]:
        return {"kind": kind, "apiVersion": _GROUP, "metadata": {}, "items": items}

    def _nodes(self, request: Request) -> list[Object]:
        return self._store.list("Node", labels=request.arg("labelSelector"))

    def _pods(self, namespace: str | None, request: Request) -> Response:
        wanted = label_test(request.arg("labelSelector"))
        pods = [pod for pod in self._store.list("Pod", namespace) if wanted(labels_of(pod))]
        found = [one for one in map(self._pod, pods) if one is not None]
        return answer(self._list("PodMetricsList", found))

    def _stamped(self, metadata: dict[str, Any]) -> dict[str, Any]:
        now = timestamp(self._store.now())
        return {"metadata": metadata | {"creationTimestamp": now}, "timestamp": now, "window": _WINDOW}

    def _pod(self, pod: Object) -> dict[str, Any] | None:
        used = self._usage(pod)
        if used is None:
            return None
        metadata = {"name": name_of(pod), "namespace": namespace_of(pod), "labels": labels_of(pod)}
        containers = [{"name": name, "usage": _amounts(*amounts)} for name, amounts in used.items()]
        return self._stamped(metadata) | {"containers": containers}

    def _node(self, node: Object) -> dict[str, Any]:
        millicores = size = 0
        for pod in self._store.list("Pod", fields=f"spec.nodeName={name_of(node)}"):
            for cpu, memory in (self._usage(pod) or {}).values():
                millicores, size = millicores + cpu, size + memory
        metadata = {"name": name_of(node), "labels": labels_of(node)}
        return self._stamped(metadata) | {"usage": _amounts(millicores, size)}
