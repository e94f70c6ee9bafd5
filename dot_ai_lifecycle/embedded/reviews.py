"""May I? The reviews by which a client asks for its own rights; the faults' bans are what is not allowed."""

from typing import Any

from dot_ai_lifecycle.embedded.faults import USER, Faults
from dot_ai_lifecycle.embedded.kinds import Kinds
from dot_ai_lifecycle.embedded.messages import Request, Response, answer
from dot_ai_lifecycle.embedded.rejected import bad_request

_VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
_AUTHORIZATION = "/apis/authorization.k8s.io/v1/"
_AUTHENTICATION = "/apis/authentication.k8s.io/v1/"


class Reviews:
    """Answers the self-reviews."""

    def __init__(self, kinds: Kinds, faults: Faults) -> None:
        self._kinds = kinds
        self._faults = faults

    def answer(self, request: Request) -> Response | None:
        """The answer to a review, or None when the request is none."""
        if request.method != "POST":
            return None
        match request.path.removeprefix(_AUTHORIZATION).removeprefix(_AUTHENTICATION):
            case "selfsubjectaccessreviews":
                return self._reviewed(request, self._access)
            case "selfsubjectrulesreviews":
                return self._reviewed(request, self._rules)
            case "selfsubjectreviews":
                return self._reviewed(request, self._self)
        return None

    def _reviewed(self, request: Request, judge: Any) -> Response:
        body = request.decoded()
        if not isinstance(body, dict):
            raise bad_request("the body must be a review object")
        return answer(body | {"status": judge(body.get("spec") or {})}, 201)

    def _access(self, spec: dict[str, Any]) -> dict[str, Any]:
        asked = spec.get("resourceAttributes")
        if asked is None:
            return {"allowed": True}
        resource = "/".join(part for part in (asked.get("resource", "*"), asked.get("subresource", "")) if part)
        if self._faults.allows(asked.get("verb", "*"), resource, asked.get("namespace") or None):
            return {"allowed": True, "reason": "the embedded cluster allows everything that no test forbids"}
        return {"allowed": False}

    def _rules(self, spec: dict[str, Any]) -> dict[str, Any]:
        free = [{"verbs": ["*"], "nonResourceURLs": ["*"]}]
        if not self._faults.bans:
            rules = [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]
        else:
            rules = self._allowed(spec.get("namespace") or "default")
        return {"resourceRules": rules, "nonResourceRules": free, "incomplete": False}

    def _allowed(self, namespace: str) -> list[dict[str, Any]]:
        rules = []
        for kind in self._kinds:
            for resource in (kind.plural, *(f"{kind.plural}/{part}" for part in sorted(kind.subresources))):
                verbs = [verb for verb in _VERBS if self._faults.allows(verb, resource, namespace)]
                if verbs:
                    rules.append({"verbs": verbs, "apiGroups": [kind.group], "resources": [resource]})
        return rules

    def _self(self, spec: dict[str, Any]) -> dict[str, Any]:
        return {"userInfo": {"username": USER, "groups": ["system:masters", "system:authenticated"]}}
