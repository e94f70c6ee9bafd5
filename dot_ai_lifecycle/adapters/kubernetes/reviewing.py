"""What we may do, by the API server's own reviews: one for a whole namespace, and one each for what that denies."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from dot_ai_lifecycle.adapters.kubernetes.caller import Caller
from dot_ai_lifecycle.adapters.kubernetes.calls import Call, encoded, group_of, path_to
from dot_ai_lifecycle.adapters.kubernetes.reading import document
from dot_ai_lifecycle.core.errors import ClusterFailure, Forbidden, Invalid, NotFound
from dot_ai_lifecycle.core.refs import Kind

_ACCESS = Kind("authorization.k8s.io/v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", namespaced=False)
_RULES = Kind("authorization.k8s.io/v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews", namespaced=False)

Rules = Sequence[Mapping[str, Any]]


class Rights:
    """Asks for rights. Questions about one namespace that are asked at the same moment cost one request together."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._asked: dict[str, asyncio.Task[Rules]] = {}

    async def allowed(self, verb: str, kind: Kind, namespace: str | None, subresource: str) -> bool:
        """Whether we may do that; no namespace asks about all of them.

        The rules of a namespace may be incomplete, so only their yes counts; a no is asked for by itself.
        """
        place = namespace if kind.namespaced else None
        resource = f"{kind.plural}/{subresource}" if subresource else kind.plural
        if place and granted(await self._rules(place), verb, group_of(kind), resource):
            return True
        asked = {"verb": verb, "group": group_of(kind), "resource": kind.plural}
        asked |= {"namespace": place} if place else {}
        asked |= {"subresource": subresource} if subresource else {}
        status = await self._status(_ACCESS, {"resourceAttributes": asked})
        return bool(status.get("allowed", False))

    async def _rules(self, namespace: str) -> Rules:
        task = self._asked.get(namespace)
        if task is None:
            task = self._asked[namespace] = asyncio.ensure_future(self._looked_up(namespace))
            task.add_done_callback(lambda _: self._asked.pop(namespace, None))
        return await asyncio.shield(task)

    async def _looked_up(self, namespace: str) -> Rules:
        """The rules that hold for us there; none where the server does not tell."""
        try:
            status = await self._status(_RULES, {"namespace": namespace})
        except (Forbidden, NotFound, Invalid, ClusterFailure):
            return ()
        return status.get("resourceRules") or ()

    async def _status(self, review: Kind, spec: Mapping[str, Any]) -> Mapping[str, Any]:
        body = encoded({"apiVersion": review.api_version, "kind": review.name, "spec": spec})
        call = Call("create", path_to(review, None), review, body=body, repeatable=True)
        return document((await self._caller.ask(call)).body).get("status") or {}


def granted(rules: Rules, verb: str, group: str, resource: str) -> bool:
    """Whether a rule grants the verb on every object of the resource; `*` stands for all, and `*/log` for all logs."""
    wanted = {"*", resource} | ({f"*/{resource.partition('/')[2]}"} if "/" in resource else set())
    return any(
        not rule.get("resourceNames")
        and {"*", verb} & set(rule.get("verbs") or ())
        and {"*", group} & set(rule.get("apiGroups") or ())
        and wanted & set(rule.get("resources") or ())
        for rule in rules
    )
