"""Probes: Z03 and Z04."""

from typing import Any

import pytest
from msgspec.structs import replace

from dot_ai_lifecycle.core.objects import Backend
from dot_ai_lifecycle.domain.preflight.probes import z03, z04
from tests.support.prospects import GOOD, app, case, container, service, standing, template
from tests.support.scenes import ago
from tests.support.scenes import container as running

LIVE = {"httpGet": {"path": "/live", "port": "http"}}
READY = GOOD["readinessProbe"]
BARE = container(readinessProbe=None)
SIDECAR = {"name": "log", "image": "log:1"}


def test_a_container_behind_a_service_without_a_readiness_probe_gets_traffic_too_early():
    found = z03(case(wants=template(BARE)))

    assert (found.level, found.harm) == ("block", "loses")
    assert "Container web has no readiness probe" in found.words
    assert found.fix is not None
    [edit] = found.fix.edits
    assert edit.path == "/spec/template/spec/containers/0/readinessProbe"
    assert edit.new == {"tcpSocket": {"port": "http"}, "periodSeconds": 2}


@pytest.mark.parametrize(
    ("ports", "port"),
    [
        pytest.param([{"containerPort": 53, "protocol": "UDP"}, {"containerPort": 8080}], 8080, id="the TCP one"),
        pytest.param([{"containerPort": 53, "protocol": "UDP"}], None, id="no TCP"),
        pytest.param(None, None, id="none declared"),
    ],
)
def test_a_probe_is_offered_on_a_port_that_is_declared(ports: Any, port: int | None):
    seen = replace(standing(app()), services=(service("web", Backend(80, 8080)),))
    found = z03(case(seen, wants=template(container(readinessProbe=None, ports=ports))))

    assert found.fix is not None
    assert [edit.new["tcpSocket"]["port"] for edit in found.fix.edits] == ([port] if port else [])
    assert found.fix.by == ("edits" if port else "person")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param(case(), "has a readiness probe", id="it has one"),
        pytest.param(case(wants=template(GOOD, SIDECAR)), "has a readiness probe", id="a sidecar needs none"),
        pytest.param(case(replace(standing(app()), services=()), wants=template(BARE)), "Nothing sends", id="a worker"),
        pytest.param(case(standing(app(replicas=0)), wants=template(BARE)), "Nothing sends", id="scaled to 0"),
    ],
)
def test_where_no_traffic_comes_too_early_all_is_well(given: Any, words: str):
    found = z03(given)

    assert (found.level, words in found.words) == ("ok", True)


def test_services_that_cannot_be_seen_may_send_traffic():
    unseen = replace(standing(app()), services=(), unread=("services",))

    assert z03(case(unseen, wants=template(BARE))).level == "block"


def test_a_port_that_no_container_declares_may_be_any_of_theirs():
    seen = replace(standing(app()), services=(service("web", Backend(80, 9999)),))

    assert z03(case(seen, wants=template(GOOD, SIDECAR))).level == "block"


def test_a_sidecar_that_starts_first_and_is_led_to_counts_as_a_container():
    proxy = {"name": "proxy", "image": "p:1", "restartPolicy": "Always", "ports": [{"containerPort": 80, "name": "in"}]}
    seen = replace(standing(app()), services=(service("web", Backend(80, "in")),))
    found = z03(case(seen, wants=template(GOOD, initContainers=[{"name": "first", "image": "i:1"}, proxy])))

    assert found.fix is not None
    assert [edit.path for edit in found.fix.edits] == ["/spec/template/spec/initContainers/1/readinessProbe"]


def slow(seconds: float) -> Any:
    seen = standing(app())
    pods = [replace(one, ready_since=ago(50), containers=(running(since=ago(50 + seconds)),)) for one in seen.pods]
    return replace(seen, pods=tuple(pods))


@pytest.mark.parametrize(
    ("probes", "seconds", "words"),
    [
        pytest.param({"livenessProbe": LIVE}, 20, "gives a start 30 s, and the last ones took 20 s", id="a slow start"),
        pytest.param({"livenessProbe": READY}, 1, "ask the same", id="the same question"),
        pytest.param({"livenessProbe": {**READY, "initialDelaySeconds": 60}}, 1, "ask the same", id="the same, later"),
    ],
)
def test_a_hasty_liveness_probe_kills_what_only_starts_or_is_busy(probes: Any, seconds: float, words: str):
    found = z04(case(slow(seconds), wants=template(container(**probes))))

    assert (found.level, words in found.words) == ("warn", True)


@pytest.mark.parametrize(
    ("probes", "seconds"),
    [
        pytest.param({}, 100, id="no liveness probe"),
        pytest.param({"livenessProbe": LIVE}, 5, id="a quick start"),
        pytest.param({"livenessProbe": LIVE, "startupProbe": LIVE}, 100, id="a startup probe"),
        pytest.param({"livenessProbe": {**LIVE, "initialDelaySeconds": 60}}, 40, id="a delay"),
        pytest.param({"livenessProbe": {**READY, "failureThreshold": 30}}, 1, id="more patient than readiness"),
        pytest.param({"livenessProbe": LIVE, "readinessProbe": None}, 1, id="no readiness probe to compare"),
    ],
)
def test_a_patient_liveness_probe_is_fine(probes: Any, seconds: float):
    assert z04(case(slow(seconds), wants=template(container(**probes)))).level == "ok"


def test_a_start_nobody_saw_says_nothing_against_a_probe():
    assert z04(case(replace(standing(app()), pods=()), wants=template(container(livenessProbe=LIVE)))).level == "ok"
