"""The ways of traffic: Z21, Z22 and Z28, and how long they need to notice that a pod ends."""

from typing import Any

import pytest
from msgspec.structs import replace

from dot_ai_lifecycle.core.nearby import Route
from dot_ai_lifecycle.domain.preflight.paths import drain_seconds, z21, z22, z28
from tests.support.prospects import app, case, container, service, standing, template

SHOP = Route("Ingress", "shop", "shop", "uid-shop", frozenset({"web"}))
OTHER = Route("HTTPRoute", "other", "shop", "uid-other", frozenset({"api"}))


def through(*services: Any, **more: Any) -> Any:
    return case(replace(standing(app()), services=services), **more)


UNSEEN = case(replace(standing(app()), services=(), unread=("services",)))


@pytest.mark.parametrize(
    ("given", "level", "words"),
    [
        pytest.param(case(), "ok", "comes through web to ready pods", id="plain"),
        pytest.param(through(), "ok", "No Service leads", id="a worker"),
        pytest.param(UNSEEN, "unknown", "may not list Services", id="not seen"),
        pytest.param(through(service(headless=True)), "warn", "headless", id="headless"),
        pytest.param(through(service(publishes_not_ready=True)), "warn", "not ready", id="not ready"),
        pytest.param(through(service(local_traffic=True)), "warn", "externalTrafficPolicy Local", id="local"),
        pytest.param(through(service(sticky=True)), "warn", "sessionAffinity", id="sticky"),
    ],
)
def test_services_that_notice_late_are_named(given: Any, level: str, words: str):
    found = z21(given)

    assert (found.level, words in found.words) == (level, True)


@pytest.mark.parametrize(
    ("given", "level", "words", "seconds"),
    [
        pytest.param(case(), "ok", "No Ingress", 5, id="nothing before it"),
        pytest.param(case(routes=(OTHER,)), "ok", "No Ingress", 5, id="a route to another"),
        pytest.param(case(routes=(SHOP, OTHER)), "warn", "Ingress shop needs up to 15 s", 15, id="an ingress"),
        pytest.param(
            through(service(type="LoadBalancer"), routes=None), "warn", "Load balancer of Service web", 30, id="lb"
        ),
        pytest.param(through(service(headless=True)), "ok", "No Ingress", 30, id="cached names"),
        pytest.param(case(routes=None, depth="planning"), "unknown", "dot-ai check", 5, id="while planning"),
        pytest.param(
            case(routes=None, unread={"ingresses": "You may not list ingresses."}),
            "unknown",
            "may not",
            5,
            id="no right",
        ),
    ],
)
def test_what_stands_before_the_services_needs_its_time(given: Any, level: str, words: str, seconds: int):
    found = z22(given)

    assert (found.level, words in found.words) == (level, True)
    assert drain_seconds(given) == seconds


def test_whether_traffic_comes_at_all_is_told():
    queue = template(container(env=[{"name": "TASK_QUEUE_URL", "value": "x"}, {"name": "MODE"}]))
    worker = z28(case(replace(standing(app()), services=()), wants=queue))

    assert z28(case()).level == "ok"
    assert z28(UNSEEN).level == "unknown"
    assert (worker.level, worker.evidence) == ("info", ("variable TASK_QUEUE_URL",))
