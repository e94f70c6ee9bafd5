"""What hangs below objects: scale, logs, eviction, binding, and a namespace's finalization."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from dot_ai_lifecycle.embedded.causes import not_negative
from dot_ai_lifecycle.embedded.kinds import Kind
from dot_ai_lifecycle.embedded.messages import Request, Response, answer
from dot_ai_lifecycle.embedded.objects import Object, copied, name_of, uid_of
from dot_ai_lifecycle.embedded.reading import name_in
from dot_ai_lifecycle.embedded.rejected import Rejected, bad_request, invalid
from dot_ai_lifecycle.embedded.routes import Target
from dot_ai_lifecycle.embedded.selectors import labels_of, selector_test
from dot_ai_lifecycle.embedded.store import Store
from dot_ai_lifecycle.embedded.writing import patched

Logs = Callable[[Object, str, bool, int | None, int | None], bytes]
_SCALE = Kind("autoscaling", "v1", "Scale", "scales")
_FOLLOW_EVERY = 1.0
"""Seconds between two looks at a log that is followed."""
_EVICTION_RETRY = 10
"""Seconds a client is told to wait when a disruption budget holds a pod."""


def _selector_text(selector: Mapping[str, Any]) -> str:
    """A selector in the query syntax, by key; a ReplicationController's is labels alone."""
    expressions = selector.get("matchExpressions", ())
    labels = selector.get("matchLabels", {} if expressions else selector)
    parts = [(key, f"{key}={value}") for key, value in labels.items()]
    for one in expressions:
        key, values = one["key"], ",".join(sorted(one.get("values", ())))
        words = {"In": f"{key} in ({values})", "NotIn": f"{key} notin ({values})", "Exists": key}
        parts.append((key, words.get(one["operator"], f"!{key}")))
    return ",".join(text for _, text in sorted(parts, key=lambda part: part[0]))


def scale_of(object_: Object) -> Object:
    """The `autoscaling/v1` Scale of a workload."""
    spec, status = object_.get("spec", {}), object_.get("status", {})
    names = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    metadata = {name: object_["metadata"][name] for name in names if name in object_["metadata"]}
    seen: dict[str, Any] = {"replicas": status.get("replicas", 0)}
    if selector := _selector_text(spec.get("selector") or {}):
        seen["selector"] = selector
    wanted = {"replicas": spec["replicas"]} if spec.get("replicas") else {}
    return {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": wanted, "status": seen}


class Subresources:
    """Answers requests for the parts of objects that have rules of their own."""

    def __init__(self, store: Store, logs: Logs) -> None:
        self._store = store
        self._logs = logs

    def _owner(self, target: Target) -> Object:
        return self._store.get(name_in(target.kind), target.name, target.namespace)

    def scale(self, target: Target, request: Request) -> Response:
        """Read, update or patch how many replicas a workload shall have."""
        old = self._owner(target)
        scale = scale_of(old)
        if request.method == "GET":
            return answer(scale)
        wanted = patched(_SCALE, scale, request) if request.method == "PATCH" else request.decoded()
        replicas = (wanted.get("spec") or {}).get("replicas", 0)
        if found := not_negative("spec.replicas", replicas):
            raise invalid(_SCALE, target.name, found)
        fresh = copied(old)
        fresh["spec"]["replicas"] = replicas
        if version := (wanted.get("metadata") or {}).get("resourceVersion"):
            fresh["metadata"]["resourceVersion"] = version
        manager = request.field_manager
        stored = self._store.replace(fresh, subresource="scale", dry_run=request.dry_run, field_manager=manager)
        return answer(scale_of(stored))

    def log(self, target: Target, request: Request) -> Response:
        """A container's log as text, followed when asked; raises 400 when the container is not named or unknown."""
        pod = self._owner(target)
        container = self._container(pod, request.arg("container"))
        tail, limit = request.number("tailLines"), request.number("limitBytes")
        text = self._logs(pod, container, request.flag("previous"), tail, limit)
        headers = {"content-type": "text/plain"}
        if request.flag("follow") and not request.flag("previous"):
            known = len(self._logs(pod, container, False, None, None))
            return Response(200, headers=headers, frames=self._followed(pod, container, text, known))
        return Response(200, text, headers)

    def _container(self, pod: Object, wanted: str) -> str:
        spec = pod["spec"]
        names = [one["name"] for one in spec.get("containers", ())]
        everything = [one["name"] for one in spec.get("initContainers", ())] + names
        if not wanted and len(names) > 1:
            said = f"a container name must be specified for pod {name_of(pod)}, choose one of: [{' '.join(names)}]"
            raise bad_request(said)
        if wanted and wanted not in everything:
            raise bad_request(f"container {wanted} is not valid for pod {name_of(pod)}")
        return wanted or names[0]

    async def _followed(self, pod: Object, container: str, text: bytes, known: int) -> AsyncIterator[bytes]:
        """The text, then what comes after the first `known` bytes of the whole log."""
        if text:
            yield text
        while True:
            await asyncio.sleep(_FOLLOW_EVERY)
            found = self._store.find("Pod", name_of(pod), pod["metadata"]["namespace"])
            if found is None or uid_of(found) != uid_of(pod):
                return
            whole = self._logs(found, container, False, None, None)
            if len(whole) > known:
                yield whole[known:]
            known = len(whole)
            if found.get("status", {}).get("phase") in {"Succeeded", "Failed"}:
                return

    def evict(self, target: Target, request: Request) -> Response:
        """Delete a pod unless a disruption budget holds it: 429 with the budget's name then."""
        pod = self._owner(target)
        body = request.decoded() if request.body.strip() else {}
        options = body.get("deleteOptions") or {}
        dry_run = request.dry_run or options.get("dryRun") == ["All"]
        if pod.get("status", {}).get("phase") not in {"Succeeded", "Failed", "Pending"}:
            self._disrupt(pod, dry_run=dry_run)
        preconditions = options.get("preconditions") or {}
        self._store.delete(
            "Pod",
            target.name,
            target.namespace,
            uid=preconditions.get("uid"),
            grace_seconds=options.get("gracePeriodSeconds"),
            dry_run=dry_run,
        )
        return answer({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}, 201)

    def _disrupt(self, pod: Object, *, dry_run: bool) -> None:
        budgets = [
            budget
            for budget in self._store.list("PodDisruptionBudget", pod["metadata"]["namespace"])
            if selector_test(budget["spec"].get("selector"))(labels_of(pod))
        ]
        if len(budgets) > 1:
            said = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
            raise Rejected(500, "InternalError", said)
        for budget in budgets:
            self._spend(budget, dry_run=dry_run)

    def _spend(self, budget: Object, *, dry_run: bool) -> None:
        status = budget.get("status", {})
        allowed = status.get("disruptionsAllowed", 0)
        if allowed <= 0:
            healthy, desired = status.get("currentHealthy", 0), status.get("desiredHealthy", 0)
            name = name_of(budget)
            why = f"The disruption budget {name} needs {desired} healthy pods and has {healthy} currently"
            details: dict[str, Any] = {"causes": [{"reason": "DisruptionBudget", "message": why}]}
            details["retryAfterSeconds"] = _EVICTION_RETRY
            said = "Cannot evict pod as it would violate the pod's disruption budget."
            raise Rejected(429, "TooManyRequests", said, details)
        if not dry_run:
            fresh = copied(budget)
            fresh["status"]["disruptionsAllowed"] = allowed - 1
            self._store.replace(fresh, subresource="status")

    def bind(self, target: Target, request: Request) -> Response:
        """Put a pod on a node."""
        node = (request.decoded().get("target") or {}).get("name", "")

        def change(pod: Object) -> None:
            pod["spec"]["nodeName"] = node

        self._store.edit("Pod", target.name, target.namespace, change)
        return answer({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}, 201)

    def finalize(self, target: Target, request: Request) -> Response:
        """Take the finalizers off a namespace's spec; a terminating one without any is gone."""
        old = self._owner(target)
        wanted = request.decoded().get("spec") or {}
        fresh = copied(old)
        fresh["spec"] = wanted
        if not wanted.get("finalizers") and "deletionTimestamp" in old["metadata"]:
            self._store.finish_delete("Namespace", target.name, None)
            return answer(fresh)
        return answer(self._store.replace(fresh, dry_run=request.dry_run))
