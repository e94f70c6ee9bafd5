"""What lies near an app, out of Kubernetes' JSON: nothing the checks look at is lost, and no value is kept."""

import json
from decimal import Decimal
from typing import Any

import pytest

from dot_ai_lifecycle.adapters.kubernetes.shapes import shape_of
from dot_ai_lifecycle.core.capacity import BOOKINGS, LIMIT_RANGES, QUOTAS
from dot_ai_lifecycle.core.nearby import (
    CLAIMS,
    HTTP_ROUTES,
    INGRESSES,
    KEYS,
    MUTATING_HOOKS,
    SCALED_OBJECTS,
    SPACES,
    VALIDATING_HOOKS,
    VERTICAL_SCALERS,
)
from dot_ai_lifecycle.core.objects import MACHINES, SERVICES, View


def decoded(view: View[Any], name: str = "web", namespace: str = "shop", **document: Any) -> Any:
    metadata = {
        "name": name,
        "namespace": namespace,
        "uid": "u1",
        "resourceVersion": "7",
        **document.pop("metadata", {}),
    }
    return shape_of(view).item(json.dumps({"metadata": metadata, **document}).encode()).value


@pytest.mark.parametrize("kind", ["ConfigMap", "Secret"])
def test_of_what_holds_configuration_only_the_keys_are_kept(kind: str) -> None:
    seen = decoded(KEYS[kind], data={"password": "aHVudGVyMg=="}, binaryData={"blob": "AAAA"})
    assert seen.keys == {"password", "blob"}
    assert "aHVudGVyMg==" not in repr(seen)
    assert decoded(KEYS[kind]).keys == frozenset()


def test_a_node_tells_what_it_offers_and_whom_it_keeps_away() -> None:
    taint = {"key": "team", "effect": "NoSchedule"}
    conditions = [{"type": "Ready", "status": "True"}]
    status = {"allocatable": {"cpu": "3920m", "memory": "8Gi", "pods": "110"}, "conditions": conditions}
    seen = decoded(MACHINES, spec={"taints": [taint], "unschedulable": True}, status=status)
    assert (seen.ready, seen.cordoned, seen.taints) == (True, True, (taint,))
    assert seen.allocatable == {"cpu": Decimal("3.92"), "memory": 8 * 2**30, "pods": 110}


def test_a_node_that_says_nothing_takes_nothing() -> None:
    seen = decoded(MACHINES)
    assert (seen.ready, seen.cordoned, seen.allocatable, seen.platform) == (False, False, {}, "")


def test_a_pod_counts_on_its_node_with_all_it_asks_for() -> None:
    container = {"name": "a", "resources": {"requests": {"cpu": "100m"}, "limits": {"memory": "64Mi"}}}
    seen = decoded(BOOKINGS, spec={"nodeName": "n1", "containers": [container, container]}, status={"phase": "Running"})
    assert (seen.node, seen.finished) == ("n1", False)
    assert seen.requests == {"cpu": Decimal("0.2"), "memory": 128 * 2**20}
    assert decoded(BOOKINGS, spec={}, status={"phase": "Succeeded"}).finished
    assert not decoded(BOOKINGS, spec={}).finished


def test_a_quota_tells_what_is_left_of_it_and_for_whom_it_counts() -> None:
    rule = {"scopeName": "PriorityClass", "operator": "Exists"}
    spec = {
        "hard": {"pods": "5", "cpu": "2"},
        "scopes": ["NotTerminating"],
        "scopeSelector": {"matchExpressions": [rule]},
    }
    seen = decoded(QUOTAS, spec=spec, status={"used": {"pods": "3"}})
    assert (seen.left("pods"), seen.left("cpu")) == (2, 2)
    assert (seen.scopes, seen.selector) == (("NotTerminating",), (rule,))
    assert decoded(QUOTAS).hard == {}


def test_limits_and_claims_are_read() -> None:
    rule = {"type": "Container", "max": {"cpu": "1"}}
    assert decoded(LIMIT_RANGES, spec={"limits": [rule]}).limits == (rule,)
    assert decoded(LIMIT_RANGES).limits == ()
    claim = decoded(CLAIMS, spec={"accessModes": ["ReadWriteOnce"]}, status={"phase": "Bound"})
    assert (claim.modes, claim.phase) == (("ReadWriteOnce",), "Bound")
    assert decoded(CLAIMS, spec={}).phase == ""


def test_an_ingress_tells_every_service_it_sends_to() -> None:
    backend = {"backend": {"service": {"name": "web"}}}
    spec = {
        "defaultBackend": {"service": {"name": "home"}},
        "rules": [{"host": "a.example.org", "http": {"paths": [backend, {"backend": {"resource": {}}}]}}, {}],
    }
    seen = decoded(INGRESSES, spec=spec)
    assert (seen.kind, seen.services, seen.hosts) == ("Ingress", {"web", "home"}, ("a.example.org",))


def test_a_route_tells_the_services_of_its_own_namespace() -> None:
    backends = [
        {"name": "web", "port": 80},
        {"name": "bucket", "kind": "Bucket"},
        {"name": "far", "namespace": "other"},
        {"name": "api", "namespace": "shop", "kind": "Service"},
    ]
    seen = decoded(HTTP_ROUTES, spec={"hostnames": ["a.example.org"], "rules": [{"backendRefs": backends}, {}]})
    assert (seen.kind, seen.services, seen.hosts) == ("HTTPRoute", {"web", "api"}, ("a.example.org",))


@pytest.mark.parametrize("view", [VALIDATING_HOOKS, MUTATING_HOOKS])
def test_a_webhook_tells_whom_it_asks_about_and_who_answers(view: View[Any]) -> None:
    rule = {"operations": ["CREATE"], "apiGroups": [""], "resources": ["pods"]}
    strict = {
        "name": "a.example.org",
        "clientConfig": {"service": {"namespace": "guards", "name": "check"}},
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "rules": [rule],
        "objectSelector": {"matchLabels": {"app": "web"}},
    }
    lenient = {"name": "b.example.org", "clientConfig": {"url": "https://x"}, "failurePolicy": "Ignore"}
    one, other = decoded(view, namespace="", webhooks=[strict, lenient]).hooks
    assert (one.service, one.fails_closed, one.dry_run, one.rules) == (("guards", "check"), True, True, (rule,))
    assert (one.objects, one.namespaces) == ({"matchLabels": {"app": "web"}}, {})
    assert (other.service, other.fails_closed, other.dry_run) == (None, False, False)
    assert decoded(view).hooks == ()


def test_other_autoscalers_tell_whom_they_scale_and_how() -> None:
    keda = decoded(SCALED_OBJECTS, spec={"scaleTargetRef": {"name": "web"}})
    vertical = decoded(VERTICAL_SCALERS, spec={"targetRef": {"kind": "Deployment", "name": "web"}})
    advising = decoded(VERTICAL_SCALERS, spec={"updatePolicy": {"updateMode": "Off"}})
    assert (keda.target_kind, keda.target_name) == ("Deployment", "web")
    assert (vertical.target_kind, vertical.target_name, vertical.mode) == ("Deployment", "web", "Auto")
    assert (advising.target_name, advising.mode) == ("", "Off")


def test_a_namespace_tells_whether_it_lives() -> None:
    assert decoded(SPACES, status={"phase": "Terminating"}).phase == "Terminating"
    assert decoded(SPACES, metadata={"labels": {"team": "a"}}).labels == {"team": "a"}


def test_a_service_tells_where_its_ports_lead_and_how_it_keeps_clients() -> None:
    ports = [{"port": 80, "targetPort": "http", "name": "web"}, {"port": 443, "appProtocol": "kubernetes.io/h2c"}]
    spec = {"ports": ports, "externalTrafficPolicy": "Local", "sessionAffinity": "ClientIP"}
    seen = decoded(SERVICES, spec=spec)
    assert [(b.port, b.target, b.name, b.app_protocol) for b in seen.backends] == [
        (80, "http", "web", ""),
        (443, 443, "", "kubernetes.io/h2c"),
    ]
    assert (seen.local_traffic, seen.sticky) == (True, True)
