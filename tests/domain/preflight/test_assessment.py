"""The verdict, what decides it, and which strategy suits an app."""

from typing import Any

import pytest
from msgspec.structs import replace

from dot_ai_lifecycle.core.registry import ImageSight
from dot_ai_lifecycle.domain.preflight.assessment import CHECKS, assess
from dot_ai_lifecycle.domain.preflight.choosing import preferred
from dot_ai_lifecycle.domain.preflight.finding import Finding
from dot_ai_lifecycle.domain.strategies.choice import Strategy
from tests.requirements import claims
from tests.support.prospects import NODES, app, around, claim, container, node, quota, standing, template

BARE = standing(app(wants=template(container(lifecycle=None))))
STRATEGIES: tuple[Strategy, ...] = ("rolling", "blue-green", "canary")
CLAIMED = template(volumes=[{"name": "d", "persistentVolumeClaim": {"claimName": "d"}}])


@pytest.mark.parametrize(
    ("seen", "strategy", "verdict", "reason"),
    [
        pytest.param(around(standing(app(replicas=3))), "rolling", "safe", "Nothing was found", id="safe"),
        pytest.param(around(), "rolling", "safe-with-fixes", "No pod is let go", id="a pace of its own"),
        pytest.param(around(BARE), "rolling", "degraded", "no preStop hook", id="no hook"),
        pytest.param(around(BARE), "blue-green", "safe-with-fixes", "The Services are moved", id="no hook, switched"),
        pytest.param(around(BARE), "canary", "safe-with-fixes", "The Services are moved", id="no hook, canary"),
        pytest.param(around(standing(app("StatefulSet"))), "rolling", "degraded", "1 of 4 pods is missing", id="a set"),
        pytest.param(
            around(quotas=(quota(pods="4", used={"pods": "4"}),)), "rolling", "degraded", "no room", id="no room"
        ),
        pytest.param(
            around(quotas=(quota(pods="4", used={"pods": "4"}),)),
            "blue-green",
            "impossible",
            "4 are wanted",
            id="no set",
        ),
        pytest.param(
            around(quotas=(quota(pods="3", used={"pods": "4"}),)), "rolling", "impossible", "Not even one", id="over"
        ),
        pytest.param(
            around(wants=CLAIMED, claims={"d": claim("d", "ReadWriteOncePod")}),
            "rolling",
            "degraded",
            "mounted by one pod only",
            id="a volume",
        ),
        pytest.param(around(standing(app(replicas=0))), "rolling", "safe", "Nothing was found", id="scaled to 0"),
    ],
)
def test_the_verdict_follows_from_what_nothing_mends(seen: Any, strategy: Strategy, verdict: str, reason: str):
    found = assess(seen, strategy=strategy)

    assert found.verdict == verdict
    assert any(reason in one for one in found.reasons)


def test_every_check_says_something_under_every_strategy():
    for strategy in STRATEGIES:
        found = assess(around(), strategy=strategy)
        assert [finding.code for finding in found.findings] == [f"Z{number:02d}" for number in range(1, 29)]
        assert all(finding.words.endswith((".", "`.")) for finding in found.findings)
        assert all((finding.level == "block") == (finding.harm != "none") for finding in found.findings)
    assert len(CHECKS) == 28


def test_where_nothing_may_be_seen_no_check_fails_and_much_is_unknown():
    blind = around(
        replace(standing(app()), services=(), revisions=(), unread=("services", "horizontalpodautoscalers")),
        quotas=None,
        nodes=None,
        bookings=None,
        limit_ranges=None,
        routes=None,
        hooks=None,
        scalers=None,
        may_patch=None,
        trial=replace(around().trial, outcome="unknown", spec={}),
    )
    found = assess(blind, strategy="rolling", images={})

    unknown = [finding.code for finding in found.findings if finding.level == "unknown"]
    assert unknown == ["Z10", "Z11", "Z15", "Z20", "Z21", "Z22", "Z23", "Z25", "Z28"]
    assert (found.served, found.headroom) == (None, None)


def test_what_a_strategy_chooser_wants_to_know_is_told():
    found = assess(around(BARE, quotas=(quota(pods="9", used={"pods": "4"}),)), strategy="rolling")

    assert (found.drains, found.served, found.headroom, found.drain_seconds) == (False, True, 5, 5)
    assert found.headroom_why == "quota small leaves 5 pods"
    assert found.finding("Z06").level == "block"


def test_edits_that_would_mend_are_collected_once_each():
    bare = template(container(lifecycle=None, readinessProbe=None, ports=[{"containerPort": 8080, "name": "http"}]))
    found = assess(around(standing(app(wants=bare))), strategy="rolling")

    assert [edit.path for edit in found.fixes] == [
        "/spec/template/spec/containers/0/readinessProbe",
        "/spec/template/spec/containers/0/lifecycle",
    ]


@pytest.mark.parametrize(
    ("seen", "images", "strategy", "why"),
    [
        pytest.param(around(), {}, "rolling", "drain before they end", id="drained"),
        pytest.param(around(replace(BARE, services=())), {}, "rolling", "no Service", id="a worker"),
        pytest.param(around(BARE), {}, "blue-green", "leave the Services", id="not drained"),
        pytest.param(around(BARE, nodes=(node(cpu="600m"),)), {}, "blue-green", "leave", id="room for a set"),
        pytest.param(around(BARE, nodes=(node(cpu="500m"),)), {}, "rolling", "no other", id="no room for a set"),
        pytest.param(around(standing(app("StatefulSet"))), {}, "rolling", "no second set can stand beside", id="a set"),
        pytest.param(
            around(BARE),
            {"shop/web:v1": ImageSight("shop/web:v1", "missing", "The registry has none.")},
            "rolling",
            "no other",
            id="nothing helps",
        ),
        pytest.param(around(standing(app(replicas=0))), {}, "rolling", "", id="nothing runs"),
    ],
)
def test_the_strategy_that_loses_least_is_preferred(seen: Any, images: Any, strategy: str, why: str):
    found = preferred(seen, images)

    assert (found.strategy, why in found.why) == (strategy, True)
    assert found.assessment.strategy == strategy


@claims("update.preflight")
def test_a_finding_says_why_and_what_mends_it():
    found = assess(around(BARE, nodes=NODES), strategy="rolling").finding("Z06")

    assert isinstance(found, Finding)
    assert found.words.startswith("The pods that run now have no preStop hook")
    assert found.fix is not None
    assert found.fix.words.startswith("Let pods sleep 5 s in a preStop hook")
