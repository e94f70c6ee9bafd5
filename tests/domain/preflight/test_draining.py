"""The end of a pod: Z06, Z07, Z08 and Z23."""

from typing import Any

import pytest
from msgspec.structs import replace

from dot_ai_lifecycle.core.objects import Backend
from dot_ai_lifecycle.domain.preflight.case import Case
from dot_ai_lifecycle.domain.preflight.draining import drains, z06, z07, z08, z23
from dot_ai_lifecycle.domain.strategies.choice import Strategy
from tests.support.prospects import GOOD, app, around, case, container, service, standing, template
from tests.support.scenes import pod

BARE = container(lifecycle=None)


def sleeping(seconds: int, **spec: Any) -> dict[str, Any]:
    return template(container(lifecycle={"preStop": {"sleep": {"seconds": seconds}}}), **spec)


def running(wants: Any, strategy: Strategy = "rolling", **more: Any) -> Case:
    """An app whose pods are of that template, and whose new ones would be too."""
    return case(standing(app(wants=wants)), strategy, **more)


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet"])
def test_pods_without_a_hook_lose_requests_while_proxies_still_send_to_them(kind: str):
    found = z06(case(standing(app(kind, wants=template(BARE)))))

    assert (found.level, found.harm, found.mended) == ("block", "loses", False)
    assert "no preStop hook (web)" in found.words


@pytest.mark.parametrize("strategy", ["blue-green", "canary"])
def test_a_strategy_that_switches_the_services_needs_no_hook(strategy: Strategy):
    found = z06(running(template(BARE), strategy))

    assert (found.level, found.mended) == ("block", True)


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_a_canary_on_a_set_needs_one_as_it_switches_nothing(kind: str):
    found = z06(case(standing(app(kind, wants=template(BARE))), "canary"))

    assert (found.level, found.mended) == ("block", False)


def test_what_runs_decides_and_not_what_is_to_come():
    """The update that adds a hook is itself unprotected; the one that drops it is not."""
    adding = case(standing(app(wants=template(BARE))), wants=template(GOOD))
    dropping = case(standing(app(wants=template(GOOD))), wants=template(BARE))

    assert (z06(adding).level, drains(adding)) == ("block", False)
    assert (z06(dropping).level, drains(dropping)) == ("warn", True)
    assert "the next update can lose requests" in z06(dropping).words


def test_pods_of_two_revisions_are_both_looked_at():
    seen = standing(app(wants=template(BARE)))
    drained = replace(seen.revisions[0], hash="v0", template=template(GOOD))
    mixed = replace(seen, revisions=(drained, *seen.revisions), pods=(pod("old", "v0"), *seen.pods))

    assert z06(case(mixed)).level == "block"
    assert z06(case(replace(mixed, pods=(pod("old", "v0"),)))).level == "warn"


def test_a_pod_whose_revision_is_not_kept_is_taken_to_be_of_the_workloads_own_template():
    seen = standing(app(wants=template(BARE)))

    assert z06(case(replace(seen, revisions=()))).level == "block"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param(case(), "wait before they end", id="a hook"),
        pytest.param(running(template(container(lifecycle={"preStop": {"httpGet": {}}}))), "wait", id="any hook"),
        pytest.param(case(replace(standing(app(wants=template(BARE))), services=())), "Nothing sends", id="a worker"),
        pytest.param(case(standing(app(wants=template(BARE), replicas=0))), "Nothing sends", id="scaled to 0"),
        pytest.param(running(template(GOOD, {"name": "log", "image": "l:1"})), "wait", id="a sidecar needs none"),
    ],
)
def test_pods_that_drain_or_get_no_traffic_lose_none(given: Case, words: str):
    found = z06(given)

    assert (found.level, words in found.words) == ("ok", True)


def test_a_hook_that_is_shorter_than_proxies_take_is_warned_of():
    assert "waits 1 s" in z06(running(sleeping(1))).words
    assert z06(running(sleeping(1), "blue-green")).level == "ok"
    assert z06(running(sleeping(2))).level == "ok"


@pytest.mark.parametrize(
    ("wants", "server", "edits"),
    [
        pytest.param(
            template(BARE), "v1.34.2", {"containers/0/lifecycle": {"preStop": {"sleep": {"seconds": 5}}}}, id="sleep"
        ),
        pytest.param(
            template(BARE),
            "v1.29.0",
            {"containers/0/lifecycle": {"preStop": {"exec": {"command": ["sleep", "5"]}}}},
            id="an older server",
        ),
        pytest.param(
            template(container(lifecycle={"postStart": {"exec": {"command": ["x"]}}})),
            "",
            {"containers/0/lifecycle/preStop": {"sleep": {"seconds": 5}}},
            id="beside another hook",
        ),
        pytest.param(
            template(BARE, terminationGracePeriodSeconds=5),
            "v1.34.2",
            {
                "containers/0/lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
                "terminationGracePeriodSeconds": 10,
            },
            id="with the grace it needs",
        ),
    ],
)
def test_a_hook_is_offered_for_the_pods_to_come(wants: Any, server: str, edits: dict[str, Any]):
    found = z06(running(wants, server=server))

    assert found.fix is not None
    assert {edit.path.removeprefix("/spec/template/spec/"): edit.new for edit in found.fix.edits} == edits


def test_where_only_old_pods_lack_a_hook_nothing_is_left_to_add():
    found = z06(case(standing(app(wants=template(BARE))), wants=template(GOOD)))

    assert found.fix is not None
    assert (found.fix.by, found.fix.edits) == ("person", ())


@pytest.mark.parametrize(
    ("wants", "strategy", "level", "mended"),
    [
        pytest.param(sleeping(5), "rolling", "ok", False, id="30 s for 5"),
        pytest.param(sleeping(25, terminationGracePeriodSeconds=30), "rolling", "ok", False, id="just enough"),
        pytest.param(sleeping(26, terminationGracePeriodSeconds=30), "rolling", "warn", False, id="tight"),
        pytest.param(
            sleeping(30, terminationGracePeriodSeconds=30), "rolling", "block", False, id="killed in the hook"
        ),
        pytest.param(sleeping(30, terminationGracePeriodSeconds=30), "blue-green", "block", True, id="without traffic"),
        pytest.param(template(BARE, terminationGracePeriodSeconds=1), "rolling", "ok", False, id="no hook"),
        pytest.param(
            template(container(lifecycle={"preStop": {"exec": {"command": ["sh", "-c", "sleep 40; exit"]}}})),
            "rolling",
            "block",
            False,
            id="a command that sleeps",
        ),
        pytest.param(
            template(container(lifecycle={"preStop": {"exec": {"command": ["/drain"]}}})),
            "rolling",
            "ok",
            False,
            id="a command that does not say",
        ),
    ],
)
def test_the_grace_period_outlasts_the_hook(wants: Any, strategy: Strategy, level: str, mended: bool):
    found = z07(running(wants, strategy))

    assert (found.level, found.mended) == (level, mended)


def test_a_longer_grace_period_is_offered():
    found = z07(running(sleeping(40)))

    assert found.fix is not None
    [edit] = found.fix.edits
    assert (edit.path, edit.old, edit.new) == ("/spec/template/spec/terminationGracePeriodSeconds", None, 50)


def test_without_traffic_no_grace_is_needed():
    assert z07(case(replace(standing(app(wants=sleeping(60))), services=()))).level == "ok"


@pytest.mark.parametrize(
    ("command", "level"),
    [
        (["sh", "-c", "python app.py"], "warn"),
        (["/bin/bash", "-ec", "migrate && python app.py"], "warn"),
        (["sh", "-c", "exec python app.py"], "ok"),
        (["sh", "-c", "migrate && exec python app.py"], "ok"),
        (["sh", "-c"], "ok"),
        (["sh", "start.sh", "now"], "ok"),
        (["python", "app.py", "-c"], "ok"),
        (None, "ok"),
    ],
)
def test_a_shell_before_the_application_keeps_the_signal_from_it(command: list[str] | None, level: str):
    assert z08(case(wants=template(container(command=command)))).level == level


def test_a_mesh_proxy_that_is_no_native_sidecar_may_end_first():
    injected = {"containers": [GOOD, {"name": "istio-proxy", "image": "p:1"}]}
    seen = around(trial=replace(around().trial, spec=injected))

    assert z08(Case(seen, "rolling")).level == "warn"
    assert z08(Case(around(), "rolling")).level == "ok"


@pytest.mark.parametrize(
    ("backend", "port", "level"),
    [
        pytest.param(Backend(80, "http"), "http", "ok", id="plain"),
        pytest.param(Backend(50051, "http", name="grpc"), "http", "warn", id="the name of a Service's port"),
        pytest.param(Backend(80, "http", app_protocol="kubernetes.io/ws"), "http", "warn", id="its protocol"),
        pytest.param(Backend(80, "grpc-api"), "grpc-api", "warn", id="the name of a container's port"),
    ],
)
def test_connections_that_last_are_told_of(backend: Backend, port: str, level: str):
    wants = template(container(ports=[{"containerPort": 8080, "name": port}]))
    seen = replace(standing(app(wants=wants)), services=(service("web", backend),))

    assert z23(case(seen)).level == level


def test_connections_of_services_that_cannot_be_seen_are_unknown_and_of_none_are_none():
    assert z23(case(replace(standing(app()), services=(), unread=("services",)))).level == "unknown"
    assert z23(case(replace(standing(app()), services=()))).level == "ok"
