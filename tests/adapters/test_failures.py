"""Refusals and silences in words people can act on, and never with a credential in them."""

import errno
import json
import socket
import ssl
from typing import Any

import pytest
import yaml

from dot_ai_lifecycle.adapters.kubernetes.calls import Call, Place, path_to
from dot_ai_lifecycle.adapters.kubernetes.failures import refusal, unreachable
from dot_ai_lifecycle.core.errors import (
    ClusterFailure,
    Conflict,
    Expired,
    Forbidden,
    Invalid,
    LifecycleError,
    NotFound,
    Throttled,
    Unauthorized,
)
from dot_ai_lifecycle.core.refs import CONFIG_MAP, DEPLOYMENT, POD

PLACE = Place("prod", "https://10.0.0.1:6443", "the credential plugin aws of user 'me'")
PATCH = Call("patch", path_to(DEPLOYMENT, "shop", "web"), DEPLOYMENT, "web", "shop")
CREATE = Call("create", path_to(CONFIG_MAP, "shop"), CONFIG_MAP, "a", "shop")


def status(code: int, reason: str, message: str, **details: Any) -> bytes:
    said = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code}
    return json.dumps({**said, "reason": reason, "message": message, "details": details}).encode()


DENIED = (
    'deployments.apps "web" is forbidden: User "{user}" cannot patch resource "deployments" '
    'in API group "apps" in the namespace "shop"'
)


def test_a_missing_right_names_verb_and_resource_and_brings_a_role_that_grants_exactly_it() -> None:
    error = refusal(403, status(403, "Forbidden", DENIED.format(user="jane")), PATCH, PLACE)
    assert isinstance(error, Forbidden)
    assert "jane may not patch deployments.apps in namespace shop" in error.message
    assert "kubectl create role" in error.hint
    role, binding = yaml.safe_load_all(str(error.details["role"]))
    assert role["rules"] == [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["patch"]}]
    assert (role["kind"], role["metadata"]["namespace"]) == ("Role", "shop")
    assert binding["roleRef"]["name"] == role["metadata"]["name"] == "dot-ai-lifecycle-patch-deployments"
    assert binding["subjects"] == [{"kind": "User", "name": "jane", "apiGroup": "rbac.authorization.k8s.io"}]


def test_a_role_for_a_service_account_is_bound_to_it() -> None:
    message = DENIED.format(user="system:serviceaccount:tools:dot-ai")
    error = refusal(403, status(403, "Forbidden", message), PATCH, PLACE)
    _, binding = yaml.safe_load_all(str(error.details["role"]))
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "dot-ai", "namespace": "tools"}]


def test_a_right_missing_in_the_whole_cluster_wants_a_cluster_role() -> None:
    said = 'nodes is forbidden: User "jane" cannot list resource "nodes" in API group "" at the cluster scope'
    error = refusal(403, status(403, "Forbidden", said), Call("list", "/api/v1/nodes"), PLACE)
    role, binding = yaml.safe_load_all(str(error.details["role"]))
    assert (role["kind"], binding["kind"]) == ("ClusterRole", "ClusterRoleBinding")
    assert "namespace" not in role["metadata"]


def test_an_authorizer_with_words_of_its_own_still_yields_the_role_for_what_was_asked() -> None:
    logs = Call("get", "/api/v1/namespaces/shop/pods/p/log", POD, "p", "shop", subresource="log")
    error = refusal(403, status(403, "Forbidden", "forbidden: policy says you cannot do that"), logs, PLACE)
    role, _ = yaml.safe_load_all(str(error.details["role"]))
    assert role["rules"] == [{"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]}]
    error = refusal(403, status(403, "Forbidden", "forbidden: you cannot change this"), PATCH, PLACE)
    assert "We may not patch deployments.apps in namespace shop" in error.message


def test_a_path_that_is_no_resource_needs_no_role_of_ours() -> None:
    said = 'forbidden: User "jane" cannot get path "/version"'
    error = refusal(403, status(403, "Forbidden", said), Call("get", "/version"), PLACE)
    assert isinstance(error, Forbidden)
    assert "may not get /version" in error.message
    assert "role" not in error.details


@pytest.mark.parametrize(
    ("message", "refused_by"),
    [
        ('configmaps "a" is forbidden: exceeded quota: q, requested: configmaps=1, used: 1, limited: 1', "quota"),
        ('configmaps "a" is forbidden: unable to create new content in namespace shop because it is being terminated',
         "terminating"),
        ('pods "x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true', "pod_security"),
        ('admission webhook "policy.example.com" denied the request: no latest tags', "webhook"),
        ("ValidatingAdmissionPolicy 'images' with binding 'all' denied the request: bad registry", "webhook"),
        ('pods "x" is forbidden: error looking up service account shop/app: not found', "admission"),
    ],
)  # fmt: skip
def test_a_403_of_admission_is_no_matter_of_rights(message: str, refused_by: str) -> None:
    error = refusal(403, status(403, "Forbidden", message), CREATE, PLACE)
    assert isinstance(error, Invalid)
    assert message in error.message
    assert error.details["refused_by"] == refused_by
    assert "role" not in error.details


@pytest.mark.parametrize(
    ("code", "body", "kind", "words"),
    [
        (400, status(400, "BadRequest", 'strict decoding error: unknown field "x"'), Invalid, 'unknown field "x"'),
        (401, status(401, "Unauthorized", "Unauthorized"), Unauthorized, "did not accept our credentials"),
        (403, b"<html>Forbidden by the proxy</html>", ClusterFailure, "not a Kubernetes API"),
        (403, status(403, "Forbidden", DENIED.format(user="system:anonymous")), Unauthorized, "saw no credentials"),
        (404, b"404 page not found", NotFound, "does not serve Deployment shop/web"),
        (404, status(404, "NotFound", 'deployments.apps "web" not found', name="web", kind="deployments"), NotFound,
         "no Deployment shop/web"),
        (404, status(404, "NotFound", 'namespaces "shop" not found', name="shop", kind="namespaces"), NotFound,
         "no namespace 'shop'"),
        (409, status(409, "AlreadyExists", 'deployments.apps "web" already exists'), Conflict, "exists already"),
        (409, status(409, "Conflict", "the object has been modified"), Conflict, "not what it was when we looked"),
        (410, status(410, "Expired", "too old resource version: 1 (2)"), Expired, "no longer remembers"),
        (413, status(413, "RequestEntityTooLarge", "limit is 3145728"), Invalid, "limit is 3145728"),
        (429, status(429, "TooManyRequests", "too many requests"), Throttled, "slow down"),
        (500, status(500, "InternalError", 'failed calling webhook "a.b": refused'), ClusterFailure, "webhook"),
        (502, b"<html>Bad Gateway</html>", ClusterFailure, "HTTP 502"),
        (503, status(503, "ServiceUnavailable", "apiserver is shutting down"), ClusterFailure, "shutting down"),
        (302, b"<html>log in</html>", ClusterFailure, "not a Kubernetes API"),
    ],
)  # fmt: skip
def test_every_refusal_has_its_error_and_its_words(
    code: int, body: bytes, kind: type[LifecycleError], words: str
) -> None:
    error = refusal(code, body, PATCH, PLACE)
    assert type(error) is kind
    assert words in error.message
    assert error.details["status"] == code


def test_invalid_fields_are_named_with_their_reasons() -> None:
    causes = [
        {"reason": "FieldValueInvalid", "message": "Invalid value: -2: must be at least 0", "field": "spec.replicas"},
        {"reason": "FieldValueNotSupported", "message": 'Unsupported value: "Never"', "field": "spec.template.spec.x"},
    ]
    error = refusal(422, status(422, "Invalid", "is invalid: …", causes=causes), PATCH, PLACE)
    assert "spec.replicas: Invalid value: -2: must be at least 0; spec.template.spec.x: Unsupported" in error.message
    assert len(error.details["causes"]) == 2  # type: ignore[arg-type] # a list, by the promise of `details`


def test_the_whole_object_that_validation_quotes_is_not_repeated_but_its_reason_is() -> None:
    quoted = json.dumps(json.dumps({"kind": "Deployment", "env": [{"name": "DB", "value": "hunter2" * 20}]}))
    message = f'Invalid value: {quoted}: strict decoding error: unknown field "spec.replicaz"'
    causes = [{"reason": "FieldValueInvalid", "message": message, "field": "patch"}]
    error = refusal(422, status(422, "Invalid", f"is invalid: {message}", causes=causes), PATCH, PLACE)
    assert "hunter2" not in f"{error} {error.details}"
    assert 'unknown field "spec.replicaz"' in error.message


def test_credentials_in_the_clusters_words_are_hidden() -> None:
    message = "upstream said: Bearer abcdef0123456789 and https://me:pa55word@registry.example.com, password=hunter2"
    error = refusal(500, status(500, "InternalError", message), PATCH, PLACE)
    for secret in ("abcdef0123456789", "pa55word", "hunter2"):
        assert secret not in f"{error} {error.details}"


def _certificate_error() -> OSError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = "unable to get local issuer certificate"
    return error


@pytest.mark.parametrize(
    ("error", "what", "check"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), "connection was refused", "address and port"),
        (socket.gaierror(socket.EAI_NONAME, "unknown"), "name is not known", "DNS or VPN"),
        (TimeoutError(), "took too long", "network or VPN"),
        (ConnectionResetError(), "connection broke", "proxy"),
        (_certificate_error(), "not trusted (unable to get local issuer certificate)", "certificate-authority"),
        (ssl.SSLError(1, "wrong version number"), "TLS failed", "scheme and port"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), "No route to host", "network"),
    ],
)
def test_silence_names_address_context_cause_and_what_to_check(error: OSError, what: str, check: str) -> None:
    told = unreachable(error, PATCH, PLACE)
    assert "(context 'prod' at https://10.0.0.1:6443)" in told.message
    assert what in told.message
    assert check in told.hint
    assert told.details == {"address": "https://10.0.0.1:6443", "context": "prod"}


def test_rejected_credentials_say_where_they_came_from() -> None:
    assert "the credential plugin aws of user 'me'" in refusal(401, b"", PATCH, PLACE).hint
